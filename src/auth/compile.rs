//! The authorization modes of a definition, made ready to judge requests. Every problem is reported, not the first; a mode that
//! cannot be verified is never served.

use std::sync::Arc;

use java_regex::JavaRegex;
use jwt_verifier::{ClientMatcher, Rules, Verifier};
use value::{Str, Value};

use super::token::{open_id_connect_clients, user_pool_clients};
use super::{Authenticator, CognitoIdentity, IamAuthenticator, Issuers, LambdaAuthorizer, Principal, TokenKind, TokenProvider};
use crate::data_source::Services;
use crate::definition::{ApiDefinition, AuthenticationProvider, IamPrincipal, OpenIdConnectConfig, UserPoolConfig};
use crate::diagnostic::Diagnostic;

/// The modes of an API; `None` when one of them cannot be served. API keys are not known yet: a development server makes one
/// when it starts.
#[must_use]
pub fn compile(definition: &ApiDefinition, issuers: &Issuers, services: &Services) -> (Option<Authenticator>, Vec<Diagnostic>) {
    let mut compiler = Compiler { definition, issuers, diagnostics: Vec::new() };
    let mut authenticator = Authenticator::new();
    let mut tokens = Vec::new();
    let mut complete = true;
    for provider in definition.authentication_providers() {
        match provider {
            // Whether there are keys is said where they are read.
            AuthenticationProvider::ApiKey => {}
            AuthenticationProvider::AwsIam => authenticator = authenticator.iam(compiler.iam()),
            AuthenticationProvider::OpenIdConnect(config) => match compiler.open_id_connect(config) {
                Some(provider) => tokens.push(provider),
                None => complete = false,
            },
            AuthenticationProvider::AmazonCognitoUserPools(config) => match compiler.user_pool(config) {
                Some(provider) => tokens.push(provider),
                None => complete = false,
            },
            AuthenticationProvider::AwsLambda(config) => match LambdaAuthorizer::compile(definition, config, services) {
                Ok(lambda) => authenticator = authenticator.lambda(lambda),
                Err(diagnostic) => {
                    compiler.report(diagnostic);
                    complete = false;
                }
            },
        }
    }
    let is_single = definition.additional_authentication_providers.is_empty();
    let authenticator = complete.then(|| authenticator.tokens(tokens, is_single));
    (authenticator, compiler.diagnostics)
}

struct Compiler<'a> {
    definition: &'a ApiDefinition,
    issuers: &'a Issuers,
    diagnostics: Vec<Diagnostic>,
}

impl Compiler<'_> {
    fn report(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.place.clone_from(&self.definition.place);
        self.diagnostics.push(diagnostic);
    }

    fn iam(&mut self) -> IamAuthenticator {
        // Said here and not when the definition is read: one that comes from elsewhere has the same need.
        if self.definition.iam_principals.is_empty() {
            let diagnostic = Diagnostic::warning("no-iam-principal", "AWS_IAM is an authorization mode and nobody may sign")
                .help("Add [[api.iam_principals]] with an access key and policies.");
            self.report(diagnostic);
        }
        IamAuthenticator::new(self.definition.iam_principals.iter().map(principal), self.definition.region.clone())
    }

    fn open_id_connect(&mut self, config: &OpenIdConnectConfig) -> Option<TokenProvider> {
        let client = match &config.client_id {
            Some(pattern) => Some(self.pattern("client_id", pattern)?),
            None => None,
        };
        let matcher = client.map(|pattern| -> ClientMatcher {
            Arc::new(move |claims| open_id_connect_clients(claims).into_iter().any(|client| matches(&pattern, client)))
        });
        let local = self.issuers.local(&config.issuer).cloned();
        let (issuer, keys) = match local {
            Some(local) => (Some(local.issuer.to_string()), Ok(local.keys)),
            // The discovery document says the issuer's exact name.
            None => (None, self.issuers.discovered(&config.issuer)),
        };
        let keys = self.keys(&config.issuer, keys)?;
        let rules =
            Rules { issuer, client: matcher, issued_ttl: config.iat_ttl, authenticated_ttl: config.auth_ttl, ..Rules::default() };
        let verifier = self.verifier(rules, keys)?;
        Some(TokenProvider::new(Arc::clone(&config.issuer), TokenKind::OpenIdConnect, verifier))
    }

    fn user_pool(&mut self, config: &UserPoolConfig) -> Option<TokenProvider> {
        let pattern = match &config.app_id_client_regex {
            Some(pattern) => Some(self.pattern("app_id_client_regex", pattern)?),
            None => None,
        };
        let matcher: ClientMatcher = Arc::new(move |claims: &Value| {
            user_pool_clients(claims).is_some_and(|clients| {
                pattern.as_ref().is_none_or(|pattern| clients.into_iter().any(|client| matches(pattern, client)))
            })
        });
        let local = match &config.issuer {
            None => self.issuers.pool(&config.user_pool_id),
            Some(issuer) => self.issuers.local(issuer),
        };
        let (issuer, keys) = match (local.cloned(), &config.issuer) {
            (Some(local), _) => (local.issuer, Ok(local.keys)),
            (None, Some(issuer)) => (Str::clone(issuer), self.issuers.published(issuer)),
            (None, None) => {
                let issuer = cognito_issuer(&config.aws_region, &config.user_pool_id);
                let keys = self.issuers.published(&issuer);
                (issuer.into(), keys)
            }
        };
        let keys = self.keys(&issuer, keys)?;
        let rules = Rules { issuer: Some(issuer.to_string()), client: Some(matcher), ..Rules::default() };
        let verifier = self.verifier(rules, keys)?;
        Some(TokenProvider::new(issuer, TokenKind::UserPool(config.default_action), verifier))
    }

    fn pattern(&mut self, key: &str, pattern: &str) -> Option<JavaRegex> {
        match JavaRegex::new(pattern) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let message = format!("`{key}` is no regular expression: {error}");
                self.report(Diagnostic::error("invalid-pattern", message).help(
                    "It is matched against the whole client id, in Java's syntax: `web|mobile` for instance, or `web-.*`.",
                ));
                None
            }
        }
    }

    fn keys<T>(&mut self, issuer: &str, keys: Result<T, jwt_verifier::LocationError>) -> Option<T> {
        match keys {
            Ok(keys) => Some(keys),
            Err(error) => {
                // The address may hold a password.
                let shown = if matches!(error, jwt_verifier::LocationError::Credentials) { "the URL" } else { issuer };
                let message = format!("no keys can be fetched from the issuer {shown}: {error}");
                self.report(Diagnostic::error("invalid-issuer", message).help("Write the https URL that tokens have as `iss`."));
                None
            }
        }
    }

    fn verifier(&mut self, rules: Rules, keys: Arc<jwt_verifier::KeySource>) -> Option<Verifier> {
        match Verifier::new(rules, keys) {
            Ok(verifier) => Some(verifier),
            Err(error) => {
                let diagnostic = Diagnostic::error("invalid-issuer", format!("tokens could not be verified: {error}"));
                self.report(diagnostic.help("Write the https URL that tokens have as `iss`."));
                None
            }
        }
    }
}

/// The `iss` of a pool at AWS.
fn cognito_issuer(region: &str, pool_id: &str) -> String {
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://cognito-idp.{region}.amazonaws.com{suffix}/{pool_id}")
}

/// The whole client, or a pattern for `web` would admit `web-of-somebody-else`. A search that gives up admits nobody.
fn matches(pattern: &JavaRegex, client: &str) -> bool {
    pattern.matches_whole(client) == Ok(true)
}

fn principal(defined: &IamPrincipal) -> Principal {
    let credentials = &defined.credentials;
    Principal {
        name: Arc::clone(&defined.name),
        access_key_id: Arc::clone(&credentials.access_key_id),
        secret_access_key: credentials.secret_access_key.expose().into(),
        session_token: credentials.session_token.as_ref().map(|token| token.expose().into()),
        policies: defined.policies.clone(),
        account_id: Arc::clone(&defined.account_id),
        user_arn: Arc::clone(&defined.user_arn),
        username: Arc::clone(&defined.username),
        cognito: CognitoIdentity {
            identity_pool_id: defined.cognito_identity_pool_id.clone(),
            identity_id: defined.cognito_identity_id.clone(),
            identity_auth_type: defined.cognito_identity_auth_type.clone(),
            identity_auth_provider: defined.cognito_identity_auth_provider.clone(),
        },
    }
}
