//! Input that nobody sends by accident.

use std::sync::LazyLock;

use proptest::prelude::*;
use user_pool::Caller;
use value::{Value, value};

use crate::support::{Bench, PASSWORD, by_password, definition};

const OPERATIONS: [&str; 18] = [
    "InitiateAuth",
    "RespondToAuthChallenge",
    "GetTokensFromRefreshToken",
    "RevokeToken",
    "SignUp",
    "ConfirmSignUp",
    "ForgotPassword",
    "ConfirmForgotPassword",
    "GetUser",
    "GlobalSignOut",
    "ChangePassword",
    "UpdateUserAttributes",
    "VerifyUserAttribute",
    "DeleteUser",
    "AdminCreateUser",
    "CreateGroup",
    "ListUsers",
    "DescribeUserPoolClient",
];

static BENCH: LazyLock<Bench> = LazyLock::new(|| Bench::new(definition()));

fn raw(operation: &str, body: &[u8]) -> user_pool::Response {
    BENCH.pools.handle(&format!("AWSCognitoIdentityProviderService.{operation}"), body, Caller::Administrator)
}

#[test]
fn bodies_that_are_no_request_are_refused_by_every_operation() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!(r#"{{"ClientId":{}1{}}}"#, "[".repeat(150), "]".repeat(150));
    let long = format!(r#"{{"ClientId":"{}"}}"#, "x".repeat(300_000));
    for operation in OPERATIONS {
        for body in [
            &b"x"[..],
            b"{",
            b"[]",
            b"null",
            b"\"text\"",
            b"1",
            b"{\"ClientId\":\"\xff\"}",
            b"{\"ClientId\":\"\\ud800\"}",
            deep.as_bytes(),
            nested.as_bytes(),
            long.as_bytes(),
            br#"{"ClientId":1,"AccessToken":1,"UserPoolId":1}"#,
            br#"{"ClientId":["web"],"AccessToken":{},"UserPoolId":[]}"#,
            br#"{"ClientId":null}"#,
            b"",
        ] {
            let response = raw(operation, body);
            let error = response
                .error
                .unwrap_or_else(|| panic!("{operation} took {:?}", String::from_utf8_lossy(&body[..body.len().min(40)])));
            assert_eq!(response.status, 400, "{error}");
            assert!(error.message.len() < 1000, "{operation}: {}", error.message);
        }
    }
}

#[test]
fn members_of_the_wrong_kind_are_refused() {
    for (operation, body) in [
        ("InitiateAuth", value!({ "ClientId": "web", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": [1] })),
        ("InitiateAuth", value!({ "ClientId": "web", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": { "USERNAME": 1 } })),
        ("InitiateAuth", value!({ "ClientId": "web", "AuthFlow": ["USER_PASSWORD_AUTH"] })),
        ("SignUp", value!({ "ClientId": "web", "Username": "bob", "Password": PASSWORD, "UserAttributes": {} })),
        ("SignUp", value!({ "ClientId": "web", "Username": "bob", "Password": PASSWORD, "UserAttributes": ["email"] })),
        ("SignUp", value!({ "ClientId": "web", "Username": "bob", "Password": PASSWORD, "UserAttributes": [{ "Name": 1 }] })),
        ("ConfirmSignUp", value!({ "ClientId": "web", "Username": "a", "ConfirmationCode": "1", "ForceAliasCreation": "true" })),
    ] {
        let error = raw(operation, body.to_json().as_bytes()).error.expect("an error").to_string();
        assert!(error.starts_with("SerializationException: "), "{error}");
    }
}

#[test]
fn names_that_look_like_another_are_another() {
    for name in ["ann ", " ann", "ann\0", "аnn", "ａｎｎ", "ann\u{200b}", "a\u{301}nn", "../ann", "ann'--", "{\"ann\"}", "%61nn"]
    {
        let error = BENCH.fail("InitiateAuth", by_password("web", name, PASSWORD));
        assert_eq!(error, "NotAuthorizedException: Incorrect username or password.", "{name:?}");
    }
}

#[test]
fn targets_that_are_no_operation_are_refused() {
    for target in [
        "",
        "InitiateAuth",
        "AWSCognitoIdentityProviderService",
        "AWSCognitoIdentityProviderService.initiateAuth",
        "DynamoDB_20120810.GetItem",
        "\r\nx: y",
        &"A".repeat(100_000),
    ] {
        let response = BENCH.pools.handle(target, b"{}", Caller::Administrator);
        let error = response.error.expect("an error");
        assert_eq!(error.error_type.name(), "UnknownOperationException");
        assert!(error.message.len() < 300 && !error.message.contains('\n'), "{}", error.message);
    }
}

#[test]
fn names_longer_than_any_are_refused_before_they_are_kept() {
    let name = "n".repeat(129);
    let srp = value!({ "AuthFlow": "USER_SRP_AUTH", "ClientId": "web", "AuthParameters": { "USERNAME": (name.as_str()), "SRP_A": "5" } });
    for (operation, body) in [
        ("InitiateAuth", by_password("web", &name, PASSWORD)),
        ("InitiateAuth", srp),
        ("ForgotPassword", value!({ "ClientId": "web", "Username": (name.as_str()) })),
        ("SignUp", value!({ "ClientId": "web", "Username": (name.as_str()), "Password": PASSWORD })),
    ] {
        let error = BENCH.fail(operation, body);
        assert!(error.ends_with("Member must have length less than or equal to 128"), "{error}");
    }
}

#[test]
fn a_user_cannot_gather_attributes_without_end() {
    let bench = Bench::new(definition());
    let tokens = bench.sign_in("ann", PASSWORD);
    let update = |from: usize, to: usize| {
        let attributes: Value = (from..to).map(|number| value!({ "Name": (format!("custom:{number}")), "Value": "x" })).collect();
        value!({ "AccessToken": (tokens.at(&["AccessToken"]).clone()), "UserAttributes": attributes })
    };
    bench.call("UpdateUserAttributes", update(0, 49)); // and `custom:team`
    assert_eq!(
        bench.fail("UpdateUserAttributes", update(49, 50)),
        "InvalidParameterException: Attributes did not conform to the schema: a schema has at most 50 custom attributes\n"
    );
}

#[test]
fn headers_hold_nothing_that_ends_them() {
    let body = value!({ "ClientId": "web", "Username": "bob", "Password": PASSWORD, "UserAttributes": [{ "Name": "é\r\nx: y", "Value": "" }] });
    let response = raw("SignUp", body.to_json().as_bytes());
    assert_eq!(
        response.headers(),
        [
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amzn-errortype", "InvalidParameterException:".to_owned()),
            (
                "x-amzn-errormessage",
                "Attributes did not conform to the schema: ?x: y: Attribute does not exist in the schema.?".to_owned()
            ),
        ]
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        proptest::sample::select(vec![
            "web",
            "secret",
            "ann",
            "USER_SRP_AUTH",
            "USER_PASSWORD_AUTH",
            "PASSWORD_VERIFIER",
            "eu-west-1_Example01"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let name = proptest::sample::select(vec![
            "Name",
            "Value",
            "USERNAME",
            "PASSWORD",
            "SRP_A",
            "SECRET_HASH",
            "REFRESH_TOKEN",
            "TIMESTAMP",
            "PASSWORD_CLAIM_SIGNATURE",
            "PASSWORD_CLAIM_SECRET_BLOCK",
        ]);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..4)
                .prop_map(|members| members.into_iter().collect::<value::Object>().into()),
        ]
    })
}

fn any_request() -> impl Strategy<Value = Value> {
    let member = proptest::sample::select(vec![
        "ClientId",
        "UserPoolId",
        "AuthFlow",
        "AuthParameters",
        "ChallengeName",
        "ChallengeResponses",
        "Session",
        "Username",
        "Password",
        "UserAttributes",
        "AccessToken",
        "RefreshToken",
        "Token",
        "ConfirmationCode",
        "SecretHash",
        "Filter",
        "Limit",
        "PaginationToken",
        "GroupName",
        "Precedence",
    ]);
    proptest::collection::vec((member, any_value()), 0..8)
        .prop_map(|members| members.into_iter().collect::<value::Object>().into())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_there_is_an_answer(operation in proptest::sample::select(OPERATIONS.to_vec()), body in any_request()) {
        let response = raw(operation, body.to_json().as_bytes());
        prop_assert!(response.status == 200 || response.status == 400, "{:?}", response.error);
    }

    #[test]
    fn bytes_of_any_kind_are_answered(operation in proptest::sample::select(OPERATIONS.to_vec()), body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let response = raw(operation, &body);
        prop_assert_eq!(response.status, 400);
    }

    #[test]
    fn no_text_is_an_access_token(token in "[A-Za-z0-9_=.-]{0,200}|.{0,50}") {
        let error = BENCH.fail("GetUser", value!({ "AccessToken": token }));
        prop_assert!(error.starts_with("NotAuthorizedException: "), "{}", error);
    }
}
