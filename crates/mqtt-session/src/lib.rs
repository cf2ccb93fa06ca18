//! The server's side of one MQTT connection, for the older AppSync SDKs, which receive what they subscribed to over MQTT on a
//! WebSocket: [MQTT 3.1](https://public.dhe.ibm.com/software/dw/webservices/ws-mqtt/mqtt-v3r1.html) (`MQIsdp`) and
//! [MQTT 3.1.1](https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html).
//!
//! No input and output happens here, and no clock is read: [`Session`] takes bytes and the time, and says what to do as
//! [`Action`]s. It is a small broker's end of the protocol: a client subscribes to the topics that its [`Grant`] names and to
//! nothing else, publishes nothing, and nothing is kept for it once it is gone. What a session holds is bounded by [`Limits`], in
//! both directions.
//!
//! Where AppSync's clients were served by AWS IoT, its rules win over the choices that MQTT leaves to a server
//! ([differences](https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html),
//! [quotas](https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits)):
//!
//! | | |
//! |---|---|
//! | client id | the grant's, else CONNACK 2 and the end |
//! | user name, password | ignored: the signed URL of the connection is the credential |
//! | will | CONNACK 5 and the end: a will is a publication, and the grant allows none |
//! | clean session 0 | accepted; nothing is kept all the same, and CONNACK says so (session present 0) |
//! | keep-alive | 0 and more than 1,200 s count as 1,200 s, less than 30 s as 30 s; the end comes after one and a half of it |
//! | SUBSCRIBE | QoS as asked, at most 1; 0x80 for every topic outside the grant, wildcards among them. MQTT 3.1 has no such code, but its clients in use know it and would wait for ever otherwise |
//! | PUBLISH of the client | the end: both versions know no other refusal |
//! | QoS 1 | each delivery has its packet id until PUBACK. Nothing is sent twice on one connection (3.1.1, section 4.4), so no payload waits here; a client that acknowledges nothing meets its end at [`Limits::in_flight`] |
//! | the same client id twice | its owner's affair: MQTT ends the older connection (3.1.1, section 3.1.4), which [`Session::close`] does |
//! | QoS 2 | never granted, and its packets are the end |
//!
//! Start reading in [`Session`]. `inbox` makes packets of a stream of bytes and guards the codec, [`Frame`] is what goes out.

mod frame;
mod grant;
mod in_flight;
mod inbox;
mod reason;
mod session;

pub use frame::Frame;
pub use grant::{Grant, GrantFault, Limits};
pub use reason::{ConnectRefusal, Reason};
pub use session::{Action, DeliverFault, Session, Version};

/// The WebSocket sub-protocol to answer with, the first of the client's that is known: `mqttv3.1` is what AppSync's JavaScript
/// clients ask for, `mqtt` that of
/// [MQTT 3.1.1](https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html#_Toc398718127). Which version is spoken says
/// CONNECT alone. `None`: answer without one.
pub fn subprotocol<'a>(offered: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    offered.into_iter().find_map(|name| ["mqtt", "mqttv3.1"].into_iter().find(|known| name.trim() == *known))
}

#[cfg(test)]
mod tests {
    use super::subprotocol;

    #[test]
    fn the_first_sub_protocol_that_is_known_is_answered() {
        let cases: [(&[&str], Option<&str>); 5] = [
            (&["mqttv3.1"], Some("mqttv3.1")),
            (&["mqtt"], Some("mqtt")),
            (&["graphql-ws", " mqttv3.1", "mqtt"], Some("mqttv3.1")),
            (&["MQTT", "mqttv3", "mqttv3.1.1"], None),
            (&[], None),
        ];
        for (offered, expected) in cases {
            assert_eq!(subprotocol(offered.iter().copied()), expected, "{offered:?}");
        }
    }
}
