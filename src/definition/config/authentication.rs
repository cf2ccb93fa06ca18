//! Reads authorization modes: the default one in `[api]`, the others in `[[api.additional_authentication_providers]]`.

use std::time::Duration;

use super::table::Table;
use super::values::within;
use crate::definition::{
    AuthenticationProvider, AuthenticationType, DefaultAction, LambdaAuthorizerConfig, OpenIdConnectConfig, UserPoolConfig,
};

pub(super) const TYPES: [AuthenticationType; 5] = [
    AuthenticationType::ApiKey,
    AuthenticationType::AwsIam,
    AuthenticationType::OpenIdConnect,
    AuthenticationType::AmazonCognitoUserPools,
    AuthenticationType::AwsLambda,
];

/// AppSync's `authorizerResultTtlInSeconds` when it is not given (API reference): nothing is remembered.
const AUTHORIZER_RESULT_TTL: u64 = 0;

/// The mode that the keys of `table` describe.
pub(super) fn read(table: &mut Table<'_>, is_default: bool) -> Option<AuthenticationProvider> {
    let types = TYPES.map(|authentication_type| (authentication_type.name(), authentication_type));
    table.require("authentication_type", "who may call the API, for instance authentication_type = \"API_KEY\"");
    let chosen = table.choice("authentication_type", &types);
    let open_id_connect = table.table("open_id_connect_config");
    let user_pool = table.table("user_pool_config");
    let lambda = table.table("lambda_authorizer_config");
    let chosen = chosen?;
    let settings = [
        ("open_id_connect_config", AuthenticationType::OpenIdConnect),
        ("user_pool_config", AuthenticationType::AmazonCognitoUserPools),
        ("lambda_authorizer_config", AuthenticationType::AwsLambda),
    ];
    for (key, authentication_type) in settings {
        if chosen == authentication_type {
            table.require(key, &format!("{} needs it", chosen.name()));
        } else if table.has(key) {
            let message = format!("`{}` has no effect: the type here is {}", table.path(key), chosen.name());
            let help = format!("it belongs to {}", authentication_type.name());
            table.report.warning("without-effect", &table.place_of(key), message, help);
        }
    }
    match chosen {
        AuthenticationType::ApiKey => Some(AuthenticationProvider::ApiKey),
        AuthenticationType::AwsIam => Some(AuthenticationProvider::AwsIam),
        AuthenticationType::OpenIdConnect => open_id_connect_config(open_id_connect?).map(AuthenticationProvider::OpenIdConnect),
        AuthenticationType::AmazonCognitoUserPools => {
            user_pool_config(user_pool?, is_default).map(AuthenticationProvider::AmazonCognitoUserPools)
        }
        AuthenticationType::AwsLambda => lambda_authorizer_config(lambda?).map(AuthenticationProvider::AwsLambda),
    }
}

/// The further modes. AppSync has each of API_KEY, AWS_IAM and AWS_LAMBDA at most once.
pub(super) fn read_additional(api: &mut Table<'_>, default: Option<AuthenticationType>) -> Vec<AuthenticationProvider> {
    let mut providers: Vec<AuthenticationProvider> = Vec::new();
    for mut table in api.tables("additional_authentication_providers") {
        let provider = read(&mut table, false);
        let place = table.place_of("authentication_type");
        let report = table.report;
        table.finish();
        let Some(provider) = provider else { continue };
        let authentication_type = provider.authentication_type();
        let once = matches!(
            authentication_type,
            AuthenticationType::ApiKey | AuthenticationType::AwsIam | AuthenticationType::AwsLambda
        );
        let again = default == Some(authentication_type)
            || providers.iter().any(|known| known.authentication_type() == authentication_type);
        if (once && again) || providers.contains(&provider) {
            let message = format!("{} is configured twice", authentication_type.name());
            report.error("duplicate-authentication-provider", &place, message, "remove one of them");
        } else {
            providers.push(provider);
        }
    }
    providers
}

fn open_id_connect_config(mut table: Table<'_>) -> Option<OpenIdConnectConfig> {
    table.require("issuer", "the URL of the issuer, the `iss` of its tokens");
    let issuer = table.checked("issuer", super::data_source::url);
    let client_id = table.optional("client_id");
    let iat_ttl = table.optional::<Duration>("iat_ttl").filter(|ttl| !ttl.is_zero());
    let auth_ttl = table.optional::<Duration>("auth_ttl").filter(|ttl| !ttl.is_zero());
    table.finish();
    Some(OpenIdConnectConfig { issuer: issuer?, client_id, iat_ttl, auth_ttl })
}

fn user_pool_config(mut table: Table<'_>, is_default: bool) -> Option<UserPoolConfig> {
    let user_pool_id: Option<value::Str> = table.required("user_pool_id", "the id of the pool, for instance us-east-1_AbCdEfGhI");
    let aws_region: Option<value::Str> = table.optional("aws_region");
    // The id begins with the region.
    let aws_region = aws_region.or_else(|| user_pool_id.as_ref()?.split_once('_').map(|(region, _)| region.into()));
    if user_pool_id.is_some() && aws_region.is_none() {
        table.require("aws_region", "the region of the pool");
    }
    let app_id_client_regex = table.optional("app_id_client_regex");
    let issuer = table.checked("issuer", super::data_source::url);
    let actions = [("ALLOW", DefaultAction::Allow), ("DENY", DefaultAction::Deny)];
    let default_action = if is_default {
        table.choice("default_action", &actions).unwrap_or_default()
    } else {
        table.without_effect(&["default_action"], "only the default authorization mode has a default action");
        DefaultAction::default()
    };
    table.finish();
    Some(UserPoolConfig { user_pool_id: user_pool_id?, aws_region: aws_region?, app_id_client_regex, default_action, issuer })
}

fn lambda_authorizer_config(mut table: Table<'_>) -> Option<LambdaAuthorizerConfig> {
    let authorizer_uri = table.required("authorizer_uri", "the ARN of the function that decides");
    let seconds: Option<u32> = table.checked("authorizer_result_ttl_in_seconds", within(0..=3_600));
    let identity_validation_expression = table.optional("identity_validation_expression");
    table.finish();
    Some(LambdaAuthorizerConfig {
        authorizer_uri: authorizer_uri?,
        authorizer_result_ttl: Duration::from_secs(seconds.map_or(AUTHORIZER_RESULT_TTL, u64::from)),
        identity_validation_expression,
    })
}
