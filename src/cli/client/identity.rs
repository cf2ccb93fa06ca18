//! Who asks: `user:NAME`, `iam:NAME`, `key`, `key:KEY` or `token:TOKEN`, and what each of them sends.

use std::fmt;
use std::time::SystemTime;

use http::{HeaderName, HeaderValue, header};
use reqwest::Request;
use value::Str;

use super::super::{error, token};
use crate::auth;
use crate::aws::{AwsClients, Signer};
use crate::definition::{ApiDefinition, AuthenticationType, AwsCredentials, Secret, ServerDefinition};
use crate::diagnostic::closest;

/// The words of `--as`.
const FORMS: &str = "--as is one of: user:NAME, iam:NAME, key, key:KEY, token:TOKEN";

/// Whom a request comes from.
pub(in crate::cli) enum Identity {
    /// Nobody was named: the API key of the definition, or the one that a development server made.
    Unnamed,
    /// The same, named.
    Key,
    /// This API key, whatever the definition says.
    GivenKey(Secret),
    /// A principal of `[[api.iam_principals]]`.
    Iam(String),
    /// A user of the local user pool.
    User(String),
    /// What stands in `Authorization`: a token of any issuer, or what a Lambda authorizer judges.
    Token(Secret),
}

/// What is put into a request.
pub(in crate::cli) enum Credentials {
    /// `x-api-key`
    ApiKey(Secret),
    /// A signature.
    Signature { name: Str, credentials: AwsCredentials, region: Str },
    /// `Authorization`, a token of a local user pool, and whose it is.
    UserToken(String, Secret),
    /// `Authorization`
    Token(Secret),
}

impl Identity {
    pub(in crate::cli) fn read(text: Option<&str>) -> Result<Self, String> {
        let Some(text) = text else { return Ok(Self::Unnamed) };
        let (form, rest) = text.split_once(':').map_or((text, None), |(form, rest)| (form, Some(rest)));
        let named = |what: &str| match rest {
            Some(rest) if !rest.is_empty() => Ok(rest.to_owned()),
            _ => Err(error(format!("--as {form} lacks {what}"), FORMS)),
        };
        match form {
            "key" if rest.is_none() => Ok(Self::Key),
            "key" => named("the key").map(|key| Self::GivenKey(Secret::new(key))),
            "iam" => named("the name of a principal").map(Self::Iam),
            "user" => named("the name of a user").map(Self::User),
            "token" => named("the token").map(|token| Self::Token(Secret::new(token))),
            // A word without a form may be a secret.
            _ => Err(error("--as names no identity that is known", FORMS)),
        }
    }

    /// What this identity sends to `api`. `groups` are for tokens that are made here.
    pub(in crate::cli) fn credentials(
        &self,
        definition: &ServerDefinition,
        api: &ApiDefinition,
        groups: &[String],
    ) -> Result<Credentials, String> {
        if !groups.is_empty() && !matches!(self, Self::User(_)) {
            return Err(error("--group has no effect here: groups belong to users", "--as user:NAME"));
        }
        match self {
            Self::Unnamed if !api.allows(AuthenticationType::ApiKey) => {
                Err(error("say who asks with --as: API_KEY is no authorization mode of this API", &candidates(api)))
            }
            Self::Unnamed | Self::Key => api_key(definition, api).map(Credentials::ApiKey),
            Self::GivenKey(key) => Ok(Credentials::ApiKey(key.clone())),
            Self::Iam(name) => {
                let found = api.iam_principals.iter().find(|principal| *principal.name == **name);
                let principal = found.ok_or_else(|| {
                    let names = api.iam_principals.iter().map(|principal| &*principal.name);
                    let help = match closest(name, names) {
                        Some(near) => format!("did you mean iam:{near}?"),
                        None if api.iam_principals.is_empty() => "[[api.iam_principals]] says who may sign".to_owned(),
                        None => candidates(api),
                    };
                    error(format!("no IAM principal of this API is called `{name}`"), &help)
                })?;
                Ok(Credentials::Signature {
                    name: Str::clone(&principal.name),
                    credentials: principal.credentials.clone(),
                    region: api.region.clone().unwrap_or_else(|| "us-east-1".into()),
                })
            }
            Self::User(name) => {
                let token = token::for_api(definition, api, name, groups).map_err(|problem| {
                    error(
                        format!("--as user:{name}: {problem:#}"),
                        "[[user_pool]] defines a pool; --as token:TOKEN sends a token that you have",
                    )
                })?;
                Ok(Credentials::UserToken(name.clone(), token))
            }
            Self::Token(token) => Ok(Credentials::Token(token.clone())),
        }
    }
}

/// The first key of the definition that counts, or the development key that the server keeps in the data folder.
fn api_key(definition: &ServerDefinition, api: &ApiDefinition) -> Result<Secret, String> {
    if !api.allows(AuthenticationType::ApiKey) {
        return Err(error("API_KEY is no authorization mode of this API", &candidates(api)));
    }
    let now = SystemTime::now();
    if !api.api_keys.is_empty() {
        let valid = api.api_keys.iter().find(|key| key.expires.is_none_or(|expires| SystemTime::from(expires) > now));
        let help = "give one of [[api.api_keys]] a later `expires`, or add another";
        return valid.map(|key| key.id.clone()).ok_or_else(|| error("all API keys of the definition have expired", help));
    }
    let folder = definition.server.data.join(&*api.api_id);
    match auth::kept_api_key(&folder) {
        Ok(Some(key)) => Ok(Secret::new(key)),
        Ok(None) => {
            let help = "the server makes one when it starts: syncgate serve\n\
                        if it was started with --data DIR, say that here too\n\
                        one that was started with --ephemeral has another: --as key:KEY";
            Err(error(format!("there is no API key in {} yet", folder.display()), help))
        }
        Err(problem) => Err(error(problem, "")),
    }
}

/// What could follow `--as` for this API.
fn candidates(api: &ApiDefinition) -> String {
    let mut forms = Vec::new();
    for provider in api.authentication_providers() {
        match provider.authentication_type() {
            AuthenticationType::ApiKey => forms.push("--as key".to_owned()),
            AuthenticationType::AwsIam if api.iam_principals.is_empty() => {
                forms.push("--as iam:NAME, once [[api.iam_principals]] says who may sign".to_owned());
            }
            AuthenticationType::AwsIam => {
                forms.extend(api.iam_principals.iter().take(5).map(|principal| format!("--as iam:{}", principal.name)));
            }
            AuthenticationType::OpenIdConnect | AuthenticationType::AmazonCognitoUserPools => {
                forms.extend(["--as user:NAME".to_owned(), "--as token:TOKEN".to_owned()]);
            }
            AuthenticationType::AwsLambda => forms.push("--as token:TOKEN".to_owned()),
        }
    }
    let mut distinct: Vec<String> = Vec::with_capacity(forms.len());
    for form in forms {
        if !distinct.contains(&form) {
            distinct.push(form);
        }
    }
    distinct.join("\n")
}

impl Credentials {
    /// Puts them into a request that is otherwise ready.
    pub(in crate::cli) async fn put_into(&self, request: &mut Request) -> Result<(), String> {
        let (name, text) = match self {
            Self::ApiKey(key) => (HeaderName::from_static("x-api-key"), key),
            Self::UserToken(_, token) | Self::Token(token) => (header::AUTHORIZATION, token),
            Self::Signature { credentials, region, .. } => {
                let signer = Signer::new(&AwsClients::default(), "appsync", Some(Str::clone(region)), Some(credentials), true);
                return signer.sign(request).await.map_err(|problem| problem.to_string());
            }
        };
        let text = text.expose();
        let value = HeaderValue::from_str(text).ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
        let mut value = value.ok_or_else(|| "the key or token has characters that no header can hold".to_owned())?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
        Ok(())
    }

    /// The modes in which they may count.
    pub(in crate::cli) fn types(&self) -> &'static [AuthenticationType] {
        match self {
            Self::ApiKey(_) => &[AuthenticationType::ApiKey],
            Self::Signature { .. } => &[AuthenticationType::AwsIam],
            Self::UserToken(..) => &[AuthenticationType::AmazonCognitoUserPools, AuthenticationType::OpenIdConnect],
            Self::Token(_) => {
                &[AuthenticationType::AmazonCognitoUserPools, AuthenticationType::OpenIdConnect, AuthenticationType::AwsLambda]
            }
        }
    }

    /// Who asks, without what makes that true.
    pub(in crate::cli) fn who(&self) -> String {
        match self {
            Self::ApiKey(key) => format!("the API key {}", key.hint()),
            Self::Signature { name, credentials, .. } => format!("iam:{name} (access key {})", credentials.access_key_id),
            Self::UserToken(name, _) => format!("user:{name}"),
            Self::Token(_) => "the token".to_owned(),
        }
    }

    /// The text without the secrets of these credentials.
    pub(in crate::cli) fn mask(&self, text: &str) -> String {
        let secrets: [Option<&Secret>; 2] = match self {
            Self::ApiKey(secret) | Self::UserToken(_, secret) | Self::Token(secret) => [Some(secret), None],
            Self::Signature { credentials, .. } => [Some(&credentials.secret_access_key), credentials.session_token.as_ref()],
        };
        // What is this short is no secret, and may be a part of every second word.
        let long = |secret: &&Secret| secret.expose().len() >= 8;
        let hide = |text: String, secret: &Secret| text.replace(secret.expose(), "…");
        secrets.into_iter().flatten().filter(long).fold(text.to_owned(), hide)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Credentials").field(&self.who()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_has_a_form_and_a_name() {
        let shown = |text: &str| match Identity::read(Some(text)) {
            Ok(Identity::Unnamed) => "unnamed".to_owned(),
            Ok(Identity::Key) => "key".to_owned(),
            Ok(Identity::GivenKey(key)) => format!("key {}", key.expose()),
            Ok(Identity::Iam(name)) => format!("iam {name}"),
            Ok(Identity::User(name)) => format!("user {name}"),
            Ok(Identity::Token(token)) => format!("token {}", token.expose()),
            Err(message) => message.lines().next().unwrap_or_default().to_owned(),
        };
        for (text, expected) in [
            ("key", "key"),
            ("key:da2-x", "key da2-x"),
            ("key:", "error: --as key lacks the key"),
            ("iam:ann", "iam ann"),
            ("iam", "error: --as iam lacks the name of a principal"),
            ("user:a:b", "user a:b"),
            ("token:a.b.c", "token a.b.c"),
            ("token:", "error: --as token lacks the token"),
            ("eyJhbGciOi", "error: --as names no identity that is known"),
            ("", "error: --as names no identity that is known"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn secrets_are_masked_and_not_shown_by_debug() {
        let credentials = Credentials::Signature {
            name: "ann".into(),
            credentials: AwsCredentials {
                access_key_id: "AKIDANN".into(),
                secret_access_key: Secret::new("very-secret"),
                session_token: Some(Secret::new("session+token")),
            },
            region: "us-east-1".into(),
        };
        assert_eq!(credentials.mask("a session+token, a very-secret key"), "a …, a … key");
        assert_eq!(Credentials::Token(Secret::new("x")).mask("UnauthorizedException"), "UnauthorizedException");
        for credentials in
            [credentials, Credentials::ApiKey(Secret::new("da2-abcdefghijklmnop")), Credentials::Token(Secret::new("t.o.k"))]
        {
            let shown = format!("{credentials:?}");
            assert!(!["secret", "session", "da2-", "t.o.k"].iter().any(|secret| shown.contains(secret)), "{shown}");
        }
    }
}
