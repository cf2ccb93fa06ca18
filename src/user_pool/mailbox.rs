//! What user pools would send by e-mail and SMS. A development server sends nothing: it keeps the last messages in memory, where
//! programs on this machine can read them. Codes do not get into logs.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use ::user_pool::{Medium, Message, MessagePurpose};
use value::{Value, value};

/// How many messages are kept; older ones make room.
const MOST: usize = 100;

/// The last messages of all pools.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    messages: Mutex<VecDeque<(jiff::Timestamp, Message)>>,
}

impl Mailbox {
    pub(super) fn deliver(&self, message: Message) {
        tracing::info!(
            user_pool = message.pool,
            purpose = purpose(message.purpose),
            "a user of the local user pool has a message; GET {}/{}/messages shows it",
            crate::server::user_pools::PATH,
            message.pool,
        );
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() >= MOST {
            messages.pop_front();
        }
        messages.push_back((jiff::Timestamp::now(), message));
    }

    /// The messages of a pool, the oldest first.
    pub(super) fn of(&self, pool: &str) -> Value {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let of_pool = messages.iter().filter(|(_, message)| message.pool == pool);
        of_pool.map(|(time, message)| shown(*time, message)).collect()
    }
}

fn shown(time: jiff::Timestamp, message: &Message) -> Value {
    let secret = match message.purpose {
        MessagePurpose::Invitation => "temporaryPassword",
        MessagePurpose::SignUp | MessagePurpose::ForgotPassword | MessagePurpose::VerifyAttribute => "code",
    };
    let medium = match message.medium {
        Medium::Email => "EMAIL",
        Medium::Sms => "SMS",
    };
    let mut shown = value!({
        "time": (time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        "username": (message.username.as_str()),
        "purpose": (purpose(message.purpose)),
        "deliveryMedium": medium,
        "destination": (message.destination.as_str()),
    });
    if let Some(shown) = shown.as_object_mut() {
        shown.insert(secret, message.secret.as_str());
    }
    shown
}

fn purpose(purpose: MessagePurpose) -> &'static str {
    match purpose {
        MessagePurpose::SignUp => "SIGN_UP",
        MessagePurpose::ForgotPassword => "FORGOT_PASSWORD",
        MessagePurpose::VerifyAttribute => "VERIFY_ATTRIBUTE",
        MessagePurpose::Invitation => "INVITATION",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_messages_of_each_pool_are_kept() {
        let mailbox = Mailbox::default();
        for number in 0..MOST + 5 {
            mailbox.deliver(Message {
                pool: if number % 2 == 0 { "eu-west-1_A" } else { "eu-west-1_B" }.to_owned(),
                username: "ann".to_owned(),
                purpose: if number % 2 == 0 { MessagePurpose::SignUp } else { MessagePurpose::Invitation },
                medium: Medium::Email,
                destination: "ann@example.com".to_owned(),
                secret: format!("secret-{number}"),
            });
        }
        let last = |pool: &str| {
            let messages = mailbox.of(pool);
            let messages = messages.as_list().expect("a list");
            (messages.len(), messages.last().cloned().unwrap_or_default())
        };
        let (count, message) = last("eu-west-1_A");
        assert_eq!(count, MOST / 2);
        assert_eq!(message.get("code").and_then(Value::as_str), Some("secret-104"));
        assert_eq!(message.get("purpose").and_then(Value::as_str), Some("SIGN_UP"));
        let (count, message) = last("eu-west-1_B");
        assert_eq!(count, MOST / 2);
        assert_eq!(message.get("temporaryPassword").and_then(Value::as_str), Some("secret-103"));
        assert_eq!(last("eu-west-1_C").0, 0);
        // No bare number: the times of the messages have every one of three digits now and then.
        assert!(!format!("{mailbox:?}").contains("secret-"), "Debug hides codes");
    }
}
