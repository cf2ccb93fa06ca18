//! The name under which the nodes of one API find each other.

use std::fmt;
use std::sync::Arc;

/// A subject: tokens of letters, digits, `_` and `-` with dots between, such as `syncgate.<api id>`. Cheap to clone.
///
/// Both brokers take every such name as it is: a subject of NATS without wildcards, a key of Redis.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(Arc<str>);

/// A text that is no [`Subject`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a subject has 1 to {MAX_LENGTH} characters: letters, digits, `_` and `-`, in tokens with dots between")]
pub struct InvalidSubject;

const MAX_LENGTH: usize = 200;

impl Subject {
    /// The subject with this name.
    pub fn new(name: &str) -> Result<Self, InvalidSubject> {
        let is_token = |token: &str| {
            !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        };
        if name.len() > MAX_LENGTH || !name.split('.').all(is_token) {
            return Err(InvalidSubject);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({})", self.0)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Subject;

    #[test]
    fn only_names_that_both_brokers_take_are_subjects() {
        for name in ["syncgate.abc", "a", "A-1_b.c.d", &"x".repeat(200)] {
            assert_eq!(Subject::new(name).map(|subject| subject.as_str().to_owned()), Ok(name.to_owned()));
        }
        for name in ["", ".", "a.", ".a", "a..b", "a.*", "a.>", "a b", "a\r\nPUB b", "ä", &"x".repeat(201)] {
            assert!(Subject::new(name).is_err(), "{name}");
        }
    }
}
