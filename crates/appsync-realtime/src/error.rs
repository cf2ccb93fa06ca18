//! What went wrong, as AppSync tells it to the client: an [`Error`] of a subscription, a [`Refusal`] of a connection.

use std::borrow::Cow;

use value::write_json_string;

/// One of the `errors` of a frame. AppSync leaves out what there is none of: a validation error has a message only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Error {
    /// `errorType`. Amplify closes the socket and connects anew with fresh tokens at `UnauthorizedException`, `Unauthorized` and
    /// `NotAuthorizedException`.
    pub error_type: Option<Cow<'static, str>>,
    /// `message`
    pub message: Option<Cow<'static, str>>,
}

impl Error {
    /// An error with a type and a message.
    pub fn new(error_type: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { error_type: Some(error_type.into()), message: Some(message.into()) }
    }

    /// An error with a message only, as validation gives it.
    pub fn message(message: impl Into<Cow<'static, str>>) -> Self {
        Self { error_type: None, message: Some(message.into()) }
    }

    /// What is not a subscription (`what` is `query` or `mutation`), or no message of the protocol (`unknown`).
    #[must_use]
    pub fn unsupported_operation(what: &str) -> Self {
        Self::new("UnsupportedOperation", format!("{what} not supported through the realtime channel"))
    }

    /// An id that another subscription of the connection has. Words: aws-amplify/amplify-js#12818.
    #[must_use]
    pub fn duplicated_operation(id: &str) -> Self {
        Self::new("DuplicatedOperationError", format!("Duplicated operation with id {id}"))
    }

    /// An id that no subscription of the connection has. Words: those of the Events API.
    #[must_use]
    pub fn unknown_operation(id: &str) -> Self {
        Self::new("UnknownOperationError", format!("Unknown operation id {id}"))
    }

    /// A subscription too many.
    #[must_use]
    pub fn max_subscriptions_reached(limit: usize) -> Self {
        Self::new("MaxSubscriptionsReachedError", format!("Max number of {limit} subscriptions reached"))
    }

    /// A subscription whose document and variables are too much beside those of the others. AWS names no such limit.
    #[must_use]
    pub fn subscriptions_too_large(limit: usize) -> Self {
        let message = format!(
            "The subscriptions of a connection may have {limit} bytes of documents and variables together; open another connection."
        );
        Self::new("LimitExceededError", message)
    }

    /// A token that has expired while its subscription was live.
    #[must_use]
    pub fn token_expired() -> Self {
        Self::new("UnauthorizedException", "Token has expired.")
    }

    /// A payload over [`crate::Limits::payload_bytes`]. AWS drops it and tells nobody.
    #[must_use]
    pub fn payload_too_large(bytes: usize, limit: usize) -> Self {
        let message = format!("The payload has {bytes} bytes, more than the {limit} that a subscription may be sent.");
        Self::new("LimitExceededError", message)
    }

    /// A message over [`crate::Limits::message_bytes`].
    #[must_use]
    pub fn message_too_large(bytes: usize, limit: usize) -> Self {
        Self::new("LimitExceededError", format!("The message has {bytes} bytes, more than the {limit} that one may have."))
    }

    /// A request that cannot be read, with what is wrong with it.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("BadRequestException", message)
    }

    /// Appends the members, without braces.
    pub(crate) fn write_members(&self, out: &mut Vec<u8>) {
        let members = [(&b"\"errorType\":"[..], &self.error_type), (b"\"message\":", &self.message)];
        let mut is_first = true;
        for (name, text) in members.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?))) {
            if !is_first {
                out.push(b',');
            }
            is_first = false;
            out.extend_from_slice(name);
            write_json_string(text, out);
        }
    }

    fn is_empty(&self) -> bool {
        self.error_type.is_none() && self.message.is_none()
    }
}

/// Why a connection is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What went wrong.
    pub error: Error,
    /// `errorCode`, a status of HTTP: 400, 401 and 403 keep the clients from trying again.
    pub code: u16,
}

impl Refusal {
    /// A refusal with a type, a message and a code.
    pub fn new(error_type: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>, code: u16) -> Self {
        Self { error: Error::new(error_type, message), code }
    }

    /// An upgrade that asks for sub-protocols, `graphql-ws` not among them.
    #[must_use]
    pub fn sub_protocol_not_supported() -> Self {
        Self { error: Error::message("SubProtocolNotSupportedError"), code: 400 }
    }

    /// An upgrade that asks for no sub-protocol.
    #[must_use]
    pub fn no_protocol() -> Self {
        Self { error: Error::message("NoProtocolError"), code: 400 }
    }

    /// Credentials that cannot be read, with what is wrong with them.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self { error: Error::bad_request(message), code: 400 }
    }

    /// Appends the refusal as an object.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        self.error.write_members(out);
        if !self.error.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(b"\"errorCode\":");
        out.extend_from_slice(self.code.to_string().as_bytes());
        out.push(b'}');
    }
}
