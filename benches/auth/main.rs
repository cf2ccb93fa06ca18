//! What it costs to let a request in: an API key, a signature, a token, the policies of the fields it selects.
//!
//! `cargo bench --bench auth`. Aims: 1 µs for an API key, 15 µs for a signature over 1 KB and 8 headers, 3 µs for a token that was
//! verified before and 60 µs for one that was not, a few µs for the policies of 30 fields. Counted is the processor time of this
//! thread, so that a busy machine tells nearly the same as an idle one.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue};
use iam_policy::Policy;
use jwt_verifier::{KeySource, Rules, Verifier};
use rustix::time::{ClockId, clock_gettime};
use syncgate::api::denied_fields;
use syncgate::auth::sigv4::SignedRequest;
use syncgate::auth::{
    ApiKey, ApiKeys, Arrived, Authenticator, CognitoIdentity, IamAuthenticator, Identity, LambdaIdentity, Principal, TokenKind,
    TokenProvider, Way, field_access,
};
use syncgate::definition::DefaultAction;
use syncgate::diagnostic::Source;
use syncgate::execution::cache::Prepared;
use syncgate::execution::plan::{ModeMask, Plan, ResolverId};
use syncgate::execution::planner::Wiring;
use syncgate::execution::prepare;
use syncgate::schema::type_system::{FieldDefinition, TypeId};
use syncgate::schema::{self, load};
use user_pool::{ClientDefinition, Options, PoolDefinition, TokenRequest, TokenUse, UserDefinition, UserPools};
use value::{Object, Str, Value};

const REGION: &str = "eu-west-1";
const ACCESS_KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ARN: &str = "arn:aws:appsync:eu-west-1:123456789012:apis/abcdefghijklmnopqrstuvwxyz";

/// Measures the processor time of `work`.
fn measure(criterion: &mut Criterion, name: &str, mut work: impl FnMut()) {
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|rounds| {
            let begin = processor_time();
            for _ in 0..rounds {
                work();
            }
            processor_time() - begin
        });
    });
}

/// What comes of work that waits for nothing.
fn done<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("it waits for nothing")
}

/// A request that is not for a Lambda authorizer.
fn arrived(signed: SignedRequest<'_>) -> Arrived<'_> {
    Arrived { signed, operation: None, deadline: Instant::now() }
}

/// The processor time that this thread has used so far.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("a span of time")
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, text): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(text).expect("a header's value"))
    };
    pairs.iter().map(pair).collect()
}

fn api_key(criterion: &mut Criterion) {
    // As many keys as an API may have.
    let key = |number: usize| format!("da2-{number:026}");
    let keys = ApiKeys::new((0..50).map(|number| ApiKey::new(key(number))));
    let authenticator = Authenticator::new().api_keys(ApiKeys::new([ApiKey::new(key(0))]));
    let headers = headers(&[("host", "localhost"), ("content-type", "application/json"), ("x-api-key", &key(0))]);
    let request = SignedRequest { method: "POST", path: "/graphql", query: "", headers: &headers, body: b"" };
    let now = SystemTime::now();
    measure(criterion, "API key", || {
        let way = authenticator.way(black_box(&headers), "").expect("a way");
        black_box(done(authenticator.authenticate(way, &arrived(request), now)).is_ok());
    });
    measure(criterion, "API key, one of 50", || {
        black_box(keys.authenticate(black_box(&headers), now).is_ok());
    });
}

/// A query of 1 KB.
fn body() -> Vec<u8> {
    let query = format!("query Posts {{ posts {{ {} }} }}", "id title author ".repeat(60));
    let mut body = Object::new();
    body.insert("query", query);
    let mut text = Value::from(body).to_json().into_bytes();
    text.resize(1_024, b' ');
    text
}

/// Headers as Amplify sends them, with session token, signed by AWS's own signer.
fn signed(body: &[u8], at: SystemTime) -> HeaderMap {
    let mut headers = headers(&[
        ("accept", "*/*"),
        ("content-type", "application/json; charset=UTF-8"),
        ("content-length", "1024"),
        ("host", "abcdefghijklmnopqrstuvwxyz.appsync-api.eu-west-1.amazonaws.com"),
        ("x-amz-user-agent", "aws-amplify/6.22.1 api/1 framework/100"),
    ]);
    let credentials = Credentials::new(ACCESS_KEY, SECRET, Some("FwoGZXIvYXdzE+a/b==".to_owned()), None, "bench");
    let identity = credentials.into();
    let settings = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("appsync")
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .expect("complete")
        .into();
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text")));
    let uri = "https://abcdefghijklmnopqrstuvwxyz.appsync-api.eu-west-1.amazonaws.com/graphql";
    let request = SignableRequest::new("POST", uri, pairs, SignableBody::Bytes(body)).expect("a request");
    let (instructions, _) = sign(request, &settings).expect("signed").into_parts();
    let added: Vec<(String, String)> = instructions.headers().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    for (name, text) in added {
        headers.insert(HeaderName::try_from(name).expect("a name"), HeaderValue::try_from(text).expect("a value"));
    }
    headers
}

fn principal(policies: &[&str]) -> Principal {
    let read = |text: &&str| Policy::read(&Value::parse(text.as_bytes()).expect("JSON")).expect("a policy");
    Principal {
        name: "ann".into(),
        access_key_id: ACCESS_KEY.into(),
        secret_access_key: SECRET.into(),
        session_token: Some("FwoGZXIvYXdzE+a/b==".into()),
        policies: policies.iter().map(read).collect(),
        account_id: "123456789012".into(),
        user_arn: "arn:aws:iam::123456789012:user/ann".into(),
        username: "ann".into(),
        cognito: CognitoIdentity::default(),
    }
}

fn signature(criterion: &mut Criterion) {
    let (body, now) = (body(), SystemTime::now());
    let headers = signed(&body, now);
    assert_eq!(headers.len(), 8);
    let authenticator = Authenticator::new().iam(IamAuthenticator::new([principal(&[])], Some(REGION.into())));
    let request = SignedRequest { method: "POST", path: "/graphql", query: "", headers: &headers, body: &body };
    measure(criterion, "SigV4, 1 KB and 8 headers", || {
        let way = authenticator.way(black_box(&headers), "").expect("a way");
        done(authenticator.authenticate(way, &arrived(black_box(request)), now)).expect("signed");
    });
    let tampered = SignedRequest { body: &body[1..], ..request };
    measure(criterion, "SigV4, another body", || {
        black_box(done(authenticator.authenticate(Way::Iam, &arrived(black_box(tampered)), now)).is_err());
    });
}

/// A user of a pool with three groups; the second row verifies without remembering.
fn token(criterion: &mut Criterion) {
    let mut definition = PoolDefinition::new("eu-west-1_Readers01");
    definition.clients.push(ClientDefinition::new("webclient"));
    let groups = ["readers", "editors", "admins"];
    definition.users.push(groups.iter().fold(UserDefinition::new("ann"), |user, group| user.in_group(*group)));
    let pools = UserPools::open(vec![definition], &Options::in_memory()).expect("a pool");
    let pool = Arc::clone(&pools.pools()[0]);
    let token = pool.issue(&TokenRequest::new("ann", "webclient", TokenUse::Access)).expect("a token");
    let headers = headers(&[("host", "localhost"), ("authorization", &token)]);
    let signed = SignedRequest { method: "POST", path: "/graphql", query: "", headers: &headers, body: b"" };
    let request = Arrived { signed, operation: None, deadline: Instant::now() + Duration::from_secs(30) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _entered = runtime.enter();
    for (name, cache_bytes) in [("token, RS256, remembered", 1 << 20), ("token, RS256", 0)] {
        let issuer = Str::from(pool.issuer());
        let held = Arc::clone(&pool);
        let keys = KeySource::provided(Str::clone(&issuer), Arc::new(move || held.jwks().map_err(|error| error.to_string())));
        let rules = Rules { issuer: Some(issuer.to_string()), ..Rules::default() };
        let verifier = Verifier::with_cache(rules, Arc::new(keys), cache_bytes).expect("sound rules");
        let provider = TokenProvider::new(issuer, TokenKind::UserPool(DefaultAction::Allow), verifier);
        let authenticator = Authenticator::new().tokens(vec![provider], true);
        let judge = || {
            let way = authenticator.way(black_box(&headers), "").expect("a way");
            authenticator.authenticate(way, &request, SystemTime::now())
        };
        // The keys come first.
        runtime.block_on(judge()).expect("a user");
        measure(criterion, name, || {
            black_box(judge().now_or_never().expect("at once").is_ok());
        });
    }
}

/// Every field has every mode and no resolver.
struct Open;

impl Wiring for Open {
    fn resolver(&self, _: &str, _: &str) -> Option<ResolverId> {
        None
    }

    fn modes(&self, _: TypeId, _: &FieldDefinition) -> ModeMask {
        ModeMask::MAX
    }

    fn query_depth_limit(&self) -> Option<u32> {
        None
    }
}

/// A plan of 30 fields: a list of objects with 28 fields, one of them an object.
fn plan() -> Arc<Plan> {
    let names: Vec<String> = (0..28).map(|number| format!("field{number}")).collect();
    let fields: String = names.iter().map(|name| format!("{name}: String\n")).collect();
    let sdl = format!("type Query {{ posts: [Post] }}\ntype Post {{ {fields} author: Author }}\ntype Author {{ name: String }}");
    let source = Source { path: "schema.graphql".into(), text: sdl };
    let schema = load(&[Arc::new(source)], schema::Options::default()).type_system.expect("a schema");
    let query = format!("{{ posts {{ {} author {{ name }} }} }}", names[..27].join(" "));
    match prepare(&schema, &Open, &query, None, true, 15_000, &mut None) {
        Prepared::Plan(plan) => plan,
        _ => panic!("the query is sound"),
    }
}

const FULL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"appsync:GraphQL","Resource":"*"}]}"#;
/// What Amplify's roles look like: a statement with many fields.
const NARROW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"appsync:GraphQL","Resource":[
    "arn:aws:appsync:eu-west-1:123456789012:apis/abcdefghijklmnopqrstuvwxyz/types/Post/*",
    "arn:aws:appsync:eu-west-1:123456789012:apis/abcdefghijklmnopqrstuvwxyz/types/Query/fields/getPost",
    "arn:aws:appsync:eu-west-1:123456789012:apis/abcdefghijklmnopqrstuvwxyz/types/Query/fields/posts",
    "arn:aws:appsync:eu-west-1:123456789012:apis/abcdefghijklmnopqrstuvwxyz/types/Mutation/fields/createPost",
    "arn:aws:appsync:eu-west-1:123456789012:apis/abcdefghijklmnopqrstuvwxyz/types/Mutation/fields/updatePost",
    "arn:aws:appsync:eu-west-1:123456789012:apis/abcdefghijklmnopqrstuvwxyz/types/Mutation/fields/deletePost"]},
    {"Effect":"Deny","Action":"appsync:*",
     "Resource":"arn:aws:appsync:*:*:apis/*/types/Mutation/fields/deleteAll*"}]}"#;

fn fields(criterion: &mut Criterion) {
    let plan = plan();
    assert_eq!(plan.field_count, 30);
    for (name, policy) in [("one wide statement", FULL), ("seven resources", NARROW)] {
        let principal = principal(&[policy]);
        measure(criterion, &format!("policy of a field, {name}"), || {
            black_box(field_access(black_box(&principal), ARN, "Query", "posts"));
        });
        let identity = Identity::Iam(Arc::new(principal));
        measure(criterion, &format!("policies of 30 fields, {name}"), || {
            black_box(denied_fields(black_box(&plan), &identity, ARN));
        });
    }
    let denied = |number: usize| ("Post".into(), format!("secret{number}").into());
    for count in [1, 100] {
        let answer = LambdaIdentity::new(Value::Null, (0..count).map(denied).collect());
        let identity = Identity::Lambda(Arc::new(answer));
        measure(criterion, &format!("deniedFields of 30 fields, {count}"), || {
            black_box(denied_fields(black_box(&plan), &identity, ARN));
        });
    }
}

criterion_group!(benches, api_key, signature, token, fields);
criterion_main!(benches);
