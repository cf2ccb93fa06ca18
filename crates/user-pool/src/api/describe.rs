//! What administrators look at: pools, clients, lists of users.

use value::{Object, Value, value};

use super::UserPools;
use super::input::Input;
use super::users;
use crate::definition::{AuthFlow, ClientDefinition, SignInAttribute};
use crate::error::ApiError;
use crate::random;

/// The items of a page, at most.
const MAX_PAGE: usize = 60;

/// One page of a list whose items have distinct keys. The token of the next page is the key of this page's last item.
pub(super) fn page<T>(
    input: &Input,
    limit: &str,
    token: &str,
    member: &str,
    items: &[T],
    key: impl Fn(&T) -> &str,
    json: impl Fn(&T) -> Value,
) -> Result<Value, ApiError> {
    let limit = match input.integer(limit)? {
        None => MAX_PAGE,
        Some(number) => usize::try_from(number)
            .ok()
            .filter(|limit| *limit <= MAX_PAGE)
            .ok_or_else(|| ApiError::invalid(format!("{limit} must be between 0 and {MAX_PAGE}.")))?
            .max(1),
    };
    let start = match input.optional(token)? {
        None => 0,
        Some(given) => {
            let after = random::from_base64_url(given).and_then(|bytes| String::from_utf8(bytes).ok());
            let position = after.and_then(|after| items.iter().position(|item| key(item) == after));
            position.ok_or_else(|| ApiError::invalid(format!("Invalid {token}.")))? + 1
        }
    };
    let shown = &items[start..items.len().min(start + limit)];
    let mut answer = Object::new();
    answer.insert(member, shown.iter().map(json).collect::<Value>());
    if let Some(last) = shown.last().filter(|_| start + limit < items.len()) {
        answer.insert(token, random::base64_url(key(last).as_bytes()));
    }
    Ok(answer.into())
}

pub(super) fn list_users(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let state = pool.state();
    let filter = input.optional("Filter")?.map(str::trim).filter(|filter| !filter.is_empty());
    let filter = filter.map(Filter::parse).transpose()?;
    let users: Vec<_> =
        state.users.iter().filter(|(_, user)| filter.as_ref().is_none_or(|filter| filter.matches(user))).collect();
    page(
        input,
        "Limit",
        "PaginationToken",
        "Users",
        &users,
        |(key, _)| key.as_str(),
        |(_, user)| users::user_json(user, "Attributes"),
    )
}

/// A filter of `ListUsers`: `attribute = "text"` or `attribute ^= "beginning"`.
struct Filter<'a> {
    attribute: &'a str,
    beginning: bool,
    text: String,
}

impl<'a> Filter<'a> {
    fn parse(filter: &'a str) -> Result<Self, ApiError> {
        let invalid = || ApiError::invalid("Error while parsing filter.");
        let (left, right) = filter.split_once('=').ok_or_else(invalid)?;
        let (left, beginning) = left.trim_end().strip_suffix('^').map_or((left, false), |left| (left, true));
        let quoted = right.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"')).ok_or_else(invalid)?;
        Ok(Self { attribute: left.trim(), beginning, text: quoted.replace("\\\"", "\"") })
    }

    fn matches(&self, user: &crate::state::User) -> bool {
        let value = match self.attribute {
            "username" => Some(user.username.as_str()),
            "sub" => Some(user.sub.as_str()),
            "cognito:user_status" => Some(user.status.name()),
            // Cognito's documentation writes the status of an account as Enabled or Disabled.
            "status" => Some(if user.enabled { "Enabled" } else { "Disabled" }),
            name => user.attribute(name),
        };
        value.is_some_and(|value| if self.beginning { value.starts_with(&self.text) } else { value == self.text })
    }
}

pub(super) fn list_user_pools(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    page(
        input,
        "MaxResults",
        "NextToken",
        "UserPools",
        &pools.pools,
        |pool| pool.id(),
        |pool| value!({ "Id": (pool.id()), "Name": (pool.id()) }),
    )
}

pub(super) fn list_user_pool_clients(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    page(
        input,
        "MaxResults",
        "NextToken",
        "UserPoolClients",
        &pool.definition.clients,
        |client| client.id.as_str(),
        |client| value!({ "ClientId": (client.id.as_str()), "ClientName": (client.name.as_str()), "UserPoolId": (pool.id()) }),
    )
}

pub(super) fn user_pool(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let definition = &pool.definition;
    let names = |attributes: &std::collections::BTreeSet<SignInAttribute>| -> Value {
        attributes.iter().map(|attribute| attribute.name()).collect()
    };
    let policy = &definition.password_policy;
    Ok(value!({
        "UserPool": {
            "Id": (pool.id()),
            "Name": (pool.id()),
            "Arn": (format!("arn:aws:cognito-idp:{}:000000000000:userpool/{}", definition.region(), pool.id())),
            "AliasAttributes": (names(&definition.alias_attributes)),
            "AutoVerifiedAttributes": (names(&definition.auto_verified_attributes)),
            "UsernameAttributes": (names(&definition.username_attributes)),
            "UsernameConfiguration": { "CaseSensitive": (definition.case_sensitive) },
            "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": (definition.admin_create_user_only) },
            "EstimatedNumberOfUsers": (pool.state().users.len()),
            "MfaConfiguration": "OFF",
            "Policies": {
                "PasswordPolicy": {
                    "MinimumLength": (policy.minimum_length),
                    "RequireLowercase": (policy.require_lowercase),
                    "RequireNumbers": (policy.require_numbers),
                    "RequireSymbols": (policy.require_symbols),
                    "RequireUppercase": (policy.require_uppercase)
                }
            }
        }
    }))
}

pub(super) fn user_pool_client(pools: &UserPools, input: &Input) -> Result<Value, ApiError> {
    let pool = pools.named_pool(input)?;
    let id = input.required("ClientId")?;
    let client = pool.client(id);
    let client =
        client.ok_or_else(|| ApiError::not_found(format!("User pool client {} does not exist.", super::input::shown(id))))?;
    Ok(value!({ "UserPoolClient": (client_json(pool.id(), client)) }))
}

fn client_json(pool: &str, client: &ClientDefinition) -> Value {
    let flows: Value = client.auth_flows.iter().copied().map(AuthFlow::name).collect();
    let mut object = Object::new();
    object.insert("ClientId", client.id.as_str());
    object.insert("ClientName", client.name.as_str());
    object.insert("UserPoolId", pool);
    if let Some(secret) = &client.secret {
        object.insert("ClientSecret", secret.reveal());
    }
    object.insert("ExplicitAuthFlows", flows);
    object.insert("PreventUserExistenceErrors", if client.prevent_user_existence_errors { "ENABLED" } else { "LEGACY" });
    object.insert("EnableTokenRevocation", true);
    for (name, validity) in [
        ("AccessTokenValidity", client.access_token_validity),
        ("IdTokenValidity", client.id_token_validity),
        ("RefreshTokenValidity", client.refresh_token_validity),
    ] {
        object.insert(name, validity.as_secs());
    }
    object.insert("AuthSessionValidity", client.auth_session_validity.as_secs() / 60);
    object.insert("TokenValidityUnits", value!({ "AccessToken": "seconds", "IdToken": "seconds", "RefreshToken": "seconds" }));
    object.into()
}
