//! What the engine promises beyond the language: hosts, shared values, limits, places of errors.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use value::{Value, value};
use velocity::{Context, ConvertError, EvaluateError, Host, HostError, Limits, Options, Outcome, Template, Truthiness, Val};

fn run_in(context: &mut Context, source: &str, limits: &Limits) -> Result<Outcome, EvaluateError> {
    Template::parse(source, &Options::default()).unwrap_or_else(|errors| panic!("{source}: {errors:?}")).evaluate(context, limits)
}

fn run(source: &str) -> Result<Outcome, EvaluateError> {
    run_in(&mut Context::new(), source, &Limits::default())
}

fn text(context: &mut Context, source: &str) -> String {
    run_in(context, source, &Limits::default()).unwrap_or_else(|error| panic!("{source}: {error}")).text
}

#[test]
fn untouched_and_read_subtrees_come_back_shared() {
    let original = value!({"a": {"b": [1, {"c": 2}]}, "d": {"e": 3}});
    let val = Val::from(&original);
    let mut context = Context::new();
    context.set("v", val.clone());
    assert_eq!(text(&mut context, "$v.a.b[1].c $v.a.b.size() $v.get('d').e $v.values().size()"), "2 2 3 2");
    let Value::Object(object) = &original else { panic!("an object") };
    let inner = |value: &Value, key: &str| match value.get(key) {
        Some(Value::Object(object)) => Arc::as_ptr(object),
        _ => panic!("an object at {key}"),
    };
    let back = val.to_value().expect("plain data");
    assert_eq!(back, original);
    assert_eq!(inner(&back, "a"), inner(&original, "a"));
    text(&mut context, "#set($v.a.b[1].c = 9)");
    let back = val.to_value().expect("plain data");
    assert_eq!(back, value!({"a": {"b": [1, {"c": 9}]}, "d": {"e": 3}}));
    assert_eq!(inner(&back, "d"), inner(&original, "d"), "what was not changed is still shared");
    assert_eq!(object.get("a"), Some(&value!({"b": [1, {"c": 2}]})), "the original is never changed");
    let fresh = Val::from(&original);
    context.set("v", fresh.clone());
    text(&mut context, "$v.a.b[0]");
    assert!(matches!(fresh.to_value(), Ok(Value::Object(back)) if Arc::ptr_eq(&back, object)));
}

#[test]
fn numbers_keep_their_digits() {
    let source = r#"{"n":12345678901234567890123456789012345678,"d":1.10,"e":1e3,"u":18446744073709551615,"f":0.1}"#;
    let val = Val::from(&Value::parse(source.as_bytes()).expect("JSON"));
    let mut context = Context::new();
    context.set("v", val.clone());
    let printed = text(&mut context, "$v.n $v.d $v.e $v.u $v.f");
    assert_eq!(printed, "12345678901234567890123456789012345678 1.1 1000.0 18446744073709551615 0.1", "as Java prints");
    text(&mut context, "#set($v.x = 1)");
    let back = val.to_value().expect("plain data").to_json();
    assert_eq!(back, source.replace('}', r#","x":1}"#));
}

#[test]
fn cycles_and_depth_are_errors() {
    let mut context = Context::new();
    context.set("m", Val::empty_map());
    context.set("l", Val::empty_list());
    text(&mut context, "#set($m.l = $l)#set($x = $l.add($m))");
    let m = context.get("m").cloned().expect("it was set");
    assert_eq!(m.to_value(), Err(ConvertError::Cycle));
    assert!(m.to_text().is_err());
    assert!(run_in(&mut context, "$m", &Limits::default()).is_err());
    text(&mut context, "#set($d = 1)#foreach($i in [1..1000])#set($d = [$d])#end");
    let deep = context.remove("d").expect("it was set");
    assert_eq!(deep.to_value(), Err(ConvertError::Depth));
    let doubling = "#set($d = [1])#foreach($i in [1..100])#set($d = [$d, $d])#end";
    text(&mut context, doubling);
    assert_eq!(context.get("d").map(Val::to_value), Some(Err(ConvertError::Size)));
    assert!(run(&format!("{doubling}$d")).is_err());
}

#[test]
fn dropping_very_deep_values_does_not_overflow() {
    let source = "#set($r = [1..400])#foreach($i in $r)#foreach($j in $r)#set($d = {'k': [$d]})#end#end";
    let mut context = Context::new();
    context.set("d", 1);
    run_in(&mut context, source, &Limits { max_memory: 1 << 30, ..Limits::default() }).expect("it is within the limits");
}

#[test]
fn limits_end_what_would_not_end() {
    let loops = "#set($r = [1..1000])#foreach($a in $r)#foreach($b in $r)#foreach($c in $r)x#end#end#end";
    // Twenty macros, each of which calls the next one twice.
    let doubling: String = (0..20)
        .map(|at| format!("#macro(m{at}){}#m{}()#m{}()#end", "x".repeat(500), at + 1, at + 1))
        .chain(["#m0()".to_owned()])
        .collect();
    let cases = [
        ("#foreach($i in [1..1001])#end", "max_iterations"),
        ("#set($s = 'xxxxxxxxxx')#foreach($i in [1..1000])#set($s = $s + $s)#end", "max_string"),
        ("#set($s = 'xxxxxxxxxx')#foreach($i in [1..1000])#set($s = \"$s$s\")#end", "max_"),
        ("#set($l = [1])#foreach($i in [1..1000])#set($x = $l.addAll($l))#end", "max_memory"),
        ("#set($r = [1..2147483647])", "max_memory"),
        (loops, "max_"),
        ("#macro(m)#m()#end#m()", "max_macro_depth"),
        (&doubling, "max_output"),
        ("#set($s = '#evaluate($s)')#evaluate($s)", "levels deep"),
        ("#set($s='xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!')$s.matches('(x+x+)+(?=y)y')", "matches"),
        ("#set($s='x')$s.repeat(2147483647)", "max_string"),
        ("#set($s='x')#foreach($i in [1..1000])#set($s = $s.replace('x', 'xxxx'))#end", "max_string"),
    ];
    for (source, limit) in cases {
        let message = match Template::parse(source, &Options::default()) {
            Err(errors) => errors[0].to_string(),
            Ok(template) => match template.evaluate(&mut Context::new(), &Limits::default()) {
                Ok(outcome) => panic!("{source}: {} bytes", outcome.text.len()),
                Err(error) => error.message,
            },
        };
        assert!(message.contains(limit), "{source}: {message}");
    }
    let deadline = Instant::now() + Duration::from_millis(20);
    let limits = Limits { deadline: Some(deadline), max_steps: u64::MAX, max_output: usize::MAX, ..Limits::default() };
    let error = run_in(&mut Context::new(), loops, &limits).expect_err("a billion rounds take longer");
    assert!(error.message.contains("deadline"), "{error}");
    assert!(Instant::now() < deadline + Duration::from_secs(2));
}

#[test]
fn errors_name_their_place() {
    let cases = [
        ("a\n  $s.substring(9)", 2, 6),
        ("ä $s.substring(9)", 1, 6),
        ("\n#set($x = $l[7])", 2, 13),
        ("#foreach($i in [1..1001])#end", 1, 1),
        ("\n\n#evaluate('$s.substring(9)')", 3, 1),
        ("\n $s.class", 2, 5),
        ("$s.getClass()", 1, 4),
    ];
    for (source, line, column) in cases {
        let mut context = Context::new();
        context.set("s", "abc");
        context.set("l", Val::empty_list());
        let error = run_in(&mut context, source, &Limits::default()).expect_err(source);
        assert_eq!((error.line, error.column), (line, column), "{source}: {error}");
    }
}

#[test]
fn parsing_reports_all_mistakes_with_their_places() {
    let source = "#if($x = )a#end\n#set($y 1)\n$z[1\n#include('f')\n#foreach($i on $l)#end\n#end";
    let errors = Template::parse(source, &Options::default()).expect_err("it is full of mistakes");
    let places: Vec<_> = errors.iter().map(|error| error.line).collect();
    assert_eq!(places, [1, 2, 4, 4, 5, 6], "{errors:#?}");
    assert_eq!((errors[0].column, errors[0].span.clone()), (8, 7..8));
    for (source, words) in [
        ("#if(true)a", "`#if` is not closed"),
        ("#set($x = \"a)", "The string is not closed"),
        ("#set($x = null)", "`null` is no literal"),
        ("#set($x = 3 -1)", "write a blank"),
        ("x $", "lone `$`"),
        ("#parse('x')", "cannot load files"),
        ("#set($x = \"#if($y)\")", "not closed"),
        ("#[[ x", "]]#"),
    ] {
        let errors = Template::parse(source, &Options::default()).expect_err(source);
        assert!(errors[0].message.contains(words), "{source}: {errors:?}");
    }
}

#[test]
fn nesting_is_bounded_everywhere() {
    for (open, middle, close) in [("#if(true)", "x", "#end"), ("#set($x = (", "1", "))"), ("#set($x = [", "1", "])")] {
        let source = format!("{}{middle}{}", open.repeat(5000), close.repeat(5000));
        assert!(Template::parse(&source, &Options::default()).is_err(), "{open}");
    }
    for (before, open, middle, close, after) in [
        ("#set($x = ", "[", "1", "]", ")"),
        ("#set($x = ", "(", "1", ")", ")"),
        ("#set($x = ", "!", "true", "", ")"),
        ("#set($x = ", "{'a':", "1", "}", ")"),
        ("#set($x = ", "(1 + ", "1", ")", ")"),
        ("", "$a.b(", "1", ")", ""),
        ("", "$a[", "1", "]", ""),
        ("", "#foreach($i in [1])", "1", "#end", ""),
    ] {
        for depth in [20, 150, 195, 5000] {
            let source = format!("{before}{}{middle}{}{after}", open.repeat(depth), close.repeat(depth));
            match Template::parse(&source, &Options::default()) {
                Ok(template) => {
                    assert!(depth < 5000 || open == "!", "{open}");
                    let result = template.evaluate(&mut Context::new(), &Limits::default());
                    assert!(result.is_ok() || depth > 100, "{open} {depth}: {result:?}");
                }
                Err(errors) => assert!(depth > 150, "{open} {depth}: {errors:?}"),
            }
        }
    }
    // Deep only when it runs: blocks that refer to blocks, text that is evaluated in text, macros' arguments in macros.
    let blocks: String = (0..400)
        .map(|at| format!("#define($d{at})#if(true)#foreach($i in [1])#set($v = [\"$d{}\"])$v#end#end#end", at + 1))
        .collect();
    let deep_text = format!("#set($x = {}1{})", "[".repeat(190), "]".repeat(190));
    let cases = [
        format!("{blocks}$d0"),
        "#set($s = '#if(true)#evaluate(\"$s\")#end')#evaluate($s)".to_owned(),
        format!(
            "#set($t = '{deep_text}')#set($s = '#if($n < 200)#set($n = $n + 1)#evaluate($s)#{{else}}#evaluate($t)#end')#set($n = 1)#evaluate($s)"
        ),
        format!("#macro(m $p){}#m([$p])#end#m(1)", "#if(true)".repeat(150) + &"#end".repeat(150)),
        "#macro(m $p)$p #m({'a': [$p, \"$p\"]})#end#m(1)".to_owned(),
    ];
    for source in cases {
        let Ok(template) = Template::parse(&source, &Options::default()) else { panic!("{source}") };
        assert!(template.evaluate(&mut Context::new(), &Limits::default()).is_err(), "{source}");
    }
    // Long, not deep.
    let long = format!("#set($x = 1{})$x", " + 1".repeat(20_000));
    assert_eq!(run(&long).expect("it is flat").text, "20001");
}

#[test]
fn return_ends_the_template_with_its_value() {
    let cases = [
        ("a#return(1)b", "a", Some("1")),
        ("a#return b", "a", Some("null")),
        ("#foreach($i in [1..3])$i#if($i == 2)#return({'i': $i})#end#end", "12", Some("{i=2}")),
        ("a#stop b", "a", None),
        ("#macro(m)x#return('v')y#end#m()z", "x", Some("v")),
        ("#evaluate('#return(7)')x", "", Some("7")),
        ("#return()x", "", Some("null")),
    ];
    for (source, expected, returned) in cases {
        let outcome = run(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(outcome.text, expected, "{source}");
        assert_eq!(outcome.returned.map(|value| value.to_text().expect("it is plain")).as_deref(), returned, "{source}");
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("custom: {0}")]
struct Custom(u32);

#[derive(Default)]
struct Clock {
    set: RefCell<Vec<String>>,
}

impl Host for Clock {
    fn type_name(&self) -> &str {
        "Clock"
    }

    fn get(&self, name: &str) -> Option<Val> {
        (name == "zone").then(|| Val::from("UTC"))
    }

    fn set(&self, name: &str, value: Val) -> Result<bool, HostError> {
        self.set.borrow_mut().push(format!("{name}={value:?}"));
        Ok(true)
    }

    fn call(&self, method: &str, args: &[Val]) -> Result<Option<Val>, HostError> {
        match (method, args) {
            ("now", []) => Ok(Some(Val::Long(42))),
            ("fail", [code]) => Err(HostError::new(Custom(u32::try_from(code.as_i64().unwrap_or(0)).unwrap_or(0)))),
            _ => Ok(None),
        }
    }

    fn items(&self) -> Option<Vec<Val>> {
        Some(vec![Val::from(1), Val::from(2)])
    }
}

#[test]
fn hosts_answer_and_their_errors_come_out_unchanged() {
    let clock = Rc::new(Clock::default());
    let mut context = Context::new();
    context.set("util", Val::from(velocity::MapRef::from_iter([("clock", Val::Host(Rc::<Clock>::clone(&clock)))])));
    let printed = text(
        &mut context,
        "$util.clock.now() $util.clock.zone $util.clock.get('zone') $util.clock.nope() $util.clock #foreach($i in $util.clock)$i#end",
    );
    assert_eq!(printed, "42 UTC UTC $util.clock.nope() Clock 12");
    text(&mut context, "#set($util.clock.x = 'v')#set($util.clock['y'] = 2)");
    assert_eq!(*clock.set.borrow(), ["x=\"v\"", "y=2"]);
    let error = run_in(&mut context, "x\n $!util.clock.fail(7)", &Limits::default()).expect_err("it fails");
    assert_eq!((error.line, error.message.as_str()), (2, "custom: 7"));
    assert_eq!(error.host.expect("the host's error").downcast_ref::<Custom>(), Some(&Custom(7)));
}

#[test]
fn variables_that_were_set_are_in_the_context() {
    let mut context = Context::new();
    context.set("kept", 1);
    text(&mut context, "#set($a = 'x')#foreach($i in [1])#set($b = $i)#end#evaluate('#set($c = 3)')");
    let shown = ["kept", "a", "b", "c", "i", "foreach"].map(|name| context.get(name).map(|value| format!("{value:?}")));
    assert_eq!(shown, [Some("1".into()), Some("\"x\"".into()), Some("1".into()), Some("3".into()), None, None]);
}

#[test]
fn options_switch_null_assignment_and_truthiness() {
    let options = Options { null_assignment: true, null_literal: true, truthiness: Truthiness::NotEmpty, ..Options::default() };
    let source = "#set($a = 1)#set($a = $nope)$!a|#foreach($v in ['', [], {}, 0, 0.0, 'x', [1], 1])#if($v)1#{else}0#end#end";
    for (options, expected) in [(options, "|00000111"), (Options::default(), "1|11111111")] {
        let template = Template::parse(source, &options).expect("it is well formed");
        assert_eq!(template.evaluate(&mut Context::new(), &Limits::default()).expect("nothing fails").text, expected);
    }
}

#[test]
fn what_java_has_and_this_engine_not_is_refused_by_name() {
    for (source, words) in [
        ("#set($s = 'x')$s.chars()", "chars of String is not supported"),
        ("#set($m = {'a': 1})$m.keySet().remove('a')", "the keys of a map"),
        ("#set($l = [1])$l.stream()", "stream of List"),
        ("#set($m = {[1]: 2})", "cannot be the key"),
        ("#set($l = [1])$l.class", "class is refused"),
    ] {
        let error = run(source).expect_err(source);
        assert!(error.message.contains(words), "{source}: {error}");
    }
}

#[test]
fn templates_are_shared_between_threads() {
    let template = Arc::new(Template::parse("#set($x = 1)$x$y", &Options::default()).expect("it is well formed"));
    let threads = (0..4i32).map(|number| {
        let template = Arc::clone(&template);
        std::thread::spawn(move || {
            let mut context = Context::new();
            context.set("y", number);
            template.evaluate(&mut context, &Limits::default()).expect("nothing fails").text
        })
    });
    let texts: Vec<_> = threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join().expect("it ends well")).collect();
    assert_eq!(texts, ["10", "11", "12", "13"]);
}

#[test]
fn strings_split_and_replace_by_java_patterns() {
    let cases = [
        ("$s.split(',')", "a,b,,", "[a, b]"),
        ("$s.split(',', -1)", "a,b,,", "[a, b, , ]"),
        ("$s.split(',', 2)", "a,b,c", "[a, b,c]"),
        ("$s.split(',')", ",a", "[, a]"),
        ("$s.split(',')", "abc", "[abc]"),
        ("$s.split('')", "abc", "[a, b, c]"),
        (r"$s.split('\s*,\s*')", "a , b", "[a, b]"),
        (r"$s.split('\s*,\s*').size()", ",", "0"),
        (r"$s.split('\s*,\s*').size()", "", "1"),
        ("$s.replaceAll('a*', '-')", "aab", "--b-"),
        (r"$s.replaceAll('(\w)(\d)', '$2$1')", "a1 b2", "1a 2b"),
        ("$s.replaceFirst('a', 'o')", "banana", "bonana"),
        (r"$s.replaceAll('\p{InCombiningDiacriticalMarks}+', '')", "e\u{301}a", "ea"),
        ("$s.matches('a.c')", "a\rc", "false"),
    ];
    for (source, given, expected) in cases {
        let mut context = Context::new();
        context.set("s", given);
        assert_eq!(text(&mut context, source), expected, "{source} of {given:?}");
    }
    for (source, message) in [
        ("$s.replaceAll('a', '$1')", "threw exception java.lang.IndexOutOfBoundsException: No group 1"),
        ("$s.matches('(')", "threw exception java.util.regex.PatternSyntaxException: Unclosed group"),
    ] {
        let mut context = Context::new();
        context.set("s", "a");
        let error = run_in(&mut context, source, &Limits::default()).expect_err(source).to_string();
        assert!(error.contains(message), "{source}: {error}");
    }
}

#[test]
fn the_deadline_is_looked_at_between_the_matches_of_a_slow_pattern() {
    let slow = "#set($s = 'aaaaaaaaaaaaaaaa!')#foreach($i in [1..12])#set($s = $s + $s)#end\
                $s.replaceAll('(a|aa)+\\1c|a', 'b')";
    let limits = Limits { deadline: Some(Instant::now() + Duration::from_millis(50)), ..Limits::default() };
    let error = run_in(&mut Context::new(), slow, &limits).expect_err("it takes longer");
    // To the end it would take many seconds.
    assert!(error.is_out_of_time(), "{error}");
}

/// `$util.toJson(..)`, and `$util.qr(..)` that prints nothing.
struct Json;

impl velocity::Host for Json {
    fn type_name(&self) -> &str {
        "util"
    }

    fn json(&self, method: &str, args: &[Val]) -> Option<Result<Value, velocity::HostError>> {
        match args {
            [value] if method == "toJson" => Some(value.to_value().map_err(velocity::HostError::new)),
            _ => None,
        }
    }

    fn call(&self, method: &str, args: &[Val]) -> Result<Option<Val>, velocity::HostError> {
        Ok(match args {
            [_] if method == "qr" => Some(Val::from("")),
            _ => self.json(method, args).transpose()?.map(|value| Val::from(value.to_json())),
        })
    }
}

#[test]
fn an_output_that_is_a_value_s_json_is_that_value() {
    let data = value!({"a": [1, 2.5, "x\n\"é", {"b": null}], "e": {}, "t": true, "n": 12345678901234567890u64});
    let evaluated = |source: &str, limits: &Limits, as_json: bool| {
        let template = Template::parse(source, &Options { null_assignment: true, ..Options::default() }).expect(source);
        let mut context = Context::new();
        context.set("v", Val::from(&data));
        context.set("util", Val::Host(std::rc::Rc::new(Json)));
        let outcome =
            if as_json { template.evaluate_json(&mut context, limits) } else { template.evaluate(&mut context, limits) };
        (outcome.map_err(|error| error.to_string()), context.get("v").map(Val::to_value))
    };
    // Whether the text was left out, and the template.
    for (is_value, source) in [
        (true, "$util.toJson($v)"),
        (true, " \n$util.toJson($v.a)\t\n"),
        (true, "${util.toJson($v.a[3])}"),
        (true, "$!util.toJson($v.none)"),
        (true, "#if($v.t)$util.toJson($v.a[2])#else 1 #end"),
        (true, "#set($x = $v.a)$util.toJson($x)#set($x[0] = 9)"),
        (true, "$util.qr($v.a.add(3))$util.toJson($v.a)"),
        (true, "$util.toJson($v.a.remove(0))"),
        (true, "#macro(m $p)$util.toJson($p)#end#m($v)"),
        (true, "$util.toJson(\"a $util.toJson($v.e)\")"),
        (true, "$util.toJson($v)#stop more"),
        (true, "#foreach($i in [1])$util.toJson($i)#end"),
        (false, "#foreach($i in [1..3])$util.toJson($i)#end"),
        (false, "[$util.toJson($v)]"),
        (false, "$util.toJson($v) x"),
        (false, "$util.toJson($v)$util.toJson($v.a)"),
        (false, "$util.toJson($v)#set($v.a = 1)$v.a"),
        (false, "\\$util.toJson($v)"),
        (false, "$util.toJson($v, 1)"),
        (false, "$util.toJson($v)$nope"),
        (false, "#define($d)$util.toJson($v)#end$d"),
        (false, "$v.toString()"),
        (false, "$util"),
        (false, ""),
    ] {
        let limits = Limits::default();
        let ((written, before), (read, after)) = (evaluated(source, &limits, false), evaluated(source, &limits, true));
        assert_eq!(before, after, "{source} does the same");
        let (written, read) = (written.expect(source), read.expect(source));
        assert_eq!(read.json.is_some(), is_value, "{source}");
        match &read.json {
            Some(value) => {
                assert!(read.text.trim().is_empty(), "{source}");
                assert_eq!(Value::parse(written.text.as_bytes()).as_ref(), Ok(value), "{source}");
            }
            None => assert_eq!(written.text, read.text, "{source}"),
        }
    }
    for source in ["$util.toJson($v)", " $util.toJson($v.a) ", "$util.toJson($v) x", "$util.toJson($util)"] {
        for most in 0..120 {
            let limits = Limits { max_output: most, ..Limits::default() };
            let ((written, _), (read, _)) = (evaluated(source, &limits, false), evaluated(source, &limits, true));
            assert_eq!(written.map(drop), read.map(drop), "{source}, at most {most}");
        }
    }
}

#[test]
fn members_of_references_are_found_where_they_stand() {
    let source = "#set($x = \"a\"\"b $s.one(1) $s.two\")$x.three";
    let template = Template::parse(source, &Options::default()).expect("it is well formed");
    let members: Vec<_> = template.references().into_iter().flat_map(|reference| reference.members).collect();
    assert_eq!(members.len(), 3);
    for member in members {
        assert_eq!(source.get(member.span.clone()), Some(&*member.name));
    }
}
