//! Why a session ends. MQTT 3 has no packet to tell a client: a refused CONNECT has a code in its CONNACK, everything else is the
//! end of the connection, for which [`Reason::close_code`] has the WebSocket's code and `Display` a text.

use std::time::Duration;

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The client said so.
    #[error("the client disconnected")]
    Disconnected,
    /// The connection is gone, or its owner ended it with [`Session::close`](crate::Session::close).
    #[error("the connection was closed")]
    Closed,
    /// No CONNECT came in time.
    #[error("no CONNECT within {limit:?}")]
    ConnectTimeout {
        /// [`Limits::connect_timeout`](crate::Limits::connect_timeout).
        limit: Duration,
    },
    /// Nothing came for one and a half of the keep-alive.
    #[error("no packet for {limit:?}, one and a half of the keep-alive")]
    KeepAliveTimeout {
        /// For how long the client might have been silent.
        limit: Duration,
    },
    /// The grant ended.
    #[error("the signed URL of the connection expired")]
    Expired,
    /// The client's CONNECT was refused; the CONNACK says why too.
    #[error("CONNECT refused: {0}")]
    Refused(ConnectRefusal),
    /// Something else came before CONNECT.
    #[error("the first packet is {packet}, not CONNECT")]
    NotConnected {
        /// The packet's name.
        packet: &'static str,
    },
    /// A second CONNECT.
    #[error("CONNECT came twice")]
    ConnectedTwice,
    /// The client published.
    #[error("PUBLISH is not allowed: clients of this endpoint subscribe")]
    PublishRefused,
    /// A packet of servers, or of QoS 2, which is never granted.
    #[error("{packet} makes no sense from a client without QoS 2")]
    UnexpectedPacket {
        /// The packet's name.
        packet: &'static str,
    },
    /// A packet that breaks the protocol.
    #[error("malformed {packet}: {fault}")]
    Malformed {
        /// The packet's name.
        packet: &'static str,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A packet longer than [`Limits::request`](crate::Limits::request).
    #[error("{packet} of {bytes} bytes; at most {limit} are taken")]
    TooLarge {
        /// The packet's name.
        packet: &'static str,
        /// What its fixed header announced.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// [`Limits::in_flight`](crate::Limits::in_flight) deliveries wait for their PUBACK.
    #[error("{limit} deliveries with QoS 1 are not acknowledged")]
    Unacknowledged {
        /// The limit.
        limit: u16,
    },
}

/// Why a CONNECT was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectRefusal {
    /// Neither MQTT 3.1 nor 3.1.1.
    #[error("neither MQTT 3.1 nor 3.1.1, but level {level}")]
    Version {
        /// What the packet names.
        level: u8,
    },
    /// Another client id than the granted one.
    #[error("the client id is not that of the signed URL")]
    ClientId,
    /// A will, which would be a publication.
    #[error("a will is not allowed: clients of this endpoint publish nothing")]
    Will,
}

impl ConnectRefusal {
    /// CONNACK's return code (3.1.1, section 3.2.2.3).
    pub(crate) fn return_code(self) -> u8 {
        match self {
            Self::Version { .. } => 1,
            Self::ClientId => 2,
            Self::Will => 5,
        }
    }
}

impl Reason {
    /// The [close code](https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1) of the WebSocket beneath.
    pub fn close_code(self) -> u16 {
        match self {
            Self::Disconnected | Self::Closed => 1000,
            Self::NotConnected { .. } | Self::ConnectedTwice | Self::UnexpectedPacket { .. } | Self::Malformed { .. } => 1002,
            Self::ConnectTimeout { .. }
            | Self::KeepAliveTimeout { .. }
            | Self::Expired
            | Self::Refused(_)
            | Self::PublishRefused
            | Self::Unacknowledged { .. } => 1008,
            Self::TooLarge { .. } => 1009,
        }
    }
}
