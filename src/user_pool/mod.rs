//! The user pools of a definition, which stand in for Amazon Cognito in development.
//!
//! [`LocalUserPools::open`] reads what the data folder keeps of them and makes nothing: a pool's key is made when the first token
//! is signed or verified. Who signs in over HTTP is `crate::server::user_pools`' business, whose tokens count for an API
//! [`crate::auth`]'s; what a pool does is [`user_pool`]'s.

mod mailbox;

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use ::user_pool::{OpenError, Options, Storage, SystemClock, UserPool, UserPools};
use jwt_verifier::KeySource;
use value::{Str, Value};

use crate::auth::LocalIssuer;
use crate::definition::{Mode, ServerDefinition, ServerSettings};
use crate::diagnostic::Diagnostic;

use self::mailbox::Mailbox;

/// The pools of a definition, and the messages that they would send.
#[derive(Debug)]
pub struct LocalUserPools {
    pools: Arc<UserPools>,
    mailbox: Arc<Mailbox>,
}

impl LocalUserPools {
    /// The pools of a definition, and what is wrong with them; `None` when there are none. They never exist in production, where
    /// reading the definition has reported them.
    #[must_use]
    pub fn open(definition: &ServerDefinition) -> (Option<Arc<Self>>, Vec<Diagnostic>) {
        if definition.user_pools.is_empty() || definition.server.mode == Mode::Production {
            return (None, Vec::new());
        }
        let mailbox = Arc::new(Mailbox::default());
        let options = Options {
            storage: storage(&definition.server),
            clock: Arc::new(SystemClock),
            messenger: Arc::new({
                let mailbox = Arc::clone(&mailbox);
                move |message| mailbox.deliver(message.clone())
            }),
        };
        let pools = definition.user_pools.iter().map(|defined| defined.pool.clone()).collect();
        match UserPools::open(pools, &options) {
            Ok(pools) => (Some(Arc::new(Self { pools: Arc::new(pools), mailbox })), Vec::new()),
            Err(error) => (None, vec![diagnostic(&error, definition)]),
        }
    }

    /// The pools.
    #[must_use]
    pub fn pools(&self) -> &Arc<UserPools> {
        &self.pools
    }

    /// What a pool's users would have received, the oldest first: confirmation codes, temporary passwords.
    #[must_use]
    pub fn messages(&self, pool_id: &str) -> Value {
        self.mailbox.of(pool_id)
    }

    /// The pools as issuers whose keys are in this process, by pool id.
    pub fn issuers(&self) -> impl Iterator<Item = (Str, LocalIssuer)> {
        self.pools.pools().iter().map(|pool| {
            let issuer = Str::from(pool.issuer());
            let keys = {
                let pool = Arc::clone(pool);
                KeySource::provided(Str::clone(&issuer), Arc::new(move || pool.jwks().map_err(|error| with_cause(&error))))
            };
            (pool.id().into(), LocalIssuer { issuer, keys: Arc::new(keys) })
        })
    }

    /// The ids of the pools, for people.
    #[must_use]
    pub fn ids(&self) -> String {
        self.pools.pools().iter().map(|pool| pool.id()).collect::<Vec<_>>().join(", ")
    }

    /// The pool of this id.
    #[must_use]
    pub fn pool(&self, id: &str) -> Option<&Arc<UserPool>> {
        self.pools.pool(id)
    }
}

/// Where a server keeps its pools.
fn storage(server: &ServerSettings) -> Storage {
    if server.ephemeral { Storage::Memory } else { Storage::Folder(folder(server)) }
}

/// The folder of the pools in the data folder.
fn folder(server: &ServerSettings) -> PathBuf {
    server.data.join("user-pools")
}

/// An error with the system's reason.
pub(crate) fn with_cause(error: &OpenError) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// A finding at the pool that cannot be opened.
fn diagnostic(error: &OpenError, definition: &ServerDefinition) -> Diagnostic {
    let path = match error {
        OpenError::File { path, .. } | OpenError::Content { path, .. } | OpenError::InUse { path } => Some(path),
        OpenError::Definition(_) => None,
    };
    let is_it = |id: &str| path.is_some_and(|path| path.starts_with(folder(&definition.server).join(id)));
    let found = definition.user_pools.iter().find(|defined| is_it(&defined.pool.id)).or_else(|| definition.user_pools.first());
    let (rule, help) = match error {
        OpenError::Definition(_) => ("invalid-user-pool", "see [[user_pool]] in the reference of the configuration"),
        _ => ("data-folder", "check its permissions, or choose another folder with --data"),
    };
    let diagnostic = Diagnostic::error(rule, with_cause(error)).help(help);
    match found.and_then(|defined| defined.place.as_ref()) {
        Some(place) => diagnostic.at(&place.source, place.span.clone()),
        None => diagnostic,
    }
}
