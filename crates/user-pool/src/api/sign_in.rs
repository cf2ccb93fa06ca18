//! Signing in: the flows of `InitiateAuth`, the answers to challenges, refresh tokens.

use std::sync::Arc;

use value::{Object, Value, value};

use super::input::{Input, Parameters};
use super::users::{self, Found};
use super::{UserPools, nothing};
use crate::definition::{AuthFlow, ClientDefinition};
use crate::error::{ApiError, ErrorType};
use crate::pending::Taken;
use crate::policy;
use crate::pool::{UserPool, Waiting, token_hash};
use crate::random;
use crate::srp::{self, Challenge, ChallengeError, Verifier};
use crate::state::{Session, State, UserStatus};

pub(super) fn initiate_auth(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, client) = pools.client(input)?;
    let parameters = input.parameters("AuthParameters")?;
    match input.required("AuthFlow")? {
        "USER_PASSWORD_AUTH" => {
            allowed(client, AuthFlow::UserPassword, "USER_PASSWORD_AUTH flow not enabled for this client")?;
            by_password(pool, client, &parameters)
        }
        "USER_SRP_AUTH" => by_srp(pool, client, &parameters),
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => by_refresh_token(pool, client, &parameters),
        "ADMIN_NO_SRP_AUTH" | "ADMIN_USER_PASSWORD_AUTH" => Err(ApiError::invalid("Initiate Auth method not supported.")),
        other => Err(unavailable_flow(other)),
    }
}

pub(super) fn admin_initiate_auth(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, client) = client_of_named_pool(pools, input)?;
    let parameters = input.parameters("AuthParameters")?;
    match input.required("AuthFlow")? {
        "ADMIN_NO_SRP_AUTH" | "ADMIN_USER_PASSWORD_AUTH" => {
            allowed(client, AuthFlow::AdminUserPassword, "Auth flow not enabled for this client")?;
            by_password(pool, client, &parameters)
        }
        "USER_SRP_AUTH" => by_srp(pool, client, &parameters),
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => by_refresh_token(pool, client, &parameters),
        "USER_PASSWORD_AUTH" => Err(ApiError::invalid("Initiate Auth method not supported.")),
        other => Err(unavailable_flow(other)),
    }
}

pub(super) fn respond_to_auth_challenge(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, client) = pools.client(input)?;
    respond(pool, client, input)
}

pub(super) fn admin_respond_to_auth_challenge(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, client) = client_of_named_pool(pools, input)?;
    respond(pool, client, input)
}

/// What newer client libraries use in place of the flow `REFRESH_TOKEN_AUTH`. The refresh token stays the same: rotation is not
/// available here, as it is not in a client of Cognito that does not turn it on.
pub(super) fn get_tokens_from_refresh_token(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, client) = pools.client(input)?;
    users::check_client_secret(client, input.optional("ClientSecret")?)?;
    let state = pool.state();
    let session = live_session(pool, &state, client, input.required("RefreshToken")?)?;
    refreshed(pool, client, &state, &session)
}

pub(super) fn revoke_token(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, client) = pools.client(input)?;
    users::check_client_secret(client, input.optional("ClientSecret")?)?;
    let token = input.required("Token")?;
    if token.contains('.') {
        // ID and access tokens; refresh tokens of the pool have no dots.
        return Err(ApiError::new(ErrorType::UnsupportedTokenTypeException, "Unsupported token type"));
    }
    let state = pool.state();
    match known_session(&state, token) {
        Some(session) if session.client != client.id => Err(ApiError::not_authorized("Invalid Refresh Token.")),
        Some(session) if !session.revoked => pool.change(|state| {
            if let Some(session) = state.sessions.get_mut(&session.id) {
                Arc::make_mut(session).revoked = true;
            }
            Ok(nothing())
        }),
        // A token that means nothing any more is as good as revoked (RFC 7009, 2.2).
        _ => Ok(nothing()),
    }
}

/// The pool and client that an administrator names.
fn client_of_named_pool<'a>(pools: &'a UserPools, input: &Input) -> Result<(&'a UserPool, &'a ClientDefinition), ApiError> {
    let pool = pools.named_pool(input)?;
    let (of_client, client) = pools.client(input)?;
    if of_client.id() == pool.id() {
        return Ok((pool, client));
    }
    Err(ApiError::not_found(format!("User pool client {} does not exist.", client.id)))
}

fn allowed(client: &ClientDefinition, flow: AuthFlow, message: &str) -> Result<(), ApiError> {
    if client.auth_flows.contains(&flow) { Ok(()) } else { Err(ApiError::invalid(message)) }
}

fn unavailable_flow(flow: &str) -> ApiError {
    match flow {
        "CUSTOM_AUTH" => ApiError::invalid("CUSTOM_AUTH is not enabled for the client."),
        "USER_AUTH" => ApiError::invalid("USER_AUTH flow not enabled for this client"),
        other => users::not_in_enumeration(
            "authFlow",
            other,
            &[
                "USER_SRP_AUTH",
                "REFRESH_TOKEN_AUTH",
                "REFRESH_TOKEN",
                "CUSTOM_AUTH",
                "ADMIN_NO_SRP_AUTH",
                "USER_PASSWORD_AUTH",
                "ADMIN_USER_PASSWORD_AUTH",
                "USER_AUTH",
            ],
        ),
    }
}

fn by_password(pool: &UserPool, client: &ClientDefinition, parameters: &Parameters<'_>) -> Result<Value, ApiError> {
    let username = parameters.username()?;
    let password = parameters.required("PASSWORD")?;
    users::check_secret_hash(client, &[username], parameters.get("SECRET_HASH"))?;
    let Some(found) = users::find(pool, username) else {
        // Takes as long as a wrong password does.
        let identity = pool.identity(username);
        let _ = Verifier::new(&identity, password).matches(&identity, "");
        return Err(users::unknown_at_sign_in(client));
    };
    users::check_password(pool, &found.user, password)?;
    after_password(pool, client, &found)
}

fn by_srp(pool: &UserPool, client: &ClientDefinition, parameters: &Parameters<'_>) -> Result<Value, ApiError> {
    allowed(client, AuthFlow::UserSrp, "USER_SRP_AUTH is not enabled for the client.")?;
    let username = parameters.username()?;
    let srp_a = parameters.required("SRP_A")?;
    users::check_secret_hash(client, &[username], parameters.get("SECRET_HASH"))?;
    let found = users::find(pool, username);
    if found.is_none() && !client.prevent_user_existence_errors {
        return Err(ApiError::user_not_found());
    }
    let name = match &found {
        Some(found) => found.user.username.clone(),
        // A pretended user has a name like those of real ones.
        None if pool.definition.username_attributes.is_empty() => username.to_owned(),
        None => random::derived_uuid(&[pool.id(), &policy::username_key(&pool.definition, username)]),
    };
    let identity = pool.identity(&name);
    let verifier = found
        .as_ref()
        .and_then(|found| found.user.password(&identity))
        .unwrap_or_else(|| Verifier::imaginary(&pool.pretence, &identity));
    let challenge = Challenge::new(identity, &verifier, srp_a).map_err(|error| match error {
        ChallengeError::PublicValue => ApiError::invalid("SRP_A is not a valid public value."),
        ChallengeError::Verifier => ApiError::internal("The user's stored password verifier cannot be read."),
    })?;
    let secret_block = challenge.secret_block();
    let answer = value!({
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeParameters": {
            "SALT": (challenge.salt()),
            "SECRET_BLOCK": (secret_block.as_str()),
            "SRP_B": (challenge.public_value()),
            "USERNAME": (name.as_str()),
            "USER_ID_FOR_SRP": (name.as_str())
        }
    });
    let waiting = Waiting::PasswordVerifier {
        client: client.id.clone(),
        user: found.map(|found| found.key),
        challenge: Box::new(challenge),
    };
    pool.waiting.insert(secret_block, waiting, session_end(pool, client));
    Ok(answer)
}

fn session_end(pool: &UserPool, client: &ClientDefinition) -> i64 {
    pool.now().saturating_add(i64::try_from(client.auth_session_validity.as_secs()).unwrap_or(i64::MAX))
}

fn by_refresh_token(pool: &UserPool, client: &ClientDefinition, parameters: &Parameters<'_>) -> Result<Value, ApiError> {
    allowed(client, AuthFlow::RefreshToken, "Auth flow not enabled for this client")?;
    let token = parameters.required("REFRESH_TOKEN")?;
    let state = pool.state();
    let session = live_session(pool, &state, client, token)?;
    let user = state.users.get(&session.user).ok_or_else(ApiError::user_not_found)?;
    users::check_secret_hash(client, &[&user.username, &user.sub], parameters.get("SECRET_HASH"))?;
    refreshed(pool, client, &state, &session)
}

fn refreshed(pool: &UserPool, client: &ClientDefinition, state: &State, session: &Session) -> Result<Value, ApiError> {
    let user = state.users.get(&session.user).filter(|user| user.sub == session.sub).ok_or_else(ApiError::user_not_found)?;
    if !user.enabled {
        return Err(ApiError::not_authorized("User is disabled."));
    }
    let result = Value::from(pool.session_tokens(state, client, user, session)?);
    Ok(value!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
}

/// The session of a refresh token, whatever became of it.
fn known_session(state: &State, token: &str) -> Option<Arc<Session>> {
    let bytes = random::from_base64_url(token)?;
    let id = random::uuid_text(bytes.get(..16)?.try_into().ok()?);
    let session = state.sessions.get(&id)?;
    random::same(session.token_hash.as_bytes(), token_hash(token).as_bytes()).then(|| Arc::clone(session))
}

fn live_session(pool: &UserPool, state: &State, client: &ClientDefinition, token: &str) -> Result<Arc<Session>, ApiError> {
    let session = known_session(state, token)
        .filter(|session| session.client == client.id)
        .ok_or_else(|| ApiError::not_authorized("Invalid Refresh Token."))?;
    if session.revoked {
        return Err(ApiError::not_authorized("Refresh Token has been revoked"));
    }
    if session.expires <= pool.now() {
        return Err(ApiError::not_authorized("Refresh Token has expired"));
    }
    Ok(session)
}

fn respond(pool: &UserPool, client: &ClientDefinition, input: &Input) -> Result<Value, ApiError> {
    let responses = input.parameters("ChallengeResponses")?;
    match input.required("ChallengeName")? {
        "PASSWORD_VERIFIER" => answer_password_verifier(pool, client, &responses),
        "NEW_PASSWORD_REQUIRED" => answer_new_password(pool, client, input, &responses),
        other => Err(ApiError::invalid(format!(
            "The embedded user pool does not have the challenge {:?}; it has PASSWORD_VERIFIER and NEW_PASSWORD_REQUIRED.",
            super::input::shown(other)
        ))),
    }
}

fn answer_password_verifier(pool: &UserPool, client: &ClientDefinition, responses: &Parameters<'_>) -> Result<Value, ApiError> {
    let username = responses.username()?;
    let secret_block = responses.required("PASSWORD_CLAIM_SECRET_BLOCK")?;
    let signature = responses.required("PASSWORD_CLAIM_SIGNATURE")?;
    let timestamp = responses.required("TIMESTAMP")?;
    if !srp::is_timestamp(timestamp) {
        return Err(ApiError::invalid("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."));
    }
    users::check_secret_hash(client, &[username], responses.get("SECRET_HASH"))?;
    // A challenge is good for one answer, right or wrong.
    let (of_client, user, challenge) = match pool.waiting.take(secret_block, pool.now()) {
        Taken::Value(Waiting::PasswordVerifier { client, user, challenge }) => (client, user, challenge),
        Taken::Expired => return Err(ApiError::not_authorized("Invalid session for the user, session is expired.")),
        Taken::Value(Waiting::NewPassword { .. }) | Taken::Unknown => return Err(invalid_session()),
    };
    if of_client != client.id {
        return Err(invalid_session());
    }
    let proven = random::from_base64(signature).is_some_and(|signature| challenge.verify(timestamp, &signature));
    let found = user.and_then(|key| users::find(pool, username).filter(|found| found.key == key));
    let Some(found) = found else { return Err(ApiError::wrong_password()) };
    users::check_lock(pool, &found.user)?;
    if !proven {
        return Err(users::note_wrong_password(pool, &found.user));
    }
    users::note_right_password(pool, &found.user);
    after_password(pool, client, &found)
}

fn invalid_session() -> ApiError {
    ApiError::not_authorized("Invalid session for the user.")
}

/// What comes after the right password: tokens, or what the user's status asks for.
fn after_password(pool: &UserPool, client: &ClientDefinition, found: &Found) -> Result<Value, ApiError> {
    let user = &found.user;
    if !user.enabled {
        return Err(ApiError::not_authorized("User is disabled."));
    }
    match user.status {
        UserStatus::Unconfirmed => Err(ApiError::new(ErrorType::UserNotConfirmedException, "User is not confirmed.")),
        UserStatus::ResetRequired => {
            Err(ApiError::new(ErrorType::PasswordResetRequiredException, "Password reset required for the user"))
        }
        UserStatus::Confirmed => {
            let result = pool.start_session(client, &found.key, &user.sub)?;
            Ok(value!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
        }
        UserStatus::ForceChangePassword => {
            let session = random::base64_url(&random::bytes::<48>());
            let required = pool.definition.required_attributes.iter().filter(|name| user.attribute(name).is_none());
            let required: Value = required.map(|name| format!("userAttributes.{name}")).collect();
            let attributes: Object = user.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let waiting = Waiting::NewPassword { client: client.id.clone(), user: found.key.clone(), sub: user.sub.clone() };
            pool.waiting.insert(session.clone(), waiting, session_end(pool, client));
            Ok(value!({
                "ChallengeName": "NEW_PASSWORD_REQUIRED",
                "Session": session,
                "ChallengeParameters": {
                    "USER_ID_FOR_SRP": (user.username.as_str()),
                    "requiredAttributes": (required.to_json()),
                    "userAttributes": (Value::from(attributes).to_json())
                }
            }))
        }
    }
}

fn answer_new_password(
    pool: &UserPool,
    client: &ClientDefinition,
    input: &Input,
    responses: &Parameters<'_>,
) -> Result<Value, ApiError> {
    let session = input.optional("Session")?.ok_or_else(|| ApiError::invalid("Missing required parameter Session"))?;
    let username = responses.username()?;
    let password = responses.required("NEW_PASSWORD")?;
    users::check_secret_hash(client, &[username], responses.get("SECRET_HASH"))?;
    // What the user can put right is checked before the session is used up.
    policy::check_password(&pool.definition, password)?;
    let attributes = responses.beginning("userAttributes.");
    for (name, value) in &attributes {
        super::account::check_own_attribute(pool, name, value)?;
    }
    let (of_client, key, sub) = match pool.waiting.take(session, pool.now()) {
        Taken::Value(Waiting::NewPassword { client, user, sub }) => (client, user, sub),
        Taken::Expired => return Err(ApiError::not_authorized("Invalid session for the user, session is expired.")),
        Taken::Value(Waiting::PasswordVerifier { .. }) | Taken::Unknown => return Err(invalid_session()),
    };
    let found = users::find(pool, username).filter(|found| found.key == key && found.user.sub == sub);
    let Some(found) = found.filter(|_| of_client == client.id) else { return Err(invalid_session()) };
    let verifier = Verifier::new(&pool.identity(&found.user.username), password);
    let now = pool.now();
    pool.change(|state| {
        let user = state.user_mut(&key).filter(|user| user.sub == sub).ok_or_else(invalid_session)?;
        if user.status != UserStatus::ForceChangePassword {
            return Err(invalid_session());
        }
        user.set_password(verifier);
        user.status = UserStatus::Confirmed;
        user.modified = now;
        for (name, value) in &attributes {
            user.set_attribute(name, value);
        }
        policy::check_all(&pool.definition, &user.attributes)
    })?;
    let result = pool.start_session(client, &key, &sub)?;
    Ok(value!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
}
