//! One user pool: its state, how it changes, its key, its tokens. What the operations of the API do with it is in [`crate::api`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use value::{Object, Value, value};

use crate::claims::{self, OidcToken, Subject, TokenRequest, TokenUse};
use crate::clock::{Clock, SystemClock};
use crate::definition::{ClientDefinition, PoolDefinition};
use crate::error::{ApiError, IssueError, OpenError};
use crate::jwt;
use crate::key::SigningKey;
use crate::pending::Expiring;
use crate::policy;
use crate::random;
use crate::srp::Challenge;
use crate::state::{Session, State, User};
use crate::storage::{PoolFiles, Storage, WriteLock};

/// Sign-ins that wait for an answer, per pool.
const MAX_CHALLENGES: usize = 4096;

/// What a pool asks of its surroundings.
#[derive(Clone)]
pub struct Options {
    /// Where it is kept.
    pub storage: Storage,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who gets confirmation codes and temporary passwords.
    pub messenger: Messenger,
}

impl Options {
    /// Nothing is kept, and messages go nowhere.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { storage: Storage::Memory, clock: Arc::new(SystemClock), messenger: Arc::new(|_| {}) }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Options").field("storage", &self.storage).finish_non_exhaustive()
    }
}

/// Delivers what Cognito would send by e-mail or SMS. Called without locks held; it should return soon.
pub type Messenger = Arc<dyn Fn(&Message) + Send + Sync>;

/// A message to a user.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The pool.
    pub pool: String,
    /// The user.
    pub username: String,
    /// Why.
    pub purpose: MessagePurpose,
    /// How Cognito would send it.
    pub medium: Medium,
    /// The address or number.
    pub destination: String,
    /// The code, or the temporary password.
    pub secret: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Message").field("pool", &self.pool).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// Why a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessagePurpose {
    /// The code that confirms a sign-up.
    SignUp,
    /// The code that allows a new password.
    ForgotPassword,
    /// The code that verifies a new address or number.
    VerifyAttribute,
    /// The temporary password of a user whom an administrator made.
    Invitation,
}

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// By e-mail.
    Email,
    /// By SMS.
    Sms,
}

/// A sign-in that waits for an answer.
pub(crate) enum Waiting {
    /// `PASSWORD_VERIFIER`: the key is the secret block. The user is `None` where one is only pretended.
    PasswordVerifier { client: String, user: Option<String>, challenge: Box<Challenge> },
    /// `NEW_PASSWORD_REQUIRED`: the key is the session.
    NewPassword { client: String, user: String, sub: String },
}

/// A code that was sent.
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) attribute: &'static str,
    pub(crate) attempts: u32,
}

/// Wrong passwords in a row.
pub(crate) struct Failures {
    pub(crate) count: u32,
    pub(crate) locked_until_millis: i64,
}

/// A user pool.
pub struct UserPool {
    pub(crate) definition: PoolDefinition,
    files: PoolFiles,
    state: RwLock<Arc<State>>,
    /// Held by whoever changes the state; the lock on the files is taken with the first change.
    writer: Mutex<Option<WriteLock>>,
    key: Mutex<Option<Arc<SigningKey>>>,
    clock: Arc<dyn Clock>,
    messenger: Messenger,
    pub(crate) waiting: Expiring<Waiting>,
    pub(crate) codes: Expiring<Code>,
    pub(crate) failures: Expiring<Failures>,
    /// For verifiers of users who do not exist.
    pub(crate) pretence: [u8; 32],
}

impl fmt::Debug for UserPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("UserPool").field("id", &self.definition.id).finish_non_exhaustive()
    }
}

impl UserPool {
    /// Opens a pool: reads what is kept of it and lets the definition hold. Writes nothing and makes no key yet.
    pub(crate) fn open(definition: PoolDefinition, options: &Options) -> Result<Self, OpenError> {
        definition.check()?;
        let files = PoolFiles::new(&options.storage, &definition.id);
        let state = load(&files, &definition, options.clock.unix_millis() / 1000)?;
        let capacity = definition.max_users.max(1);
        Ok(Self {
            definition,
            files,
            state: RwLock::new(Arc::new(state)),
            writer: Mutex::new(None),
            key: Mutex::new(None),
            clock: Arc::clone(&options.clock),
            messenger: Arc::clone(&options.messenger),
            waiting: Expiring::new(MAX_CHALLENGES),
            codes: Expiring::new(capacity),
            failures: Expiring::new(capacity),
            pretence: random::bytes(),
        })
    }

    /// The pool's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.definition.id
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.definition.issuer
    }

    /// The JSON Web Key Set that Cognito has at `ISSUER/.well-known/jwks.json`. The first call may make the key.
    ///
    /// # Errors
    /// The key cannot be read or kept.
    pub fn jwks(&self) -> Result<Value, OpenError> {
        let key = self.key()?.jwk();
        Ok(value!({ "keys": [key] }))
    }

    /// The document at `ISSUER/.well-known/openid-configuration`. It names no authorization and token endpoints: there are none.
    #[must_use]
    pub fn openid_configuration(&self) -> Value {
        let issuer = self.issuer();
        value!({
            "id_token_signing_alg_values_supported": ["RS256"],
            "issuer": issuer,
            "jwks_uri": (format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'))),
            "response_types_supported": ["code", "token"],
            "scopes_supported": ["openid", "email", "phone", "profile"],
            "subject_types_supported": ["public"]
        })
    }

    /// Makes a token of Cognito's form without a sign-in. It belongs to no session: revoking does not reach it.
    ///
    /// # Errors
    /// An unknown client, a reserved claim, a lifetime out of range, or no key.
    pub fn issue(&self, request: &TokenRequest) -> Result<String, IssueError> {
        let Some(client) = self.client(&request.client_id) else {
            let known: Vec<&str> = self.definition.clients.iter().map(|client| client.id.as_str()).collect();
            return Err(IssueError::UnknownClient {
                pool: self.id().to_owned(),
                client: request.client_id.clone(),
                known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
            });
        };
        let reserved = |name: &str| claims::OIDC_CLAIMS.contains(&name) || claims::COGNITO_CLAIMS.contains(&name);
        if let Some(name) = request.claims.keys().find(|name| reserved(name)) {
            return Err(IssueError::ReservedClaim(name.to_string()));
        }
        let default = match request.token_use {
            TokenUse::Id => client.id_token_validity,
            TokenUse::Access => client.access_token_validity,
        };
        let lifetime = claims::lifetime_seconds(request.lifetime.unwrap_or(default)).ok_or(IssueError::Lifetime)?;
        let state = self.state();
        let found = state.find(&self.definition, &request.username).map(|(_, user)| Arc::clone(user));
        let derived = random::derived_uuid(&[self.id(), &policy::username_key(&self.definition, &request.username)]);
        let (no_attributes, event_id, now) = (BTreeMap::new(), random::uuid(), self.now());
        let subject = Subject {
            issuer: self.issuer(),
            client: &request.client_id,
            sub: found.as_ref().map_or(&derived, |user| &user.sub),
            username: found.as_ref().map_or(&request.username, |user| &user.username),
            attributes: found.as_ref().map_or(&no_attributes, |user| &user.attributes),
            groups: request.groups.as_deref().unwrap_or_else(|| found.as_ref().map_or(&[], |user| &user.groups)),
            origin_jti: None,
            event_id: &event_id,
            auth_time: now,
            now,
        };
        let mut claims = match request.token_use {
            TokenUse::Id => subject.id_claims(&state.groups, lifetime),
            TokenUse::Access => subject.access_claims(lifetime),
        };
        for (name, value) in &request.claims {
            claims.insert(name.clone(), value);
        }
        Ok(jwt::sign(&*self.key()?, claims))
    }

    /// Makes a token of a plain OpenID Connect provider, signed by the same key.
    ///
    /// # Errors
    /// A reserved claim, a lifetime out of range, or no key.
    pub fn issue_oidc(&self, token: &OidcToken) -> Result<String, IssueError> {
        if let Some(name) = token.claims.keys().find(|name| claims::OIDC_CLAIMS.contains(&name.as_ref())) {
            return Err(IssueError::ReservedClaim(name.to_string()));
        }
        let lifetime = claims::lifetime_seconds(token.lifetime).ok_or(IssueError::Lifetime)?;
        let now = self.now();
        let mut claims = Object::new();
        claims.insert("iss", self.issuer());
        claims.insert("sub", token.subject.as_str());
        claims.insert("aud", token.audience.as_str());
        claims.insert("iat", now);
        claims.insert("exp", now + lifetime);
        claims.insert("auth_time", now);
        claims.insert("jti", random::uuid());
        for (name, value) in &token.claims {
            claims.insert(name.clone(), value);
        }
        Ok(jwt::sign(&*self.key()?, claims))
    }

    /// The names of all users, in order.
    #[must_use]
    pub fn usernames(&self) -> Vec<String> {
        self.state().users.values().map(|user| user.username.clone()).collect()
    }

    /// The client with this id.
    pub(crate) fn client(&self, id: &str) -> Option<&ClientDefinition> {
        self.definition.clients.iter().find(|client| client.id == id)
    }

    /// The SRP identity of a user.
    pub(crate) fn identity(&self, username: &str) -> String {
        format!("{}{username}", self.definition.short_name())
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.now_millis() / 1000
    }

    pub(crate) fn now_millis(&self) -> i64 {
        self.clock.unix_millis()
    }

    pub(crate) fn send(&self, message: &Message) {
        (self.messenger)(message);
    }

    /// The state as it is.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state: all of `edit` is done and saved, or nothing.
    pub(crate) fn change<T>(&self, edit: impl FnOnce(&mut State) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let mut writer = lock(&self.writer);
        if writer.is_none() {
            let locked = self.files.lock().map_err(|error| internal(&error))?;
            // Another process may have changed the files since they were read; from here on none can.
            let fresh = load(&self.files, &self.definition, self.now()).map_err(|error| internal(&error))?;
            self.publish(fresh);
            *writer = Some(locked);
        }
        let mut next = State::clone(&self.state());
        let answer = edit(&mut next)?;
        self.files.write_users(&next.to_json()).map_err(|error| internal(&error))?;
        self.publish(next);
        Ok(answer)
    }

    fn publish(&self, next: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    /// The signing key, made or read at first use.
    pub(crate) fn key(&self) -> Result<Arc<SigningKey>, OpenError> {
        let mut key = lock(&self.key);
        if let Some(key) = &*key {
            return Ok(Arc::clone(key));
        }
        let made = Arc::new(self.files.signing_key()?);
        *key = Some(Arc::clone(&made));
        Ok(made)
    }

    /// Starts a session and makes its tokens: what `AuthenticationResult` holds.
    pub(crate) fn start_session(&self, client: &ClientDefinition, key: &str, sub: &str) -> Result<Value, ApiError> {
        let now = self.now();
        let (id, secret) = (random::uuid_bytes(), random::bytes::<48>());
        let refresh_token = random::base64_url(&[&id[..], &secret].concat());
        let session = Session {
            id: random::uuid_text(id),
            token_hash: token_hash(&refresh_token),
            user: key.to_owned(),
            sub: sub.to_owned(),
            client: client.id.clone(),
            auth_time: now,
            expires: now.saturating_add(seconds(client.refresh_token_validity)),
            revoked: false,
        };
        // The key may have to be made: not while the state is locked.
        self.key().map_err(|error| internal(&error))?;
        let user = self.change(|state| {
            let user = state.users.get(key).filter(|user| user.sub == sub).cloned().ok_or_else(ApiError::wrong_password)?;
            if !user.enabled {
                return Err(ApiError::not_authorized("User is disabled."));
            }
            state.add_session(session.clone(), now);
            Ok(user)
        })?;
        let mut result = self.session_tokens(&self.state(), client, &user, &session)?;
        result.insert("RefreshToken", refresh_token);
        Ok(result.into())
    }

    /// New ID and access tokens of a session.
    pub(crate) fn session_tokens(
        &self,
        state: &State,
        client: &ClientDefinition,
        user: &User,
        session: &Session,
    ) -> Result<Object, ApiError> {
        let key = self.key().map_err(|error| internal(&error))?;
        let event_id = random::uuid();
        let subject = Subject {
            issuer: self.issuer(),
            client: &client.id,
            sub: &user.sub,
            username: &user.username,
            attributes: &user.attributes,
            groups: &user.groups,
            origin_jti: Some(&session.id),
            event_id: &event_id,
            auth_time: session.auth_time,
            now: self.now(),
        };
        let access = subject.access_claims(seconds(client.access_token_validity));
        let id = subject.id_claims(&state.groups, seconds(client.id_token_validity));
        let mut result = Object::new();
        result.insert("AccessToken", jwt::sign(&key, access));
        result.insert("ExpiresIn", seconds(client.access_token_validity));
        result.insert("IdToken", jwt::sign(&key, id));
        result.insert("TokenType", "Bearer");
        Ok(result)
    }
}

/// What is kept of a refresh token.
pub(crate) fn token_hash(refresh_token: &str) -> String {
    random::base64_url(&random::sha256(refresh_token.as_bytes()))
}

/// An error of the files, as the API answers it: with the path, without the system's reason.
pub(crate) fn internal(error: &OpenError) -> ApiError {
    ApiError::internal(error.to_string())
}

fn seconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn load(files: &PoolFiles, definition: &PoolDefinition, now: i64) -> Result<State, OpenError> {
    let mut state = match files.read_users()? {
        Some(content) => {
            State::from_json(definition, &content).map_err(|reason| OpenError::Content { path: files.users_path(), reason })?
        }
        None => State::default(),
    };
    state.apply(definition, now);
    Ok(state)
}

/// A lock whose data is replaced as a whole, so that a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
