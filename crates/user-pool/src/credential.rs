//! A user's password, as far as the pool knows it.

use std::sync::{Arc, OnceLock};

use crate::definition::Secret;
use crate::srp::Verifier;

/// A password that comes from the definition. Its verifier costs milliseconds, so it is made when somebody first signs in rather
/// than at start-up.
#[derive(Clone)]
pub(crate) struct DefinedPassword(Arc<(Secret, OnceLock<Verifier>)>);

impl std::fmt::Debug for DefinedPassword {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DefinedPassword(hidden)")
    }
}

impl DefinedPassword {
    pub(crate) fn new(password: Secret) -> Self {
        Self(Arc::new((password, OnceLock::new())))
    }

    pub(crate) fn verifier(&self, identity: &str) -> &Verifier {
        self.0.1.get_or_init(|| Verifier::new(identity, self.0.0.reveal()))
    }
}
