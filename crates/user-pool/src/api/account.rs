//! What a signed-in user does with the own account, by access token.

use value::{Value, value};

use super::input::Input;
use super::users::{self, Found};
use super::{UserPools, codes, nothing};
use crate::definition::SignInAttribute;
use crate::error::{ApiError, ErrorType};
use crate::policy;
use crate::pool::{MessagePurpose, UserPool};
use crate::srp::Verifier;
use crate::state::{State, User};

pub(super) fn get_user(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (_, found) = users::authenticated(pools, input)?;
    Ok(value!({ "Username": (found.user.username.as_str()), "UserAttributes": (users::attributes_json(&found.user)) }))
}

pub(super) fn global_sign_out(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, found) = users::authenticated(pools, input)?;
    let now = pool.now();
    pool.change(|state| {
        state.sign_out(&found.key, now);
        Ok(nothing())
    })
}

pub(super) fn change_password(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, found) = users::authenticated(pools, input)?;
    let previous = input.required("PreviousPassword")?;
    let proposed = input.required("ProposedPassword")?;
    users::check_password(pool, &found.user, previous)?;
    policy::check_password(&pool.definition, proposed)?;
    let verifier = Verifier::new(&pool.identity(&found.user.username), proposed);
    change_user(pool, &found, |user| {
        user.set_password(verifier);
        Ok(())
    })
}

pub(super) fn update_user_attributes(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, found) = users::authenticated(pools, input)?;
    let attributes = input.attributes("UserAttributes")?;
    for (name, value) in &attributes {
        check_own_attribute(pool, name, value)?;
    }
    let now = pool.now();
    let user = pool.change(|state| {
        let user = state.user_mut(&found.key).filter(|user| user.sub == found.user.sub).ok_or_else(ApiError::user_not_found)?;
        for (name, value) in &attributes {
            user.set_attribute(name, value);
        }
        user.modified = now;
        policy::check_all(&pool.definition, &user.attributes)?;
        let user = user.clone();
        check_alias(pool, state, &found.key, &user)?;
        Ok(user)
    })?;
    let sent = pool.definition.auto_verified_attributes.iter().map(|attribute| attribute.name()).filter(|name| {
        attributes.iter().any(|(changed, _)| changed == name) && found.user.attribute(name) != user.attribute(name)
    });
    let details: Value = sent.map(|name| codes::send(pool, &found.key, &user, MessagePurpose::VerifyAttribute, name)).collect();
    Ok(value!({ "CodeDeliveryDetailsList": details }))
}

pub(super) fn delete_user_attributes(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, found) = users::authenticated(pools, input)?;
    let names = input.texts("UserAttributeNames")?;
    for name in &names {
        let required = pool.definition.required_attributes.contains(*name);
        let signs_in = pool.definition.username_attributes.iter().any(|attribute| attribute.name() == *name);
        if required || signs_in || *name == "sub" || name.ends_with("_verified") {
            return Err(ApiError::invalid(format!("Cannot delete required attribute: {}", super::input::shown(name))));
        }
    }
    change_user(pool, &found, |user| {
        for name in &names {
            user.attributes.remove(*name);
            user.attributes.remove(&format!("{name}_verified"));
        }
        Ok(())
    })
}

pub(super) fn get_user_attribute_verification_code(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, found) = users::authenticated(pools, input)?;
    let attribute = verifiable(input.required("AttributeName")?)?;
    if found.user.attribute(attribute).is_none() {
        return Err(ApiError::invalid(format!("User does not have {attribute} attribute defined.")));
    }
    let details = codes::send(pool, &found.key, &found.user, MessagePurpose::VerifyAttribute, attribute);
    Ok(value!({ "CodeDeliveryDetails": details }))
}

pub(super) fn verify_user_attribute(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, found) = users::authenticated(pools, input)?;
    let attribute = verifiable(input.required("AttributeName")?)?;
    codes::check(pool, &found.key, MessagePurpose::VerifyAttribute, attribute, input.required("Code")?)?;
    pool.change(|state| {
        let user = state.user_mut(&found.key).filter(|user| user.sub == found.user.sub).ok_or_else(ApiError::user_not_found)?;
        user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
        let user = user.clone();
        check_alias(pool, state, &found.key, &user)?;
        Ok(nothing())
    })
}

pub(super) fn delete_user(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let (pool, found) = users::authenticated(pools, input)?;
    pool.change(|state| {
        state.remove_user(&found.key);
        Ok(nothing())
    })
}

/// Changes one user, if it is still the same.
pub(super) fn change_user(
    pool: &UserPool,
    found: &Found,
    edit: impl FnOnce(&mut User) -> Result<(), ApiError>,
) -> Result<Value, ApiError> {
    let now = pool.now();
    pool.change(|state| {
        let user = state.user_mut(&found.key).filter(|user| user.sub == found.user.sub).ok_or_else(ApiError::user_not_found)?;
        edit(user)?;
        user.modified = now;
        Ok(nothing())
    })
}

/// Checks an attribute that a user sets: in the schema, and none that only administrators set.
pub(super) fn check_own_attribute(pool: &UserPool, name: &str, value: &str) -> Result<(), ApiError> {
    if matches!(name, "email_verified" | "phone_number_verified") {
        return Err(ApiError::not_authorized("A client attempted to write unauthorized attribute"));
    }
    policy::check_attribute(&pool.definition, name, value)
}

/// Refuses an address, number or name by which another user signs in already.
pub(super) fn check_alias(pool: &UserPool, state: &State, key: &str, user: &User) -> Result<(), ApiError> {
    match state.alias_owner(&pool.definition, key, user) {
        Some((_, attribute)) => Err(alias_exists(attribute)),
        None => Ok(()),
    }
}

pub(super) fn alias_exists(attribute: SignInAttribute) -> ApiError {
    ApiError::new(ErrorType::AliasExistsException, format!("An account with the given {} already exists.", attribute.name()))
}

fn verifiable(name: &str) -> Result<&'static str, ApiError> {
    match name {
        "email" => Ok("email"),
        "phone_number" => Ok("phone_number"),
        _ => Err(ApiError::invalid("Only email and phone_number can be verified.")),
    }
}
