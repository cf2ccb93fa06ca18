//! What administrators do with users.

use value::{Value, value};

use super::input::Input;
use super::{UserPools, account, nothing, sign_up, users};
use crate::error::{ApiError, ErrorType};
use crate::policy;
use crate::pool::{Medium, Message, MessagePurpose, UserPool};
use crate::random;
use crate::srp::Verifier;
use crate::state::{User, UserStatus};

pub(super) fn create_user(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let username = input.username()?;
    let attributes = input.attributes("UserAttributes")?;
    for (name, value) in &attributes {
        policy::check_attribute(&pool.definition, name, value)?;
    }
    let action = input.optional("MessageAction")?;
    if let Some(other) = action.filter(|action| !matches!(*action, "RESEND" | "SUPPRESS")) {
        return Err(users::not_in_enumeration("messageAction", other, &["RESEND", "SUPPRESS"]));
    }
    let password = match input.optional("TemporaryPassword")? {
        Some(password) => {
            policy::check_password(&pool.definition, password)?;
            password.to_owned()
        }
        None => random::password(),
    };
    let user = if action == Some("RESEND") {
        let found = users::named(pool, input)?;
        if found.user.status != UserStatus::ForceChangePassword {
            return Err(ApiError::new(
                ErrorType::UnsupportedUserStateException,
                format!("Resend not possible. {} status is not FORCE_CHANGE_PASSWORD", found.user.username),
            ));
        }
        let mut user = User::clone(&found.user);
        user.set_password(Verifier::new(&pool.identity(&user.username), &password));
        let again = user.clone();
        account::change_user(pool, &found, move |user| {
            *user = again;
            Ok(())
        })?;
        user
    } else {
        let (key, mut user) = sign_up::new_user(pool, username, &attributes)?;
        user.set_password(Verifier::new(&pool.identity(&user.username), &password));
        user.status = UserStatus::ForceChangePassword;
        pool.change(|state| sign_up::add_user(pool, state, &key, &user))?;
        user
    };
    if action != Some("SUPPRESS") {
        invite(pool, &user, input, password)?;
    }
    Ok(value!({ "User": (users::user_json(&user, "Attributes")) }))
}

/// Sends the temporary password, if the user has an address or number.
fn invite(pool: &UserPool, user: &User, input: &Input, password: String) -> Result<(), ApiError> {
    let wished = input.texts("DesiredDeliveryMediums")?;
    let email = user.attribute("email").map(|address| (Medium::Email, address));
    let phone = user.attribute("phone_number").map(|number| (Medium::Sms, number));
    // Cognito's own default is SMS; without a number there is nobody to send one to.
    let chosen = if wished.contains(&"EMAIL") && !wished.contains(&"SMS") { email } else { phone.or(email) };
    if let Some((medium, destination)) = chosen {
        pool.send(&Message {
            pool: pool.id().to_owned(),
            username: user.username.clone(),
            purpose: MessagePurpose::Invitation,
            medium,
            destination: destination.to_owned(),
            secret: password,
        });
    }
    Ok(())
}

pub(super) fn get_user(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let found = users::named(pool, input)?;
    Ok(users::user_json(&found.user, "UserAttributes"))
}

pub(super) fn delete_user(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let found = users::named(pool, input)?;
    pool.change(|state| {
        state.remove_user(&found.key);
        Ok(nothing())
    })
}

pub(super) fn set_user_password(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let password = input.required("Password")?;
    let status = if input.switch("Permanent")? { UserStatus::Confirmed } else { UserStatus::ForceChangePassword };
    let found = users::named(pool, input)?;
    policy::check_password(&pool.definition, password)?;
    let verifier = Verifier::new(&pool.identity(&found.user.username), password);
    account::change_user(pool, &found, |user| {
        user.set_password(verifier);
        user.status = status;
        Ok(())
    })?;
    users::note_right_password(pool, &found.user);
    Ok(nothing())
}

pub(super) fn reset_user_password(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let found = users::named(pool, input)?;
    sign_up::send_reset_code(pool, &found)?;
    account::change_user(pool, &found, |user| {
        user.status = UserStatus::ResetRequired;
        Ok(())
    })
}

pub(super) fn confirm_sign_up(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let found = users::named(pool, input)?;
    account::change_user(pool, &found, |user| {
        if user.status != UserStatus::Unconfirmed {
            return Err(ApiError::not_authorized(format!("User cannot be confirmed. Current status is {}", user.status.name())));
        }
        user.status = UserStatus::Confirmed;
        Ok(())
    })
}

pub(super) fn update_user_attributes(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let found = users::named(pool, input)?;
    let attributes = input.attributes("UserAttributes")?;
    for (name, value) in &attributes {
        policy::check_attribute(&pool.definition, name, value)?;
    }
    let now = pool.now();
    pool.change(|state| {
        let user = state.user_mut(&found.key).ok_or_else(ApiError::user_not_found)?;
        // An address and that it is verified may come together, in any order.
        let (verified, others): (Vec<_>, Vec<_>) = attributes.iter().partition(|(name, _)| name.ends_with("_verified"));
        for (name, value) in others.into_iter().chain(verified) {
            user.set_attribute(name, value);
        }
        user.modified = now;
        policy::check_all(&pool.definition, &user.attributes)?;
        let user = user.clone();
        account::check_alias(pool, state, &found.key, &user)?;
        Ok(nothing())
    })
}

pub(super) fn enable_user(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    set_enabled(pools, input, true)
}

pub(super) fn disable_user(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    set_enabled(pools, input, false)
}

fn set_enabled(pools: &UserPools, input: &Input, enabled: bool) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let found = users::named(pool, input)?;
    account::change_user(pool, &found, |user| {
        user.enabled = enabled;
        Ok(())
    })
}

pub(super) fn user_global_sign_out(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let found = users::named(pool, input)?;
    let now = pool.now();
    pool.change(|state| {
        state.sign_out(&found.key, now);
        Ok(nothing())
    })
}
