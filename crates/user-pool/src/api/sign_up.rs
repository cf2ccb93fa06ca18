//! Signing up, confirming, and forgotten passwords.

use std::collections::BTreeMap;
use std::sync::Arc;

use value::{Object, Value, value};

use super::input::Input;
use super::users::{self, Found};
use super::{UserPools, account, codes, nothing};
use crate::definition::{ClientDefinition, SignInAttribute};
use crate::error::{ApiError, ErrorType};
use crate::policy;
use crate::pool::{MessagePurpose, UserPool};
use crate::random;
use crate::srp::Verifier;
use crate::state::{State, User, UserStatus};

pub(super) fn sign_up(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, client) = pools.client(input)?;
    let username = input.username()?;
    let password = input.required("Password")?;
    users::check_secret_hash(client, &[username], input.optional("SecretHash")?)?;
    if pool.definition.admin_create_user_only {
        return Err(ApiError::not_authorized("SignUp is not permitted for this user pool"));
    }
    let attributes = input.attributes("UserAttributes")?;
    for (name, value) in &attributes {
        account::check_own_attribute(pool, name, value)?;
    }
    policy::check_password(&pool.definition, password)?;
    let (key, mut user) = new_user(pool, username, &attributes)?;
    user.verifier = Some(Verifier::new(&pool.identity(&user.username), password));
    if pool.definition.auto_confirm {
        user.status = UserStatus::Confirmed;
        // As if the code had come back, which is what verifies an attribute.
        if let Some(attribute) = sign_up_attribute(pool, &user) {
            user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
        }
    }
    pool.change(|state| add_user(pool, state, &key, &user))?;
    let mut answer = Object::new();
    answer.insert("UserConfirmed", user.status == UserStatus::Confirmed);
    if user.status == UserStatus::Unconfirmed
        && let Some(attribute) = sign_up_attribute(pool, &user)
    {
        answer.insert("CodeDeliveryDetails", codes::send(pool, &key, &user, MessagePurpose::SignUp, attribute));
    }
    answer.insert("UserSub", user.sub);
    Ok(answer.into())
}

/// A new, unconfirmed user without password, and its key. Where user names are attributes, it gets a random name.
pub(super) fn new_user(pool: &UserPool, username: &str, attributes: &[(&str, &str)]) -> Result<(String, User), ApiError> {
    let by_attribute = policy::check_new_username(&pool.definition, username)?;
    let mut attributes: BTreeMap<String, String> =
        attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let sub = random::uuid();
    let name = match by_attribute {
        None => username.to_owned(),
        Some(attribute) => {
            attributes.entry(attribute.name().to_owned()).or_insert_with(|| username.to_owned());
            sub.clone()
        }
    };
    policy::check_all(&pool.definition, &attributes)?;
    let now = pool.now();
    let user = User {
        username: name,
        sub,
        attributes,
        groups: Vec::new(),
        status: UserStatus::Unconfirmed,
        enabled: true,
        verifier: None,
        defined: false,
        created: now,
        modified: now,
        signed_out: None,
        defined_password: None,
    };
    Ok((policy::username_key(&pool.definition, &user.username), user))
}

/// Adds a new user, unless there is one of that name or address.
pub(super) fn add_user(pool: &UserPool, state: &mut State, key: &str, user: &User) -> Result<(), ApiError> {
    let exists = |message: String| Err(ApiError::new(ErrorType::UsernameExistsException, message));
    if state.users.contains_key(key) {
        return exists("User already exists".to_owned());
    }
    if let Some((_, attribute)) = state.alias_owner(&pool.definition, key, user) {
        return if pool.definition.username_attributes.contains(&attribute) {
            exists(format!("An account with the given {} already exists.", attribute.name()))
        } else {
            Err(account::alias_exists(attribute))
        };
    }
    if state.users.len() >= pool.definition.max_users {
        return Err(ApiError::new(
            ErrorType::LimitExceededException,
            format!("The user pool holds {} users, the most it takes.", pool.definition.max_users),
        ));
    }
    state.users.insert(key.to_owned(), Arc::new(user.clone()));
    Ok(())
}

/// Where the code of a sign-up goes: to an attribute that the pool verifies, the phone number first.
fn sign_up_attribute(pool: &UserPool, user: &User) -> Option<&'static str> {
    [SignInAttribute::PhoneNumber, SignInAttribute::Email]
        .into_iter()
        .filter(|attribute| pool.definition.auto_verified_attributes.contains(attribute))
        .map(SignInAttribute::name)
        .find(|name| user.attribute(name).is_some())
}

pub(super) fn confirm_sign_up(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, client) = pools.client(input)?;
    let code = input.required("ConfirmationCode")?;
    let force = input.switch("ForceAliasCreation")?;
    let Some(found) = user_of_request(pool, client, input)? else { return Err(unknown_at_confirmation(client)) };
    if found.user.status != UserStatus::Unconfirmed {
        return Err(already(&found.user));
    }
    let attribute = codes::check(pool, &found.key, MessagePurpose::SignUp, "", code)?;
    let now = pool.now();
    pool.change(|state| {
        let user = state.user_mut(&found.key).filter(|user| user.sub == found.user.sub).ok_or_else(ApiError::user_not_found)?;
        user.status = UserStatus::Confirmed;
        user.modified = now;
        user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
        let user = user.clone();
        if let Some((owner, alias)) = state.alias_owner(&pool.definition, &found.key, &user) {
            // The alias moves to the new user if that is asked for; the old one keeps the attribute, unverified.
            let (true, Some(verified)) = (force, alias.verified()) else { return Err(account::alias_exists(alias)) };
            if let Some(owner) = state.user_mut(&owner) {
                owner.attributes.insert(verified.to_owned(), "false".to_owned());
            }
        }
        Ok(nothing())
    })
}

fn already(user: &User) -> ApiError {
    ApiError::not_authorized(format!("User cannot be confirmed. Current status is {}", user.status.name()))
}

pub(super) fn resend_confirmation_code(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, client) = pools.client(input)?;
    let Some(found) = user_of_request(pool, client, input)? else {
        if !client.prevent_user_existence_errors {
            return Err(combination_not_found());
        }
        return Ok(value!({ "CodeDeliveryDetails": (codes::pretended_details(input.username()?)) }));
    };
    if found.user.status != UserStatus::Unconfirmed {
        return Err(ApiError::invalid("User is already confirmed."));
    }
    let Some(attribute) = sign_up_attribute(pool, &found.user) else {
        return Err(ApiError::invalid("Cannot resend codes. Auto verification not turned on."));
    };
    let details = codes::send(pool, &found.key, &found.user, MessagePurpose::SignUp, attribute);
    Ok(value!({ "CodeDeliveryDetails": details }))
}

pub(super) fn forgot_password(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, client) = pools.client(input)?;
    let Some(found) = user_of_request(pool, client, input)? else {
        if !client.prevent_user_existence_errors {
            return Err(combination_not_found());
        }
        return Ok(value!({ "CodeDeliveryDetails": (codes::pretended_details(input.username()?)) }));
    };
    let details = send_reset_code(pool, &found)?;
    Ok(value!({ "CodeDeliveryDetails": details }))
}

/// Sends the code that allows a new password, to a verified address or number.
pub(super) fn send_reset_code(pool: &UserPool, found: &Found) -> Result<Value, ApiError> {
    let user = &found.user;
    if !user.enabled {
        return Err(ApiError::not_authorized("User is disabled."));
    }
    if user.status == UserStatus::ForceChangePassword {
        return Err(ApiError::not_authorized("User password cannot be reset in the current state."));
    }
    let verified = [("email", "email_verified"), ("phone_number", "phone_number_verified")]
        .into_iter()
        .find(|(name, verified)| user.attribute(name).is_some() && user.attribute(verified) == Some("true"));
    let Some((attribute, _)) = verified else {
        return Err(ApiError::invalid(
            "Cannot reset password for the user as there is no registered/verified email or phone_number",
        ));
    };
    Ok(codes::send(pool, &found.key, user, MessagePurpose::ForgotPassword, attribute))
}

pub(super) fn confirm_forgot_password(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, client) = pools.client(input)?;
    let code = input.required("ConfirmationCode")?;
    let password = input.required("Password")?;
    policy::check_password(&pool.definition, password)?;
    let Some(found) = user_of_request(pool, client, input)? else { return Err(unknown_at_confirmation(client)) };
    let attribute = codes::check(pool, &found.key, MessagePurpose::ForgotPassword, "", code)?;
    let verifier = Verifier::new(&pool.identity(&found.user.username), password);
    account::change_user(pool, &found, |user| {
        user.set_password(verifier);
        user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
        if matches!(user.status, UserStatus::ResetRequired | UserStatus::Unconfirmed) {
            user.status = UserStatus::Confirmed;
        }
        Ok(())
    })?;
    users::note_right_password(pool, &found.user);
    Ok(nothing())
}

/// The user of a request with `Username` and `SecretHash`.
fn user_of_request(pool: &UserPool, client: &ClientDefinition, input: &Input) -> Result<Option<Found>, ApiError> {
    let username = input.username()?;
    let found = users::find(pool, username);
    let own_name = found.as_ref().map_or(username, |found| &found.user.username);
    users::check_secret_hash(client, &[username, own_name], input.optional("SecretHash")?)?;
    Ok(found)
}

fn combination_not_found() -> ApiError {
    ApiError::new(ErrorType::UserNotFoundException, "Username/client id combination not found.")
}

/// What an answer to a code is told where there is no such user (developer guide, managing user existence error responses).
fn unknown_at_confirmation(client: &ClientDefinition) -> ApiError {
    if client.prevent_user_existence_errors { ApiError::code_expired() } else { combination_not_found() }
}
