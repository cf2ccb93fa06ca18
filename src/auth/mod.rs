//! Who is calling: one file per authorization mode, and what the caller may do. Fails closed.
//!
//! [`Authenticator`] is the front door: it holds the modes an API is configured with ([`compile()`] makes it from a definition).
//! [`Authenticator::way`] chooses by the headers which of them judges a request, as AppSync does, and
//! [`Authenticator::authenticate`] turns the request into an [`Identity`] or an [`AuthFault`]. Nothing falls through: the mode that
//! a request chose is the one that lets it in or refuses it.

mod api_key;
mod compile;
mod development_key;
mod fault;
mod iam;
mod identity;
mod issuers;
mod lambda;
pub mod sigv4;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use jwt_verifier::{Error, FetchError};
use value::Str;

use self::sigv4::SignedRequest;
use self::token::{Choice, TokenProviders};

pub use api_key::{ApiKey, ApiKeys};
pub use compile::compile;
pub use development_key::{create_api_key, keep, kept_api_key};
pub use fault::AuthFault;
pub use iam::{CognitoIdentity, FieldAccess, IamAuthenticator, Principal, field_access};
pub use identity::{Identity, LambdaIdentity, TokenIdentity, UserPoolIdentity};
pub use issuers::{Issuers, LocalIssuer};
pub use lambda::{AuthorizerRequest, LambdaAuthorizer};
pub use token::{TokenKind, TokenProvider};

/// The authorization modes of one API, ready to judge requests.
#[derive(Debug, Default)]
pub struct Authenticator {
    api_keys: Option<ApiKeys>,
    iam: Option<IamAuthenticator>,
    tokens: TokenProviders,
    lambda: Option<LambdaAuthorizer>,
}

/// A request that is judged.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    /// As it arrived; without its body where the way does not need one.
    pub signed: SignedRequest<'a>,
    /// What it asks for, where a Lambda authorizer judges it.
    pub operation: Option<AuthorizerRequest<'a>>,
    /// Until when an answer is of use.
    pub deadline: Instant,
}

/// Which mode judges a request, and by what.
pub enum Way<'r> {
    /// By its `x-api-key`.
    ApiKey,
    /// By its signature, which covers the body.
    Iam,
    /// By a token that was verified before and still holds.
    Remembered(Identity),
    /// By a token.
    Token {
        /// The token, without `Bearer`.
        token: &'r [u8],
        /// Whose it claims to be, where that decides who judges it.
        issuer: Option<Str>,
    },
    /// By the Lambda function that is shown the token and the operation.
    Lambda(&'r str),
}

/// Without the token.
impl fmt::Debug for Way<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::ApiKey => f.write_str("ApiKey"),
            Way::Iam => f.write_str("Iam"),
            Way::Remembered(identity) => f.debug_tuple("Remembered").field(identity).finish(),
            Way::Token { issuer, .. } => f.debug_struct("Token").field("issuer", issuer).finish_non_exhaustive(),
            Way::Lambda(_) => f.write_str("Lambda(..)"),
        }
    }
}

impl Way<'_> {
    /// Whether the body is needed to judge the request.
    #[must_use]
    pub fn needs_body(&self) -> bool {
        match self {
            Way::ApiKey | Way::Remembered(_) | Way::Token { .. } => false,
            Way::Iam | Way::Lambda(_) => true,
        }
    }
}

impl Authenticator {
    /// Without any mode: every request is refused.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With the mode `API_KEY`. Without any key every request that has one is refused.
    #[must_use]
    pub fn api_keys(mut self, keys: ApiKeys) -> Self {
        self.api_keys = Some(keys);
        self
    }

    /// With the mode `AWS_IAM`.
    #[must_use]
    pub fn iam(mut self, iam: IamAuthenticator) -> Self {
        self.iam = Some(iam);
        self
    }

    /// With the modes `OPENID_CONNECT` and `AMAZON_COGNITO_USER_POOLS`; `is_single` when the API has no other mode than one of these.
    #[must_use]
    pub fn tokens(mut self, providers: Vec<TokenProvider>, is_single: bool) -> Self {
        self.tokens = TokenProviders::new(providers, is_single);
        self
    }

    /// With the mode `AWS_LAMBDA`.
    #[must_use]
    pub fn lambda(mut self, lambda: LambdaAuthorizer) -> Self {
        self.lambda = Some(lambda);
        self
    }

    /// The principal of the mode `AWS_IAM` who signs with that access key.
    #[must_use]
    pub fn principal(&self, access_key_id: &str) -> Option<Arc<Principal>> {
        self.iam.as_ref()?.principal(access_key_id)
    }

    /// When what let `identity` in ends, where it says so: the token, or the key that is in these headers.
    #[must_use]
    pub fn end_of(&self, identity: &Identity, headers: &HeaderMap) -> Option<SystemTime> {
        match identity {
            Identity::ApiKey => self.api_keys.as_ref()?.end_of(headers),
            other => other.expires(),
        }
    }

    /// Who was let in by another definition, as this one would have him; `None` when it would not let him in by that mode. Principals
    /// are taken anew, with the policies that they have now.
    #[must_use]
    pub fn readmit(&self, identity: &Identity) -> Option<Identity> {
        use crate::definition::AuthenticationType as Mode;
        let mode = match identity {
            Identity::Iam(principal) => return self.principal(&principal.access_key_id).map(Identity::Iam),
            Identity::ApiKey => Mode::ApiKey,
            Identity::Oidc(_) => Mode::OpenIdConnect,
            Identity::UserPool(_) => Mode::AmazonCognitoUserPools,
            Identity::Lambda(_) => Mode::AwsLambda,
            Identity::Named { authentication_type, .. } => *authentication_type,
        };
        let is_there = match mode {
            Mode::ApiKey => self.api_keys.is_some(),
            Mode::AwsIam => self.iam.is_some(),
            Mode::OpenIdConnect | Mode::AmazonCognitoUserPools => !self.tokens.is_empty(),
            Mode::AwsLambda => self.lambda.is_some(),
        };
        is_there.then(|| identity.clone())
    }

    /// Chooses the mode that judges a request: a signature, else an API key, else a token.
    ///
    /// # Errors
    /// [`AuthFault`] when no configured mode could.
    pub fn way<'r>(&self, headers: &'r HeaderMap, query: &str) -> Result<Way<'r>, AuthFault> {
        let mut authorization = headers.get_all(AUTHORIZATION).iter();
        let credential = authorization.next().map(|value| value.as_bytes().trim_ascii()).filter(|token| !token.is_empty());
        if authorization.next().is_some() {
            // Proxies and servers disagree on which one counts.
            return Err(AuthFault::NotAuthorized);
        }
        if let Some(iam) = self.iam.as_ref().filter(|_| credential.is_some_and(|token| token.starts_with(b"AWS4-"))) {
            iam.admit(headers, query)?;
            return Ok(Way::Iam);
        }
        // An empty one is none, whoever else vouches for the request.
        let has_key = headers.get_all("x-api-key").iter().any(|key| !key.is_empty());
        if self.api_keys.is_some() && has_key {
            return Ok(Way::ApiKey);
        }
        let Some(credential) = credential else { return Err(AuthFault::NoCredentials) };
        let fault = if self.tokens.is_empty() {
            AuthFault::NoCredentials
        } else {
            let token = without_bearer(credential);
            match self.tokens.choose(token) {
                Choice::Known(identity) => return Ok(Way::Remembered(identity)),
                Choice::Ours(issuer) => return Ok(Way::Token { token, issuer }),
                Choice::OfAnotherIssuer => AuthFault::Token(Error::WrongIssuer),
                Choice::NotAToken(error @ Error::Malformed(_)) => AuthFault::Token(error),
                Choice::NotAToken(error) => return Err(AuthFault::Token(error)),
            }
        };
        // What no issuer of the API vouches for is the function's.
        match (&self.lambda, std::str::from_utf8(credential)) {
            (Some(lambda), Ok(token)) => lambda.admit(token).map(|()| Way::Lambda(token)),
            _ => Err(fault),
        }
    }

    /// Judges a request at the time `now` in the way that was chosen for it. Where that needs no body, an empty one will do.
    ///
    /// # Errors
    /// [`AuthFault`] when the request is not let in.
    pub async fn authenticate(&self, way: Way<'_>, request: &Arrived<'_>, now: SystemTime) -> Result<Identity, AuthFault> {
        match way {
            Way::Remembered(identity) => Ok(identity),
            Way::ApiKey => match &self.api_keys {
                Some(keys) => keys.authenticate(request.signed.headers, now).map(|()| Identity::ApiKey),
                None => Err(AuthFault::NotAuthorized),
            },
            Way::Iam => match &self.iam {
                Some(iam) => Ok(Identity::Iam(iam.authenticate(&request.signed, now)?)),
                None => Err(AuthFault::NotAuthorized),
            },
            Way::Token { token, issuer } => {
                let judged = self.tokens.authenticate(issuer.as_ref(), token);
                // Keys may have to be fetched first.
                let judged = tokio::time::timeout_at(request.deadline.into(), judged).await;
                judged.unwrap_or_else(|_| Err(AuthFault::Token(Error::KeysUnavailable(Arc::new(FetchError::Interrupted)))))
            }
            Way::Lambda(token) => match (&self.lambda, request.operation) {
                (Some(lambda), Some(operation)) => {
                    lambda.authenticate(token, operation, now, request.deadline).await.map(Identity::Lambda)
                }
                _ => Err(AuthFault::NotAuthorized),
            },
        }
    }
}

/// A credential without the scheme that some clients write before a token.
fn without_bearer(credential: &[u8]) -> &[u8] {
    const SCHEME: &[u8] = b"Bearer ";
    match credential.split_at_checked(SCHEME.len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(SCHEME) => token.trim_ascii_start(),
        _ => credential,
    }
}
