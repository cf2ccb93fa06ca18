//! Reads `[[user_pool]]`: user pools inside this process, in the words of CloudFormation's `AWS::Cognito::UserPool`,
//! `UserPoolClient`, `UserPoolGroup` and `UserPoolUser`. Development only.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use user_pool::{
    AuthFlow, ClientDefinition, DefinitionError, GroupDefinition, PasswordPolicy, PoolDefinition, Secret, SignInAttribute,
    UserDefinition,
};

use super::node::{Kind, Node};
use super::table::{Report, Table};
use super::values::{FromNode, Problem, Spanned, within};
use crate::definition::{ApiDefinition, AuthenticationProvider, Mode, ServerSettings, UserPoolDefinition};
use crate::diagnostic::{Place, closest};

/// What CloudFormation has and nothing here reads.
const WITHOUT_EFFECT: &[&str] = &[
    "account_recovery_setting",
    "deletion_protection",
    "device_configuration",
    "email_configuration",
    "email_verification_message",
    "email_verification_subject",
    "sms_authentication_message",
    "sms_configuration",
    "sms_verification_message",
    "user_attribute_update_settings",
    "user_pool_add_ons",
    "user_pool_name",
    "user_pool_tags",
    "user_pool_tier",
    "verification_message_template",
];
const WITHOUT_EFFECT_ON_CLIENTS: &[&str] = &[
    "allowed_o_auth_flows",
    "allowed_o_auth_flows_user_pool_client",
    "allowed_o_auth_scopes",
    "analytics_configuration",
    "callback_urls",
    "default_redirect_uri",
    "enable_propagate_additional_user_context_data",
    "enable_token_revocation",
    "logout_urls",
    "read_attributes",
    "supported_identity_providers",
    "write_attributes",
];
const WITHOUT_EFFECT_ON_ATTRIBUTES: &[&str] = &[
    "attribute_data_type",
    "developer_only_attribute",
    "mutable",
    "number_attribute_constraints",
    "string_attribute_constraints",
];
const REASON: &str = "CloudFormation has it; the user pool on your own machine does not read it";
const ATTRIBUTES: [(&str, SignInAttribute); 3] = [
    ("email", SignInAttribute::Email),
    ("phone_number", SignInAttribute::PhoneNumber),
    ("preferred_username", SignInAttribute::PreferredUsername),
];
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// The pools; of several with one id the first counts.
pub(super) fn user_pools(tables: Vec<Table<'_>>, server: &ServerSettings, report: &Report) -> Vec<UserPoolDefinition> {
    let mut read: Vec<UserPoolDefinition> = Vec::new();
    let (mut ids, mut clients) = (HashMap::new(), HashMap::new());
    for table in tables {
        let place = table.place_of("user_pool_id");
        check_mode(&table, &place, server);
        let Some(pool) = pool(table, &mut clients) else { continue };
        if let Some(first) = ids.get(&pool.id) {
            let message = format!("two user pools have the id `{}`: the other one stands at {}", pool.id, shown(first));
            report.error("duplicate-user-pool", &place, message, "remove one of them, or give it an id of its own");
            continue;
        }
        ids.insert(pool.id.clone(), place.clone());
        read.push(UserPoolDefinition { pool, place: Some(place) });
    }
    read
}

/// A pool that no API names, beside an API that names one which is not here, is most often one whose id is written in two ways: the
/// API would fetch keys from AWS and refuse every token of the pool.
pub(super) fn check_named(pools: &[UserPoolDefinition], apis: &[ApiDefinition], report: &Report) {
    let is = |pool: &PoolDefinition, provider: &AuthenticationProvider| match provider {
        AuthenticationProvider::AmazonCognitoUserPools(config) => match &config.issuer {
            Some(issuer) => **issuer == *pool.issuer,
            None => *config.user_pool_id == *pool.id,
        },
        AuthenticationProvider::OpenIdConnect(config) => *config.issuer == *pool.issuer,
        AuthenticationProvider::ApiKey | AuthenticationProvider::AwsIam | AuthenticationProvider::AwsLambda(_) => false,
    };
    let providers = || apis.iter().flat_map(ApiDefinition::authentication_providers);
    let foreign: Vec<&str> = providers()
        .filter(|provider| !pools.iter().any(|defined| is(&defined.pool, provider)))
        .filter_map(|provider| match provider {
            AuthenticationProvider::AmazonCognitoUserPools(config) => {
                Some(config.issuer.as_deref().unwrap_or(&config.user_pool_id))
            }
            AuthenticationProvider::OpenIdConnect(config) => Some(&*config.issuer),
            AuthenticationProvider::ApiKey | AuthenticationProvider::AwsIam | AuthenticationProvider::AwsLambda(_) => None,
        })
        .collect();
    if foreign.is_empty() {
        return;
    }
    for UserPoolDefinition { pool, place } in pools {
        let Some(place) = place.as_ref().filter(|_| !providers().any(|provider| is(pool, provider))) else { continue };
        let near = [&pool.id, &pool.issuer].into_iter().find_map(|own| closest(own, foreign.iter().copied()));
        let help = match near {
            Some(near) => format!("an API names `{near}`: did you mean that?"),
            None => format!("an API that does has its id as `user_pool_id`, or its issuer, {}, as `issuer`", pool.issuer),
        };
        report.warning("user-pool-not-named", place, format!("no API accepts tokens of the user pool {}", pool.id), help);
    }
}

/// Anybody may sign up, and tokens can be had without a password: nothing for a server that others depend on.
fn check_mode(table: &Table<'_>, place: &Place, server: &ServerSettings) {
    if server.mode == Mode::Production {
        let message = "user pools inside Syncgate exist in development mode only, and this definition is in production mode";
        let help = "remove [[user_pool]] and let `user_pool_config` name a pool of Amazon Cognito; for development on this machine, \
                    listen on 127.0.0.1 or set mode = \"development\" in [server]";
        table.report.error("development-only", place, message, help);
    } else if !server.host.is_loopback() {
        let message = format!("the user pool is not served on {}, which others can reach: nobody can sign in", server.host);
        let help = "its tokens are accepted, and `syncgate token` makes them; to sign in, listen on 127.0.0.1";
        table.report.warning("user-pool-not-served", place, message, help);
    }
}

fn pool(mut table: Table<'_>, clients: &mut HashMap<String, Place>) -> Option<PoolDefinition> {
    table.require("user_pool_id", "REGION_NAME, for instance user_pool_id = \"eu-west-1_Example01\"");
    let id = table.checked("user_pool_id", |id: String| match PoolDefinition::new(id.as_str()).check() {
        Ok(()) => Ok(id),
        Err(_) => Err(Problem::new(format!("cannot be `{id}`"))
            .help("a region, `_`, and letters and digits, at most 55 characters: eu-west-1_Example01")),
    });
    // A pool whose id is not known yet is read all the same, for what else is wrong with it.
    let mut pool = PoolDefinition::new(id.clone().unwrap_or_else(|| "us-east-1_Unknown".to_owned()));
    pool.issuer = table.checked("issuer", super::data_source::url).map_or(pool.issuer, |issuer| issuer.to_string());
    pool.username_attributes = attributes(&mut table, "username_attributes", &ATTRIBUTES[..2]);
    pool.alias_attributes = attributes(&mut table, "alias_attributes", &ATTRIBUTES);
    pool.auto_verified_attributes = attributes(&mut table, "auto_verified_attributes", &ATTRIBUTES[..2]);
    if !pool.username_attributes.is_empty() && !pool.alias_attributes.is_empty() {
        let help = "with username_attributes the address is the user name, with alias_attributes it signs in beside one";
        let place = table.place_of("alias_attributes");
        table.report.error("exclusive-keys", &place, "a pool has username_attributes or alias_attributes, not both", help);
    }
    schema(&mut table, &mut pool);
    if let Some(mut configuration) = table.table("username_configuration") {
        pool.case_sensitive = configuration.or("case_sensitive", pool.case_sensitive);
        configuration.finish();
    }
    if let Some(mut configuration) = table.table("admin_create_user_config") {
        pool.admin_create_user_only = configuration.or("allow_admin_create_user_only", false);
        configuration.without_effect(&["invite_message_template", "unused_account_validity_days"], REASON);
        configuration.finish();
    }
    if let Some(mut policies) = table.table("policies") {
        if let Some(policy) = policies.table("password_policy") {
            pool.password_policy = password_policy(policy);
        }
        policies.without_effect(&["sign_in_policy"], REASON);
        policies.finish();
    }
    if let Some(mfa) = table.choice("mfa_configuration", &[("OFF", "OFF"), ("ON", "ON"), ("OPTIONAL", "OPTIONAL")])
        && mfa != "OFF"
    {
        let place = table.place_of("mfa_configuration");
        let help = "set it to \"OFF\", or remove it; multi-factor sign-in needs a pool of Amazon Cognito";
        table.report.error("unsupported", &place, format!("`mfa_configuration` cannot be {mfa} here"), help);
    }
    if table.has("lambda_config") {
        let help = "remove it; `auto_confirm` does what a pre sign-up trigger is most often for";
        let place = table.place_of("lambda_config");
        table.report.error("unsupported", &place, "a user pool inside Syncgate calls no triggers", help);
    }
    table.node("lambda_config");
    pool.auto_confirm = table.or("auto_confirm", pool.auto_confirm);
    pool.clients = app_clients(&mut table, &pool, clients);
    pool.groups = groups(&mut table, &pool);
    pool.users = users(&mut table, &pool);
    table.without_effect(WITHOUT_EFFECT, REASON);
    let (report, place) = (table.report, table.place_of("user_pool_id"));
    table.finish();
    // Each part was checked where it stands; this is for what only the whole can break.
    if let Err(error) = pool.check()
        && id.is_some()
    {
        report.error("invalid-user-pool", &place, error.to_string(), "see [[user_pool]] in the reference of the configuration");
        return None;
    }
    id.map(|_| pool)
}

/// Checks a pool that holds one part only; what is wrong is wrong with that part.
fn is_sound(table: &Table<'_>, place: &Place, pool: &PoolDefinition, help: &str) -> bool {
    let Err(error) = pool.check() else { return true };
    let message = match error {
        DefinitionError::User { username, reason, .. } => format!("user {username:?}: {}", reason.trim_end()),
        other => other.to_string(),
    };
    table.report.error("invalid-user-pool", place, message, help);
    false
}

/// The settings of a pool without its parts.
fn bare(pool: &PoolDefinition) -> PoolDefinition {
    PoolDefinition { clients: Vec::new(), groups: Vec::new(), users: Vec::new(), ..pool.clone() }
}

fn attributes(
    table: &mut Table<'_>,
    key: &'static str,
    choices: &[(&'static str, SignInAttribute)],
) -> BTreeSet<SignInAttribute> {
    let names: Vec<Spanned<String>> = table.optional(key).unwrap_or_default();
    let mut read = BTreeSet::new();
    for name in names {
        match choices.iter().find(|(choice, _)| *choice == name.value) {
            Some((_, attribute)) => {
                read.insert(*attribute);
            }
            None => unknown_name(table, key, &name, choices.iter().map(|(choice, _)| *choice)),
        }
    }
    read
}

fn unknown_name(table: &Table<'_>, key: &str, name: &Spanned<String>, choices: impl Iterator<Item = &'static str> + Clone) {
    let help = match closest(&name.value, choices.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of: {}", choices.collect::<Vec<_>>().join(", ")),
    };
    let message = format!("`{}` cannot be `{}`", table.path(key), name.value);
    table.report.error("invalid-value", &name.place, message, help);
}

/// `Schema`: which attributes are required, and which custom ones there are. Without it every custom attribute is taken.
fn schema(table: &mut Table<'_>, pool: &mut PoolDefinition) {
    let written = table.has("schema");
    let mut custom = BTreeSet::new();
    for mut attribute in table.tables("schema") {
        let name: Option<String> = attribute.required("name", "the attribute's name, for instance name = \"email\"");
        let required = attribute.or("required", false);
        attribute.without_effect(WITHOUT_EFFECT_ON_ATTRIBUTES, REASON);
        let (place, report) = (attribute.place_of("name"), attribute.report);
        attribute.finish();
        let Some(name) = name else { continue };
        // Every user has one, whatever a schema says.
        if name == "sub" {
            continue;
        }
        // The standard attributes are those of OpenID Connect; a schema names the others without their prefix.
        let mut user = UserDefinition::new("user");
        user.attributes.insert(name.clone(), String::new());
        let is_standard = ["email", "phone_number", "email_verified", "phone_number_verified"].contains(&&*name)
            || PoolDefinition { users: vec![user], custom_attributes: Some(BTreeSet::new()), ..bare(pool) }.check().is_ok();
        if is_standard {
            if required {
                pool.required_attributes.insert(name);
            }
            continue;
        }
        let name = if name.starts_with("custom:") { name } else { format!("custom:{name}") };
        if required {
            let message = format!("`{name}` cannot be required: Cognito allows that for standard attributes only");
            report.error("invalid-value", &place, message, "remove `required`");
        }
        custom.insert(name);
    }
    pool.custom_attributes = written.then_some(custom);
}

fn password_policy(mut table: Table<'_>) -> PasswordPolicy {
    let default = PasswordPolicy::default();
    let policy = PasswordPolicy {
        minimum_length: table.checked("minimum_length", within(6..=99)).unwrap_or(default.minimum_length),
        require_uppercase: table.or("require_uppercase", default.require_uppercase),
        require_lowercase: table.or("require_lowercase", default.require_lowercase),
        require_numbers: table.or("require_numbers", default.require_numbers),
        require_symbols: table.or("require_symbols", default.require_symbols),
    };
    table.without_effect(&["password_history_size", "temporary_password_validity_days"], REASON);
    table.finish();
    policy
}

/// The app clients. Requests name only the client, so its id belongs to one pool of all.
fn app_clients(table: &mut Table<'_>, pool: &PoolDefinition, seen: &mut HashMap<String, Place>) -> Vec<ClientDefinition> {
    let (report, place) = (table.report, table.place_of("user_pool_id"));
    let written = table.has("clients");
    let mut read = Vec::new();
    for client in table.tables("clients") {
        let place = client.place_of("client_id");
        let Some(client) = app_client(client, pool) else { continue };
        if let Some(first) = seen.get(&client.id) {
            let message = format!("two app clients have the id `{}`: the other one stands at {}", client.id, shown(first));
            report.error(
                "duplicate-user-pool-client",
                &place,
                message,
                "requests name only the client: give it an id of its own",
            );
            continue;
        }
        seen.insert(client.id.clone(), place);
        read.push(client);
    }
    if !written {
        let help = "add one: clients = [{ client_id = \"web\" }]";
        report.warning("no-user-pool-client", &place, "the user pool has no app client, so nobody can sign in", help);
    }
    read
}

fn app_client(mut table: Table<'_>, pool: &PoolDefinition) -> Option<ClientDefinition> {
    table.require("client_id", "what applications name, for instance client_id = \"web\"");
    let id = table.checked("client_id", |id: String| {
        let one = PoolDefinition { clients: vec![ClientDefinition::new(id.as_str())], ..bare(pool) };
        match one.check() {
            Ok(()) => Ok(id),
            Err(_) => Err(Problem::new(format!("cannot be `{id}`")).help("1 to 128 letters, digits, `_` and `+`")),
        }
    });
    let mut client = ClientDefinition::new(id.clone().unwrap_or_else(|| "unknown".to_owned()));
    client.name = table.or("client_name", client.name);
    client.secret = table.checked("client_secret", |secret: String| {
        if secret.is_empty() {
            Err(Problem::new("is empty").help("remove it for a client without a secret"))
        } else {
            Ok(Secret::new(secret))
        }
    });
    if let Some(flows) = table.optional::<Vec<Spanned<String>>>("explicit_auth_flows") {
        client.auth_flows = auth_flows(&table, flows);
    }
    let choices = [("ENABLED", true), ("LEGACY", false)];
    client.prevent_user_existence_errors = table.choice("prevent_user_existence_errors", &choices).unwrap_or(true);
    let units = units(&mut table);
    let help = "a number in the units that Cognito has, or a duration such as \"1h\"";
    for (key, unit, minimum, maximum, field) in [
        ("access_token_validity", units.access, 5 * MINUTE, DAY, &mut client.access_token_validity),
        ("id_token_validity", units.id, 5 * MINUTE, DAY, &mut client.id_token_validity),
        ("refresh_token_validity", units.refresh, HOUR, 3_650 * DAY, &mut client.refresh_token_validity),
        ("auth_session_validity", MINUTE, 3 * MINUTE, 15 * MINUTE, &mut client.auth_session_validity),
    ] {
        let Some(node) = table.node(key) else { continue };
        match validity(node, &table.path(key), unit) {
            Ok(validity) if validity >= minimum && validity <= maximum => *field = validity,
            Ok(_) => {
                let message = format!("`{}` must be between {} and {}", table.path(key), in_words(minimum), in_words(maximum));
                table.report.error("invalid-value", &node.place, message, help);
            }
            Err(diagnostics) => diagnostics.into_iter().for_each(|diagnostic| table.report.push(diagnostic.help(help))),
        }
    }
    if let Some(true) = table.optional::<bool>("generate_secret")
        && client.secret.is_none()
    {
        let place = table.place_of("generate_secret");
        let help = "write one: client_secret = \"…\", or set it in the environment";
        table.report.error("unsupported", &place, "secrets of app clients are not generated here", help);
    }
    table.without_effect(WITHOUT_EFFECT_ON_CLIENTS, REASON);
    table.finish();
    id.map(|_| client)
}

fn auth_flows(table: &Table<'_>, names: Vec<Spanned<String>>) -> BTreeSet<AuthFlow> {
    /// Flows of Cognito that are not here.
    const MISSING: [&str; 2] = ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH"];
    let mut flows = BTreeSet::new();
    for name in names {
        if let Some(flow) = AuthFlow::from_name(&name.value) {
            flows.insert(flow);
        } else if MISSING.contains(&&*name.value) {
            let message = format!("{} does not exist in a user pool inside Syncgate", name.value);
            let help = "sign-in by SRP, by password and by refresh token do; a client that asks for it is refused";
            table.report.warning("without-effect", &name.place, message, help);
        } else {
            unknown_name(table, "explicit_auth_flows", &name, AuthFlow::ALL.into_iter().map(AuthFlow::name));
        }
    }
    flows
}

/// The units of plain numbers.
struct Units {
    access: Duration,
    id: Duration,
    refresh: Duration,
}

fn units(table: &mut Table<'_>) -> Units {
    const UNITS: [(&str, Duration); 4] =
        [("seconds", Duration::from_secs(1)), ("minutes", MINUTE), ("hours", HOUR), ("days", DAY)];
    let mut units = Units { access: HOUR, id: HOUR, refresh: DAY };
    if let Some(mut table) = table.table("token_validity_units") {
        units.access = table.choice("access_token", &UNITS).unwrap_or(units.access);
        units.id = table.choice("id_token", &UNITS).unwrap_or(units.id);
        units.refresh = table.choice("refresh_token", &UNITS).unwrap_or(units.refresh);
        table.finish();
    }
    units
}

/// A number of units as CloudFormation writes it, or a duration as everywhere in this file.
fn validity(node: &Node, name: &str, unit: Duration) -> Result<Duration, Vec<crate::diagnostic::Diagnostic>> {
    let number = match &node.kind {
        Kind::Integer(number) => Some(u32::try_from(*number).unwrap_or(0)),
        Kind::Override(text) => text.parse::<u32>().ok(),
        _ => None,
    };
    match number {
        Some(number) => Ok(unit.saturating_mul(number)),
        None => Duration::from_node(node, name),
    }
}

fn in_words(duration: Duration) -> String {
    let (number, unit) = match duration.as_secs() {
        seconds if seconds >= DAY.as_secs() => (seconds / DAY.as_secs(), "day"),
        seconds if seconds >= HOUR.as_secs() => (seconds / HOUR.as_secs(), "hour"),
        seconds => (seconds / MINUTE.as_secs(), "minute"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

fn groups(table: &mut Table<'_>, pool: &PoolDefinition) -> Vec<GroupDefinition> {
    let mut read: Vec<GroupDefinition> = Vec::new();
    for mut table in table.tables("groups") {
        let name: Option<String> = table.required("group_name", "the group's name, for instance group_name = \"editors\"");
        let group = GroupDefinition {
            name: name.clone().unwrap_or_default(),
            description: table.optional("description"),
            precedence: table.checked("precedence", within(0..=i64::from(i32::MAX))),
            role_arn: table.optional("role_arn"),
        };
        let (place, report) = (table.place_of("group_name"), table.report);
        let help = "1 to 128 letters, digits and symbols, no spaces";
        let one = PoolDefinition { groups: vec![group.clone()], ..bare(pool) };
        let sound = name.is_some() && is_sound(&table, &place, &one, help);
        table.finish();
        if sound && read.iter().any(|known| known.name == group.name) {
            report.error("duplicate-group", &place, format!("the group `{}` is defined twice", group.name), "remove one of them");
        } else if sound {
            read.push(group);
        }
    }
    read
}

fn users(table: &mut Table<'_>, pool: &PoolDefinition) -> Vec<UserDefinition> {
    let mut read = Vec::new();
    let mut seen: HashMap<String, Place> = HashMap::new();
    for mut table in table.tables("users") {
        let username: Option<String> = table.required("username", "the user's name, for instance username = \"ann\"");
        let user = UserDefinition {
            username: username.clone().unwrap_or_default(),
            password: table.optional::<String>("password").map(Secret::new),
            sub: table.optional("sub"),
            attributes: user_attributes(&mut table),
            groups: table.or("groups", Vec::new()),
        };
        let (place, report) = (table.place_of("username"), table.report);
        let help = "names have no spaces; attributes are the standard ones of OpenID Connect, or begin with custom:";
        let one = PoolDefinition { users: vec![user.clone()], ..bare(pool) };
        let sound = username.is_some() && is_sound(&table, &place, &one, help);
        table.finish();
        if !sound {
            continue;
        }
        let key = if pool.case_sensitive { user.username.clone() } else { user.username.to_lowercase() };
        if let Some(first) = seen.get(&key) {
            let message = format!("the user `{}` is defined twice: the other one stands at {}", user.username, shown(first));
            report.error("duplicate-user", &place, message, "remove one of them");
            continue;
        }
        seen.insert(key, place);
        read.push(user);
    }
    read
}

/// `attributes = { email = "ann@example.com" }`; booleans and numbers are written as Cognito keeps them, as texts.
fn user_attributes(table: &mut Table<'_>) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    for (name, _, node) in table.members("attributes") {
        let text = match &node.kind {
            Kind::Boolean(boolean) => Ok(boolean.to_string()),
            Kind::Integer(number) => Ok(number.to_string()),
            _ => String::from_node(node, &table.path(&format!("attributes.{name}"))),
        };
        match text {
            Ok(text) => {
                attributes.insert(name.to_owned(), text);
            }
            Err(diagnostics) => diagnostics.into_iter().for_each(|diagnostic| table.report.push(diagnostic)),
        }
    }
    attributes
}

/// `config.toml:12:3`
fn shown(place: &Place) -> String {
    let (line, column) = place.source.line_column(place.span.start);
    format!("{}:{line}:{column}", place.source.path)
}
