//! What it costs to watch, and that it costs nothing where nobody does: one operation in this process, its resolver in JavaScript and
//! in VTL, without a recorder, with log lines of each level, and with a trace.
//!
//! `cargo bench --bench trace`. Counted is the processor time of this thread. `off` is what every request has; the hooks in it are one
//! look at an `Option` for each step and each call.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use rustix::time::{ClockId, clock_gettime};
use syncgate::api::{Api, GraphqlRequest, Options, RequestContext, RequestHeaders};
use syncgate::auth::Identity;
use syncgate::data_source::Services;
use syncgate::definition::{self, DynamodbSettings, Overrides, ServerSettings, ServiceEndpoint};
use syncgate::table::DataFolderTables;
use syncgate::trace::Watch;
use value::Object;

const CONFIG: &str = "[api]\nname = \"bench\"\nauthentication_type = \"API_KEY\"\nschema = \"schema.graphql\"\n\
    [[api.api_keys]]\nid = \"da2-bench\"\n[api.data_sources.none]\ntype = \"NONE\"\n";
const SCHEMA: &str = "type Query { js(id: ID): Post vtl(id: ID): Post }\ntype Post { id: ID title: String tags: [String] }\n";
const JS: &str = "// @dataSource none
export function request(ctx) { return { payload: { id: ctx.args.id, title: `Post ${ctx.args.id}`, tags: ['a', 'b'] } }; }
export function response(ctx) { return ctx.result; }
";
const VTL_REQUEST: &str = "## @dataSource none
{\"version\": \"2018-05-29\", \"payload\": {\"id\": $util.toJson($ctx.args.id), \"title\": \"Post $ctx.args.id\", \"tags\": [\"a\", \"b\"]}}
";
const VTL_RESPONSE: &str = "$util.toJson($ctx.result)\n";

/// The API with `more` in its configuration.
fn api(folder: &tempfile::TempDir, more: &str) -> Arc<Api> {
    let config = folder.path().join("config.toml");
    let files = [
        ("config.toml", format!("{CONFIG}{more}")),
        ("schema.graphql", SCHEMA.to_owned()),
        ("resolvers/Query.js.js", JS.to_owned()),
        ("resolvers/Query.vtl.request.vtl", VTL_REQUEST.to_owned()),
        ("resolvers/Query.vtl.response.vtl", VTL_RESPONSE.to_owned()),
    ];
    std::fs::create_dir_all(folder.path().join("resolvers")).expect("a folder");
    for (path, text) in files {
        std::fs::write(folder.path().join(path), text).expect("a file");
    }
    let loaded = definition::read(&config, std::iter::empty::<(String, String)>(), &Overrides::default());
    let definition = loaded.definition.expect("a definition");
    let server = ServerSettings { ephemeral: true, ..ServerSettings::default() };
    let tables = DataFolderTables::new(&server, &DynamodbSettings::default());
    let services = Arc::new(Services::new(Arc::new(tables), ServiceEndpoint::Embedded));
    let compiled = Api::compile(&definition.apis[0], &Options::new(&config, &definition.server, services));
    Arc::new(compiled.api.expect("an API"))
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn operations(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let trace = Watch { trace: true, ..Watch::default() };
    let record = Watch { record: true, ..Watch::default() };
    let level = |level: &str| format!("[api.log_config]\nfield_log_level = \"{level}\"\n");
    let modes = [
        ("off", String::new(), Watch::default()),
        ("log ERROR", level("ERROR"), Watch::default()),
        ("log ALL", level("ALL"), Watch::default()),
        ("trace", String::new(), trace),
        ("record", String::new(), record),
    ];
    for (mode, more, watch) in modes {
        let api = api(&folder, &more);
        for field in ["js", "vtl"] {
            let query: value::Str = format!("{{ {field}(id: \"1\") {{ id title tags }} }}").into();
            let ask = || {
                let request = GraphqlRequest { query: Arc::clone(&query), operation_name: None, variables: Object::new() };
                let context = RequestContext {
                    identity: Identity::ApiKey,
                    headers: RequestHeaders::default(),
                    source_ip: Vec::new(),
                    domain_name: None,
                    request_id: "id".into(),
                    deadline: Instant::now() + Duration::from_secs(30),
                    watch,
                };
                runtime.block_on(api.execute(request, context)).expect("a document")
            };
            let body = ask().body;
            assert!(
                body.starts_with(format!("{{\"data\":{{\"{field}\":{{\"id\":\"1\"").as_bytes()),
                "{}",
                String::from_utf8_lossy(&body)
            );
            criterion.bench_function(&format!("{field}, {mode}"), |bencher| {
                bencher.iter_custom(|rounds| {
                    let begin = processor_time();
                    for _ in 0..rounds {
                        black_box(ask());
                    }
                    processor_time() - begin
                });
            });
        }
    }
}

criterion_group!(benches, operations);
criterion_main!(benches);
