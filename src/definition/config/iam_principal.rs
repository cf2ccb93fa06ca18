//! Reads `[[api.iam_principals]]`: who may sign requests, and what they may do.

use iam_policy::Policy;
use value::{Str, Value};

use super::data_source::own_credentials;
use super::files::Folder;
use super::table::Table;
use super::values::{Problem, Spanned};
use crate::definition::IamPrincipal;
use crate::diagnostic::{Diagnostic, closest};

/// Policies of AWS's own that a definition may name instead of a file, with what they say about AppSync's data plane.
const MANAGED: [(&str, &str); 2] = [
    (
        "arn:aws:iam::aws:policy/AWSAppSyncInvokeFullAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["appsync:GraphQL"],"Resource":"*"}]}"#,
    ),
    (
        "arn:aws:iam::aws:policy/AdministratorAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
];

/// The principals of an API in the account `account_id`.
pub(super) fn read(api: &mut Table<'_>, folder: &Folder, account_id: &Str) -> Vec<IamPrincipal> {
    let mut principals: Vec<IamPrincipal> = Vec::new();
    for mut table in api.tables("iam_principals") {
        let place = table.place.clone();
        let report = table.report;
        let name: Option<Str> = table.required("name", "what the principal is called here, for instance name = \"ann\"");
        table.require("access_key_id", "an access key has two parts: access_key_id and secret_access_key");
        let credentials = own_credentials(&mut table);
        let policies = policies(&mut table, folder);
        let own_account: Option<Str> = table.checked("account_id", account);
        let user_arn: Option<Str> = table.optional("user_arn");
        let username: Option<Str> = table.optional("username");
        let cognito_identity_pool_id = table.optional("cognito_identity_pool_id");
        let cognito_identity_id = table.optional("cognito_identity_id");
        let types = [("authenticated", Str::from("authenticated")), ("unauthenticated", Str::from("unauthenticated"))];
        let cognito_identity_auth_type = table.choice("cognito_identity_auth_type", &types);
        let cognito_identity_auth_provider = table.optional("cognito_identity_auth_provider");
        table.finish();
        let (Some(name), Some(credentials)) = (name, credentials) else { continue };
        if principals.iter().any(|known| known.name == name) {
            report.error("duplicate-iam-principal", &place, format!("two principals are called `{name}`"), "rename one of them");
            continue;
        }
        if principals.iter().any(|known| known.credentials.access_key_id == credentials.access_key_id) {
            let message = format!("two principals have the access key `{}`", credentials.access_key_id);
            report.error("duplicate-access-key", &place, message, "give one of them a key of its own");
            continue;
        }
        let account_id = own_account.unwrap_or_else(|| Str::clone(account_id));
        principals.push(IamPrincipal {
            user_arn: user_arn.unwrap_or_else(|| format!("arn:aws:iam::{account_id}:user/{name}").into()),
            username: username.unwrap_or_else(|| Str::clone(&name)),
            account_id,
            name,
            credentials,
            policies,
            cognito_identity_pool_id,
            cognito_identity_id,
            cognito_identity_auth_type,
            cognito_identity_auth_provider,
        });
    }
    principals
}

/// An AWS account: twelve digits.
pub(super) fn account(text: Str) -> Result<Str, Problem> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text);
    }
    Err(Problem::new(format!("cannot be `{text}`")).help("the id of an AWS account has 12 digits"))
}

/// Policy documents in JSON files, or policies of AWS's own by their ARN.
fn policies(table: &mut Table<'_>, folder: &Folder) -> Vec<Policy> {
    let named: Vec<Spanned<String>> = table.optional("policies").unwrap_or_default();
    if named.is_empty() {
        let message = "this principal has no policy, so it may do nothing";
        let help = "add policies = [\"policies/NAME.json\"], or [\"arn:aws:iam::aws:policy/AWSAppSyncInvokeFullAccess\"]";
        table.report.warning("no-policy", &table.place_of("policies"), message, help);
    }
    let mut policies = Vec::with_capacity(named.len());
    for reference in named {
        let report = table.report;
        if reference.value.starts_with("arn:") {
            let known = MANAGED.iter().find(|(arn, _)| *arn == reference.value);
            let Some((_, text)) = known else {
                let help = match closest(&reference.value, MANAGED.iter().map(|(arn, _)| *arn)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write its document into a JSON file and name that".to_owned(),
                };
                report.error("unknown-policy", &reference.place, format!("{} is not known here", reference.value), help);
                continue;
            };
            policies.extend(Value::parse(text.as_bytes()).ok().and_then(|document| Policy::read(&document).ok()));
            continue;
        }
        let Some(source) = folder.named(&reference, report) else { continue };
        match Value::parse(source.text.as_bytes()) {
            Err(error) => {
                let message = format!("{} is not JSON: {error}", reference.value);
                report.error(
                    "invalid-policy",
                    &reference.place,
                    message,
                    "a policy is a JSON document with Version and Statement",
                );
            }
            Ok(document) => match Policy::read(&document) {
                Ok(policy) => policies.push(policy),
                Err(faults) => {
                    let help = "see IAM's JSON policy elements; here Effect, Action and Resource decide";
                    for fault in faults {
                        let diagnostic = Diagnostic::error("invalid-policy", format!("{}: {fault}", reference.value)).help(help);
                        report.push(diagnostic.at(&reference.place.source, reference.place.span.clone()));
                    }
                }
            },
        }
    }
    policies
}
