//! What evaluations answer, member by member.

use value::value;

use super::*;

fn source(path: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { path: path.to_owned(), text: text.to_owned() })
}

fn code(body: &str, step: Step, context: &Value) -> EvaluationResult {
    let text = format!("import {{ util, runtime }} from '@aws-appsync/utils'\n{body}");
    let context = context.as_object().expect("an object");
    evaluate_code(&source("code.js", &text), step, context, None, true, &Conditions::default())
}

fn template(text: &str, step: Option<Step>, context: &Value) -> EvaluationResult {
    evaluate_template(&source("x.vtl", text), step, context.as_object().expect("an object"), &Conditions::default())
}

#[test]
fn a_result_is_json_and_comes_with_logs_stash_and_errors() {
    const REST: &str = r#""logs":[],"stash":"{}","outErrors":"[]"}"#;
    let check = |body: &str, expected: &str| {
        let body = format!("export function request(ctx) {{ {body} }}");
        let result = code(&body, Step::Request, &value!({"arguments": {"id": 7}}));
        assert_eq!(result.to_answer().to_json(), expected, "{body}");
    };
    check("return {id: ctx.args.id}", &format!(r#"{{"evaluationResult":"{{\"id\":7}}",{REST}"#));
    // `util.authType()` is recorded to come as JSON, in quotes.
    check("return 'a'", &format!(r#"{{"evaluationResult":"\"a\"",{REST}"#));
    check("", &format!(r#"{{"evaluationResult":"null",{REST}"#));
    check("runtime.earlyReturn([1])", &format!(r#"{{"evaluationResult":"[1]",{REST}"#));
    check(
        "ctx.stash.a = [1]; util.appendError('m', 'T', {b: 2}); return true",
        concat!(
            r#"{"evaluationResult":"true","logs":[],"stash":"{\"a\":[1]}","#,
            r#""outErrors":"[{\"message\":\"m\",\"type\":\"T\",\"data\":{\"b\":2},\"errorInfo\":null}]"}"#
        ),
    );
    check(
        "console.log('a \"b\"', {c: 1}); console.error(7)",
        concat!(
            r#"{"evaluationResult":"null","logs":["INFO - code.js:2:32: \"a \\\"b\\\"\" {\"c\":1}","ERROR - code.js:2:62: 7"],"#,
            r#""stash":"{}","outErrors":"[]"}"#
        ),
    );
    check("util.error('no', 'Bad')", r#"{"error":{"message":"no","codeErrors":[]},"logs":[],"outErrors":"[]"}"#);
}

#[test]
fn what_ends_an_evaluation_is_told_with_its_place() {
    let failing = "export function request(ctx) {\n  return ctx.args.none.id\n}";
    let error = code(failing, Step::Request, &value!({})).error.expect("an error");
    assert_eq!(error.kind, ErrorKind::Failed);
    assert!(error.message.starts_with("code.js:3:"), "{}", error.message);
    let place = error.place().expect("a place");
    assert_eq!(place.source.line_column(place.span.start).0, 3);

    let raised = code("export function request() { util.error('no', 'Bad', {a: 1}, 5) }", Step::Request, &value!({}));
    let error = raised.error.expect("an error");
    assert_eq!((error.kind, error.error_type.as_deref()), (ErrorKind::Raised, Some("Bad")));
    assert_eq!((error.data, error.error_info), (value!({"a": 1}), value!(5)));
    let error = code("export function request() { util.unauthorized() }", Step::Request, &value!({})).error.expect("an error");
    assert_eq!((error.kind, &*error.message), (ErrorKind::Unauthorized, "Unauthorized"));
}

#[test]
fn refused_code_is_told_as_appsync_tells_it() {
    let answer = code("export function request() { for (;;) {} }", Step::Request, &value!({})).to_answer();
    let error = answer.get("error").expect("an error");
    let first = error.at(&["codeErrors"]).as_list().and_then(<[Value]>::first).expect("a code error");
    assert_eq!(first.get("errorType"), Some(&value!("LINT_ERROR")), "{answer}");
    assert_eq!(first.at(&["location", "line"]), &value!(2));
    assert_eq!(first.at(&["location", "column"]), &value!(29));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    assert!(text(first.at(&["value"])).starts_with("code.js(2,29): error @aws-appsync/no-for: "), "{answer}");
    assert!(text(error.at(&["message"])).starts_with("Error: code.js(2,29): error @aws-appsync/no-for: "), "{answer}");

    let parse = code("export function request( {", Step::Request, &value!({})).error.expect("an error");
    assert_eq!(parse.code_errors[0].error_type, "PARSE_ERROR");
    assert!(parse.message.starts_with("code.js(2,"), "{}", parse.message);

    // Its wording and numbers are those of a recorded answer.
    let missing = code("export function response() {}", Step::Request, &value!({})).to_answer();
    assert_eq!(
        missing.to_json(),
        r#"{"error":{"message":"Error: Unable to find valid export for request","codeErrors":[{"errorType":"MISSING_MAPPING_EXPORT","value":"Unable to find valid export for request","location":{"line":0,"column":0,"span":0}}]}}"#
    );
}

#[test]
fn a_template_may_give_any_text_where_no_step_needs_another() {
    let context = value!({"arguments": {"id": 7}});
    let whole = template("$ctx.args.id is $util.toJson($ctx.arguments)", None, &context);
    assert_eq!(whole.evaluation_result.as_deref(), Some(r#"7 is {"id":7}"#));
    assert_eq!((whole.value, whole.error.is_none()), (None, true));
    let returned = template("text #return({\"a\": 1})", None, &context);
    assert_eq!((returned.evaluation_result.as_deref(), returned.value), (Some(r#"{"a":1}"#), Some(value!({"a": 1}))));
    let error = template("text", Some(Step::Request), &context).error.expect("an error");
    assert!(error.message.starts_with("Unable to parse the JSON document"), "{}", error.message);
    assert_eq!(template("  ", Some(Step::Response), &context).value, Some(Value::Null));
    let answer = template("$util.error('no')", None, &context).to_answer();
    assert_eq!(answer.to_json(), r#"{"error":{"message":"no"},"logs":[],"outErrors":"[]"}"#);
    let error = template("a\n#if($x)", None, &context).error.expect("an error");
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.message.contains("line 2"), "{}", error.message);
}

#[test]
fn clock_and_ids_can_be_fixed() {
    let conditions = Conditions {
        clock: Arc::new(FixedClock(1_517_943_695_750)),
        ids: Arc::new(SeededIds::new(1, [*b"0123456789abcdef"])),
        ..Conditions::default()
    };
    let text =
        "import { util } from '@aws-appsync/utils'\nexport function request() { return [util.time.nowISO8601(), util.autoId()] }";
    let result = evaluate_code(&source("code.js", text), Step::Request, &Object::new(), None, true, &conditions);
    assert_eq!(result.value, Some(value!(["2018-02-06T19:01:35.750Z", "30313233-3435-4637-b839-616263646566"])));
}

#[test]
fn the_context_has_what_code_relies_on_and_keeps_the_rest() {
    let given = value!({"args": {"a": 1}, "own": true});
    let result =
        code("export function request(ctx) { return [ctx.arguments, ctx.stash, ctx.outErrors, ctx.own] }", Step::Request, &given);
    assert_eq!(result.evaluation_result.as_deref(), Some(r#"[{"a":1},{},[],true]"#));
    let all = template("$util.toJson([$ctx.arguments, $ctx.stash, $ctx.outErrors, $ctx.own])", None, &given);
    assert_eq!(all.evaluation_result.as_deref(), Some(r#"[{"a":1},{},[],true]"#));
}
