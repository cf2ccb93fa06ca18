//! What a pool remembers: users, groups, sessions.
//!
//! A [`State`] is a value: a change copies it (users and sessions are shared, so that is cheap), changes the copy, saves it and
//! only then publishes it. Readers never wait and never see half a change.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::credential::DefinedPassword;
use crate::definition::{GroupDefinition, PoolDefinition, SignInAttribute};
use crate::policy;
use crate::random;
use crate::srp::Verifier;

/// Sessions of one user; the oldest gives way to a new one.
const MAX_USER_SESSIONS: usize = 64;
/// Sessions of a pool, likewise.
const MAX_SESSIONS: usize = 10_000;
/// Groups of a pool (Cognito's quota).
pub(crate) const MAX_GROUPS: usize = 10_000;
/// How long a session is remembered beyond the end of its refresh token: as long as an access token made by it can live.
const SESSION_MEMORY: i64 = 86_400;

/// How far a user has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum UserStatus {
    Unconfirmed,
    Confirmed,
    ForceChangePassword,
    ResetRequired,
}

impl UserStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Confirmed => "CONFIRMED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
            Self::ResetRequired => "RESET_REQUIRED",
        }
    }
}

/// A user.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) username: String,
    pub(crate) sub: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) groups: Vec<String>,
    pub(crate) status: UserStatus,
    pub(crate) enabled: bool,
    /// The password, if one was ever set through the API.
    pub(crate) verifier: Option<Verifier>,
    /// Whether the user comes from the definition, and leaves with it.
    pub(crate) defined: bool,
    pub(crate) created: i64,
    pub(crate) modified: i64,
    /// The second of the last global sign-out: tokens without a session are no longer good if they are older.
    pub(crate) signed_out: Option<i64>,
    /// The password of the definition, which goes before `verifier`.
    #[serde(skip)]
    pub(crate) defined_password: Option<DefinedPassword>,
}

impl User {
    /// The verifier of the user's password; `None` if the user has none.
    pub(crate) fn password(&self, identity: &str) -> Option<Verifier> {
        match &self.defined_password {
            Some(defined) => Some(defined.verifier(identity).clone()),
            None => self.verifier.clone(),
        }
    }

    pub(crate) fn set_password(&mut self, verifier: Verifier) {
        self.verifier = Some(verifier);
        self.defined_password = None;
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn is_verified(&self, attribute: SignInAttribute) -> bool {
        attribute.verified().is_none_or(|verified| self.attribute(verified) == Some("true"))
    }

    /// Sets an attribute. A new address or number is no longer verified.
    pub(crate) fn set_attribute(&mut self, name: &str, value: &str) {
        let changed = self.attribute(name) != Some(value);
        if changed && let Some(verified) = verified_by(name) {
            self.attributes.insert(verified.to_owned(), "false".to_owned());
        }
        self.attributes.insert(name.to_owned(), value.to_owned());
    }
}

fn verified_by(name: &str) -> Option<&'static str> {
    [SignInAttribute::Email, SignInAttribute::PhoneNumber].into_iter().find(|attribute| attribute.name() == name)?.verified()
}

/// A sign-in: the refresh token that came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    /// The `origin_jti` of its tokens, which is a part of the refresh token, too.
    pub(crate) id: String,
    /// SHA-256 of the refresh token.
    pub(crate) token_hash: String,
    pub(crate) user: String,
    pub(crate) sub: String,
    pub(crate) client: String,
    pub(crate) auth_time: i64,
    pub(crate) expires: i64,
    pub(crate) revoked: bool,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// By the key of [`policy::username_key`].
    pub(crate) users: BTreeMap<String, Arc<User>>,
    pub(crate) groups: BTreeMap<String, Group>,
    /// By [`Session::id`].
    pub(crate) sessions: BTreeMap<String, Arc<Session>>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) precedence: Option<u32>,
    pub(crate) role_arn: Option<String>,
    pub(crate) created: i64,
    /// Whether it comes from the definition, and leaves with it.
    pub(crate) defined: bool,
}

/// The state as it is in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    version: u32,
    users: Vec<User>,
    groups: Vec<Group>,
    sessions: Vec<Session>,
}

#[derive(Serialize)]
struct Saving<'a> {
    version: u32,
    users: Vec<&'a User>,
    groups: Vec<&'a Group>,
    sessions: Vec<&'a Session>,
}

/// The version of the file's form.
const VERSION: u32 = 1;

impl State {
    /// The file's content.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let saving = Saving {
            version: VERSION,
            users: self.users.values().map(AsRef::as_ref).collect(),
            groups: self.groups.values().collect(),
            sessions: self.sessions.values().map(AsRef::as_ref).collect(),
        };
        serde_json::to_vec(&saving).expect("plain data with text keys")
    }

    /// The state of a file's content.
    pub(crate) fn from_json(definition: &PoolDefinition, json: &[u8]) -> Result<State, String> {
        // The error of serde_json may quote a value, and values here are personal: only the place is passed on.
        let saved: Saved =
            serde_json::from_slice(json).map_err(|error| format!("line {}, column {}", error.line(), error.column()))?;
        if saved.version != VERSION {
            return Err(format!("its version is {}, this program reads {VERSION}", saved.version));
        }
        Ok(State {
            users: saved
                .users
                .into_iter()
                .map(|user| (policy::username_key(definition, &user.username), Arc::new(user)))
                .collect(),
            groups: saved.groups.into_iter().map(|group| (group.name.clone(), group)).collect(),
            sessions: saved.sessions.into_iter().map(|session| (session.id.clone(), Arc::new(session))).collect(),
        })
    }

    /// Lets the definition hold: its users and groups as it names them, none that it no longer names.
    pub(crate) fn apply(&mut self, definition: &PoolDefinition, now: i64) {
        self.groups.retain(|_, group| !group.defined);
        let implied = definition.users.iter().flat_map(|user| &user.groups).map(GroupDefinition::new);
        for group in implied.chain(definition.groups.iter().cloned()) {
            let created = self.groups.get(&group.name).map_or(now, |known| known.created);
            let GroupDefinition { name, description, precedence, role_arn } = group;
            self.groups.insert(name.clone(), Group { name, description, precedence, role_arn, created, defined: true });
        }
        let mut users = std::mem::take(&mut self.users);
        for user in &definition.users {
            let typed = policy::username_key(definition, &user.username);
            let sub = user.sub.clone().unwrap_or_else(|| random::derived_uuid(&[&definition.id, &typed]));
            // Where user names are attributes, the name of the definition is the attribute, and the `sub` the name.
            let attribute = policy::username_attribute(definition, &user.username);
            let username = if attribute.is_some() { &sub } else { &user.username };
            let key = policy::username_key(definition, username);
            let mut next = match users.get(&key) {
                Some(known) => User::clone(known),
                None => User {
                    username: username.clone(),
                    sub: sub.clone(),
                    attributes: BTreeMap::new(),
                    groups: Vec::new(),
                    status: UserStatus::Confirmed,
                    enabled: true,
                    verifier: None,
                    defined: true,
                    created: now,
                    modified: now,
                    signed_out: None,
                    defined_password: None,
                },
            };
            next.defined = true;
            if user.sub.is_some() {
                next.sub = sub;
            }
            if let Some((name, verified)) = attribute.and_then(SignInAttribute::name_and_verified) {
                next.attributes.insert(name.to_owned(), user.username.clone());
                next.attributes.insert(verified.to_owned(), "true".to_owned());
            }
            next.attributes.extend(user.attributes.clone());
            next.groups.clear();
            for group in &user.groups {
                if !next.groups.contains(group) {
                    next.groups.push(group.clone());
                }
            }
            next.defined_password = user.password.clone().map(DefinedPassword::new);
            if next.defined_password.is_some() {
                next.status = UserStatus::Confirmed;
            }
            self.users.insert(key, Arc::new(next));
        }
        users.retain(|_, user| !user.defined);
        for (key, user) in users {
            self.users.entry(key).or_insert(user);
        }
        let known = &self.groups;
        for user in self.users.values_mut() {
            if user.groups.iter().any(|group| !known.contains_key(group)) {
                Arc::make_mut(user).groups.retain(|group| known.contains_key(group));
            }
        }
        let users = &self.users;
        self.sessions.retain(|_, session| users.get(&session.user).is_some_and(|user| user.sub == session.sub));
    }

    /// The user that a name, an address, a number or a `sub` stands for, with its key.
    pub(crate) fn find(&self, definition: &PoolDefinition, name: &str) -> Option<(&str, &Arc<User>)> {
        let key = policy::username_key(definition, name);
        if let Some((key, user)) = self.users.get_key_value(&key) {
            return Some((key, user));
        }
        let same = |value: Option<&str>| value.is_some_and(|value| policy::username_key(definition, value) == key);
        let signs_in = |user: &User| {
            definition.username_attributes.iter().any(|attribute| same(user.attribute(attribute.name())))
                || definition
                    .alias_attributes
                    .iter()
                    .any(|attribute| user.is_verified(*attribute) && same(user.attribute(attribute.name())))
        };
        let by_attribute = !definition.username_attributes.is_empty() || !definition.alias_attributes.is_empty();
        self.users
            .iter()
            .find(|(_, user)| user.sub == name || (by_attribute && signs_in(user)))
            .map(|(key, user)| (key.as_str(), user))
    }

    /// Another user who already signs in with an attribute of this one.
    pub(crate) fn alias_owner(&self, definition: &PoolDefinition, key: &str, user: &User) -> Option<(String, SignInAttribute)> {
        let owns = |attribute: SignInAttribute, verified: bool| {
            let value = user.attribute(attribute.name())?;
            if verified && !user.is_verified(attribute) {
                return None;
            }
            let value = policy::username_key(definition, value);
            self.users
                .iter()
                .find(|(other, candidate)| {
                    other.as_str() != key
                        && (!verified || candidate.is_verified(attribute))
                        && candidate
                            .attribute(attribute.name())
                            .is_some_and(|theirs| policy::username_key(definition, theirs) == value)
                })
                .map(|(other, _)| (other.clone(), attribute))
        };
        definition
            .username_attributes
            .iter()
            .find_map(|attribute| owns(*attribute, false))
            .or_else(|| definition.alias_attributes.iter().find_map(|attribute| owns(*attribute, true)))
    }

    /// A user for change.
    pub(crate) fn user_mut(&mut self, key: &str) -> Option<&mut User> {
        self.users.get_mut(key).map(Arc::make_mut)
    }

    /// Removes a user and what belongs to it.
    pub(crate) fn remove_user(&mut self, key: &str) {
        self.users.remove(key);
        self.sessions.retain(|_, session| session.user != key);
    }

    /// Ends every session of a user. They stay known as revoked until they would have expired.
    pub(crate) fn sign_out(&mut self, key: &str, now: i64) {
        for session in self.sessions.values_mut().filter(|session| session.user == key && !session.revoked) {
            Arc::make_mut(session).revoked = true;
        }
        if let Some(user) = self.user_mut(key) {
            user.signed_out = Some(now);
        }
    }

    /// Adds a session; old ones make room.
    pub(crate) fn add_session(&mut self, session: Session, now: i64) {
        self.sessions.retain(|_, session| session.expires.saturating_add(SESSION_MEMORY) > now);
        let of_user = self.sessions.values().filter(|other| other.user == session.user).count();
        if of_user >= MAX_USER_SESSIONS || self.sessions.len() >= MAX_SESSIONS {
            let oldest = self
                .sessions
                .values()
                .filter(|other| of_user < MAX_USER_SESSIONS || other.user == session.user)
                .min_by_key(|other| (other.auth_time, other.id.clone()))
                .map(|other| other.id.clone());
            if let Some(oldest) = oldest {
                self.sessions.remove(&oldest);
            }
        }
        self.sessions.insert(session.id.clone(), Arc::new(session));
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
