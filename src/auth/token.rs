//! The modes whose credential is a JSON Web Token, `OPENID_CONNECT` and `AMAZON_COGNITO_USER_POOLS`: which provider judges a token,
//! and who its claims say is calling.
//!
//! AppSync compares the token's `iss` with the issuers that an API is configured with (developer guide, "Configuring authorization
//! and authentication"). Several providers may have one issuer, with different clients; one that accepts is enough.

use std::sync::Arc;

use jwt_verifier::{Error, TokenDigest, Verified, Verifier, claim_strings, peek};
use value::{Str, Value};

use super::{AuthFault, Identity, TokenIdentity, UserPoolIdentity};
use crate::definition::DefaultAction;

/// A provider of tokens.
#[derive(Debug)]
pub struct TokenProvider {
    issuer: Str,
    kind: TokenKind,
    verifier: Verifier,
}

/// What a provider's tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Those of an OpenID Connect provider.
    OpenIdConnect,
    /// Those of a user pool, with its default action.
    UserPool(DefaultAction),
}

/// The providers of an API.
#[derive(Debug, Default)]
pub(super) struct TokenProviders {
    providers: Vec<TokenProvider>,
    /// Whether `iss` chooses. With a single mode it does not; the verifier compares it in any case.
    chosen_by_issuer: bool,
}

/// What a credential is to the providers.
#[derive(Debug)]
pub(super) enum Choice {
    /// A token that was verified before and still holds.
    Known(Identity),
    /// A token that one of them has to judge.
    Ours(Option<Str>),
    /// A token of nobody here.
    OfAnotherIssuer,
    /// No JSON Web Token.
    NotAToken(Error),
}

impl TokenProvider {
    /// The provider of this issuer.
    #[must_use]
    pub fn new(issuer: Str, kind: TokenKind, verifier: Verifier) -> Self {
        Self { issuer, kind, verifier }
    }

    fn is_issuer(&self, issuer: Option<&Str>) -> bool {
        // A discovery document is found with and without the slash, and providers differ in writing it.
        issuer.is_some_and(|issuer| match self.kind {
            TokenKind::OpenIdConnect => issuer.trim_end_matches('/') == self.issuer.trim_end_matches('/'),
            TokenKind::UserPool(_) => *issuer == self.issuer,
        })
    }

    fn identity(&self, verified: &Verified) -> Identity {
        let claim = |name: &str| verified.claims.get(name).and_then(Value::as_str).map(Str::from);
        let token =
            TokenIdentity { sub: claim("sub"), issuer: claim("iss").unwrap_or_default(), claims: verified.claims.clone() };
        match self.kind {
            TokenKind::OpenIdConnect => Identity::Oidc(Arc::new(token)),
            TokenKind::UserPool(default_action) => {
                let username = claim("cognito:username").or_else(|| claim("username"));
                // As a text it is no list of groups, and opens nothing.
                let groups = verified.claims.get("cognito:groups").and_then(Value::as_list);
                let groups = groups.map(|groups| groups.iter().filter_map(Value::as_str).map(Str::from).collect());
                let default_auth_strategy = match default_action {
                    DefaultAction::Allow => "ALLOW",
                    DefaultAction::Deny => "DENY",
                };
                Identity::UserPool(Arc::new(UserPoolIdentity { token, username, groups, default_auth_strategy }))
            }
        }
    }
}

impl TokenProviders {
    /// These providers; `is_single` when the API has no other mode.
    pub(super) fn new(providers: Vec<TokenProvider>, is_single: bool) -> Self {
        let chosen_by_issuer = !is_single || providers.len() > 1;
        Self { providers, chosen_by_issuer }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.providers.is_empty()
    }

    /// Finds out whose `token` is, a credential without `Bearer`.
    pub(super) fn choose(&self, token: &[u8]) -> Choice {
        let most = self.providers.iter().map(|provider| provider.verifier.rules().max_token_bytes).max().unwrap_or_default();
        if token.len() > most {
            return Choice::NotAToken(Error::TooLong { limit: most });
        }
        let digest = TokenDigest::of(token);
        for provider in &self.providers {
            if let Some(verified) = provider.verifier.remembered(&digest) {
                return Choice::Known(provider.identity(&verified));
            }
        }
        match peek(token, most) {
            Err(error) => Choice::NotAToken(error),
            Ok(_) if !self.chosen_by_issuer => Choice::Ours(None),
            Ok(claimed) if self.providers.iter().any(|provider| provider.is_issuer(claimed.issuer.as_ref())) => {
                Choice::Ours(claimed.issuer)
            }
            Ok(_) => Choice::OfAnotherIssuer,
        }
    }

    /// Judges a token of `issuer`, which [`TokenProviders::choose`] gave. The first refusal counts where nobody accepts.
    pub(super) async fn authenticate(&self, issuer: Option<&Str>, token: &[u8]) -> Result<Identity, AuthFault> {
        let mut refusal = None;
        let judges = self.providers.iter().filter(|provider| !self.chosen_by_issuer || provider.is_issuer(issuer));
        for provider in judges {
            match provider.verifier.verify(token).await {
                Ok(verified) => return Ok(provider.identity(&verified)),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.map_or(AuthFault::NotAuthorized, AuthFault::Token))
    }
}

/// The client that the claims of a user pool's token name: `client_id` of an access token, `aud` of an ID token. `None` for tokens
/// of any other use.
pub(super) fn user_pool_clients(claims: &Value) -> Option<Vec<&str>> {
    match claims.get("token_use").and_then(Value::as_str)? {
        "access" => Some(claim_strings(claims, "client_id").collect()),
        "id" => Some(claim_strings(claims, "aud").collect()),
        _ => None,
    }
}

/// The clients that the claims of an OpenID Connect token name.
pub(super) fn open_id_connect_clients(claims: &Value) -> Vec<&str> {
    claim_strings(claims, "aud").chain(claims.get("azp").and_then(Value::as_str)).collect()
}
