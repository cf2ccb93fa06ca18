//! Who is calling, in the shape that resolvers see as `ctx.identity` (developer guide, "AWS AppSync JavaScript resolver context
//! object reference", Identity).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use value::{Object, Str, Value};

use super::iam::Principal;
use crate::definition::AuthenticationType;

/// The authenticated caller of a request.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A request with a valid API key; `ctx.identity` is null.
    ApiKey,
    /// A signed request.
    Iam(Arc<Principal>),
    /// A token of an OpenID Connect provider.
    Oidc(Arc<TokenIdentity>),
    /// A token of a user pool.
    UserPool(Arc<UserPoolIdentity>),
    /// A caller that a Lambda function let in.
    Lambda(Arc<LambdaIdentity>),
    /// A caller inside this process whom the definition names, an event rule for instance.
    Named {
        /// The mode that fields are judged by.
        authentication_type: AuthenticationType,
        /// `ctx.identity`
        context: Value,
    },
}

/// A verified token.
#[derive(Clone)]
pub struct TokenIdentity {
    /// `sub`; user pools always have it.
    pub sub: Option<Str>,
    /// `iss`
    pub issuer: Str,
    /// All claims.
    pub claims: Value,
}

/// Without the claims, which are personal data.
impl fmt::Debug for TokenIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIdentity").field("sub", &self.sub).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A verified token of a user pool.
#[derive(Clone, Debug)]
pub struct UserPoolIdentity {
    /// The token.
    pub token: TokenIdentity,
    /// `username` of an access token, `cognito:username` of an ID token.
    pub username: Option<Str>,
    /// `cognito:groups`
    pub groups: Option<Vec<Str>>,
    /// `ALLOW` or `DENY`, the pool's default action.
    pub default_auth_strategy: &'static str,
}

/// What a Lambda authorizer said beside yes.
#[derive(Clone)]
pub struct LambdaIdentity {
    /// `resolverContext`
    pub resolver_context: Value,
    /// `deniedFields`, as type and field, in order.
    denied_fields: Box<[(Str, Str)]>,
}

/// Without the context, in which functions hand tokens on to resolvers.
impl fmt::Debug for LambdaIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaIdentity").field("denied_fields", &self.denied_fields).finish_non_exhaustive()
    }
}

impl LambdaIdentity {
    /// Somebody with this `resolverContext` who may not read these fields.
    #[must_use]
    pub fn new(resolver_context: Value, mut denied_fields: Vec<(Str, Str)>) -> Self {
        denied_fields.sort_unstable();
        denied_fields.dedup();
        Self { resolver_context, denied_fields: denied_fields.into() }
    }

    /// The fields that may not be read, as type and field.
    #[must_use]
    pub fn denied_fields(&self) -> &[(Str, Str)] {
        &self.denied_fields
    }

    /// Whether there is a field that may not be read.
    #[must_use]
    pub fn denies_something(&self) -> bool {
        !self.denied_fields.is_empty()
    }

    /// Whether `deniedFields` has the field.
    #[must_use]
    pub fn denies(&self, type_name: &str, field_name: &str) -> bool {
        let compare = |(of, field): &(Str, Str)| (&**of, &**field).cmp(&(type_name, field_name));
        self.denied_fields.binary_search_by(compare).is_ok()
    }
}

impl Identity {
    /// When what let the caller in ends, where it says so: the `exp` of a token.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        let token = match self {
            Identity::Oidc(token) => token,
            Identity::UserPool(user) => &user.token,
            Identity::ApiKey | Identity::Iam(_) | Identity::Lambda(_) | Identity::Named { .. } => return None,
        };
        let seconds = token.claims.get("exp")?.as_number()?.as_f64();
        SystemTime::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
    }

    /// `ctx.identity`. `source_ip` are the addresses the request came by, the client's first.
    #[must_use]
    pub fn to_value(&self, source_ip: &[Str]) -> Value {
        let source_ip = || Value::from(source_ip.iter().map(Value::from).collect::<Vec<_>>());
        match self {
            Identity::ApiKey => Value::Null,
            Identity::Named { context, .. } => context.clone(),
            Identity::Iam(principal) => {
                let mut identity = Object::with_capacity(8);
                identity.insert("accountId", &principal.account_id);
                identity.insert("cognitoIdentityPoolId", principal.cognito.identity_pool_id.as_ref());
                identity.insert("cognitoIdentityId", principal.cognito.identity_id.as_ref());
                identity.insert("sourceIp", source_ip());
                identity.insert("username", &principal.username);
                identity.insert("userArn", &principal.user_arn);
                identity.insert("cognitoIdentityAuthType", principal.cognito.identity_auth_type.as_ref());
                identity.insert("cognitoIdentityAuthProvider", principal.cognito.identity_auth_provider.as_ref());
                identity.into()
            }
            Identity::Oidc(token) => {
                let mut identity = Object::with_capacity(3);
                identity.insert("sub", token.sub.as_ref());
                identity.insert("issuer", &token.issuer);
                identity.insert("claims", token.claims.clone());
                identity.into()
            }
            Identity::UserPool(user) => {
                let mut identity = Object::with_capacity(7);
                identity.insert("sub", user.token.sub.as_ref());
                identity.insert("issuer", &user.token.issuer);
                identity.insert("username", user.username.as_ref());
                identity.insert("claims", user.token.claims.clone());
                identity.insert("sourceIp", source_ip());
                identity.insert("defaultAuthStrategy", user.default_auth_strategy);
                let groups = user.groups.as_ref().map(|groups| groups.iter().map(Value::from).collect::<Vec<_>>());
                identity.insert("groups", groups.map_or(Value::Null, Value::from));
                identity.into()
            }
            Identity::Lambda(answer) => {
                let mut identity = Object::with_capacity(1);
                identity.insert("resolverContext", answer.resolver_context.clone());
                identity.into()
            }
        }
    }
}
