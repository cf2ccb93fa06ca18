//! Groups and their members.

use value::{Object, Value, value};

use super::input::{Input, shown};
use super::{UserPools, account, describe, nothing, users};
use crate::error::{ApiError, ErrorType};
use crate::policy;
use crate::pool::UserPool;
use crate::state::{Group, MAX_GROUPS};

/// Groups of one user (Cognito's quota).
const MAX_USER_GROUPS: usize = 100;

pub(super) fn create(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let name = input.required("GroupName")?;
    if !policy::is_group_name(name) {
        return Err(ApiError::invalid(
            "1 validation error detected: Value at 'groupName' failed to satisfy constraint: Member must satisfy regular expression \
             pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+",
        ));
    }
    let precedence = match input.integer("Precedence")? {
        None => None,
        Some(number) => Some(u32::try_from(number).map_err(|_| ApiError::invalid("Precedence must be zero or greater."))?),
    };
    let limit = |name: &'static str| match input.optional(name)? {
        Some(text) if text.chars().count() > 2048 => Err(ApiError::invalid(format!("{name} must have at most 2048 characters."))),
        text => Ok(text.map(str::to_owned)),
    };
    let group = Group {
        name: name.to_owned(),
        description: limit("Description")?,
        precedence,
        role_arn: limit("RoleArn")?,
        created: pool.now(),
        defined: false,
    };
    pool.change(|state| {
        if state.groups.contains_key(name) {
            return Err(ApiError::new(ErrorType::GroupExistsException, "A group with the name already exists."));
        }
        if state.groups.len() >= MAX_GROUPS {
            return Err(ApiError::new(ErrorType::LimitExceededException, "The user pool holds 10000 groups, the most it takes."));
        }
        let answer = value!({ "Group": (group_json(pool, &group)) });
        state.groups.insert(name.to_owned(), group);
        Ok(answer)
    })
}

pub(super) fn get(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let state = pool.state();
    let group = state.groups.get(input.required("GroupName")?).ok_or_else(group_not_found)?;
    Ok(value!({ "Group": (group_json(pool, group)) }))
}

pub(super) fn delete(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let name = input.required("GroupName")?;
    pool.change(|state| {
        state.groups.remove(name).ok_or_else(group_not_found)?;
        let members: Vec<String> = state
            .users
            .iter()
            .filter(|(_, user)| user.groups.iter().any(|group| group == name))
            .map(|(key, _)| key.clone())
            .collect();
        for key in members {
            if let Some(user) = state.user_mut(&key) {
                user.groups.retain(|group| group != name);
            }
        }
        Ok(nothing())
    })
}

pub(super) fn add_user(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let name = input.required("GroupName")?;
    let found = users::named(pool, input)?;
    pool.change(|state| {
        if !state.groups.contains_key(name) {
            return Err(group_not_found());
        }
        let user = state.user_mut(&found.key).ok_or_else(ApiError::user_not_found)?;
        if !user.groups.iter().any(|group| group == name) {
            if user.groups.len() >= MAX_USER_GROUPS {
                return Err(ApiError::new(ErrorType::LimitExceededException, "A user can be in 100 groups."));
            }
            user.groups.push(name.to_owned());
        }
        Ok(nothing())
    })
}

pub(super) fn remove_user(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let name = input.required("GroupName")?;
    let found = users::named(pool, input)?;
    if !pool.state().groups.contains_key(name) {
        return Err(group_not_found());
    }
    account::change_user(pool, &found, |user| {
        user.groups.retain(|group| group != name);
        Ok(())
    })
}

pub(super) fn list_for_user(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let found = users::named(pool, input)?;
    let state = pool.state();
    let groups: Vec<&Group> = found.user.groups.iter().filter_map(|name| state.groups.get(name)).collect();
    describe::page(input, "Limit", "NextToken", "Groups", &groups, |group| group.name.as_str(), |group| group_json(pool, group))
}

pub(super) fn list(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let state = pool.state();
    let groups: Vec<&Group> = state.groups.values().collect();
    describe::page(input, "Limit", "NextToken", "Groups", &groups, |group| group.name.as_str(), |group| group_json(pool, group))
}

pub(super) fn list_users(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let name = input.required("GroupName")?;
    let state = pool.state();
    if !state.groups.contains_key(name) {
        return Err(group_not_found());
    }
    let members: Vec<_> = state.users.iter().filter(|(_, user)| user.groups.iter().any(|group| group == name)).collect();
    describe::page(
        input,
        "Limit",
        "NextToken",
        "Users",
        &members,
        |(key, _)| key.as_str(),
        |(_, user)| users::user_json(user, "Attributes"),
    )
}

fn group_not_found() -> ApiError {
    ApiError::not_found("Group not found.")
}

fn group_json(pool: &UserPool, group: &Group) -> Value {
    let mut object = Object::new();
    object.insert("GroupName", shown(&group.name));
    object.insert("UserPoolId", pool.id());
    if let Some(description) = &group.description {
        object.insert("Description", description.as_str());
    }
    if let Some(arn) = &group.role_arn {
        object.insert("RoleArn", arn.as_str());
    }
    if let Some(precedence) = group.precedence {
        object.insert("Precedence", i64::from(precedence));
    }
    object.insert("CreationDate", group.created);
    object.insert("LastModifiedDate", group.created);
    object.into()
}
