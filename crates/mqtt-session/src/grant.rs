//! What a session may do ([`Grant`], out of the signed URL), and how much it may hold ([`Limits`]).

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_proto::TopicName;

/// What one connection may do: be this client and subscribe to these topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub(crate) client_id: Arc<str>,
    /// Sorted, each once.
    pub(crate) topics: Vec<Arc<str>>,
    pub(crate) expires_at: Option<Instant>,
}

/// Why something cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantFault {
    /// A client id that no CONNECT could hold.
    #[error("a client id has 1 to 65535 bytes and no U+0000; this one has {bytes} bytes")]
    ClientId {
        /// Its length.
        bytes: usize,
    },
    /// A topic that no message could have.
    #[error("a topic has 1 to 65535 bytes, no wildcard (`+`, `#`) and no U+0000; topic {index} has {bytes} bytes")]
    Topic {
        /// Which of the topics.
        index: usize,
        /// Its length.
        bytes: usize,
    },
}

impl Grant {
    /// The right to be `client_id` and to subscribe to `topics`, which are exact: no wildcards.
    pub fn new<T: Into<Arc<str>>>(client_id: &str, topics: impl IntoIterator<Item = T>) -> Result<Self, GrantFault> {
        if client_id.is_empty() || client_id.len() > usize::from(u16::MAX) || client_id.contains('\0') {
            return Err(GrantFault::ClientId { bytes: client_id.len() });
        }
        let mut topics = topics.into_iter().map(Into::into).collect::<Vec<Arc<str>>>();
        // Empty is none of the codec's faults: version 5 has topic aliases.
        let fault = topics.iter().position(|topic| topic.is_empty() || TopicName::try_from(&**topic).is_err());
        if let Some(index) = fault {
            return Err(GrantFault::Topic { index, bytes: topics[index].len() });
        }
        topics.sort_unstable();
        topics.dedup();
        Ok(Self { client_id: client_id.into(), topics, expires_at: None })
    }

    /// The same, until `time`: then the session ends.
    #[must_use]
    pub fn until(mut self, time: Instant) -> Self {
        self.expires_at = Some(time);
        self
    }
}

/// How much a session may take, hold and wait for. The defaults are AWS IoT's, where it has some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of a message's payload; more is refused by [`Session::deliver`](crate::Session::deliver).
    pub payload: usize,
    /// The bytes behind the fixed header of a packet that the client sends; more ends the session before it is read. A client
    /// that may not publish has nothing long to say.
    pub request: usize,
    /// Deliveries with QoS 1 that the client has yet to acknowledge; one more ends the session. Their payloads are not held.
    pub in_flight: u16,
    /// The time from the start of the session to the client's CONNECT.
    pub connect_timeout: Duration,
    /// The seconds of keep-alive that are believed: 0 and what is above counts as the upper end, what is below as the lower.
    pub keep_alive: RangeInclusive<u16>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload: 128 * 1024,
            request: 16 * 1024,
            in_flight: 4096,
            connect_timeout: Duration::from_secs(10),
            keep_alive: 30..=1200,
        }
    }
}

impl Limits {
    /// For how long a client that asked for this keep-alive may be silent: one and a half of it (3.1.1, section 3.1.2.10).
    pub(crate) fn silence(&self, asked: u16) -> Duration {
        let seconds = match asked {
            0 => *self.keep_alive.end(),
            asked => asked.max(*self.keep_alive.start()).min(*self.keep_alive.end()),
        };
        Duration::from_secs(seconds.into()) * 3 / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_names_what_mqtt_can_spell() {
        let long = "t".repeat(65_536);
        let cases: [(&str, &[&str], Result<usize, GrantFault>); 8] = [
            ("c", &["a/b/onMessage/", "a/b/onMessage/0f", "a/b/onMessage/"], Ok(2)),
            ("c", &[], Ok(0)),
            ("", &["t"], Err(GrantFault::ClientId { bytes: 0 })),
            ("c\0", &["t"], Err(GrantFault::ClientId { bytes: 2 })),
            (&long, &["t"], Err(GrantFault::ClientId { bytes: 65_536 })),
            ("c", &["t", ""], Err(GrantFault::Topic { index: 1, bytes: 0 })),
            ("c", &["a/+"], Err(GrantFault::Topic { index: 0, bytes: 3 })),
            ("c", &["t", "u", &long], Err(GrantFault::Topic { index: 2, bytes: 65_536 })),
        ];
        for (client_id, topics, expected) in cases {
            assert_eq!(Grant::new(client_id, topics.iter().copied()).map(|grant| grant.topics.len()), expected);
        }
    }

    #[test]
    fn keep_alive_is_believed_within_bounds() {
        let limits = Limits::default();
        for (asked, seconds) in [(0, 1800), (1, 45), (30, 45), (60, 90), (1200, 1800), (1201, 1800), (u16::MAX, 1800)] {
            assert_eq!(limits.silence(asked), Duration::from_secs(seconds), "{asked}");
        }
    }
}
