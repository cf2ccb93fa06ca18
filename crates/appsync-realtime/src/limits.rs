//! What bounds a connection. The defaults are AWS's where AWS names one.

use std::time::Duration;

/// The bounds of a connection; one value is shared by all connections of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Subscriptions of one connection, those that are starting included (AWS quotas: 200).
    pub subscriptions: usize,
    /// Bytes of the `data` of all subscriptions of one connection. Hosts keep what was asked for, to judge it again under another
    /// definition, and it takes many times its bytes once it is read: without this bound a single socket could hold gigabytes.
    pub subscription_bytes: usize,
    /// Bytes of a message of the client, and of all messages together that wait for the connection to be let in. AWS names none for
    /// GraphQL; this is the bound of a request over HTTP.
    pub message_bytes: usize,
    /// Bytes of the payload of a `data` frame (AWS quotas: 240 KB).
    pub payload_bytes: usize,
    /// How long a client may be silent after the upgrade. One that sends no `connection_init`, which AWS calls optional, is then
    /// judged by its credentials all the same.
    pub init_wait: Duration,
    /// The time between two `ka` frames; not zero. Amplify counts 65 seconds without as a disruption.
    pub keep_alive: Duration,
    /// How old a connection gets (AWS developer guide: 24 hours).
    pub connection_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            subscriptions: 200,
            subscription_bytes: 2 << 20,
            message_bytes: 1 << 20,
            payload_bytes: 240 * 1024,
            init_wait: Duration::from_secs(5),
            keep_alive: Duration::from_secs(60),
            connection_age: Duration::from_secs(24 * 60 * 60),
        }
    }
}
