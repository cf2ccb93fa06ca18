//! Reads `[api]`, or each `[[api]]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use value::Str;

use super::convention::{Convention, is_name, scan};
use super::files::Folder;
use super::resolver::{self, Reader};
use super::table::{Report, Table};
use super::values::{OneOrMany, Problem, Spanned};
use super::{authentication, data_source, iam_principal, server};
use crate::definition::{
    ApiCache, ApiCachingBehavior, ApiDefinition, ApiKey, AuthenticationProvider, AuthenticationType, FieldLogLevel, Limits,
    LogConfig, Secret, VelocityVersion,
};
use crate::diagnostic::{Diagnostic, Place, Source};

/// AppSync's numbers of API keys, additional modes and environment variables, and its bounds of the latter.
const MOST_API_KEYS: usize = 50;
const MOST_PROVIDERS: usize = 50;
const MOST_VARIABLES: usize = 50;
const VARIABLE_NAME: std::ops::RangeInclusive<usize> = 2..=64;
const VARIABLE_VALUE: usize = 512;
/// The account of APIs that do not say theirs.
const ACCOUNT: &str = "000000000000";
/// AppSync's own ceilings.
const DEEPEST_QUERY: u32 = 75;
const MOST_RESOLVERS: u32 = 10_000;

/// Reads one API. With several in one file none has a default directory of resolvers: it would belong to all of them.
pub(super) fn read(mut table: Table<'_>, folder: &Folder, is_single: bool, strict: bool, now: jiff::Timestamp) -> ApiDefinition {
    let report = table.report;
    let strict = table.or("strict", false) || strict;
    let name_place = table.place_of("name");
    table.require("name", "the API's name, for instance name = \"Blog\"");
    let name: Option<Str> = table.checked("name", |name: Str| {
        if name.trim().is_empty() {
            Err(Problem::new("must not be empty").help("for instance name = \"Blog\""))
        } else {
            Ok(name)
        }
    });
    let name = name.unwrap_or_else(|| Str::from("api"));
    let api_id = table.checked("api_id", api_id).unwrap_or_else(|| slug(&name));
    let region = table.checked("region", region);
    let account_id = table.checked("account_id", iam_principal::account).unwrap_or_else(|| ACCOUNT.into());
    let domain_names = table.checked("domain_names", domain_names).unwrap_or_default();

    let authentication = authentication::read(&mut table, true);
    let default_type = authentication.as_ref().map(AuthenticationProvider::authentication_type);
    let additional_authentication_providers = authentication::read_additional(&mut table, default_type);
    if additional_authentication_providers.len() > MOST_PROVIDERS {
        let place = table.place_of("additional_authentication_providers");
        too_many(report, &place, additional_authentication_providers.len(), "authorization modes", MOST_PROVIDERS);
    }
    let api_keys = api_keys(&mut table, now);
    let iam_principals = iam_principal::read(&mut table, folder, &account_id);

    let limits = table.table("limits").map_or_else(Limits::default, |table| read_limits(table, strict));
    let schema = schema(&mut table, folder);

    let mut data_sources = IndexMap::new();
    let mut data_source_types = BTreeMap::new();
    for (name, place, node) in table.members("data_sources") {
        if !is_name(name) {
            let message = format!("a data source cannot be called `{name}`");
            report.error("invalid-value", place, message, "letters, digits and `_`, not a digit first");
        }
        let inner = Table::new(report, table.path(&format!("data_sources.{name}")), node);
        let data_source = inner.and_then(|inner| data_source::read(name, place, inner));
        data_source_types.insert(name, data_source.as_ref().map(crate::definition::DataSource::data_source_type));
        data_sources.extend(data_source.map(|data_source| (Str::from(name), data_source)));
    }

    let mut convention = convention(&mut table, folder, is_single);
    let reader = Reader { folder, report, limits, data_sources: &data_source_types };
    let members = table.members("functions");
    let mut function_names: Vec<String> = members.iter().map(|(name, ..)| (*name).to_owned()).collect();
    function_names.extend(convention.functions.keys().cloned());
    let entries = members.into_iter().filter_map(|(name, place, node)| {
        let inner = Table::new(report, table.path(&format!("functions.{name}")), node)?;
        Some((name, place, inner))
    });
    let functions = reader.functions(entries.collect(), &mut convention);
    let function_names: Vec<&str> = function_names.iter().map(String::as_str).collect();
    let resolvers = reader.resolvers(table.tables("resolvers"), convention, &function_names);

    let environment_variables = environment_variables(&mut table);
    let introspection_config = table.choice("introspection_config", &[("ENABLED", true), ("DISABLED", false)]).unwrap_or(true);
    let query_depth_limit = aws_bound(&mut table, "query_depth_limit", DEEPEST_QUERY, strict).filter(|limit| *limit > 0);
    let resolver_count_limit = aws_bound(&mut table, "resolver_count_limit", MOST_RESOLVERS, strict)
        .filter(|limit| *limit > 0)
        .unwrap_or(MOST_RESOLVERS);
    let velocity = table.choice("velocity", &[("1.7", VelocityVersion::V1), ("2.x", VelocityVersion::V2)]).unwrap_or_default();
    let api_cache = table.table("api_cache").and_then(api_cache);
    let log_config = table.table("log_config").map(log_config);
    table.choice("api_type", &[("GRAPHQL", ())]);
    table.without_effect(
        &["visibility", "xray_enabled", "owner_contact", "enhanced_metrics_config", "tags", "waf_web_acl_arn"],
        "AppSync has it; on your own machine nothing reads it",
    );
    let place = Some(if name_place.span.is_empty() { table.place.clone() } else { name_place });
    table.finish();

    ApiDefinition {
        api_id,
        name,
        region,
        account_id,
        domain_names,
        // Unreadable was reported; should a caller go on all the same, nobody gets in without a signature.
        authentication: authentication.unwrap_or(AuthenticationProvider::AwsIam),
        additional_authentication_providers,
        schema,
        data_sources,
        functions,
        resolvers,
        api_keys,
        iam_principals,
        environment_variables,
        introspection_config,
        query_depth_limit,
        resolver_count_limit,
        api_cache,
        log_config,
        limits,
        strict,
        velocity,
        place,
    }
}

/// Warns about keys that nobody can use, and modes that nobody can pass.
pub(super) fn check_keys(api: &ApiDefinition, report: &Report) {
    let Some(place) = &api.place else { return };
    if api.allows(AuthenticationType::ApiKey) && api.api_keys.is_empty() {
        let help = "add [[api.api_keys]] with id = \"da2-…\"; in development mode the server makes one and prints it";
        report.warning("no-api-key", place, "API_KEY is an authorization mode and there is no key", help);
    }
    if !api.allows(AuthenticationType::AwsIam) && !api.iam_principals.is_empty() {
        let help = "add AWS_IAM to the authorization modes, or remove the principals";
        report.warning("without-effect", place, "there are IAM principals and AWS_IAM is no authorization mode", help);
    }
    if !api.allows(AuthenticationType::ApiKey) && !api.api_keys.is_empty() {
        let help = "add API_KEY to the authorization modes, or remove the keys";
        report.warning("without-effect", place, "there are API keys and API_KEY is no authorization mode", help);
    }
}

fn too_many(report: &Report, place: &Place, count: usize, what: &str, most: usize) {
    report.error("too-many", place, format!("{count} {what}, {most} are allowed"), "AppSync has the same limit");
}

/// Works here, not on AWS: a warning, or an error if the API is `strict`.
fn not_on_aws(table: &Table<'_>, key: &str, most: impl std::fmt::Display, strict: bool) {
    let message = format!("`{}` works here, not on AWS: {most} is the most there", table.path(key));
    let diagnostic = if strict { Diagnostic::error("not-on-aws", message) } else { Diagnostic::warning("not-on-aws", message) };
    let place = table.place_of(key);
    table.report.push(diagnostic.help(format!("{most} or less runs on both")).at(&place.source, place.span));
}

fn aws_bound(table: &mut Table<'_>, key: &'static str, most: u32, strict: bool) -> Option<u32> {
    let number = table.checked(key, super::values::within::<u32>(0..=i64::from(u32::MAX)))?;
    if number > most {
        not_on_aws(table, key, most, strict);
    }
    Some(number)
}

fn read_limits(mut table: Table<'_>, strict: bool) -> Limits {
    fn count(table: &mut Table<'_>, key: &'static str, default: u32, strict: bool) -> u32 {
        let number = table.checked(key, super::values::within::<u32>(1..=i64::from(u32::MAX))).unwrap_or(default);
        if number > default {
            not_on_aws(table, key, default, strict);
        }
        number
    }
    fn size(table: &mut Table<'_>, key: &'static str, default: u64, strict: bool) -> u64 {
        let bytes = table.checked(key, server::some_bytes).unwrap_or(default);
        if bytes > default {
            not_on_aws(table, key, format_args!("{}MiB", default >> 20), strict);
        }
        bytes
    }
    let default = Limits::default();
    let limits = Limits {
        query_tokens: count(&mut table, "query_tokens", default.query_tokens, strict),
        evaluation_result: size(&mut table, "evaluation_result", default.evaluation_result, strict),
        loop_iterations: count(&mut table, "loop_iterations", default.loop_iterations, strict),
        code_characters: count(&mut table, "code_characters", default.code_characters, strict),
        template_characters: count(&mut table, "template_characters", default.template_characters, strict),
        pipeline_functions: count(&mut table, "pipeline_functions", default.pipeline_functions, strict),
        schema_size: size(&mut table, "schema_size", default.schema_size, strict),
    };
    table.finish();
    limits
}

fn schema(table: &mut Table<'_>, folder: &Folder) -> Vec<Arc<Source>> {
    let patterns: Option<OneOrMany<Spanned<String>>> =
        table.required("schema", "the schema's files, for instance schema = [\"schema/*.graphql\"]");
    let mut sources: Vec<Arc<Source>> = Vec::new();
    for pattern in patterns.map(|patterns| patterns.0).unwrap_or_default() {
        let paths = match folder.glob(&pattern.value) {
            Ok(paths) => paths,
            Err(problem) => {
                table.report.push(problem.diagnostic(Some(&pattern.place)));
                continue;
            }
        };
        for value in paths {
            let reference = Spanned { value, place: pattern.place.clone() };
            let source = folder.named(&reference, table.report);
            // Two patterns may match the same file.
            sources.extend(source.filter(|source| sources.iter().all(|known| !Arc::ptr_eq(known, source))));
        }
    }
    sources
}

fn convention(table: &mut Table<'_>, folder: &Folder, is_single: bool) -> Convention {
    let directory: Option<Spanned<String>> = table.optional("resolvers_directory");
    match directory {
        Some(directory) if !folder.is_directory(&directory.value) => {
            let message = format!("there is no directory {} below the folder of the configuration", directory.value);
            table.report.error("missing-file", &directory.place, message, "paths are relative to the configuration file");
            Convention::default()
        }
        Some(directory) => scan(folder, directory.value.trim_end_matches('/'), table.report),
        None if is_single => scan(folder, "resolvers", table.report),
        None => Convention::default(),
    }
}

fn api_keys(table: &mut Table<'_>, now: jiff::Timestamp) -> Vec<ApiKey> {
    let mut keys: Vec<ApiKey> = Vec::new();
    for mut key in table.tables("api_keys") {
        // Findings point at the entry, not at the key: it is a secret.
        let place = key.place.clone();
        key.require("id", "the key as clients send it in `x-api-key`, for instance id = \"da2-local\"");
        let id = key.optional::<Str>("id");
        let expires: Option<jiff::Timestamp> = key.optional("expires");
        if expires.is_some_and(|expires| expires <= now) {
            let message = "this API key has expired: requests with it are refused";
            key.report.warning("expired-api-key", &key.place_of("expires"), message, "give it a later date, or remove it");
        }
        let description = key.optional("description");
        key.without_effect(&["deletes"], "expired keys stay until they are removed");
        let report = key.report;
        key.finish();
        let Some(id) = id else { continue };
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "the `id` of an API key must be visible ASCII without spaces";
            report.error("invalid-value", &place, message, "it is sent as an HTTP header");
        } else if keys.iter().any(|known| known.id.expose() == &*id) {
            report.error("duplicate-api-key", &place, "two API keys are equal", "remove one of them");
        } else {
            keys.push(ApiKey { id: Secret::new(id), expires, description });
        }
    }
    if keys.len() > MOST_API_KEYS {
        too_many(table.report, &table.place_of("api_keys"), keys.len(), "API keys", MOST_API_KEYS);
    }
    keys
}

fn environment_variables(table: &mut Table<'_>) -> IndexMap<Str, Str> {
    let mut variables = IndexMap::new();
    let members = table.members("environment_variables");
    if let Some((_, place, _)) = members.get(MOST_VARIABLES) {
        too_many(table.report, place, members.len(), "environment variables", MOST_VARIABLES);
    }
    for (name, place, node) in members {
        let path = table.path(&format!("environment_variables.{name}"));
        let is_valid = VARIABLE_NAME.contains(&name.len())
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
        if !is_valid {
            let message = format!("an environment variable cannot be called `{name}`");
            table.report.error("invalid-value", place, message, "2 to 64 letters, digits and `_`, a letter first");
        }
        match <Str as super::values::FromNode>::from_node(node, &path) {
            Ok(text) if text.chars().count() > VARIABLE_VALUE => {
                let message = format!("`{path}` has more than {VARIABLE_VALUE} characters");
                table.report.error("invalid-value", &node.place, message, "AppSync has the same limit");
            }
            Ok(text) => {
                variables.insert(Str::from(name), text);
            }
            Err(diagnostics) => diagnostics.into_iter().for_each(|diagnostic| table.report.push(diagnostic)),
        }
    }
    variables
}

/// What of each request is logged. Without a level, which AppSync wants to have, it is AppSync's lowest.
fn log_config(mut table: Table<'_>) -> LogConfig {
    let levels = [
        ("NONE", FieldLogLevel::None),
        ("ERROR", FieldLogLevel::Error),
        ("INFO", FieldLogLevel::Info),
        ("DEBUG", FieldLogLevel::Debug),
        ("ALL", FieldLogLevel::All),
    ];
    table.require("field_log_level", "what is logged about fields: NONE, ERROR, INFO, DEBUG or ALL");
    let field_log_level = table.choice("field_log_level", &levels).unwrap_or(FieldLogLevel::None);
    let exclude_verbose_content = table.or("exclude_verbose_content", false);
    table.without_effect(&["cloud_watch_logs_role_arn"], "the lines go to this process's log, which needs no role");
    table.finish();
    LogConfig { field_log_level, exclude_verbose_content }
}

fn api_cache(mut table: Table<'_>) -> Option<ApiCache> {
    let behaviors = [
        ("FULL_REQUEST_CACHING", ApiCachingBehavior::FullRequestCaching),
        ("PER_RESOLVER_CACHING", ApiCachingBehavior::PerResolverCaching),
        ("OPERATION_LEVEL_CACHING", ApiCachingBehavior::OperationLevelCaching),
    ];
    table.require("api_caching_behavior", "for instance api_caching_behavior = \"PER_RESOLVER_CACHING\"");
    let api_caching_behavior = table.choice("api_caching_behavior", &behaviors);
    table.require("ttl", "how long results are kept, for instance ttl = \"60s\"");
    let ttl = table.checked("ttl", resolver::ttl);
    table.without_effect(
        &["type", "at_rest_encryption_enabled", "transit_encryption_enabled", "health_metrics_config"],
        "the cache lives in this process",
    );
    table.finish();
    Some(ApiCache { api_caching_behavior: api_caching_behavior?, ttl: ttl? })
}

fn api_id(id: Str) -> Result<Str, Problem> {
    let is_valid =
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let problem = || Problem::new(format!("cannot be `{id}`")).help("1 to 64 letters, digits, `-` and `_`");
    if is_valid { Ok(id) } else { Err(problem()) }
}

fn region(text: Str) -> Result<Str, Problem> {
    let is_valid = text.contains('-')
        && text.len() <= 63
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_valid {
        Ok(text)
    } else {
        Err(Problem::new(format!("cannot be `{text}`")).help("a region of AWS, for instance us-east-1"))
    }
}

/// An id made of a name: `My Blog` is `my-blog`.
fn slug(name: &str) -> Str {
    let mut slug = String::new();
    for character in name.chars().take(64) {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "api".into() } else { slug.into() }
}

fn domain_names(names: Vec<Str>) -> Result<Vec<Str>, Problem> {
    let is_host = |name: &Str| {
        (1..=253).contains(&name.len())
            && name
                .split('.')
                .all(|label| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
    };
    if let Some(name) = names.iter().find(|name| !is_host(name)) {
        return Err(Problem::new(format!("cannot have `{name}`")).help("a host without scheme and port: api.example.com"));
    }
    Ok(names.into_iter().map(|name| name.to_ascii_lowercase().into()).collect())
}
