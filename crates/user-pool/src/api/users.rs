//! What several operations do with users: finding them, checking who asks, writing them as JSON.

use std::sync::Arc;

use aws_lc_rs::hmac;
use value::{Value, value};

use super::UserPools;
use super::input::{Input, shown};
use crate::claims::USER_ADMIN_SCOPE;
use crate::definition::ClientDefinition;
use crate::error::ApiError;
use crate::jwt::{self, TokenError};
use crate::pool::{Failures, UserPool, internal};
use crate::random;
use crate::state::User;

/// Wrong passwords in a row until a user is locked (developer guide, sign-in attempts).
const FREE_ATTEMPTS: u32 = 5;
/// The longest lock.
const MAX_LOCK_MILLIS: i64 = 15 * 60 * 1000;

/// A user, with the key under which the pool keeps it.
pub(super) struct Found {
    pub(super) key: String,
    pub(super) user: Arc<User>,
}

/// The user that a name stands for.
pub(super) fn find(pool: &UserPool, name: &str) -> Option<Found> {
    pool.state().find(&pool.definition, name).map(|(key, user)| Found { key: key.to_owned(), user: Arc::clone(user) })
}

/// The user that an administrator's request names.
pub(super) fn named(pool: &UserPool, input: &Input) -> Result<Found, ApiError> {
    find(pool, input.username()?).ok_or_else(ApiError::user_not_found)
}

/// What a sign-in of an unknown user is told.
pub(super) fn unknown_at_sign_in(client: &ClientDefinition) -> ApiError {
    if client.prevent_user_existence_errors { ApiError::wrong_password() } else { ApiError::user_not_found() }
}

/// Checks the `SecretHash` of a request: HMAC-SHA256 with the client's secret over user name and client id. Any of `usernames`
/// may be the one that was signed, because clients use the name that the person typed as well as the pool's own.
pub(super) fn check_secret_hash(client: &ClientDefinition, usernames: &[&str], hash: Option<&str>) -> Result<(), ApiError> {
    let id = &client.id;
    match (&client.secret, hash) {
        (None, None) => Ok(()),
        (None, Some(_)) => {
            Err(ApiError::not_authorized(format!("Client {id} is not configured for secret but secret hash was received")))
        }
        (Some(_), None) => {
            Err(ApiError::not_authorized(format!("Client {id} is configured with secret but SECRET_HASH was not received")))
        }
        (Some(secret), Some(hash)) => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
            let given = random::from_base64(hash).unwrap_or_default();
            let matches = |username: &&str| hmac::verify(&key, format!("{username}{id}").as_bytes(), &given).is_ok();
            if usernames.iter().any(matches) {
                Ok(())
            } else {
                Err(ApiError::not_authorized(format!("SecretHash does not match for the client: {id}")))
            }
        }
    }
}

/// Checks the `ClientSecret` of the operations that take it in place of a hash.
pub(super) fn check_client_secret(client: &ClientDefinition, given: Option<&str>) -> Result<(), ApiError> {
    match (&client.secret, given) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(ApiError::not_authorized(format!(
            "Client {} is configured with secret but client secret was not received",
            client.id
        ))),
        (Some(secret), Some(given)) if random::same(secret.reveal().as_bytes(), given.as_bytes()) => Ok(()),
        (Some(_), Some(_)) => {
            Err(ApiError::not_authorized(format!("Client secret does not match for the client: {}", client.id)))
        }
    }
}

/// Refuses a sign-in of a user who is locked after too many wrong passwords.
pub(super) fn check_lock(pool: &UserPool, user: &User) -> Result<(), ApiError> {
    let now = pool.now_millis();
    let locked = pool.failures.with(&user.sub, now, |failures| failures.locked_until_millis > now);
    if locked == Some(true) { Err(ApiError::not_authorized("Password attempts exceeded")) } else { Ok(()) }
}

/// Counts a wrong password. From the fifth on the user is locked, first for a second, then for twice as long each time.
pub(super) fn note_wrong_password(pool: &UserPool, user: &User) -> ApiError {
    let now = pool.now_millis();
    let count = pool.failures.with(&user.sub, now, |failures| failures.count).unwrap_or(0).saturating_add(1);
    let lock = if count < FREE_ATTEMPTS { 0 } else { (1000_i64 << (count - FREE_ATTEMPTS).min(20)).min(MAX_LOCK_MILLIS) };
    let locked_until_millis = now.saturating_add(lock);
    // Who does nothing wrong for as long as the longest lock starts anew.
    let expires = locked_until_millis.saturating_add(MAX_LOCK_MILLIS);
    pool.failures.insert(user.sub.clone(), Failures { count, locked_until_millis }, expires);
    ApiError::wrong_password()
}

/// Forgets the wrong passwords of a user who knew it in the end.
pub(super) fn note_right_password(pool: &UserPool, user: &User) {
    pool.failures.remove(&user.sub);
}

/// Whether a password is the user's; counts it if not.
pub(super) fn check_password(pool: &UserPool, user: &User, password: &str) -> Result<(), ApiError> {
    check_lock(pool, user)?;
    let identity = pool.identity(&user.username);
    if user.password(&identity).is_some_and(|verifier| verifier.matches(&identity, password)) {
        note_right_password(pool, user);
        Ok(())
    } else {
        Err(note_wrong_password(pool, user))
    }
}

/// The user whose `AccessToken` a request holds.
pub(super) fn authenticated<'a>(pools: &'a UserPools, input: &Input) -> Result<(&'a UserPool, Found), ApiError> {
    let token = input.required("AccessToken")?;
    let invalid = || ApiError::not_authorized("Invalid Access Token");
    let unverified = jwt::unverified_claims(token).ok_or_else(invalid)?;
    // The issuer only chooses the pool; what counts are the claims that this pool's key verifies.
    let issuer = unverified.get("iss").and_then(Value::as_str).ok_or_else(invalid)?;
    let pool = pools.pools.iter().find(|pool| pool.issuer() == issuer).ok_or_else(invalid)?;
    let key = pool.key().map_err(|error| internal(&error))?;
    let claims = jwt::verify(&key, token).map_err(|error| match error {
        TokenError::Malformed => invalid(),
        TokenError::Signature => ApiError::not_authorized("Could not verify signature for Access Token"),
    })?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    if text("iss") != Some(pool.issuer()) || text("token_use") != Some("access") {
        return Err(invalid());
    }
    if number("exp").is_none_or(|expires| expires <= pool.now()) {
        return Err(ApiError::not_authorized("Access Token has expired"));
    }
    if !text("scope").is_some_and(|scope| scope.split(' ').any(|scope| scope == USER_ADMIN_SCOPE)) {
        return Err(ApiError::not_authorized("Access Token does not have required scopes"));
    }
    let (username, sub) = text("username").zip(text("sub")).ok_or_else(invalid)?;
    let found = find(pool, username).filter(|found| found.user.sub == sub).ok_or_else(ApiError::user_not_found)?;
    let revoked = match text("origin_jti") {
        Some(origin) => pool.state().sessions.get(origin).is_none_or(|session| session.revoked),
        None => found.user.signed_out.is_some_and(|time| number("iat").is_none_or(|issued| issued <= time)),
    };
    if revoked {
        return Err(ApiError::not_authorized("Access Token has been revoked"));
    }
    if !found.user.enabled {
        return Err(ApiError::not_authorized("User is disabled."));
    }
    Ok((pool, found))
}

/// A user's attributes as the API lists them, `sub` first.
pub(super) fn attributes_json(user: &User) -> Value {
    let sub = std::iter::once(("sub", user.sub.as_str()));
    let others = user.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    sub.chain(others).map(|(name, text)| value!({ "Name": name, "Value": text })).collect()
}

/// A user as `ListUsers` has it, with the attributes under the name that the operation uses.
pub(super) fn user_json(user: &User, attributes: &str) -> Value {
    let mut object = value::Object::new();
    object.insert("Username", user.username.as_str());
    object.insert(attributes, attributes_json(user));
    object.insert("UserCreateDate", user.created);
    object.insert("UserLastModifiedDate", user.modified);
    object.insert("Enabled", user.enabled);
    object.insert("UserStatus", user.status.name());
    object.into()
}

/// The text of a value that is not one of those that a member may have.
pub(super) fn not_in_enumeration(member: &str, given: &str, allowed: &[&str]) -> ApiError {
    ApiError::invalid(format!(
        "1 validation error detected: Value '{}' at '{member}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
        shown(given),
        allowed.join(", ")
    ))
}
