//! `syncgate test`: the example's own cases, and the rules by which cases are run, judged, rewritten and reported.

mod harness;

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use harness::{Definition, Output, command, config};

/// A definition whose resolvers do everything that a run can do.
fn definition() -> Definition {
    let lambda = |name: &str| {
        format!(
            "[api.data_sources.{name}]\ntype = \"AWS_LAMBDA\"\nlambda_function_arn = \"arn:aws:lambda:eu-west-1:123456789012:function:{name}\"\nendpoint = \"http://127.0.0.1:9\"\n"
        )
    };
    let members = [
        lambda("direct"),
        lambda("asked"),
        "[api.data_sources.table]\ntype = \"AMAZON_DYNAMODB\"\ntable_name = \"t\"\nendpoint = \"http://127.0.0.1:9\"\n".to_owned(),
        "[[api.resolvers]]\ntype = \"Query\"\nfield = \"direct\"\ndata_source = \"direct\"\n".to_owned(),
        "[[api.resolvers]]\ntype = \"Query\"\nfield = \"batched\"\ndata_source = \"direct\"\nmax_batch_size = 5\n".to_owned(),
        "[[api.resolvers]]\ntype = \"Query\"\nfield = \"pipeline\"\nfunctions = [\"first\", \"second\"]\ncode = \"resolvers/pipeline.js\"\n".to_owned(),
        "[[api.resolvers]]\ntype = \"Query\"\nfield = \"bare\"\nkind = \"PIPELINE\"\nfunctions = [\"second\"]\n".to_owned(),
        "[api.environment_variables]\nKIND = \"test\"\n".to_owned(),
    ];
    let schema = "type Query { direct: AWSJSON batched: AWSJSON pipeline: AWSJSON bare: AWSJSON old: AWSJSON late: AWSJSON }\n";
    Definition::of(&[
        ("config.toml", &config(&format!("\n{}\n", members.join("\n"))).replace("[[api.api_keys]]", "\n[[api.api_keys]]")),
        ("schema.graphql", schema),
        (
            "resolvers/pipeline.js",
            "import { util, runtime } from '@aws-appsync/utils';
export function request(ctx) {
  if (ctx.args.skip) { runtime.earlyReturn({ skipped: true }); }
  ctx.stash.began = util.time.nowISO8601();
  return { from: 'before' };
}
export function response(ctx) { return { last: ctx.prev.result, stash: ctx.stash, errors: ctx.outErrors.length }; }
",
        ),
        (
            "resolvers/functions/first.js",
            "// @dataSource table
import { util, runtime } from '@aws-appsync/utils';
export function request(ctx) {
  if (ctx.args.early) { runtime.earlyReturn({ early: true }, { skipTo: ctx.args.early }); }
  console.log('asking');
  return { operation: 'GetItem', key: util.dynamodb.toMapValues({ id: ctx.args.id ?? util.autoId() }) };
}
export function response(ctx) {
  if (ctx.error) { util.appendError(ctx.error.message, ctx.error.type, ctx.result); return { failed: true }; }
  util.http.addResponseHeader('x-first', 'yes');
  return { before: ctx.prev.result.from, item: ctx.result };
}
",
        ),
        (
            "resolvers/functions/second.js",
            "// @dataSource asked
import { util } from '@aws-appsync/utils';
export function request(ctx) { return { operation: 'Invoke', payload: { prev: ctx.prev.result, env: ctx.env.KIND } }; }
export function response(ctx) {
  if (ctx.error) { util.error(ctx.error.message, ctx.error.type, ctx.result, { tried: true }); }
  return ctx.result;
}
",
        ),
        (
            "resolvers/Query.old.request.vtl",
            "## @dataSource table\n{ \"version\": \"2017-02-28\", \"operation\": \"GetItem\", \"key\": {} }\n",
        ),
        ("resolvers/Query.old.response.vtl", "{ \"template\": $util.toJson($ctx.result) }\n"),
        (
            "resolvers/Query.late.js",
            "// @dataSource none\nexport function request(ctx) { let n = 0; for (const a of ctx.args.list) { for (const b of ctx.args.list) { for (const c of ctx.args.list) { for (const d of ctx.args.list) { n += 1; } } } } return { payload: n }; }\nexport function response(ctx) { return ctx.result; }\n",
        ),
    ])
}

fn test(definition: &Definition, arguments: &[&str]) -> Output {
    definition.run(&[&["test"], arguments].concat())
}

/// The cases that all pass, by the parts of a run that each shows.
const WHOLE_RUNS: &str = "\
cases:
  - name: a pipeline goes through its steps, with the real order of ctx
    resolver: Query.pipeline
    clock: 2024-05-04T12:00:00.5Z
    ids: [00000000-0000-4000-8000-000000000007]
    calls:
      - data_source: table
        request: { operation: GetItem, key: { id: { S: 00000000-0000-4000-8000-000000000007 } } }
        result: { id: a }
      - data_source: asked
        request: { operation: Invoke, payload: { prev: { before: before, item: { id: a } }, env: test } }
        result: [1, 2.5]
    expect:
      value: { last: [1, 2.5], stash: { began: 2024-05-04T12:00:00.500Z }, errors: 0 }
      response_headers: { x-first: 'yes' }
      logs: ['INFO \"asking\"']
      stash: { began: 2024-05-04T12:00:00.500Z }
  - name: an early return of the before-step skips the functions, not the after-step
    resolver: Query.pipeline
    context: { args: { skip: true } }
    expect:
      value: { last: { skipped: true }, stash: {}, errors: 0 }
  - name: an early return of a function goes on with the next one
    resolver: Query.pipeline
    context: { args: { early: NEXT } }
    calls: [{ data_source: asked, match: { payload: { prev: { early: true } } }, result: 5 }]
    match: { value: { last: 5 } }
  - name: an early return to the end leaves the next one out
    resolver: Query.pipeline
    context: { args: { early: END } }
    match: { value: { last: { early: true } } }
  - name: an error of a source that is appended lets the pipeline go on
    resolver: Query.pipeline
    context: { args: { id: b } }
    calls:
      - { match: { key: { id: { S: b } } }, error: { message: Gone., type: 'DynamoDB:X', data: { id: b } } }
      - { match: {}, result: null }
    expect:
      value: { last: null, stash: { began: 2025-01-01T00:00:00.000Z }, errors: 1 }
      appended_errors: [{ message: Gone., type: 'DynamoDB:X', data: { id: b } }]
  - name: an error that a function raises ends the resolver
    resolver: Query.bare
    calls: [{ match: {}, error: { message: No., type: 'Lambda:Unhandled', data: { a: 1 } } }]
    expect:
      error: { message: No., type: 'Lambda:Unhandled', data: { a: 1 }, info: { tried: true } }
  - name: in version 2017-02-28 the response template makes the data of the error
    resolver: Query.old
    calls: [{ match: { version: 2017-02-28 }, error: { message: No., type: T, data: { a: 1 } } }]
    expect:
      error: { message: No., type: T, data: { template: { a: 1 } } }
  - name: in version 2017-02-28 a result of null is the field
    resolver: Query.old
    calls: [{ match: {}, result: null }]
    expect: { value: null }
  - name: a direct resolver gives its whole context, and the error that its function named
    resolver: Query.direct
    context: { args: { a: 1 }, identity: { username: ada }, source: { b: 2 }, info: { selectionSetList: [c] } }
    calls:
      - request:
          operation: Invoke
          payload:
            arguments: { a: 1 }
            identity: { username: ada }
            source: { b: 2 }
            request: { headers: {}, domainName: null }
            prev: null
            info: { selectionSetList: [c], selectionSetGraphQL: '', parentTypeName: Query, fieldName: direct, variables: {} }
            stash: {}
        error: { message: Not you., type: 'Lambda:Unhandled', unhandled_type: UnauthorizedException }
    expect:
      error: { message: You are not authorized to make this call., type: UnauthorizedException }
  - name: of a direct resolver with a batch size, an item is unwrapped
    resolver: Query.batched
    calls: [{ match: { operation: BatchInvoke }, result: { data: 5, errorMessage: No five., errorType: NO } }]
    expect:
      error: { message: No five., type: NO, data: 5 }
  - name: a function by itself gets what was before it
    function: first
    context: { args: { id: x }, prev: { result: { from: here } }, stash: { a: 1 } }
    calls: [{ data_source: table, match: {}, result: { id: x } }]
    expect:
      value: { before: here, item: { id: x } }
      response_headers: { x-first: 'yes' }
      stash: { a: 1 }
  - name: a function that ends its pipeline says so
    function: first
    context: { args: { early: END } }
    expect: { value: { early: true }, early_return: END }
  - name: one step by itself
    resolver: Query.pipeline
    step: request
    context: { args: { skip: true } }
    expect: { value: { skipped: true }, early_return: true }
  - name: one response step by itself
    function: second
    step: response
    context: { result: { a: 1 }, error: { message: a, type: b } }
    expect:
      error: { message: a, type: b, data: { a: 1 }, info: { tried: true } }
  - name: is not run
    resolver: Query.direct
    skip: there is a reason
";

#[test]
fn the_examples_own_cases_pass() {
    let repository = env!("CARGO_MANIFEST_DIR");
    let mut command = command();
    command.arg("test").arg("--config").arg(format!("{repository}/config.toml")).arg(format!("{repository}/resolvers"));
    let output = harness::run(command);
    assert_eq!(output.code, Some(0), "{}\n{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("✓ Mutation.createPost: readers do not write"), "{}", output.stdout);
}

#[test]
fn the_cases_of_the_guide_pass_and_update_writes_what_it_shows() {
    let guide = harness::read(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/testing.md"));
    let blocks: Vec<&str> = guide.split("```yaml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    let [first, written, rest @ ..] = &blocks[..] else { panic!("the guide has {} blocks", blocks.len()) };
    assert_eq!(rest.len(), 2, "blocks beyond the first two");
    let definition = Definition::example();
    definition.write("resolvers/tests/first.test.yaml", first);
    let output = test(&definition, &["--update", "--filter", "first.test.yaml"]);
    assert_eq!(output.code, Some(0), "{}\n{}", output.stdout, output.stderr);
    assert_eq!(definition.read("resolvers/tests/first.test.yaml"), *written);
    for (at, block) in rest.iter().enumerate() {
        definition.write(&format!("resolvers/tests/{at}.test.yaml"), block);
    }
    let output = test(&definition, &[]);
    assert_eq!(output.code, Some(0), "{}\n{}", output.stdout, output.stderr);
}

#[test]
fn whole_runs_have_the_flow_of_real_requests() {
    let definition = definition();
    definition.write("whole.test.yaml", WHOLE_RUNS);
    let output = test(&definition, &[]);
    assert_eq!(output.code, Some(0), "{}\n{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("14 of 15 cases passed (1 skipped)"), "{}", output.stdout);
    let updated = test(&definition, &["--update"]);
    assert_eq!((updated.code, definition.read("whole.test.yaml")), (Some(0), WHOLE_RUNS.to_owned()), "nothing is to be written");
    for jobs in ["1", "3"] {
        let again = test(&definition, &["--jobs", jobs, "--format", "tap"]);
        assert!(
            again.stdout.contains("\nok 15 - whole.test.yaml > Query.direct: is not run # SKIP there is a reason\n"),
            "{}",
            again.stdout
        );
    }
}

#[test]
fn what_differs_is_shown_and_written_with_update() {
    let definition = definition();
    let text = "\
# Kept.
cases:
  - name: wrong
    resolver: Query.bare
    calls:
      - data_source: asked
        request: { operation: Invoke, payload: { prev: null, env: prod } } # kept
        result: { id: 2, title: New }
    expect:
      # Kept, too.
      value:
        id: 1
        title: New
  - name: new
    function: second
    step: request
    context: { prev: { result: 5 } }
";
    definition.write("a.test.yaml", text);
    let output = test(&definition, &[]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    for line in [
        "✗ Query.bare: wrong  a.test.yaml:3",
        "the request of call 1 (asked) is not as expected",
        "-  env: prod",
        "+  env: test",
        "-  id: 1",
        "+  id: 2",
        "the outcome has no `expect` to be compared with; --update writes it:",
        "0 of 2 cases passed (2 failed)",
    ] {
        assert!(output.stdout.contains(line), "{line} is missing in {}", output.stdout);
    }
    let updated = test(&definition, &["--update"]);
    assert_eq!(updated.code, Some(0), "{}\n{}", updated.stdout, updated.stderr);
    assert!(updated.stdout.contains("2 of 2 cases passed (2 updated)"), "{}", updated.stdout);
    let expected = "\
# Kept.
cases:
  - name: wrong
    resolver: Query.bare
    calls:
      - data_source: asked
        request: { operation: Invoke, payload: { prev: null, env: \"test\" } } # kept
        result: { id: 2, title: New }
    expect:
      # Kept, too.
      value:
        id: 2
        title: New
  - name: new
    function: second
    step: request
    context: { prev: { result: 5 } }
    expect:
      value:
        operation: Invoke
        payload:
          prev: 5
          env: test
";
    assert_eq!(definition.read("a.test.yaml"), expected);
    assert_eq!(test(&definition, &[]).code, Some(0));
}

#[test]
fn calls_are_made_as_the_case_says_or_it_fails() {
    let definition = definition();
    let case = |calls: &str| format!("cases:\n  - name: a\n    resolver: Query.bare\n    calls: {calls}\n    match: {{}}\n");
    for (calls, message) in [
        ("[]", "the data source asked is called, and the case has no `calls`"),
        ("[{ match: {}, data_source: table, result: 1 }]", "call 1 is of the data source asked, expected table"),
        ("[{ match: {}, result: 1 }, { match: {}, data_source: table, result: 1 }]", "call 2 (table) is not made"),
        ("[{ match: { payload: { env: prod } }, result: 1 }]", "payload.env: \"test\", expected \"prod\""),
    ] {
        definition.write("a.test.yaml", &case(calls));
        for arguments in [&[][..], &["--update"]] {
            let output = test(&definition, arguments);
            assert_eq!(output.code, Some(1), "{calls}: {}", output.stderr);
            assert!(output.stdout.contains(message), "{calls}: {}", output.stdout);
        }
        assert_eq!(definition.read("a.test.yaml"), case(calls), "an update does not invent answers");
    }
}

#[test]
fn a_case_that_goes_on_failing_keeps_its_snapshots() {
    let definition = definition();
    // The snapshot is not the outcome, and the call is not as `match` says: which of the two is wrong is not known.
    let case = "cases:\n  - name: a\n    resolver: Query.bare\n    calls: [{ match: { payload: { env: prod } }, result: 1 }]\n    \
                expect: { value: good }\n";
    definition.write("a.test.yaml", case);
    let output = test(&definition, &["--update"]);
    assert_eq!((output.code, definition.read("a.test.yaml")), (Some(1), case.to_owned()), "{}", output.stdout);
    for told in ["payload.env: \"test\", expected \"prod\"", "the outcome is not as expected"] {
        assert!(output.stdout.contains(told), "{}", output.stdout);
    }
}

#[cfg(unix)]
#[test]
fn code_that_is_no_file_is_not_read() {
    let definition = definition();
    std::os::unix::fs::symlink("/dev/zero", definition.path("zero.js")).expect("a link");
    for (path, told) in [("zero.js", "zero.js is no regular file"), ("/dev/zero", "cannot tell what a file ending in \"\" is")] {
        definition.write("a.test.yaml", &format!("cases:\n  - {{ name: a, code: {path}, step: request, expect: {{}} }}\n"));
        let output = test(&definition, &[]);
        assert!(output.code == Some(2) && output.stderr.contains(told), "{}", output.stderr);
    }
}

#[test]
fn files_of_code_are_held_to_the_settings_of_their_api() {
    let definition = definition();
    // In 1.7 only null and false are false, in 2.x also the empty text.
    definition.write("empty.vtl", "#set($x = '')#if($x)\"true\"#else\"false\"#end");
    definition.write("loop.js", "export function request() { for (let i = 0; i < 2; i++) {} return 1 }");
    let template = "cases:\n  - { name: a, code: empty.vtl, step: request, expect: { value: VALUE } }\n";
    let code = "cases:\n  - { name: a, code: loop.js, step: request, expect: { value: 1 } }\n";
    let api = definition.read("config.toml");
    for (setting, value, code_runs) in [("", "\"true\"", true), ("velocity = \"2.x\"\nstrict = true\n", "\"false\"", false)] {
        definition.write("config.toml", &api.replacen("[api]\n", &format!("[api]\n{setting}"), 1));
        definition.write("a.test.yaml", &template.replace("VALUE", value));
        let output = test(&definition, &["a.test.yaml"]);
        assert_eq!(output.code, Some(0), "{setting}: {}{}", output.stdout, output.stderr);
        definition.write("b.test.yaml", code);
        let output = test(&definition, &["b.test.yaml"]);
        assert_eq!(output.code == Some(0), code_runs, "{setting}: {}{}", output.stdout, output.stderr);
    }
    definition.write("c.test.yaml", &format!("api: nobody\n{}", template.replace("VALUE", "1")));
    let output = test(&definition, &["c.test.yaml"]);
    assert!(output.code == Some(2) && output.stderr.contains("there is no API \"nobody\""), "{}", output.stderr);
}

#[test]
fn what_cannot_be_run_is_told_with_its_place_and_the_rest_is_run() {
    let definition = definition();
    definition.write(
        "good.test.yaml",
        "cases:\n  - { name: a, resolver: Query.pipeline, context: { args: { skip: true } }, match: {} }\n",
    );
    for (text, place, message) in [
        ("cases:\n  - { name: a, resolver: Query.dirct }\n", "bad.test.yaml:2:26", "Did you mean Query.direct?"),
        ("cases:\n  - { name: a, function: secnd }\n", "bad.test.yaml:2:26", "Did you mean second?"),
        ("cases:\n  - { name: a, resolvr: Query.a }\n", "bad.test.yaml:2:16", "Did you mean `resolver`?"),
        ("api: other\ncases:\n  - { name: a, function: second }\n", "bad.test.yaml:3:26", "there is no API \"other\""),
        ("cases:\n  - { name: a, code: nowhere.js, step: request }\n", "bad.test.yaml:2:22", "nowhere.js cannot be read"),
        ("cases:\n  - { name: a, code: schema.graphql, step: request }\n", "bad.test.yaml:2:22", "Resolver code ends in .js"),
        ("cases:\n  - { name: a, code: broken.js, step: request }\n", "broken.js:1:", "error["),
        ("cases: [\n", "bad.test.yaml:", "error[yaml-syntax]"),
    ] {
        definition.write("bad.test.yaml", text);
        definition.write("broken.js", "export function request( {");
        let output = test(&definition, &[]);
        assert_eq!(output.code, Some(2), "{text}: {}", output.stdout);
        assert!(output.stderr.contains(place) && output.stderr.contains(message), "{text}: {}", output.stderr);
        assert!(output.stdout.contains("✓ Query.pipeline: a"), "{text}: {}", output.stdout);
    }
    std::fs::write(definition.path("bad.test.yaml"), b"cases: \xff").expect("a file");
    let output = test(&definition, &["--format", "junit"]);
    assert_eq!(output.code, Some(2));
    assert!(output.stdout.contains("is not UTF-8 text, from line 1 on\" type=\"refused\"/>"), "{}", output.stdout);
}

#[test]
fn nothing_to_run_is_no_success() {
    let definition = definition();
    for (files, arguments, message) in [
        (&[][..], &[][..], "there are no case files in ."),
        (&[("a.test.yaml", "cases: []\n")], &[], "no case was run"),
        (&[("a.test.yaml", "cases:\n- { name: a, function: second, step: request }\n")], &["--filter", "zzz"], "no case was run"),
        (&[], &["nowhere"], "nowhere cannot be read"),
        (&[], &["schema.graphql"], "schema.graphql is no case file"),
        (&[], &["--config", "other.toml"], "other.toml"),
        (&[("schema.graphql", "type Query { a: Strin }\n")], &[], "error["),
    ] {
        for (path, text) in files {
            definition.write(path, text);
        }
        let output = test(&definition, arguments);
        assert_eq!(output.code, Some(2), "{arguments:?}: {}", output.stdout);
        assert!(output.stderr.contains(message), "{arguments:?}: {}", output.stderr);
    }
}

#[test]
fn files_of_code_need_no_definition() {
    let definition = Definition::of(&[
        (
            "code/a.ts",
            "import { twice } from './b';\nexport function request(ctx) { return { payload: twice(ctx.args.n as number) }; }\nexport function response(ctx) { return ctx.result; }\n",
        ),
        ("code/b.ts", "export const twice = (n: number) => n * 2;\n"),
        ("code/t.vtl", "{ \"now\": \"$util.time.nowISO8601()\", \"id\": \"$util.autoId()\" }\n"),
        (
            "tests/a.test.json",
            "{\n  \"cases\": [\n    {\"name\": \"code\", \"code\": \"../code/a.ts\", \"step\": \"request\", \"context\": {\"args\": {\"n\": 4}}},\n    {\"name\": \"a template\", \"code\": \"../code/t.vtl\", \"step\": \"request\"}\n  ]\n}\n",
        ),
    ]);
    let output = test(&definition, &["--update", "tests"]);
    assert_eq!(output.code, Some(0), "{}\n{}", output.stdout, output.stderr);
    let text = definition.read("tests/a.test.json");
    assert!(text.contains("\"payload\": 8"), "{text}");
    assert!(text.contains("\"now\": \"2025-01-01T00:00:00.000Z\""), "{text}");
    // The first number of the generator: snapshots of users hold what it gives.
    assert!(text.contains("\"id\": \"afcd1d7b-39a8-40e2-b465-b9a16a9e786e\""), "{text}");
    assert_eq!(test(&definition, &["tests", "--update"]).code, Some(0));
    assert_eq!(definition.read("tests/a.test.json"), text, "a second update changes nothing");
}

#[test]
fn reports_go_to_a_file_and_people_see_theirs() {
    let definition = definition();
    definition.write("a.test.yaml", "cases:\n- { name: '<a> & b', resolver: Query.bare }\n");
    let output = test(&definition, &["--format", "junit", "--output", "report.xml"]);
    assert_eq!(output.code, Some(1));
    assert!(output.stdout.contains("✗ Query.bare: <a> & b"), "{}", output.stdout);
    let report = definition.read("report.xml");
    assert!(report.contains("<testcase name=\"Query.bare: &lt;a&gt; &amp; b\" classname=\"a.test.yaml\""), "{report}");
    let refused = test(&definition, &["--output", "no/such/folder.xml"]);
    assert!(refused.stderr.contains("cannot write no/such/folder.xml"), "{}", refused.stderr);
    assert_eq!(refused.code, Some(2));
}

#[test]
fn a_case_that_does_not_end_is_ended() {
    let definition = definition();
    let list: Vec<String> = (0..200).map(|at| at.to_string()).collect();
    let text = format!(
        "cases:\n- name: a\n  resolver: Query.late\n  context: {{ args: {{ list: [{}] }} }}\n  match: {{ error: {{ type: Code }} }}\n",
        list.join(", ")
    );
    definition.write("a.test.yaml", &text);
    let output = test(&definition, &[]);
    assert_eq!(output.code, Some(0), "{}\n{}", output.stdout, output.stderr);
}

#[test]
fn a_watch_runs_again_after_a_change_and_ends_when_it_is_interrupted() {
    let definition = definition();
    let case = |step: &str| {
        format!(
            "cases:\n- {{ name: a, resolver: Query.pipeline, step: {step}, context: {{ args: {{ skip: true }} }}, match: {{ value: {{ skipped: true }} }} }}\n"
        )
    };
    definition.write("a.test.yaml", &case("request"));
    let mut command = command();
    command.args(["test", "--watch"]).current_dir(definition.path(".")).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("syncgate starts");
    let (sender, lines) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().expect("its output"));
    let reader = std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let until = |wanted: &str| {
        while !lines.recv_timeout(Duration::from_secs(60)).expect("a line").contains(wanted) {}
    };
    until("1 of 1 case passed");
    until("Waiting for changes");
    // The code of a resolver, then the case itself.
    let code = definition.read("resolvers/pipeline.js");
    definition.write("resolvers/pipeline.js", &code.replace("{ skipped: true }", "{ skipped: 'otherwise' }"));
    until("0 of 1 case passed (1 failed)");
    until("Waiting for changes");
    definition.write("a.test.yaml", &case("reqest"));
    until("(1 file not run)");
    until("Waiting for changes");
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).expect("a signal");
    assert_eq!(child.wait().expect("its end").code(), Some(2), "the code of the last run");
    let _ = reader.join();
}
