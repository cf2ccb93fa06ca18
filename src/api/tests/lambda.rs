//! Resolvers on Lambda data sources: what functions are asked, in how many calls, and what becomes of their answers.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::data_source::lambda::InvocationType;
use crate::data_source::lambda::fake::{self, FakeFunctions, throws};

const SCHEMA: &str = "type Query { items: [Item] lists: [[Item]] one: Item quick: Int other: [Item] }
type Item { id: Int a: AWSJSON b: AWSJSON c: AWSJSON }";

const LAMBDA: &str =
    "[api.data_sources.fn]\ntype = \"AWS_LAMBDA\"\nlambda_function_arn = \"arn:aws:lambda:eu-west-1:1:function:f\"\n";

/// `Query.items` gives this many, `Query.lists` lists of 7, `Query.one` one.
fn api(count: usize, functions: &Arc<FakeFunctions>, config: &str, files: &[(&str, &str)]) -> Arc<Api> {
    // AppSync's runtime has no loops that count.
    let items = gives(&format!("'0'.repeat({count}).split('').map((_, id) => ({{ id }}))"));
    let lists = gives("[0, 1, 2].map((list) => [0, 1, 2, 3, 4, 5, 6].map((at) => ({ id: list * 7 + at })))");
    let mut all = vec![("Query.items.js", items.as_str()), ("Query.lists.js", &lists)];
    let one = gives("{ id: 1 }");
    all.push(("Query.one.js", &one));
    all.extend_from_slice(files);
    let folder = Folder::new(&format!("{LAMBDA}{config}"), SCHEMA, &all);
    let services = unshared_services().fake_functions(Arc::clone(functions) as _);
    let (api, found) = folder.compile_with(Arc::new(services));
    api.unwrap_or_else(|| panic!("{found:?}"))
}

/// A resolver that asks for a batch with the parent's id.
fn batch(max_batch_size: usize) -> String {
    format!(
        "// @dataSource fn\n// @maxBatchSize {max_batch_size}\nimport {{ util }} from '@aws-appsync/utils';\n\
         export function request(ctx) {{ return {{ operation: 'BatchInvoke', payload: ctx.source.id }}; }}\n\
         export function response(ctx) {{ if (ctx.error) util.error(ctx.error.message, ctx.error.type); return ctx.result; }}\n"
    )
}

/// The values of `field` in the list `data.items`, parsed.
fn values(answer: &Value, field: &str) -> Vec<Value> {
    let items = answer.at(&["data", "items"]).as_list().unwrap_or_else(|| panic!("{answer}"));
    items
        .iter()
        .map(|item| match item.at(&[field]) {
            Value::String(text) => Value::parse(text.as_bytes()).expect("JSON"),
            other => other.clone(),
        })
        .collect()
}

#[tokio::test]
async fn the_requests_of_a_list_are_one_call_or_chunks() {
    for (size, expected) in
        [(100, vec![100]), (2_000, vec![100]), (30, vec![30, 30, 30, 10]), (0, vec![5; 20]), (1, vec![1; 100])]
    {
        let functions = FakeFunctions::mapping(|id| value!({"id": (id.clone())}));
        let api = api(100, &functions, "", &[("Item.a.js", &batch(size))]);
        let answer = ask(&api, "{ items { id a } }").await;
        // The calls run side by side: which one arrives first is all the same.
        let mut sizes = functions.sizes();
        sizes.sort_unstable_by(|left, right| right.cmp(left));
        assert_eq!(sizes, expected, "maxBatchSize {size}");
        let expected: Vec<Value> = (0..100).map(|id| value!({"id": id})).collect();
        assert_eq!(values(&answer, "a"), expected, "maxBatchSize {size}");
        // Each call has a run of parents.
        let mut calls = functions.events();
        calls.sort_by_key(|event| event.as_list().and_then(|ids| ids[0].as_i64()));
        let ids: Vec<Value> = calls.iter().flat_map(|event| event.as_list().expect("a list").to_vec()).collect();
        assert_eq!(ids, (0..100).map(Value::from).collect::<Vec<_>>(), "in the order of the parents");
    }
}

#[tokio::test]
async fn lists_in_lists_are_one_batch() {
    let functions = FakeFunctions::mapping(Value::clone);
    let api = api(0, &functions, "", &[("Item.a.js", &batch(50))]);
    let answer = ask(&api, "{ lists { a } one { a } }").await;
    let mut sizes = functions.sizes();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 21], "one call for each field of the document, a single parent's a list of one");
    let lists = answer.at(&["data", "lists"]).as_list().expect("lists");
    assert_eq!(lists[2].as_list().expect("a list")[6].at(&["a"]), &value!("20"), "{answer}");
    assert_eq!(answer.at(&["data", "one", "a"]), &value!("1"));
}

#[tokio::test]
async fn parents_that_leave_do_not_shift_the_others() {
    let request = "// @dataSource fn
// @maxBatchSize 100
import { util, runtime } from '@aws-appsync/utils';
export function request(ctx) {
  const id = ctx.source.id;
  if (id % 5 === 1) util.error('no ' + id, 'Refused');
  if (id % 5 === 2) return runtime.earlyReturn({ early: id });
  if (id % 5 === 3) return { operation: 'Invoke', payload: { alone: id } };
  if (id % 10 === 4) return { operation: 'Nonsense' };
  return { operation: 'BatchInvoke', payload: id };
}
export function response(ctx) {
  if (ctx.error) util.error(ctx.error.message, ctx.error.type);
  return { result: ctx.result, id: ctx.source.id };
}
";
    let functions = FakeFunctions::giving(|event| match event {
        Value::List(ids) => ids.iter().map(|id| value!({"batch": (id.clone())})).collect(),
        other => other.clone(),
    });
    let api = api(20, &functions, "", &[("Item.a.js", request)]);
    let answer = ask(&api, "{ items { a } }").await;
    let expected: Vec<Value> = (0..20)
        .map(|id| match (id % 5, id % 10) {
            (1, _) | (_, 4) => Value::Null,
            (2, _) => value!({"early": id}),
            (3, _) => value!({"result": {"alone": id}, "id": id}),
            _ => value!({"result": {"batch": id}, "id": id}),
        })
        .collect();
    assert_eq!(values(&answer, "a"), expected);
    let lists: Vec<Value> = functions.events().into_iter().filter(|event| event.as_list().is_some()).collect();
    assert_eq!(lists, [value!([0, 5, 9, 10, 15, 19])]);
    assert_eq!(functions.asked().len(), 5, "the list, and one for each that is alone");
    let errors = errors(&answer);
    assert_eq!(errors.len(), 6, "{errors:?}");
    assert_eq!(errors[0], "Refused: no 1");
    assert!(
        errors.contains(&"MappingTemplate: Unsupported operation 'Nonsense'. The operations are Invoke, BatchInvoke.".to_owned())
    );
}

#[tokio::test]
async fn a_batch_that_fails_fails_for_each() {
    type Case =
        (fn(&Value) -> Result<crate::data_source::lambda::FunctionAnswer, crate::data_source::lambda::InvokeFault>, &'static str);
    let cases: [Case; 5] = [
        (|_| throws("Error", "down"), "Lambda:Unhandled: down"),
        (
            |_| fake::gives(&value!([1, 2])),
            "Lambda:IllegalArgument: BatchInvoke needs a list with one result for each of its 3 requests, in their order; the function answered 2.",
        ),
        (
            |_| fake::gives(&value!({"a": 1})),
            "Lambda:IllegalArgument: BatchInvoke needs a list with one result for each of its 3 requests, in their order; the function answered no list but object.",
        ),
        (
            |_| fake::gives(&Value::Null),
            "Lambda:IllegalArgument: BatchInvoke needs a list with one result for each of its 3 requests, in their order; the function answered no list but null.",
        ),
        (
            |_| Err(crate::data_source::lambda::InvokeFault::Unavailable("Nobody there.".to_owned())),
            "Lambda:SdkClientException: Nobody there.",
        ),
    ];
    for (answer, expected) in cases {
        let functions = FakeFunctions::new(move |_, event| answer(event));
        let api = api(3, &functions, "", &[("Item.a.js", &batch(10))]);
        let answer = ask(&api, "{ items { id a } }").await;
        assert_eq!(errors(&answer), [expected; 3]);
        assert_eq!(answer.at(&["data"]), &value!({"items": [{"id": 0, "a": null}, {"id": 1, "a": null}, {"id": 2, "a": null}]}));
    }
}

const DIRECT: &str = "[[api.resolvers]]\ntype = \"Item\"\nfield = \"a\"\ndata_source = \"fn\"\n";

#[tokio::test]
async fn a_direct_resolver_sends_its_context() {
    let functions = FakeFunctions::giving(|_| value!({"x": [1]}));
    let api = api(2, &functions, DIRECT, &[]);
    let answer = ask(&api, "{ items { a: a id } }").await;
    assert_eq!(values(&answer, "a"), [value!({"x": [1]}), value!({"x": [1]})]);
    assert_eq!(
        functions.events()[1].to_json(),
        concat!(
            r#"{"arguments":{},"identity":null,"source":{"id":1},"request":{"headers":{},"domainName":null},"prev":null,"#,
            r#""info":{"selectionSetList":[],"selectionSetGraphQL":"","parentTypeName":"Item","fieldName":"a","variables":{}},"#,
            r#""stash":{}}"#
        )
    );
}

#[tokio::test]
async fn a_direct_batch_has_data_and_errors_item_by_item() {
    let functions = FakeFunctions::mapping(|event| match event.at(&["source", "id"]).as_i64() {
        Some(0) => value!({"data": {"ok": true}, "errorMessage": null, "other": 1}),
        Some(1) => value!({"data": [1], "errorMessage": "no", "errorType": "NO"}),
        Some(2) => Value::Null,
        Some(3) => value!("plain"),
        _ => value!({"errorMessage": "untyped"}),
    });
    let api = api(5, &functions, &format!("{DIRECT}max_batch_size = 10\n"), &[]);
    let answer = ask(&api, "{ items { a } }").await;
    assert_eq!(functions.sizes(), [5]);
    assert_eq!(values(&answer, "a"), [value!({"ok": true}), Value::Null, Value::Null, Value::Null, Value::Null]);
    assert_eq!(errors(&answer), ["NO: no", "null: untyped"]);
    assert_eq!(answer.at(&["errors"]).as_list().expect("errors")[0].at(&["data"]), &value!([1]));

    // A single parent is a list of one, too.
    let answer = ask(&api, "{ one { a } }").await;
    assert_eq!(functions.sizes(), [5, 1]);
    assert_eq!(errors(&answer), ["NO: no"]);

    let functions = FakeFunctions::new(|_, _| throws("CustomException", "all"));
    let api = super::lambda::api(2, &functions, &format!("{DIRECT}max_batch_size = 10\n"), &[]);
    assert_eq!(errors(&ask(&api, "{ items { a } }").await), ["CustomException: all"; 2]);
}

#[tokio::test]
async fn direct_resolvers_keep_the_types_of_errors() {
    for (own, expected) in [
        ("CustomException", "CustomException: no"),
        ("UnauthorizedException", "UnauthorizedException: You are not authorized to make this call."),
    ] {
        let functions = FakeFunctions::new(move |_, _| throws(own, "no"));
        let api = api(1, &functions, DIRECT, &[]);
        let answer = ask(&api, "{ items { a } }").await;
        assert_eq!(errors(&answer), [expected]);
        assert_eq!(answer.at(&["data"]), &value!({"items": [{"a": null}]}));
    }
}

#[tokio::test]
async fn either_template_may_be_left_out() {
    let failing = || {
        FakeFunctions::new(|_, event| match event {
            Value::Object(_) => throws("Own", "failed"),
            _ => fake::gives(&value!({"got": (event.clone())})),
        })
    };
    let answer_of = async |functions: &Arc<FakeFunctions>, config: &str, files: &[(&str, &str)]| {
        let answer = ask(&api(1, functions, config, files), "{ items { a } }").await;
        (values(&answer, "a").remove(0), errors(&answer))
    };
    // No request: the function gets the context, the response template its result or error.
    let response = "## @dataSource fn\n$util.toJson({ \"type\": $ctx.error.type, \"own\": $ctx.error.unhandledErrorType, \"result\": $ctx.result })";
    let functions = failing();
    let only_response = answer_of(&functions, "", &[("Item.a.response.vtl", response)]).await;
    assert_eq!(only_response, (value!({"type": "Lambda:Unhandled", "own": "Own", "result": null}), vec![]));
    assert_eq!(functions.events()[0].at(&["info", "fieldName"]), &value!("a"));
    // No response: the result as it is, an error with the function's type.
    let only_request = async |payload: &str, version: &str| {
        let request = format!("## @dataSource fn\n{{\"version\":\"{version}\",\"operation\":\"Invoke\",\"payload\":{payload}}}");
        answer_of(&failing(), "", &[("Item.a.request.vtl", &request)]).await
    };
    assert_eq!(only_request("1", "2018-05-29").await, (value!({"got": 1}), vec![]));
    assert_eq!(only_request("{}", "2018-05-29").await, (Value::Null, vec!["Own: failed".to_owned()]));
    assert_eq!(only_request("1", "2017-02-28").await, (value!({"got": 1}), vec![]));
    assert_eq!(only_request("{}", "2017-02-28").await, (Value::Null, vec!["Lambda:Unhandled: failed".to_owned()]));
    // Blank templates, as the AWS CLI leaves them out.
    let blank = [("Item.a.request.vtl", "## @dataSource fn\n{}"), ("blank.vtl", " \n")];
    let config = format!(
        "{DIRECT}request_mapping_template = \"resolvers/blank.vtl\"\nresponse_mapping_template = \"resolvers/blank.vtl\"\n"
    );
    assert_eq!(answer_of(&failing(), &config, &blank).await, (Value::Null, vec!["Own: failed".to_owned()]));
    // A batch without a response template is taken apart as a direct one.
    let functions = FakeFunctions::mapping(|id| value!({"data": {"id": (id.clone())}}));
    let request = "## @dataSource fn\n## @maxBatchSize 3\n{\"version\":\"2018-05-29\",\"operation\":\"BatchInvoke\",\"payload\":$ctx.source.id}";
    assert_eq!(answer_of(&functions, "", &[("Item.a.request.vtl", request)]).await, (value!({"id": 0}), vec![]));
}

#[tokio::test]
async fn functions_of_pipelines_gather_in_step() {
    let config = "[api.functions.direct]\ndata_source = \"fn\"\nmax_batch_size = 40\n";
    let before = "// @functions first, direct, last
import { util, runtime } from '@aws-appsync/utils';
export function request(ctx) {
  if (ctx.source.id === 3) util.error('before', 'B');
  if (ctx.source.id === 4) return runtime.earlyReturn({ early: true });
  ctx.stash.seen = ['before'];
  return { n: ctx.source.id };
}
export function response(ctx) { return { last: ctx.prev.result, stash: ctx.stash }; }
";
    let first = "// @dataSource none
import { runtime } from '@aws-appsync/utils';
export function request(ctx) {
  if (ctx.source.id === 5) return runtime.earlyReturn({ skipped: 5 }, { skipTo: 'END' });
  return { payload: { first: ctx.prev.result.n } };
}
export function response(ctx) { return ctx.result; }
";
    let last = "// @dataSource fn
// @maxBatchSize 4
import { util } from '@aws-appsync/utils';
export function request(ctx) { ctx.stash.seen.push('last'); return { operation: 'BatchInvoke', payload: ctx.prev.result }; }
export function response(ctx) {
  if (ctx.source.id === 7) util.error('after', 'A', ctx.result);
  return ctx.result;
}
";
    let functions = FakeFunctions::mapping(|item| match item.get("info") {
        Some(_) => match item.at(&["source", "id"]).as_i64() {
            Some(6) => value!({"errorMessage": "item", "errorType": "I"}),
            _ => value!({"data": {"prev": (item.at(&["prev", "result", "first"]).clone())}}),
        },
        None => value!({"last": (item.at(&["prev"]).clone())}),
    });
    let files = [("Item.a.js", before), ("functions/first.js", first), ("functions/last.js", last)];
    let api = api(10, &functions, config, &files);
    let answer = ask(&api, "{ items { a } }").await;
    let mut sizes = functions.sizes();
    sizes.sort_unstable();
    assert_eq!(sizes, [2, 4, 7], "all of one function, then all of the next");
    let expected: Vec<Value> = (0..10)
        .map(|id| match id {
            3 | 6 | 7 => Value::Null,
            4 => value!({"last": {"early": true}, "stash": {}}),
            5 => value!({"last": {"skipped": 5}, "stash": {"seen": ["before"]}}),
            id => value!({"last": {"last": id}, "stash": {"seen": ["before", "last"]}}),
        })
        .collect();
    assert_eq!(values(&answer, "a"), expected);
    assert_eq!(errors(&answer), ["B: before", "I: item", "A: after"]);
}

#[tokio::test]
async fn events_are_gathered_and_not_waited_for() {
    let functions = FakeFunctions::giving(|_| Value::Null);
    let request = "// @dataSource fn\n// @maxBatchSize 9
export function request(ctx) { return { operation: 'BatchInvoke', invocationType: 'Event', payload: ctx.source.id }; }
export function response(ctx) { return { result: ctx.result, error: ctx.error }; }
";
    let api = api(12, &functions, "", &[("Item.a.js", request)]);
    let answer = ask(&api, "{ items { a } }").await;
    let mut sizes = functions.sizes();
    sizes.sort_unstable();
    assert_eq!(sizes, [3, 9]);
    assert!(functions.asked().iter().all(|asked| asked.invocation == InvocationType::Event));
    assert_eq!(values(&answer, "a"), vec![value!({"result": null, "error": null}); 12]);
}

#[tokio::test]
async fn code_sees_what_the_function_called_its_error() {
    let functions = FakeFunctions::new(|_, _| throws("Sandbox.Timedout", "Task timed out"));
    let code = "// @dataSource fn
export function request(ctx) { return { operation: 'Invoke' }; }
export function response(ctx) { return ctx.error; }
";
    let api = api(1, &functions, "", &[("Item.a.js", code)]);
    let answer = ask(&api, "{ items { a } }").await;
    let error = r#"{"unhandledErrorType":"Sandbox.Timedout","message":"Task timed out","type":"Lambda:Unhandled"}"#;
    assert_eq!(answer.at(&["data", "items"]).as_list().expect("a list")[0].at(&["a"]), &value!(error));
}

#[tokio::test]
async fn a_long_list_over_a_small_pool_ends_and_starves_no_other_field() {
    let done = Arc::new(AtomicUsize::new(0));
    let [begun, asked] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let (count, begins, asks) = (Arc::clone(&done), Arc::clone(&begun), Arc::clone(&asked));
    let answer = move |_: &str, event: &Value| {
        let count_now = count.load(Ordering::SeqCst);
        match event.as_str() {
            Some("first") => begins.store(count_now, Ordering::SeqCst),
            Some("quick") => asks.store(count_now, Ordering::SeqCst),
            _ => drop(count.fetch_add(1, Ordering::SeqCst)),
        }
        fake::gives(event)
    };
    let functions = FakeFunctions::slow(answer, 4, Duration::from_millis(2));
    let invoke = |payload: &str| {
        format!(
            "// @dataSource fn\nexport function request(ctx) {{ return {{ operation: 'Invoke', payload: {payload} }}; }}\n\
             export function response(ctx) {{ return ctx.result; }}\n"
        )
    };
    let quick = invoke("'quick'").replace("return ctx.result;", "return 1;");
    // One after the other: the second asks when all the calls of the list are wanted already. Two parents, a group as well.
    let other = invoke("'first'").replace("return ctx.result;", "return [{ id: 1 }, { id: 2 }];");
    let files = [("Item.a.js", invoke("ctx.source.id")), ("Item.c.js", quick), ("Query.other.js", other)];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let api = api(1_000, &functions, "", &files);
    let answer = ask(&api, "{ items { a } other { c } }").await;
    assert!(errors(&answer).is_empty(), "{:?}", errors(&answer).first());
    assert_eq!(values(&answer, "a"), (0..1_000).map(Value::from).collect::<Vec<_>>());
    assert_eq!(done.load(Ordering::SeqCst), 1_000);
    // What the pool is busy with, and no more than one field may have under way.
    let waited = asked.load(Ordering::SeqCst) - begun.load(Ordering::SeqCst);
    assert!(waited < 100, "{waited} of 1000 calls were done while the other field waited for one");
}

#[tokio::test]
async fn many_gathering_fields_at_once_do_not_wait_for_each_other() {
    let functions = FakeFunctions::slow(
        |_, event| fake::gives(&Value::from(event.as_list().map(<[Value]>::to_vec).unwrap_or_default())),
        3,
        Duration::from_millis(1),
    );
    let api = api(300, &functions, "", &[("Item.a.js", &batch(7)), ("Item.b.js", &batch(200)), ("Item.c.js", &batch(0))]);
    let fields: String = (0..8).map(|at| format!("a{at}: a b{at}: b c{at}: c ")).collect();
    let answer = ask(&api, &format!("{{ items {{ {fields} }} }}")).await;
    assert!(errors(&answer).is_empty(), "{:?}", errors(&answer).first());
    let last = &answer.at(&["data", "items"]).as_list().expect("items")[299];
    assert_eq!(last.at(&["b7"]), &value!("299"));
    assert_eq!(functions.asked().len(), 8 * (43 + 2 + 60));
}

#[tokio::test]
async fn a_batch_ends_with_its_request() {
    let functions = FakeFunctions::slow(|_, event| fake::gives(event), 1, Duration::from_secs(60));
    let api = api(20, &functions, "", &[("Item.a.js", &batch(10))]);
    let answer = ask_within(&api, "{ items { id a } }", Duration::from_secs(3)).await;
    let errors = errors(&answer);
    assert_eq!(errors, ["Lambda:ExecutionTimeoutException: Execution timed out."; 20]);
    assert_eq!(answer.at(&["data", "items"]).as_list().expect("items").len(), 20);
}

#[tokio::test]
async fn what_a_gathering_request_holds_is_bounded() {
    // Each parent keeps 700 KB from the first function to the second: the ledger ends some, the others are answered.
    let functions = FakeFunctions::mapping(|_| value!({"data": 1}));
    let config = "[api.functions.direct]\ndata_source = \"fn\"\nmax_batch_size = 2000\n";
    let large = "// @dataSource none
export function request(ctx) { return { payload: { text: 'x'.repeat(700000) } }; }
export function response(ctx) { return ctx.result; }
";
    let pipeline = "// @functions large, direct
export function request(ctx) { return {}; }
export function response(ctx) { return ctx.prev.result; }
";
    let api = api(120, &functions, config, &[("functions/large.js", large), ("Item.a.js", pipeline)]);
    let answer = ask(&api, "{ items { a } }").await;
    let errors = errors(&answer);
    assert!(
        (20..40).contains(&errors.iter().filter(|error| error.starts_with("ResultSizeLimitReached: ")).count()),
        "{errors:?}"
    );
    // The rest is more than one payload may hold.
    assert!(
        errors
            .iter()
            .any(|error| error.starts_with("Lambda:RequestTooLargeException: ") || error.starts_with("RequestTooLargeException")),
        "{errors:?}"
    );
    assert!(functions.asked().is_empty());
}

#[tokio::test]
async fn requests_that_wait_for_calls_of_their_own_are_no_results() {
    // 200 requests of 500 KB: more than the results of a request may be, and they need not be there at once.
    let functions = FakeFunctions::slow(|_, _| fake::gives(&value!(1)), 4, Duration::from_millis(1));
    let large = "// @dataSource fn
export function request(ctx) { return { operation: 'Invoke', payload: 'x'.repeat(500000) }; }
export function response(ctx) { return ctx.result; }
";
    let api = api(200, &functions, "", &[("Item.a.js", large)]);
    let answer = ask(&api, "{ items { a } }").await;
    assert!(errors(&answer).is_empty(), "{:?}", errors(&answer).first());
    assert_eq!(functions.asked().len(), 200);
}

#[tokio::test]
async fn full_batches_of_large_requests_are_not_cut() {
    let functions = FakeFunctions::slow(
        |_, event| fake::gives(&event.as_list().expect("a batch").iter().map(|_| value!(1)).collect()),
        2,
        Duration::from_millis(1),
    );
    let large = "// @dataSource fn
// @maxBatchSize 7
export function request(ctx) { return { operation: 'BatchInvoke', payload: 'x'.repeat(400000) }; }
export function response(ctx) { return ctx.result; }
";
    let api = api(100, &functions, "", &[("Item.a.js", large)]);
    let answer = ask(&api, "{ items { a } }").await;
    assert!(errors(&answer).is_empty(), "{:?}", errors(&answer).first());
    let mut sizes = functions.sizes();
    sizes.sort_unstable();
    assert_eq!(sizes, [vec![2], vec![7; 14]].concat());
}

#[test]
fn functions_that_are_not_there_are_named_when_compiled() {
    let folder = Folder::new(LAMBDA, SCHEMA, &[]);
    let found = folder.compile().1;
    let error = found.iter().find(|found| found.severity == Severity::Error).expect("an error");
    assert_eq!(error.rule, "unknown-lambda-function");
    assert_eq!(error.message, "data source fn: there is no function f here");
    assert!(error.place.is_some());
    let nonsense = LAMBDA.replace("function:f", "queue:f");
    let found = Folder::new(&nonsense, SCHEMA, &[]).compile().1;
    assert!(found.iter().any(|found| found.rule == "invalid-function-arn"), "{found:?}");
    let remote = format!("{LAMBDA}endpoint = \"http://127.0.0.1:9\"\n");
    let found = Folder::new(&remote, SCHEMA, &[]).compile().1;
    assert!(found.iter().all(|found| found.severity != Severity::Error), "{found:?}");
}
