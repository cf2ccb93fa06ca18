//! The server under attack: two APIs with different modes and credentials, and one principal that both know.

use crate::harness::attack::{Counter, Request, Signer};
use crate::harness::{Definition, Server};

/// API One: API_KEY by default, AWS_IAM beside it.
pub(crate) const ONE: &str = "one.appsync-api.localhost";
/// API Two: AWS_IAM only.
pub(crate) const TWO: &str = "two.appsync-api.localhost";
/// Their domain names.
pub(crate) const ONE_DOMAIN: &str = "api.one.example";
pub(crate) const TWO_DOMAIN: &str = "api.two.example";

pub(crate) const KEY: &str = "da2-onekey0123456789abcdefghij";
pub(crate) const EXPIRED_KEY: &str = "da2-onexpired0123456789abcdefg";
pub(crate) const ANN: (&str, &str) = ("AKIAANNANNANNANNANN1", "annsecretannsecretannsecretannsecret0001");
/// A session.
pub(crate) const BOB: (&str, &str) = ("ASIABOBBOBBOBBOBBOB1", "bobsecretbobsecretbobsecretbobsecret0001");
pub(crate) const BOB_TOKEN: &str = "IQoJb3JpZ2luX2VjEbobtokenbobtokenbobtokenbobtoken==";
/// Known to both APIs, with the same credentials.
pub(crate) const SHARED: (&str, &str) = ("AKIASHAREDSHAREDSHA1", "sharedsecretsharedsecretsharedsecret0001");
/// Of API Two.
pub(crate) const CAROL: (&str, &str) = ("AKIACAROLCAROLCAROL1", "carolsecretcarolsecretcarolsecret0000001");
/// Of API One, without any policy; with a policy that denies; with one of another API.
pub(crate) const DAVE: (&str, &str) = ("AKIADAVEDAVEDAVEDAV1", "davesecretdavesecretdavesecretdave000001");
pub(crate) const ERIN: (&str, &str) = ("AKIAERINERINERINERI1", "erinsecreterinsecreterinsecreterin000001");
pub(crate) const FAYE: (&str, &str) = ("AKIAFAYEFAYEFAYEFAY1", "fayesecretfayesecretfayesecretfaye000001");

/// What nobody may read anywhere.
pub(crate) const SECRETS: [&str; 10] = [KEY, EXPIRED_KEY, ANN.1, BOB.1, BOB_TOKEN, SHARED.1, CAROL.1, DAVE.1, ERIN.1, FAYE.1];

/// The field that counts, for all modes of an API.
pub(crate) const HIT: &str = "{ hit }";

const SCHEMA: &str = "type Query {
  hit: String @aws_api_key @aws_iam
  forKeys: String @aws_api_key
  forSigners: String @aws_iam
  address: [String] @aws_api_key @aws_iam
}
type Mutation { hit: String @aws_api_key @aws_iam }
schema { query: Query mutation: Mutation }
";

const RESOLVER: &str = "export function request() { return { method: 'GET', resourcePath: '/' }; }
export function response(ctx) { return ctx.result.body; }
";

const ADDRESS: &str = "// @dataSource none
export function request(ctx) { return { payload: ctx.identity ? ctx.identity.sourceIp : null }; }
export function response(ctx) { return ctx.result; }
";

pub(crate) struct World {
    _definition: Definition,
    pub(crate) counter: Counter,
    pub(crate) server: Server,
}

impl World {
    /// The server, logging everything that it can.
    pub(crate) fn start() -> Self {
        let counter = Counter::start();
        let definition = definition(&counter, "");
        let server = definition.serve_with(&[("SYNCGATE_LOG", "trace")]);
        Self { _definition: definition, counter, server }
    }

    /// The server with such settings.
    pub(crate) fn with(settings: &str) -> Self {
        let counter = Counter::start();
        let definition = definition(&counter, settings);
        let server = definition.serve();
        Self { _definition: definition, counter, server }
    }
}

fn definition(counter: &Counter, settings: &str) -> Definition {
    let principal = |name: &str, (key, secret): (&str, &str), more: &str| {
        format!(
            "[[api.iam_principals]]\nname = \"{name}\"\naccess_key_id = \"{key}\"\nsecret_access_key = \"{secret}\"\n{more}\n"
        )
    };
    let all = "policies = [\"all.json\"]\n";
    let api = |name: &str, modes: &str, domain: &str, members: &str| {
        format!(
            "[[api]]\nname = \"{name}\"\napi_id = \"{name}\"\nregion = \"us-east-1\"\n{modes}\nschema = \"schema.graphql\"\n\
             resolvers_directory = \"resolvers\"\ndomain_names = [\"{domain}\"]\n{members}\n\
             [api.data_sources.none]\ntype = \"NONE\"\n[api.data_sources.upstream]\ntype = \"HTTP\"\nendpoint = \"http://{}\"\n\n",
            counter.address
        )
    };
    let one = [
        "[[api.additional_authentication_providers]]\nauthentication_type = \"AWS_IAM\"\n".to_owned(),
        format!("[[api.api_keys]]\nid = \"{KEY}\"\n[[api.api_keys]]\nid = \"{EXPIRED_KEY}\"\nexpires = 2020-01-01T00:00:00Z\n"),
        principal("ann", ANN, all),
        principal("bob", BOB, &format!("{all}session_token = \"{BOB_TOKEN}\"\n")),
        principal("shared", SHARED, all),
        principal("dave", DAVE, ""),
        principal("erin", ERIN, "policies = [\"all.json\", \"deny.json\"]\n"),
        principal("faye", FAYE, "policies = [\"two.json\"]\n"),
    ];
    let two = [principal("carol", CAROL, all), principal("shared", SHARED, all)];
    let apis = [
        api("one", "authentication_type = \"API_KEY\"", ONE_DOMAIN, &one.concat()),
        api("two", "authentication_type = \"AWS_IAM\"", TWO_DOMAIN, &two.concat()),
    ];
    let policy = |effect: &str, resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"appsync:GraphQL","Resource":"{resource}"}}]}}"#
        )
    };
    let code = |source: &str| format!("// @dataSource {source}\n{RESOLVER}");
    let hit = code("upstream");
    Definition::of(&[
        ("config.toml", &format!("{settings}\n{}", apis.concat())),
        ("schema.graphql", SCHEMA),
        ("all.json", &policy("Allow", "*")),
        ("deny.json", &policy("Deny", "arn:aws:appsync:*:*:apis/*/types/*/fields/hit")),
        ("two.json", &policy("Allow", "arn:aws:appsync:us-east-1:000000000000:apis/two/*")),
        ("resolvers/Query.hit.js", &hit),
        ("resolvers/Query.forKeys.js", &hit),
        ("resolvers/Query.forSigners.js", &hit),
        ("resolvers/Mutation.hit.js", &hit),
        ("resolvers/Query.address.js", ADDRESS),
    ])
}

/// A request to an API's own host, without credentials.
pub(crate) fn ask(host: &str) -> Request {
    Request::post(host, "/graphql", HIT)
}

/// A signer of these credentials.
pub(crate) fn signer((access_key_id, secret): (&str, &str)) -> Signer {
    Signer::new(access_key_id, secret)
}

/// Bob, with his session.
pub(crate) fn bob() -> Signer {
    signer(BOB).session(BOB_TOKEN)
}
