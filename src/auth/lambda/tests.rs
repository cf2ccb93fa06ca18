//! What the function is asked, what its answers mean, and which of them are remembered.

use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::UNIX_EPOCH;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use value::value;

use super::*;
use crate::auth::Authenticator;
use crate::data_source::lambda::FunctionAnswer;
use crate::data_source::lambda::fake::{FakeFunctions, gives, throws};

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:authorizer";

fn settings(ttl: u64, expression: Option<&str>) -> LambdaAuthorizerConfig {
    LambdaAuthorizerConfig {
        authorizer_uri: FUNCTION.into(),
        authorizer_result_ttl: Duration::from_secs(ttl),
        identity_validation_expression: expression.map(Str::from),
    }
}

fn authorizer(functions: &Arc<FakeFunctions>, ttl: u64, expression: Option<&str>) -> LambdaAuthorizer {
    let functions = Arc::clone(functions) as Arc<dyn Functions>;
    LambdaAuthorizer::new(&settings(ttl, expression), functions, "api".into(), "123456789012".into()).expect("sound settings")
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

/// What becomes of a token at second `second`: the identity, or type and status of the refusal.
async fn judge_at(authorizer: &LambdaAuthorizer, token: &str, second: u64) -> Result<Arc<LambdaIdentity>, AuthFault> {
    let (variables, headers) = (Object::new(), RequestHeaders::default());
    let request =
        AuthorizerRequest { request_id: "r-1", query: "{ a }", operation_name: None, variables: &variables, headers: &headers };
    authorizer.authenticate(token, request, at(second), Instant::now() + Duration::from_secs(30)).await
}

async fn judge(authorizer: &LambdaAuthorizer, token: &str) -> Result<Arc<LambdaIdentity>, AuthFault> {
    judge_at(authorizer, token, 0).await
}

#[tokio::test]
async fn the_function_is_shown_token_request_and_headers() {
    let functions = FakeFunctions::giving(|_| value!({"isAuthorized": true}));
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("custom-x"));
    headers.insert("x-a", HeaderValue::from_static("1"));
    headers.insert("cookie", HeaderValue::from_static("s=1"));
    let headers = RequestHeaders::from(headers);
    let variables: Object = [("id", Value::from(7))].into_iter().collect();
    let request = AuthorizerRequest {
        request_id: "r-1",
        query: "query Q($id: Int) { a(id: $id) }",
        operation_name: Some("Q"),
        variables: &variables,
        headers: &headers,
    };
    let authorizer = authorizer(&functions, 0, None);
    authorizer.authenticate("custom-x", request, at(0), Instant::now() + PATIENCE).await.expect("admitted");
    let request = AuthorizerRequest { operation_name: None, variables: &Object::new(), ..request };
    authorizer.authenticate("custom-x", request, at(0), Instant::now() + PATIENCE).await.expect("admitted");
    let asked = functions.asked();
    assert_eq!(asked[0].function, FUNCTION);
    assert_eq!(asked[0].invocation, InvocationType::RequestResponse);
    let event = |operation: &str, variables: &str| {
        format!(
            r#"{{"authorizationToken":"custom-x","requestContext":{{"apiId":"api","accountId":"123456789012","requestId":"r-1","queryString":"query Q($id: Int) {{ a(id: $id) }}","operationName":{operation},"variables":{variables}}},"requestHeaders":{{"authorization":"custom-x","x-a":"1"}}}}"#
        )
    };
    assert_eq!(asked[0].event.to_json(), event("\"Q\"", r#"{"id":7}"#));
    assert_eq!(asked[1].event.to_json(), event("null", "{}"));
}

/// What an answer comes to: `resolverContext` and the denied ones of `T.f`, `T.g`, `U.f`; else the refusal.
async fn outcome(answer: Result<FunctionAnswer, InvokeFault>) -> String {
    let functions = FakeFunctions::new(move |_, _| answer.clone());
    match judge(&authorizer(&functions, 0, None), "custom").await {
        Ok(identity) => {
            let denied: Vec<String> = [("T", "f"), ("T", "g"), ("U", "f")]
                .into_iter()
                .filter(|(of, field)| identity.denies(of, field))
                .map(|(of, field)| format!(" -{of}.{field}"))
                .collect();
            format!("{}{}", identity.resolver_context, denied.concat())
        }
        Err(fault) => {
            assert_eq!(fault.message().is_some(), fault == AuthFault::NotAuthorized, "{fault}");
            format!("{} {}", fault.status().as_u16(), fault.error_type())
        }
    }
}

#[tokio::test]
async fn answers_are_read_strictly() {
    let refused = "401 UnauthorizedException";
    let nonsense = "400 BadRequestException";
    for (answer, expected) in [
        // Yes and no.
        (r#"{"isAuthorized": true}"#, "{}"),
        (r#"{"isAuthorized": false}"#, refused),
        (r#"{"isAuthorized": false, "resolverContext": {"a": 1}, "deniedFields": []}"#, refused),
        ("{}", refused),
        ("null", refused),
        ("", refused),
        (r#"{"isAuthorized": null}"#, refused),
        (r#"{"IsAuthorized": true}"#, refused),
        (r#"{"resolverContext": {}}"#, refused),
        (r#"{"isAuthorized": "true"}"#, nonsense),
        (r#"{"isAuthorized": 1}"#, nonsense),
        (r#"{"isAuthorized": [true]}"#, nonsense),
        ("true", nonsense),
        ("\"yes\"", nonsense),
        (r#"[{"isAuthorized": true}]"#, nonsense),
        ("yes", nonsense),
        (r#"{"isAuthorized": true"#, nonsense),
        (r#"{"isAuthorized": true} {"isAuthorized": true}"#, nonsense),
        (r#"{"isAuthorized": true, "policyDocument": {}}"#, "{}"),
        // resolverContext.
        (r#"{"isAuthorized": true, "resolverContext": null}"#, "{}"),
        (
            r#"{"isAuthorized": true, "resolverContext": {"a": "x", "b": 1.50, "c": false, "d": null}}"#,
            r#"{"a":"x","b":1.50,"c":false,"d":null}"#,
        ),
        (r#"{"isAuthorized": true, "resolverContext": {"a": {"b": 1}}}"#, nonsense),
        (r#"{"isAuthorized": true, "resolverContext": {"a": [1]}}"#, nonsense),
        (r#"{"isAuthorized": true, "resolverContext": "a"}"#, nonsense),
        (r#"{"isAuthorized": true, "resolverContext": []}"#, nonsense),
        // deniedFields.
        (r#"{"isAuthorized": true, "deniedFields": null}"#, "{}"),
        (r#"{"isAuthorized": true, "deniedFields": ["T.f", "U.f", "T.f"]}"#, "{} -T.f -U.f"),
        (
            r#"{"isAuthorized": true, "deniedFields": ["arn:aws:appsync:eu-west-1:123456789012:apis/api/types/T/fields/g"]}"#,
            "{} -T.g",
        ),
        (r#"{"isAuthorized": true, "deniedFields": ["arn:aws-cn:appsync:cn-north-1:1:apis/api/types/T/fields/g"]}"#, "{} -T.g"),
        (
            r#"{"isAuthorized": true, "deniedFields": ["arn:aws:appsync:eu-west-1:123456789012:apis/other/types/T/fields/g", "T.f"]}"#,
            "{} -T.f",
        ),
        (r#"{"isAuthorized": true, "deniedFields": "T.f"}"#, nonsense),
        (r#"{"isAuthorized": true, "deniedFields": {"T": "f"}}"#, nonsense),
        // ttlOverride.
        (r#"{"isAuthorized": true, "ttlOverride": null}"#, "{}"),
        (r#"{"isAuthorized": true, "ttlOverride": 0}"#, "{}"),
        (r#"{"isAuthorized": true, "ttlOverride": 1000000000000}"#, "{}"),
        (r#"{"isAuthorized": true, "ttlOverride": -1}"#, nonsense),
        (r#"{"isAuthorized": true, "ttlOverride": 0.5}"#, nonsense),
        (r#"{"isAuthorized": true, "ttlOverride": "10"}"#, nonsense),
        (r#"{"isAuthorized": true, "ttlOverride": true}"#, nonsense),
        (r#"{"isAuthorized": true, "ttlOverride": 1e400}"#, nonsense),
    ] {
        let payload = answer.as_bytes().to_vec().into();
        assert_eq!(outcome(Ok(FunctionAnswer { payload, function_error: None })).await, expected, "{answer}");
    }
    for field in [
        "",
        "T",
        ".",
        "T.",
        ".f",
        "T.f.g",
        "T.*",
        "*.f",
        "*",
        "T/f",
        "T.f ",
        " T.f",
        "T.f\\n",
        "T.ƒ",
        "1T.f",
        "T.f-g",
        "T:f",
        "arn:aws:appsync:eu-west-1:123456789012:apis/api/types/T/fields/*",
        "arn:aws:appsync:eu-west-1:123456789012:apis/*/types/T/fields/f",
        "arn:aws:appsync:*:123456789012:apis/api/types/T/fields/f",
        "arn:aws:appsync:eu-west-1:123456789012:apis/api/types/T",
        "arn:aws:appsync:eu-west-1:123456789012:apis/api/types/T/fields/f/x",
        "arn:aws:appsync:eu-west-1:123456789012:apis/api/types/T/fields/",
        "arn:aws:appsync:eu-west-1:123456789012:apis//types/T/fields/f",
        "arn:aws:appsync::123456789012:apis/api/types/T/fields/f",
        "arn:aws:appsync:eu-west-1:123456789012:apis/other/types/T/fields/*",
        "arn:aws:s3:eu-west-1:123456789012:apis/api/types/T/fields/f",
        "arn:x:appsync:eu-west-1:123456789012:apis/api/types/T/fields/f",
        "ARN:aws:appsync:eu-west-1:123456789012:apis/api/types/T/fields/f",
    ] {
        let answer = format!(r#"{{"isAuthorized": true, "deniedFields": ["T.f", "{field}"]}}"#);
        assert_eq!(outcome(Ok(FunctionAnswer { payload: answer.into(), function_error: None })).await, nonsense, "{field}");
    }
    for entry in ["1", "null", "true", "[\"T.f\"]", "{}"] {
        let answer = format!(r#"{{"isAuthorized": true, "deniedFields": [{entry}]}}"#);
        assert_eq!(outcome(Ok(FunctionAnswer { payload: answer.into(), function_error: None })).await, nonsense, "{entry}");
    }
    let large = "x".repeat(6 << 20);
    let answer = gives(&value!({"isAuthorized": true, "resolverContext": {"a": (large.as_str())}}));
    assert_eq!(outcome(answer).await, nonsense, "5 MB are the most");
}

#[tokio::test]
async fn a_function_that_fails_lets_nobody_in() {
    let refused = |error_type: &str, status: u16| {
        let (error_type, message) = (error_type.to_owned(), "no".to_owned());
        Err(InvokeFault::Refused { error_type, message, status, request_id: None })
    };
    let (no, broken) = ("401 UnauthorizedException", "400 BadRequestException");
    for (answer, expected) in [
        (throws("Error", "Unauthorized"), no),
        // A function that failed counts as failed, whatever it left behind.
        (Ok(FunctionAnswer { payload: r#"{"isAuthorized": true}"#.into(), function_error: Some("Unhandled".into()) }), no),
        (Ok(FunctionAnswer { payload: r#"{"isAuthorized": true}"#.into(), function_error: Some(String::new()) }), no),
        (Err(InvokeFault::Timeout), no),
        (Err(InvokeFault::TooLarge { limit: 1 }), no),
        (refused("ResourceNotFoundException", 404), broken),
        (refused("AccessDeniedException", 403), broken),
        (refused("TooManyRequestsException", 429), broken),
        (Err(InvokeFault::Unavailable("no route".into())), broken),
    ] {
        let shown = format!("{answer:?}");
        assert_eq!(outcome(answer).await, expected, "{shown}");
    }
    assert_eq!(AuthFault::Authorizer.status(), StatusCode::BAD_REQUEST);
}

/// A function that never answers, and the time it was given.
#[derive(Debug, Default)]
struct Stuck(Mutex<Option<Instant>>);

impl Functions for Stuck {
    fn invoke<'a>(
        &'a self,
        _function: &'a str,
        _payload: Bytes,
        _invocation: InvocationType,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<FunctionAnswer, InvokeFault>> {
        *self.0.lock().expect("a test") = Some(deadline);
        pending().boxed()
    }
}

#[tokio::test]
async fn the_function_has_ten_seconds_and_never_more_than_the_request() {
    let (variables, headers) = (Object::new(), RequestHeaders::default());
    let request =
        AuthorizerRequest { request_id: "r", query: "{ a }", operation_name: None, variables: &variables, headers: &headers };
    for ttl in [0, 60] {
        let stuck = Arc::new(Stuck::default());
        let functions = Arc::clone(&stuck) as Arc<dyn Functions>;
        let authorizer = LambdaAuthorizer::new(&settings(ttl, None), functions, "api".into(), "1".into()).expect("sound");
        let judge = |deadline: Instant| authorizer.authenticate("t", request, at(0), deadline);
        let given = || stuck.0.lock().expect("a test").expect("asked");
        // Both at once: where answers may be remembered, the second waits for the first.
        let now = Instant::now();
        let (long, short) = (now + Duration::from_millis(60), now + Duration::from_millis(30));
        let (first, second) = tokio::join!(judge(long), judge(short));
        assert_eq!((first.err(), second.err()), (Some(AuthFault::NotAuthorized), Some(AuthFault::NotAuthorized)));
        assert!(given() <= long, "no more than the request");
        let before = Instant::now();
        let unanswered = tokio::time::timeout(Duration::from_millis(20), judge(before + Duration::from_secs(30))).await;
        assert!(unanswered.is_err());
        let ten_seconds = before + PATIENCE..=Instant::now() + PATIENCE;
        assert!(ten_seconds.contains(&given()), "ten seconds from the question");
        *stuck.0.lock().expect("a test") = None;
        assert_eq!(judge(Instant::now()).await.err(), Some(AuthFault::NotAuthorized));
        assert_eq!(*stuck.0.lock().expect("a test"), None, "not asked");
    }
}

#[tokio::test]
async fn the_expression_is_asked_before_the_function() {
    for (expression, token, asked) in [
        ("custom-[a-z]+", "custom-abc", true),
        ("custom-[a-z]+", "custom-", false),
        // The whole token must match.
        ("custom-[a-z]+", "xcustom-abc", false),
        ("custom-[a-z]+", "custom-abc1", false),
        ("custom-[a-z]+", "custom-abc\n", false),
        ("^custom-.*$", "custom-abc", true),
        ("^a|b$", "ax", false),
        (".*", "", true),
        ("", "anything", true),
        // A search that gives up refuses.
        (
            r"(a*)*\1b",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            false,
        ),
    ] {
        let functions = FakeFunctions::giving(|_| value!({"isAuthorized": true}));
        let judged = judge(&authorizer(&functions, 0, Some(expression)), token).await;
        assert_eq!(judged.is_ok(), asked, "{expression} {token}");
        assert_eq!(functions.asked().len(), usize::from(asked), "{expression} {token}");
        if !asked {
            assert_eq!(judged.expect_err("refused"), AuthFault::NotAuthorized);
        }
    }
    let functions = FakeFunctions::giving(|_| Value::Null) as Arc<dyn Functions>;
    for expression in ["(", "[a", "a{2,1}"] {
        let found = LambdaAuthorizer::new(&settings(0, Some(expression)), Arc::clone(&functions), "api".into(), "1".into());
        let found = found.expect_err(expression);
        assert_eq!(found.rule, "invalid-expression");
        assert!(found.message.starts_with("identity_validation_expression: "), "{}", found.message);
    }
}

#[tokio::test]
async fn the_expression_is_asked_before_the_body_is_read() {
    let functions = FakeFunctions::giving(|_| value!({"isAuthorized": true}));
    let api = Authenticator::new().lambda(authorizer(&functions, 0, Some("custom-[a-z]+")));
    for (token, admitted) in [("custom-abc", true), ("Bearer custom-abc", false), ("other", false)] {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(token))]);
        match api.way(&headers, "") {
            Ok(way) => assert!(admitted && way.needs_body(), "{token}"),
            Err(fault) => assert_eq!((fault, admitted), (AuthFault::NotAuthorized, false), "{token}"),
        }
    }
}

/// Judges a token at these seconds; how often the function was asked by then.
async fn asked_after(ttl: u64, answer: Result<FunctionAnswer, InvokeFault>, seconds: &[u64]) -> Vec<usize> {
    let functions = FakeFunctions::new(move |_, _| answer.clone());
    let authorizer = authorizer(&functions, ttl, None);
    let mut asked = Vec::new();
    let mut first = None;
    for second in seconds {
        let judged = judge_at(&authorizer, "custom", *second).await.map(|identity| identity.resolver_context.to_json());
        // What is remembered says what was said.
        assert_eq!(first.get_or_insert_with(|| judged.clone()), &judged);
        asked.push(functions.asked().len());
    }
    asked
}

#[tokio::test]
async fn answers_are_remembered_as_long_as_they_may_be() {
    let yes = |ttl: Value| gives(&value!({"isAuthorized": true, "resolverContext": {"a": 1}, "ttlOverride": (ttl)}));
    let no = |ttl: Value| gives(&value!({"isAuthorized": false, "ttlOverride": (ttl)}));
    let none = || Value::Null;
    for (what, ttl, answer, seconds, expected) in [
        ("off by default", 0, yes(none()), &[0, 0, 1][..], &[1, 2, 3][..]),
        ("the API's time", 60, yes(none()), &[0, 1, 59, 61, 62, 120], &[1, 1, 1, 2, 2, 2]),
        ("the answer's time", 60, yes(value!(5)), &[0, 4, 6], &[1, 1, 2]),
        ("the answer's time where the API has none", 0, yes(value!(5)), &[0, 4, 6], &[1, 1, 2]),
        ("a longer one", 5, yes(value!(60)), &[0, 59, 61], &[1, 1, 2]),
        ("none for this answer", 60, yes(value!(0)), &[0, 1], &[1, 2]),
        ("an hour at most", 60, yes(value!(300_000)), &[0, 3_599, 3_601], &[1, 1, 2]),
        ("a refusal", 60, no(none()), &[0, 59, 61], &[1, 1, 2]),
        ("a refusal with its own time", 60, no(value!(0)), &[0, 1], &[1, 2]),
        ("a clock that is set back", 60, yes(none()), &[100, 99, 40], &[1, 2, 3]),
        ("silence is no answer", 60, gives(&value!({})), &[0, 1], &[1, 2]),
        ("a failure", 60, throws("Error", "no"), &[0, 1], &[1, 2]),
        ("nonsense", 60, gives(&value!({"isAuthorized": "yes"})), &[0, 1], &[1, 2]),
        ("no function", 60, Err(InvokeFault::Timeout), &[0, 1], &[1, 2]),
    ] {
        assert_eq!(asked_after(ttl, answer, seconds).await, expected, "{what}");
    }
}

#[tokio::test]
async fn large_answers_are_not_remembered() {
    let sized = |bytes: usize| {
        let empty = value!({"isAuthorized": true, "resolverContext": {"a": ""}}).to_json().len();
        gives(&value!({"isAuthorized": true, "resolverContext": {"a": ("x".repeat(bytes - empty))}}))
    };
    assert_eq!(asked_after(60, sized(TOO_LARGE_TO_KEEP - 1), &[0, 1]).await, [1, 1]);
    assert_eq!(asked_after(60, sized(TOO_LARGE_TO_KEEP), &[0, 1]).await, [1, 2]);
}

#[tokio::test]
async fn tokens_do_not_share_answers_and_memory_is_bounded() {
    let functions = FakeFunctions::giving(|event| {
        let token = event.get("authorizationToken").and_then(Value::as_str).expect("a token").to_owned();
        value!({"isAuthorized": (token.len() % 2 == 0), "resolverContext": {"token": (token), "pad": ("x".repeat(100_000))}})
    });
    let authorizer = authorizer(&functions, 60, None);
    for round in 0..2 {
        for token in ["aa", "bb", "c", "AA", "aa "] {
            let judged = judge(&authorizer, token).await;
            assert_eq!(judged.is_ok(), token.len() % 2 == 0, "{token}");
            if let Ok(identity) = judged {
                assert_eq!(identity.resolver_context.get("token").and_then(Value::as_str), Some(token), "{round}");
            }
        }
        assert_eq!(functions.asked().len(), 5);
    }
    for number in 0..200 {
        let _ = judge(&authorizer, &format!("token-{number}")).await;
    }
    let bytes = authorizer.memory.bytes();
    assert!(bytes > 1 << 20 && bytes <= 16 << 20, "{bytes}");
    let shown = format!("{authorizer:?} {:?}", authorizer.memory);
    assert!(!shown.contains("token-") && !shown.contains("custom"), "{shown}");
}

/// As many requests with one token at one time; how many of them came in and how often the function was asked.
async fn together(ttl: u64, answer: Value, requests: usize) -> (usize, usize) {
    let functions = FakeFunctions::slow(move |_, _| gives(&answer), 100, Duration::from_millis(20));
    let authorizer = authorizer(&functions, ttl, None);
    let judged = (0..requests).map(|_| judge(&authorizer, "custom"));
    let admitted = futures_util::future::join_all(judged).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(authorizer.memory.questions(), 0);
    (admitted, functions.asked().len())
}

#[tokio::test]
async fn requests_with_one_token_share_a_question_where_its_answer_may_be_remembered() {
    assert_eq!(together(60, value!({"isAuthorized": true}), 20).await, (20, 1));
    assert_eq!(together(60, value!({"isAuthorized": false}), 20).await, (0, 1));
    assert_eq!(together(0, value!({"isAuthorized": true}), 20).await, (20, 20));
    assert_eq!(together(60, value!({"isAuthorized": true, "ttlOverride": 0}), 20).await, (20, 20));
    assert_eq!(together(60, value!({}), 20).await, (0, 20));
}

#[tokio::test]
async fn who_waits_is_not_left_behind_by_who_goes_away() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let functions = FakeFunctions::slow(
        move |_, _| {
            seen.fetch_add(1, Ordering::SeqCst);
            gives(&value!({"isAuthorized": true}))
        },
        100,
        Duration::from_millis(50),
    );
    let authorizer = Arc::new(authorizer(&functions, 60, None));
    let spawn = || {
        let authorizer = Arc::clone(&authorizer);
        tokio::spawn(async move { judge(&authorizer, "custom").await.is_ok() })
    };
    let first = spawn();
    while functions.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let behind: Vec<_> = (0..5).map(|_| spawn()).collect();
    tokio::task::yield_now().await;
    first.abort();
    for waiting in behind {
        assert!(waiting.await.expect("ended"));
    }
    assert_eq!((functions.asked().len(), calls.load(Ordering::SeqCst)), (2, 1), "the first went away before its answer");
    assert_eq!(authorizer.memory.questions(), 0);
}
