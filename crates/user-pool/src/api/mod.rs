//! The operations of Cognito's API, as data: a target and a body in, a status and a body out.

mod account;
mod admin;
mod codes;
mod describe;
mod groups;
mod input;
mod sign_in;
mod sign_up;
mod users;

use std::collections::BTreeSet;
use std::sync::Arc;

use value::{Object, Value};

use crate::definition::{DefinitionError, PoolDefinition};
use crate::error::{ApiError, ErrorType, OpenError};
use crate::pool::{Options, UserPool};
use input::Input;

/// What stands before an operation's name in the header `X-Amz-Target`.
const TARGET: &str = "AWSCognitoIdentityProviderService.";

/// Longer bodies are refused.
const MAX_BODY: usize = 256 * 1024;

/// Who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Anybody: the operations for client applications.
    Client,
    /// Somebody whose AWS credentials were checked: administrators' operations, too.
    Administrator,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The body, to be sent as `application/x-amz-json-1.1`.
    pub body: Value,
    /// The error that the body tells.
    pub error: Option<ApiError>,
}

impl Response {
    /// The headers of the answer, besides its length and request id.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
        if let Some(error) = &self.error {
            headers.push(("x-amzn-errortype", format!("{}:", error.error_type.name())));
            // A message may quote what was sent; a header holds visible ASCII only.
            let visible = |character: char| character == ' ' || character.is_ascii_graphic();
            let message = error.message.chars().map(|character| if visible(character) { character } else { '?' });
            headers.push(("x-amzn-errormessage", message.collect()));
        }
        headers
    }
}

impl From<Result<Value, ApiError>> for Response {
    fn from(result: Result<Value, ApiError>) -> Self {
        match result {
            Ok(body) => Self { status: 200, body, error: None },
            Err(error) => {
                let mut body = Object::new();
                body.insert("__type", error.error_type.name());
                body.insert("message", error.message.as_str());
                Self { status: error.error_type.status(), body: body.into(), error: Some(error) }
            }
        }
    }
}

/// User pools behind one endpoint.
#[derive(Debug)]
pub struct UserPools {
    pools: Vec<Arc<UserPool>>,
}

impl UserPools {
    /// Opens pools. Nothing is written and no key made until it is needed.
    ///
    /// # Errors
    /// A definition breaks a rule, or what is kept of a pool cannot be read.
    pub fn open(definitions: Vec<PoolDefinition>, options: &Options) -> Result<Self, OpenError> {
        let (mut ids, mut clients) = (BTreeSet::new(), BTreeSet::new());
        for definition in &definitions {
            if !ids.insert(definition.id.clone()) {
                return Err(DefinitionError::RepeatedPool(definition.id.clone()).into());
            }
            // Within one pool a repeated client is found by the pool's own check, with a better text.
            let of_pool: BTreeSet<&String> = definition.clients.iter().map(|client| &client.id).collect();
            if let Some(client) = of_pool.into_iter().find(|client| !clients.insert((*client).clone())) {
                return Err(DefinitionError::SharedClient(client.clone()).into());
            }
        }
        let pools = definitions.into_iter().map(|definition| UserPool::open(definition, options).map(Arc::new));
        Ok(Self { pools: pools.collect::<Result<_, _>>()? })
    }

    /// The pool with this id.
    #[must_use]
    pub fn pool(&self, id: &str) -> Option<&Arc<UserPool>> {
        self.pools.iter().find(|pool| pool.id() == id)
    }

    /// All pools, in the order of their definitions.
    #[must_use]
    pub fn pools(&self) -> &[Arc<UserPool>] {
        &self.pools
    }

    /// Answers a request: `target` is the header `X-Amz-Target`.
    #[must_use]
    pub fn handle(&self, target: &str, body: &[u8], caller: Caller) -> Response {
        self.answer(target, body, caller).into()
    }

    fn answer(&self, target: &str, body: &[u8], caller: Caller) -> Result<Value, ApiError> {
        let operation = target.strip_prefix(TARGET).unwrap_or_default();
        let Some((handler, access)) = operation_named(operation) else {
            let shown: String = target.chars().filter(char::is_ascii_graphic).take(100).collect();
            return Err(ApiError::new(
                ErrorType::UnknownOperationException,
                format!("The embedded user pool does not have the operation {:?}.", shown.strip_prefix(TARGET).unwrap_or(&shown)),
            ));
        };
        if access == Caller::Administrator && caller != Caller::Administrator {
            return Err(ApiError::new(ErrorType::MissingAuthenticationTokenException, "Missing Authentication Token"));
        }
        if body.len() > MAX_BODY {
            return Err(ApiError::new(ErrorType::SerializationException, format!("The body is longer than {MAX_BODY} bytes.")));
        }
        handler(self, &Input::parse(body)?)
    }

    /// The pool that a client belongs to, and the client.
    fn client<'a>(&'a self, input: &Input) -> Result<(&'a UserPool, &'a crate::definition::ClientDefinition), ApiError> {
        let id = input.required("ClientId")?;
        self.pools
            .iter()
            .find_map(|pool| pool.client(id).map(|client| (pool.as_ref(), client)))
            .ok_or_else(|| ApiError::not_found(format!("User pool client {} does not exist.", input::shown(id))))
    }

    /// The pool that an administrator names.
    fn named_pool(&self, input: &Input) -> Result<&UserPool, ApiError> {
        let id = input.required("UserPoolId")?;
        self.pool(id)
            .map(AsRef::as_ref)
            .ok_or_else(|| ApiError::not_found(format!("User pool {} does not exist.", input::shown(id))))
    }
}

type Handler = fn(&UserPools, &Input) -> Result<Value, ApiError>;

/// The operations there are. Everything else is refused by name.
fn operation_named(name: &str) -> Option<(Handler, Caller)> {
    use Caller::{Administrator, Client};
    Some(match name {
        "InitiateAuth" => (sign_in::initiate_auth, Client),
        "RespondToAuthChallenge" => (sign_in::respond_to_auth_challenge, Client),
        "GetTokensFromRefreshToken" => (sign_in::get_tokens_from_refresh_token, Client),
        "RevokeToken" => (sign_in::revoke_token, Client),
        "SignUp" => (sign_up::sign_up, Client),
        "ConfirmSignUp" => (sign_up::confirm_sign_up, Client),
        "ResendConfirmationCode" => (sign_up::resend_confirmation_code, Client),
        "ForgotPassword" => (sign_up::forgot_password, Client),
        "ConfirmForgotPassword" => (sign_up::confirm_forgot_password, Client),
        "GetUser" => (account::get_user, Client),
        "GlobalSignOut" => (account::global_sign_out, Client),
        "ChangePassword" => (account::change_password, Client),
        "UpdateUserAttributes" => (account::update_user_attributes, Client),
        "DeleteUserAttributes" => (account::delete_user_attributes, Client),
        "GetUserAttributeVerificationCode" => (account::get_user_attribute_verification_code, Client),
        "VerifyUserAttribute" => (account::verify_user_attribute, Client),
        "DeleteUser" => (account::delete_user, Client),
        "AdminInitiateAuth" => (sign_in::admin_initiate_auth, Administrator),
        "AdminRespondToAuthChallenge" => (sign_in::admin_respond_to_auth_challenge, Administrator),
        "AdminConfirmSignUp" => (admin::confirm_sign_up, Administrator),
        "AdminCreateUser" => (admin::create_user, Administrator),
        "AdminDeleteUser" => (admin::delete_user, Administrator),
        "AdminDisableUser" => (admin::disable_user, Administrator),
        "AdminEnableUser" => (admin::enable_user, Administrator),
        "AdminGetUser" => (admin::get_user, Administrator),
        "AdminResetUserPassword" => (admin::reset_user_password, Administrator),
        "AdminSetUserPassword" => (admin::set_user_password, Administrator),
        "AdminUpdateUserAttributes" => (admin::update_user_attributes, Administrator),
        "AdminUserGlobalSignOut" => (admin::user_global_sign_out, Administrator),
        "AdminAddUserToGroup" => (groups::add_user, Administrator),
        "AdminRemoveUserFromGroup" => (groups::remove_user, Administrator),
        "AdminListGroupsForUser" => (groups::list_for_user, Administrator),
        "CreateGroup" => (groups::create, Administrator),
        "DeleteGroup" => (groups::delete, Administrator),
        "GetGroup" => (groups::get, Administrator),
        "ListGroups" => (groups::list, Administrator),
        "ListUsersInGroup" => (groups::list_users, Administrator),
        "ListUsers" => (describe::list_users, Administrator),
        "ListUserPools" => (describe::list_user_pools, Administrator),
        "ListUserPoolClients" => (describe::list_user_pool_clients, Administrator),
        "DescribeUserPool" => (describe::user_pool, Administrator),
        "DescribeUserPoolClient" => (describe::user_pool_client, Administrator),
        _ => return None,
    })
}

/// The body of an operation that answers nothing. Clients parse it, so it is an object and not empty text.
fn nothing() -> Value {
    Object::new().into()
}
