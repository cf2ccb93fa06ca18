//! `syncgate token`: a token of a local user pool, without a sign-in.
//!
//! The server need not run: both read the key that the data folder keeps, which is made by whoever needs it first. [`issue`] is the
//! command; [`for_api`] chooses pool, client and form by what an API accepts, for commands that act as a user.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use ::user_pool::{OidcToken, TokenRequest, TokenUse, UserPool};
use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use java_regex::JavaRegex;
use value::{Object, Str, Value};

use super::{colors, print, print_error};
use crate::definition::{
    self, ApiDefinition, AuthenticationProvider, Mode, OpenIdConnectConfig, Overrides, Secret, ServerDefinition, UserPoolConfig,
};
use crate::diagnostic::{Severity, render};
use crate::user_pool::LocalUserPools;

pub(super) const HELP: &str = "\
The token goes to standard output:

  curl http://127.0.0.1:4000/graphql -H \"authorization: $(syncgate token --user ann)\" -d '{\"query\": \"{ hello }\"}'

A user whom the pool knows has the groups and attributes it knows; --group replaces the groups. Any other name is a user
without attributes, whose `sub` is always the same. The token belongs to no session, so signing out does not end it.

A server that was started with --ephemeral has a key of its own, which this command cannot read.";

/// What `syncgate token` is asked.
#[derive(Clone, Debug, Args)]
pub struct TokenArguments {
    /// The user: a name, or the `sub` of a plain OIDC token.
    #[arg(long, value_name = "NAME")]
    pub user: String,
    /// A group of the user, instead of those the pool knows; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub group: Vec<String>,
    /// The app client; the pool's first one unless given.
    #[arg(long, value_name = "ID")]
    pub client: Option<String>,
    /// Whether it is an access token or an ID token.
    #[arg(long = "use", value_name = "USE", default_value = "access")]
    pub token_use: Use,
    /// Whose form it has: Amazon Cognito's, or that of a plain OpenID Connect provider.
    #[arg(long, value_name = "MODE", default_value = "cognito")]
    pub mode: Form,
    /// The audience (`aud`) of a plain OIDC token; the app client unless given.
    #[arg(long, value_name = "TEXT")]
    pub audience: Option<String>,
    /// A further claim, its value in JSON: --claim 'roles=["admin"]'. What is no JSON is a text.
    #[arg(long, value_name = "NAME=JSON")]
    pub claim: Vec<String>,
    /// The user pool, where there are several.
    #[arg(long, value_name = "ID")]
    pub pool: Option<String>,
    /// How long the token lives; the app client's setting, or an hour, unless given.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub expires: Option<Duration>,
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "config.toml")]
    pub config: PathBuf,
    /// The folder that keeps what the server must remember.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl TokenArguments {
    /// An access token of Cognito's form, everything else by default.
    pub fn new(user: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            group: Vec::new(),
            client: None,
            token_use: Use::Access,
            mode: Form::Cognito,
            audience: None,
            claim: Vec::new(),
            pool: None,
            expires: None,
            config: PathBuf::from("config.toml"),
            data: None,
        }
    }
}

/// What a token of Cognito's form is for (`token_use`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Use {
    /// What the user may do.
    Access,
    /// Who the user is.
    Id,
}

/// Whose form a token has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Amazon Cognito's.
    Cognito,
    /// That of a plain OpenID Connect provider.
    Oidc,
}

pub(super) fn run(arguments: &TokenArguments) -> ExitCode {
    match read(&arguments.config, arguments.data.clone()).and_then(|definition| issue(&definition, arguments)) {
        Ok(token) => {
            print(&format!("{token}\n"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            print_error(&format!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// The definition, which must be free of errors: what is signed here is believed by the server.
fn read(config: &Path, data: Option<PathBuf>) -> anyhow::Result<ServerDefinition> {
    let overrides = Overrides { data, ..Overrides::default() };
    let loaded = definition::read(config, std::env::vars_os(), &overrides);
    let valid = loaded.is_valid();
    match loaded.definition.filter(|_| valid) {
        Some(definition) => Ok(definition),
        None => {
            let errors: Vec<_> =
                loaded.diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error).collect();
            print_error(&render(&errors, colors()));
            bail!("no token is made: the errors above must be mended first")
        }
    }
}

/// The token that is asked for, signed by a local pool of the definition.
///
/// # Errors
/// There is no such pool or client, what is asked does not go together, or the key cannot be read or kept.
pub fn issue(definition: &ServerDefinition, request: &TokenArguments) -> anyhow::Result<String> {
    let pools = open(definition)?;
    let pool = chosen(&pools, request.pool.as_deref())?;
    token(definition, pool, request)
}

/// A token for a user, of whatever pool and form an API accepts, by default with the groups that the pool knows.
///
/// # Errors
/// The API accepts no token of a local pool, or as [`issue`].
pub fn for_api(definition: &ServerDefinition, api: &ApiDefinition, user: &str, groups: &[String]) -> anyhow::Result<Secret> {
    let pools = open(definition)?;
    let found = api.authentication_providers().find_map(|provider| accepted(&pools, provider));
    let Some((pool, provider)) = found else {
        bail!(
            "the API `{}` accepts no token of a local user pool: its user_pool_config must name {}, or an OpenID Connect provider \
             the issuer of one",
            api.name,
            pools.ids()
        )
    };
    let mut request = TokenArguments { group: groups.to_vec(), ..TokenArguments::new(user) };
    let defined = definition.user_pools.iter().find(|defined| defined.pool.id == pool.id());
    let clients = || defined.into_iter().flat_map(|defined| &defined.pool.clients).map(|client| client.id.as_str());
    let pattern = match provider {
        Accepted::UserPool(config) => config.app_id_client_regex.as_deref(),
        Accepted::OpenIdConnect(config) => {
            request.mode = Form::Oidc;
            config.client_id.as_deref()
        }
    };
    if let Some(pattern) = pattern {
        let regex = JavaRegex::new(pattern).map_err(|error| anyhow!("`{pattern}` is no regular expression: {error}"))?;
        let matching = clients().find(|client| regex.matches_whole(client) == Ok(true));
        // What an OpenID Connect provider calls its clients is its own business; a pattern without one is the name itself.
        let literal = Some(pattern).filter(|_| request.mode == Form::Oidc && regex.matches_whole(pattern) == Ok(true));
        let Some(client) = matching.or(literal) else {
            bail!("no app client of the user pool {} matches `{pattern}`, which the API asks for", pool.id())
        };
        match request.mode {
            Form::Cognito => request.client = Some(client.to_owned()),
            Form::Oidc => request.audience = Some(client.to_owned()),
        }
    }
    token(definition, pool, &request).map(Secret::new)
}

/// A provider of an API whose tokens a local pool can make.
enum Accepted<'a> {
    UserPool(&'a UserPoolConfig),
    OpenIdConnect(&'a OpenIdConnectConfig),
}

/// By the rules that the server finds a provider's keys by.
fn accepted<'a>(pools: &'a LocalUserPools, provider: &'a AuthenticationProvider) -> Option<(&'a UserPool, Accepted<'a>)> {
    let of_issuer = |issuer: &str| pools.pools().pools().iter().find(|pool| pool.issuer() == issuer);
    match provider {
        AuthenticationProvider::AmazonCognitoUserPools(config) => {
            let pool = match &config.issuer {
                Some(issuer) => of_issuer(issuer),
                None => pools.pool(&config.user_pool_id),
            };
            pool.map(|pool| (&**pool, Accepted::UserPool(config)))
        }
        AuthenticationProvider::OpenIdConnect(config) => {
            of_issuer(&config.issuer).map(|pool| (&**pool, Accepted::OpenIdConnect(config)))
        }
        AuthenticationProvider::ApiKey | AuthenticationProvider::AwsIam | AuthenticationProvider::AwsLambda(_) => None,
    }
}

fn open(definition: &ServerDefinition) -> anyhow::Result<std::sync::Arc<LocalUserPools>> {
    if definition.server.mode == Mode::Production {
        bail!("local user pools exist in development mode only, and the definition is in production mode");
    }
    let (pools, found) = LocalUserPools::open(definition);
    match pools {
        Some(pools) => Ok(pools),
        None if found.is_empty() => bail!("the definition has no [[user_pool]] that could sign a token"),
        None => Err(anyhow!(found.into_iter().map(|diagnostic| diagnostic.message).collect::<Vec<_>>().join("; "))),
    }
}

fn chosen<'a>(pools: &'a LocalUserPools, id: Option<&str>) -> anyhow::Result<&'a UserPool> {
    match (id, pools.pools().pools()) {
        (Some(id), _) => match pools.pool(id) {
            Some(pool) => Ok(pool),
            None => bail!("the definition has no user pool `{id}`; there are: {}", pools.ids()),
        },
        (None, [only]) => Ok(only),
        (None, _) => bail!("there are several user pools; choose one with --pool: {}", pools.ids()),
    }
}

fn token(definition: &ServerDefinition, pool: &UserPool, request: &TokenArguments) -> anyhow::Result<String> {
    let defined = definition.user_pools.iter().find(|defined| defined.pool.id == pool.id());
    let first = defined.and_then(|defined| defined.pool.clients.first()).map(|client| client.id.clone());
    let client = request.client.clone().or(first);
    let claims = claims(&request.claim)?;
    if request.user.is_empty() {
        bail!("--user needs a name");
    }
    match request.mode {
        Form::Cognito => {
            if request.audience.is_some() {
                bail!("--audience is for --mode oidc; the audience of a Cognito token is its --client");
            }
            let client = client
                .with_context(|| format!("the user pool {} has no app client; add one with [[user_pool.clients]]", pool.id()))?;
            let token_use = match request.token_use {
                Use::Access => TokenUse::Access,
                Use::Id => TokenUse::Id,
            };
            let groups = Some(request.group.clone()).filter(|groups| !groups.is_empty());
            let request =
                TokenRequest { groups, lifetime: request.expires, claims, ..TokenRequest::new(&request.user, client, token_use) };
            Ok(pool.issue(&request)?)
        }
        Form::Oidc => {
            if !request.group.is_empty() {
                bail!("--group is for --mode cognito; a plain OIDC token has --claim 'groups=[\"…\"]'");
            }
            if request.token_use == Use::Id {
                bail!("--use is for --mode cognito; a plain OIDC token has no `token_use`");
            }
            let audience = request.audience.clone().or(client).context("--mode oidc needs --audience")?;
            let mut token = OidcToken { claims, ..OidcToken::new(&request.user, audience) };
            token.lifetime = request.expires.unwrap_or(token.lifetime);
            Ok(pool.issue_oidc(&token)?)
        }
    }
}

/// `name=JSON`
fn claims(texts: &[String]) -> anyhow::Result<Object> {
    let mut claims = Object::new();
    for text in texts {
        let Some((name, json)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            bail!("--claim must be NAME=JSON, for instance --claim 'roles=[\"admin\"]'");
        };
        let value = Value::parse(json.as_bytes()).unwrap_or_else(|_| Value::from(json));
        if claims.insert(Str::from(name), value).is_some() {
            bail!("--claim {name} is given twice");
        }
    }
    Ok(claims)
}

/// `1h`, `30m`, `90s`.
fn duration(text: &str) -> Result<Duration, String> {
    definition::parse_duration(text).ok_or_else(|| "a number with its unit (s, m, h, d), for instance 1h or 1h30m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_json_or_text() {
        let read = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            claims(&texts).map(|claims| Value::from(claims).to_json()).map_err(|error| error.to_string())
        };
        for (texts, expected) in [
            (
                &["a=1", "b=[\"x\"]", "c=plain text", "d=", "e=x=y", "f=\"1\""][..],
                r#"{"a":1,"b":["x"],"c":"plain text","d":"","e":"x=y","f":"1"}"#,
            ),
            (&[], "{}"),
        ] {
            assert_eq!(read(texts).as_deref(), Ok(expected));
        }
        for (texts, expected) in
            [(&["a"][..], "must be NAME=JSON"), (&["=1"], "must be NAME=JSON"), (&["a=1", "a=2"], "given twice")]
        {
            assert!(read(texts).is_err_and(|error| error.contains(expected)), "{texts:?}");
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5_400)));
        assert!(duration("90").is_err());
        assert!(duration("1w").is_err());
    }
}
