//! The `AWS_IAM` mode: requests signed with Signature Version 4 by principals of the definition, whose policies decide which
//! fields they may read.
//!
//! Who signed is found out by [`sigv4::verify`]; what he may do by his policies, field by field
//! ([`field_access`]): the action is `appsync:GraphQL`, the resource
//! `arn:aws:appsync:REGION:ACCOUNT:apis/API/types/TYPE/fields/FIELD` (developer guide, "`AWS_IAM` authorization").

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::HeaderMap;
use iam_policy::{Decision, Policy, decide};
use value::Str;

use super::sigv4::{self, Authorization, Scope, SignatureError, SignedRequest, SigningKeys};

/// AppSync's name in a credential scope.
const SERVICE: &str = "appsync";
/// What a field asks of a policy.
const ACTION: &str = "appsync:GraphQL";

/// Somebody with an access key: an IAM user, a role in a session, or an identity of a Cognito identity pool.
#[derive(Clone)]
pub struct Principal {
    /// What the definition calls it.
    pub name: Str,
    /// What signatures name.
    pub access_key_id: Str,
    /// What they are made with.
    pub secret_access_key: Str,
    /// The session of temporary credentials; they count only together with it.
    pub session_token: Option<Str>,
    /// What it may do; without any, nothing.
    pub policies: Vec<Policy>,
    /// `ctx.identity.accountId`
    pub account_id: Str,
    /// `ctx.identity.userArn`
    pub user_arn: Str,
    /// `ctx.identity.username`
    pub username: Str,
    /// The Cognito identity, where it is one.
    pub cognito: CognitoIdentity,
}

/// An identity of a Cognito identity pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CognitoIdentity {
    /// `cognitoIdentityPoolId`
    pub identity_pool_id: Option<Str>,
    /// `cognitoIdentityId`
    pub identity_id: Option<Str>,
    /// `cognitoIdentityAuthType`: `authenticated` or `unauthenticated`.
    pub identity_auth_type: Option<Str>,
    /// `cognitoIdentityAuthProvider`
    pub identity_auth_provider: Option<Str>,
}

impl fmt::Debug for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Principal").field("name", &self.name).field("user_arn", &self.user_arn).finish_non_exhaustive()
    }
}

/// What a principal may do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldAccess {
    /// A policy allows it and none denies it.
    Allowed,
    /// No policy speaks of it. That closes a field of a root type; below it, who may read the object may read its fields.
    NotMentioned,
    /// A policy denies it.
    Denied,
}

/// The `AWS_IAM` mode of one API.
#[derive(Debug)]
pub struct IamAuthenticator {
    principals: HashMap<Str, Arc<Principal>>,
    /// The region that signatures must name; `None` accepts any.
    region: Option<Str>,
    signing_keys: SigningKeys,
}

impl IamAuthenticator {
    /// Lets these principals in, and nobody without any. Signatures must name `region`; `None` accepts every one.
    #[must_use]
    pub fn new(principals: impl IntoIterator<Item = Principal>, region: Option<Str>) -> Self {
        let principals = principals.into_iter().map(|principal| (Arc::clone(&principal.access_key_id), Arc::new(principal)));
        Self { principals: principals.collect(), region, signing_keys: SigningKeys::default() }
    }

    /// Who signs with that access key.
    #[must_use]
    pub fn principal(&self, access_key_id: &str) -> Option<Arc<Principal>> {
        self.principals.get(access_key_id).cloned()
    }

    /// Judges what can be judged before the body is read, so that strangers cannot make us hold one.
    ///
    /// # Errors
    /// [`SignatureError`], in AWS's words.
    pub fn admit(&self, headers: &HeaderMap, query: &str) -> Result<(), SignatureError> {
        match Authorization::read(headers, query)? {
            Some(Authorization::Header { credential, .. }) => {
                let id = credential.split('/').next().unwrap_or_default();
                if self.principals.contains_key(id) { Ok(()) } else { Err(SignatureError::UnrecognizedClient) }
            }
            Some(Authorization::Query) => Err(SignatureError::Presigned),
            None => Err(SignatureError::MissingToken),
        }
    }

    /// Judges a signed request.
    ///
    /// # Errors
    /// [`SignatureError`], in AWS's words.
    pub fn authenticate(&self, request: &SignedRequest<'_>, now: SystemTime) -> Result<Arc<Principal>, SignatureError> {
        let mut found = None;
        let lookup = |id: &str, token: Option<&str>| {
            let principal = self.principals.get(id).filter(|principal| is_session(principal, token))?;
            found = Some(Arc::clone(principal));
            Some(Str::clone(&principal.secret_access_key))
        };
        let scope = Scope { region: self.region.as_deref(), service: SERVICE };
        sigv4::verify_with(request, scope, (now, sigv4::TOLERANCE), Some(&self.signing_keys), lookup)?;
        found.ok_or(SignatureError::UnrecognizedClient)
    }
}

/// What the policies of `principal` say about a field of the API with that ARN, `arn:aws:appsync:REGION:ACCOUNT:apis/ID`.
#[must_use]
pub fn field_access(principal: &Principal, api_arn: &str, type_name: &str, field_name: &str) -> FieldAccess {
    let resource = format!("{api_arn}/types/{type_name}/fields/{field_name}");
    match decide(&principal.policies, ACTION, &resource) {
        Decision::Allowed => FieldAccess::Allowed,
        Decision::ImplicitlyDenied => FieldAccess::NotMentioned,
        Decision::ExplicitlyDenied => FieldAccess::Denied,
    }
}

/// Whether the session token that came with a request is the principal's.
fn is_session(principal: &Principal, token: Option<&str>) -> bool {
    match (&principal.session_token, token) {
        (None, None) => true,
        (Some(expected), Some(given)) => verify_slices_are_equal(expected.as_bytes(), given.as_bytes()).is_ok(),
        _ => false,
    }
}
