//! What is said about directives that open nothing, and what callers may read whom the definition names.

use super::*;
use crate::definition::AuthenticationType;

/// Fields without directives are open to API keys.
const POOL: &str = "[[api.additional_authentication_providers]]\nauthentication_type = \"AMAZON_COGNITO_USER_POOLS\"\n\
user_pool_config = { user_pool_id = \"eu-west-1_Club\" }\n";

#[test]
fn directives_that_open_nothing_are_named() {
    let ignored = "has no effect: it counts only where AMAZON_COGNITO_USER_POOLS is the single mode; without another directive \
                   everyone of API_KEY, the default mode, is let in";
    let closed = "no authorization mode that this API has opens them";
    for (schema, expected) in [
        ("type Query { a: Int @aws_cognito_user_pools(cognito_groups: [\"g\"]) b: Int @aws_api_key c: Int }", vec![]),
        (
            "type Query { a: Int @aws_auth(cognito_groups: [\"g\"]) t: T } type T @aws_auth(cognito_groups: [\"g\"]) { a: Int }",
            vec![format!("ignored-directive: @aws_auth on Query.a, T {ignored}")],
        ),
        ("type Query { a: Int @aws_iam b: Int }", vec![format!("closed-field: nobody can read Query.a: {closed}")]),
        (
            "type Query @aws_oidc { a: Int b: Int c: Int d: Int e: Int f: Int g: Int }",
            vec![format!("closed-field: nobody can read Query.a, Query.b, Query.c, Query.d, Query.e and 2 more: {closed}")],
        ),
    ] {
        let (api, found) = Folder::new(POOL, schema, &[]).compile();
        assert!(api.is_some());
        let found = found.iter().filter(|found| found.rule != "no-api-key");
        let found: Vec<String> = found.map(|found| format!("{}: {}", found.rule, found.message)).collect();
        assert_eq!(found, expected, "{schema}");
    }
}

#[tokio::test]
async fn a_caller_whom_the_definition_names_is_in_the_groups_that_it_names() {
    let schema = "type Query { a: Int @aws_cognito_user_pools(cognito_groups: [\"editors\"]) b: Int @aws_cognito_user_pools }";
    let api = Folder::new(POOL, schema, &[]).api();
    let (pools, keys) = (AuthenticationType::AmazonCognitoUserPools, AuthenticationType::ApiKey);
    let groups = |names: &[&str]| value!({"groups": (names.iter().map(|name| Value::from(*name)).collect::<Vec<_>>())});
    for (authentication_type, context, expected) in [
        (pools, groups(&["readers", "editors"]), vec![]),
        (pools, groups(&["readers"]), vec!["a"]),
        (pools, value!({"groups": "editors"}), vec!["a"]),
        (pools, Value::Null, vec!["a"]),
        (keys, groups(&["editors"]), vec!["a", "b"]),
    ] {
        let request = GraphqlRequest { query: "{ a b }".into(), operation_name: None, variables: Object::new() };
        let request_context = RequestContext {
            identity: Identity::Named { authentication_type, context: context.clone() },
            headers: RequestHeaders::default(),
            source_ip: Vec::new(),
            domain_name: None,
            request_id: "id".into(),
            deadline: Instant::now() + Duration::from_secs(30),
            watch: crate::trace::Watch::default(),
        };
        let answer = api.execute(request, request_context).await.expect("a document");
        let answer = Value::parse(&answer.body).expect("JSON");
        let errors = answer.get("errors").and_then(Value::as_list).unwrap_or_default();
        let refused: Vec<&str> = errors.iter().filter_map(|error| error.get("path")?.as_list()?.first()?.as_str()).collect();
        assert_eq!(refused, expected, "{authentication_type:?} {context}");
    }
}
