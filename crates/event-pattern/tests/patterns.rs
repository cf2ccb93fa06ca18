//! Which events a pattern wants, and which patterns are refused: the operators of EventBridge's user guide, and what its
//! published matcher does where the guide is silent.

use std::collections::BTreeMap;

use event_pattern::{EventPattern, MAX_LENGTH, PatternError};
use proptest::prelude::*;
use value::{Object, Value};

fn parse(text: &str) -> Value {
    Value::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn check(cases: &[(&str, &[&str], &[&str])]) {
    for (pattern, wanted, others) in cases {
        let compiled = EventPattern::parse(pattern.as_bytes()).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        for event in *wanted {
            assert!(compiled.matches(&parse(event)), "{pattern} wants {event}");
        }
        for event in *others {
            assert!(!compiled.matches(&parse(event)), "{pattern} does not want {event}");
        }
    }
}

#[test]
fn values_are_compared_with_their_alternatives() {
    check(&[
        (
            r#"{"a": ["x", "y"]}"#,
            &[r#"{"a": "y"}"#, r#"{"a": "x", "b": 1}"#],
            &[r#"{"a": "z"}"#, r#"{"a": null}"#, "{}", "[]", "1"],
        ),
        (r#"{"a": [""]}"#, &[r#"{"a": ""}"#], &[r#"{"a": null}"#, r#"{"a": " "}"#, "{}"]),
        (r#"{"a": [null]}"#, &[r#"{"a": null}"#], &[r#"{"a": "null"}"#, r#"{"a": ""}"#, r#"{"a": []}"#, "{}"]),
        (r#"{"a": [true]}"#, &[r#"{"a": true}"#], &[r#"{"a": "true"}"#, r#"{"a": false}"#]),
        (r#"{"a": [300]}"#, &[r#"{"a": 300}"#, r#"{"a": 300.0}"#, r#"{"a": 3e2}"#], &[r#"{"a": "300"}"#, r#"{"a": 301}"#]),
        (r#"{"a": [{"exactly": "x"}]}"#, &[r#"{"a": "x"}"#], &[r#"{"a": "xx"}"#]),
        (
            r#"{"a": {"b": ["x"]}, "c": [1]}"#,
            &[r#"{"a": {"b": "x"}, "c": 1}"#],
            &[r#"{"a": {"b": "x"}}"#, r#"{"a": "x", "c": 1}"#],
        ),
        (r#"{"a": {"b": ["x"]}}"#, &[], &[r#"{"a": "{\"b\": \"x\"}"}"#]),
        ("{\"a\": [\"caf\\u00e9\"]}", &["{\"a\": \"café\"}"], &["{\"a\": \"cafe\"}"]),
    ]);
}

#[test]
fn texts_are_compared_by_their_parts() {
    check(&[
        (
            r#"{"a": [{"prefix": "us-"}]}"#,
            &[r#"{"a": "us-east-1"}"#],
            &[r#"{"a": "eu"}"#, r#"{"a": "Us-"}"#, r#"{"a": 1}"#, "{}"],
        ),
        (r#"{"a": [{"prefix": {"equals-ignore-case": "EventB"}}]}"#, &[r#"{"a": "eVENTbridge"}"#], &[r#"{"a": "event"}"#]),
        (r#"{"a": [{"suffix": ".png"}]}"#, &[r#"{"a": "x.png"}"#], &[r#"{"a": "x.PNG"}"#, r#"{"a": "png"}"#]),
        (
            r#"{"a": [{"suffix": {"equals-ignore-case": ".png"}}]}"#,
            &[r#"{"a": "x.PNG"}"#, r#"{"a": ".pnG"}"#],
            &[r#"{"a": "png"}"#],
        ),
        (r#"{"a": [{"equals-ignore-case": "älice"}]}"#, &[r#"{"a": "ÄLICE"}"#], &[r#"{"a": "älices"}"#, r#"{"a": "älic"}"#]),
        (r#"{"a": [{"wildcard": "dir/*.png"}]}"#, &[r#"{"a": "dir/x/y.png"}"#], &[r#"{"a": "dir/x.jpg"}"#, r#"{"a": 1}"#]),
        (r#"{"a": [{"prefix": "x"}, {"suffix": "y"}]}"#, &[r#"{"a": "x1"}"#, r#"{"a": "1y"}"#], &[r#"{"a": "1"}"#]),
    ]);
}

#[test]
fn anything_but_wants_the_rest_of_what_is_there() {
    let x = r#"{"a": "x"}"#;
    check(&[
        (
            r#"{"a": [{"anything-but": "x"}]}"#,
            &[r#"{"a": "y"}"#, r#"{"a": 1}"#, r#"{"a": null}"#, r#"{"a": ["x", "y"]}"#],
            &[x, "{}", r#"{"a": []}"#],
        ),
        (r#"{"a": [{"anything-but": ["x", "y"]}]}"#, &[r#"{"a": "z"}"#], &[x, r#"{"a": "y"}"#]),
        (r#"{"a": [{"anything-but": 123}]}"#, &[r#"{"a": 124}"#, r#"{"a": "123"}"#], &[r#"{"a": 123.0}"#]),
        (r#"{"a": [{"anything-but": [0, 1]}]}"#, &[r#"{"a": 2}"#], &[r#"{"a": 0}"#, r#"{"a": 1}"#]),
        (r#"{"a": [{"anything-but": {"prefix": "x"}}]}"#, &[r#"{"a": "yx"}"#, r#"{"a": 1}"#], &[r#"{"a": "xy"}"#]),
        (r#"{"a": [{"anything-but": {"prefix": ["x", "y"]}}]}"#, &[r#"{"a": "z"}"#], &[r#"{"a": "y1"}"#]),
        (r#"{"a": [{"anything-but": {"suffix": ".txt"}}]}"#, &[r#"{"a": "txt"}"#], &[r#"{"a": "a.txt"}"#]),
        (r#"{"a": [{"anything-but": {"equals-ignore-case": ["X", "y"]}}]}"#, &[r#"{"a": "z"}"#], &[x, r#"{"a": "Y"}"#]),
        (r#"{"a": [{"anything-but": {"wildcard": "*/lib/*"}}]}"#, &[r#"{"a": "/bin/"}"#], &[r#"{"a": "/lib/x"}"#]),
    ]);
}

#[test]
fn numbers_lie_in_intervals() {
    check(&[
        (
            r#"{"a": [{"numeric": [">", 0, "<=", 5]}]}"#,
            &[r#"{"a": 5}"#, r#"{"a": 0.001}"#],
            &[r#"{"a": 0}"#, r#"{"a": 5.1}"#, r#"{"a": "3"}"#, r#"{"a": null}"#],
        ),
        (r#"{"a": [{"numeric": [">=", -4e-6, "<", 1]}]}"#, &[r#"{"a": -0.000004}"#], &[r#"{"a": 1}"#]),
        (r#"{"a": [{"numeric": ["<", 10]}]}"#, &[r#"{"a": -1e300}"#], &[r#"{"a": 10}"#]),
        (r#"{"a": [{"numeric": ["=", 3.018e2]}]}"#, &[r#"{"a": 301.8}"#], &[r#"{"a": 301.80001}"#]),
    ]);
}

#[test]
fn addresses_are_equal_in_every_spelling() {
    check(&[
        (
            r#"{"a": [{"cidr": "10.0.0.0/24"}]}"#,
            &[r#"{"a": "10.0.0.33"}"#],
            &[r#"{"a": "10.0.1.0"}"#, r#"{"a": "home"}"#, r#"{"a": 10}"#],
        ),
        (r#"{"a": ["::1"]}"#, &[r#"{"a": "::1"}"#, r#"{"a": "0:0:0:0:0:0:0:1"}"#], &[r#"{"a": "::2"}"#]),
    ]);
}

#[test]
fn fields_are_present_or_absent() {
    check(&[
        (r#"{"a": [{"exists": true}]}"#, &[r#"{"a": null}"#, r#"{"a": [1]}"#], &["{}", r#"{"a": []}"#, r#"{"a": {"b": 1}}"#]),
        (r#"{"a": [{"exists": false}]}"#, &["{}", r#"{"a": []}"#, r#"{"a": {"b": 1}}"#], &[r#"{"a": null}"#, r#"{"a": [1]}"#]),
        (
            r#"{"a": {"b": {"c": [{"exists": false}]}}}"#,
            &["{}", r#"{"a": 1}"#, r#"{"a": {"b": 1}}"#],
            &[r#"{"a": {"b": {"c": 1}}}"#],
        ),
        (r#"{"a": [{"exists": false}, "x"]}"#, &["{}", r#"{"a": "x"}"#], &[r#"{"a": "y"}"#]),
    ]);
}

#[test]
fn or_takes_any_of_its_objects() {
    check(&[
        (
            r#"{"d": {"$or": [{"c": [{"numeric": [">", 0]}]}, {"x": ["1"], "y": ["2"]}]}, "s": ["k"]}"#,
            &[r#"{"d": {"c": 1}, "s": "k"}"#, r#"{"d": {"x": "1", "y": "2"}, "s": "k"}"#],
            &[r#"{"d": {"c": 1}}"#, r#"{"d": {"x": "1"}, "s": "k"}"#, r#"{"d": {"c": 0}, "s": "k"}"#],
        ),
        (r#"{"$or": [{"a": [1]}, {"$or": [{"b": [1]}, {"c": [1]}]}]}"#, &[r#"{"a": 1}"#, r#"{"b": 1}"#, r#"{"c": 1}"#], &["{}"]),
        // Of one path the later word stands.
        (r#"{"a": [1], "$or": [{"a": [2]}, {"b": [3]}]}"#, &[r#"{"a": 2}"#, r#"{"a": 1, "b": 3}"#], &[r#"{"a": 1}"#]),
        // Alternatives speak of the same element as the fields beside them.
        (
            r#"{"$or": [{"l": {"a": [1]}}, {"l": {"c": [1]}}], "l": {"b": [2]}}"#,
            &[r#"{"l": [{"a": 1, "b": 2}]}"#],
            &[r#"{"l": [{"a": 1}, {"b": 2}]}"#],
        ),
    ]);
}

#[test]
fn arrays_hold_values_of_one_field() {
    check(&[
        (r#"{"r": ["a", "b"]}"#, &[r#"{"r": ["x", "b"]}"#, r#"{"r": [["x"], ["b"]]}"#], &[r#"{"r": ["x"]}"#, r#"{"r": []}"#]),
        (
            r#"{"e": {"first": ["Anna"], "last": ["Smith"]}}"#,
            &[
                r#"{"e": [{"first": "John", "last": "Doe"}, {"first": "Anna", "last": "Smith"}]}"#,
                r#"{"e": [[{"first": "Anna", "last": "Smith"}]]}"#,
            ],
            &[
                r#"{"e": [{"first": "Anna", "last": "Doe"}, {"first": "John", "last": "Smith"}]}"#,
                r#"{"e": []}"#,
                r#"{"e": ["Anna"]}"#,
            ],
        ),
        (
            r#"{"u": {"n": ["x"], "t": {"k": ["c"], "v": ["d"]}}}"#,
            &[r#"{"u": [{"n": "y"}, {"n": "x", "t": [{"k": "e"}, {"k": "c", "v": "d"}]}]}"#],
            &[r#"{"u": [{"n": "x", "t": [{"k": "c"}, {"v": "d"}]}]}"#, r#"{"u": [{"n": "x"}, {"t": {"k": "c", "v": "d"}}]}"#],
        ),
        // Independent arrays do not bind each other.
        (r#"{"a": {"x": [1]}, "b": {"y": [2]}}"#, &[r#"{"a": [{"x": 1}], "b": [{}, {"y": 2}]}"#], &[]),
        // An absent field that comes first is absent everywhere; one that comes later, from the chosen element.
        (
            r#"{"d": {"a": [{"exists": true}], "b": [{"exists": false}]}}"#,
            &[r#"{"d": [{"a": 1}, {"b": 2}]}"#],
            &[r#"{"d": [{"a": 1, "b": 2}]}"#],
        ),
        (
            r#"{"d": {"a": [{"exists": false}], "b": [{"exists": true}]}}"#,
            &[r#"{"d": [{"b": 1}, {"c": 2}]}"#],
            &[r#"{"d": [{"a": 1}, {"b": 2}]}"#],
        ),
        (r#"{"d": {"a": [{"exists": false}]}}"#, &[r#"{"d": [{"b": 1}]}"#, r#"{"d": []}"#], &[r#"{"d": [{"a": 1}, {"b": 2}]}"#]),
        // Everywhere is the outermost array of which no element was chosen, whatever lies between.
        (
            r#"{"d": {"x": {"a": [{"exists": false}], "b": [1]}}}"#,
            &[r#"{"d": [{"x": [{"b": 1}]}, {"x": [{"b": 2}]}]}"#],
            &[
                r#"{"d": [{"x": [{"b": 1}]}, {"x": [{"a": 1}]}]}"#,
                r#"{"d": [{"x": {"b": 1}}, {"x": {"a": 1}}]}"#,
                r#"{"d": [[{"x": {"b": 1}}], [{"x": {"a": 1}}]]}"#,
            ],
        ),
        // A field before it chose the outer element, and none of the inner array.
        (
            r#"{"d": {"a": [1], "x": {"a": [{"exists": false}], "b": [1]}}}"#,
            &[r#"{"d": [{"a": 1, "x": [{"b": 1}]}, {"x": [{"a": 1}]}]}"#],
            &[r#"{"d": [{"a": 1, "x": [{"b": 1}, {"a": 1}]}]}"#],
        ),
    ]);
}

#[test]
fn dots_join_names() {
    check(&[
        (r#"{"d": {"s": {"t": [1]}}}"#, &[r#"{"d": {"s.t": 1}}"#, r#"{"d.s.t": 1}"#], &[r#"{"d": {"s.t": {"t": 1}}}"#]),
        (r#"{"d": {"s.t": [1]}}"#, &[r#"{"d": {"s": {"t": 1}}}"#], &[r#"{"d": {"s": {"x": 1}}}"#]),
    ]);
}

#[test]
fn a_malformed_pattern_is_refused_in_eventbridges_words() {
    let text = "must be a string";
    for (pattern, reason) in [
        ("[1]", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        (r#"{"a": {}}"#, "Empty objects are not allowed"),
        (r#"{"a": 1}"#, "\"a\" must be an object or an array"),
        (r#"{"a": []}"#, "Empty arrays are not allowed"),
        (r#"{"a": [[1]]}"#, "Match value must be String, number, true, false, or null"),
        (r#"{"a": [{}]}"#, "Match expression name not found"),
        (r#"{"a": [{"EXISTS": true}]}"#, "Unrecognized match type EXISTS"),
        (r#"{"a": [{"exactly": 33}]}"#, &format!("exact match pattern {text}")),
        (r#"{"a": [{"prefix": 3}]}"#, &format!("prefix match pattern {text}")),
        (r#"{"a": [{"prefix": "x", "foo": []}]}"#, "Only one key allowed in match expression"),
        (r#"{"a": [{"prefix": {"wildcard": "x"}}]}"#, "Unsupported prefix pattern: wildcard"),
        (r#"{"a": [{"suffix": {}}]}"#, "Suffix expression name not found"),
        (r#"{"a": [{"suffix": {"equals-ignore-case": 5}}]}"#, &format!("equals-ignore-case match pattern {text}")),
        (r#"{"a": [{"suffix": {"equals-ignore-case": "x", "y": 1}}]}"#, "Only one key allowed in match expression"),
        (r#"{"a": [{"equals-ignore-case": ["x"]}]}"#, &format!("equals-ignore-case match pattern {text}")),
        (r#"{"a": [{"wildcard": 5}]}"#, &format!("wildcard match pattern {text}")),
        (r#"{"a": [{"wildcard": "a**"}]}"#, "Consecutive wildcard characters at pos 2"),
        (r#"{"a": [{"exists": "true"}]}"#, "exists match pattern must be either true or false."),
        (r#"{"a": [{"exists": true, "x": 1}]}"#, "Only one key allowed in match expression"),
        (r#"{"a": [{"cidr": "10.0.0.0"}]}"#, "Malformed CIDR, one '/' required"),
        (r#"{"a": [{"anything-but": null}]}"#, "Value of anything-but must be an array or single string/number value."),
        (
            r#"{"a": [{"anything-but": []}]}"#,
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        (
            r#"{"a": [{"anything-but": ["x", 1]}]}"#,
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        (r#"{"a": [{"anything-but": ["x", null]}]}"#, "Inside anything but list, start|null|boolean is not supported."),
        (r#"{"a": [{"anything-but": {"exists": true}}]}"#, "Unsupported anything-but pattern: exists"),
        (r#"{"a": [{"anything-but": {"prefix": ""}}]}"#, "Null prefix/suffix not allowed"),
        (r#"{"a": [{"anything-but": {"suffix": 123}}]}"#, "prefix/suffix match pattern must be a string"),
        (
            r#"{"a": [{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}]}"#,
            "Value of anything-but must be an array or single string/number value.",
        ),
        (r#"{"a": [{"anything-but": "x", "foo": []}]}"#, "Too many elements in numeric expression"),
        (r#"{"a": [{"numeric": 10}]}"#, "Value of numeric must be an array."),
        (r#"{"a": [{"numeric": []}]}"#, "Invalid member in numeric match: ]"),
        (r#"{"a": [{"numeric": ["="]}]}"#, "Value of equals must be numeric"),
        (r#"{"a": [{"numeric": ["<", "3"]}]}"#, "Value of < must be numeric"),
        (r#"{"a": [{"numeric": ["==", 1]}]}"#, "Unrecognized numeric range operator: =="),
        (r#"{"a": [{"numeric": [">", 0, ">", 0]}]}"#, "Bad numeric range operator: >"),
        (r#"{"a": [{"numeric": [">", 0, 1]}]}"#, "Bad value in numeric range: 1"),
        (r#"{"a": [{"numeric": [">", 1, "<", 1]}]}"#, "Bottom must be less than top"),
        (r#"{"a": [{"numeric": [">", 1, "<", 30, false]}]}"#, "Too many terms in numeric range expression"),
        (r#"{"a": [{"numeric": ["=", 1E309]}]}"#, "Cannot compare number : 1E309"),
        (r#"{"a": [{"numeric": ["=", 1E-325]}]}"#, "Cannot compare number : 1E-325"),
        (r#"{"$or": {}}"#, "It must be an Array followed with $or."),
        (r#"{"$or": [{"a": [1]}]}"#, "There must have at least 2 Objects in $or relationship."),
        (r#"{"$or": [{"a": [1]}, [1]]}"#, "Only JSON object is allowed in array of $or relationship."),
        (r#"{"$or": [{"a": [1]}, {"prefix": ["x"]}]}"#, "prefix is Ruler reserved fieldName which cannot be used inside $or."),
    ] {
        let refused = EventPattern::parse(pattern.as_bytes()).expect_err(pattern);
        assert_eq!(refused.reason, reason, "{pattern}");
        assert_eq!(refused.to_string(), format!("Event pattern is not valid. Reason: {reason}"));
    }
}

#[test]
fn a_refusal_names_the_way_to_its_place() {
    let refused = EventPattern::parse(br#"{"detail": {"a": [1], "b": {"c": [{"prefix": 1}]}}}"#).expect_err("a number");
    assert_eq!(refused.path, ["detail", "b", "c", "prefix"]);
    let refused = EventPattern::parse(b"{'a': [1]}").expect_err("no JSON");
    assert!(refused.reason.contains("line 1"), "{refused}");
}

#[test]
fn limits_bound_a_pattern() {
    let long = format!(r#"{{"a": ["{}"]}}"#, "x".repeat(MAX_LENGTH));
    let or = r#""$or":[{"a":[1]},{"b":[1]}]"#;
    // 2^11 combinations, in nested objects because an object has one $or.
    let wide = (0..11).fold(String::from(r#""z":[1]"#), |inner, at| format!(r#"{or},"x{at}":{{{inner}}}"#));
    let dotted = format!(r#"{{"{}": [1]}}"#, "a.".repeat(300));
    for (pattern, reason) in [
        (long, "the pattern has 4106 characters; at most 4096 are allowed"),
        (format!("{{{wide}}}"), "$or makes more than 1000 combinations of fields"),
        (dotted, "a field is more than 200 levels deep"),
    ] {
        let PatternError { reason: refused, .. } = EventPattern::parse(pattern.as_bytes()).expect_err(reason);
        assert_eq!(refused, reason);
    }
}

/// Trying 20,000 elements for each of ten fields would not come to an end.
#[test]
fn large_arrays_are_matched_in_linear_time() {
    let fields: Vec<String> = (b'a'..=b'j').map(|name| format!(r#""{}": [{{"prefix": "x"}}]"#, char::from(name))).collect();
    let pattern = EventPattern::parse(format!(r#"{{"l": {{{}}}}}"#, fields.join(",")).as_bytes()).expect("a pattern");
    // Every element has all but the last field, and the elements are arrays of objects in turn.
    let element = (b'a'..=b'i').map(|name| (char::from(name).to_string(), Value::from("xyz")));
    let element: Object = element.fold(Object::new(), |mut object, (name, value)| {
        object.insert(name, value);
        object
    });
    let elements: Value = vec![Value::from(element); 20_000].into();
    let mut event = Object::new();
    event.insert("l", elements);
    let event = Value::from(event);
    assert!(!pattern.matches(&event));
}

/// The deepest pattern with the most combinations, and the deepest event: the stack of a worker thread is as large as this one's.
#[test]
fn the_deepest_patterns_fit_the_stack() {
    let or = r#""$or":[{"a":[{"exists":false}]},{"b":[1]}]"#;
    let mut pattern = (0..9).fold(String::from(r#""z":[1]"#), |inner, _| format!(r#"{or},"m":{{{inner}}}"#));
    let mut event = String::from(r#"{"z": 0}"#);
    for _ in 0..180 {
        pattern = format!(r#""m":{{{pattern}}}"#);
    }
    for depth in 0..189 {
        event = if depth % 20 == 0 { format!(r#"{{"b":1,"m":[{event}]}}"#) } else { format!(r#"{{"b":1,"m":{event}}}"#) };
    }
    let pattern = EventPattern::parse(format!("{{{pattern}}}").as_bytes()).expect("a pattern");
    assert!(!pattern.matches(&parse(&event)));
    assert!(pattern.matches(&parse(&event.replace(r#"{"z": 0}"#, r#"{"z": 1}"#))));
    let lists = format!("{}{}{}", r#"{"m":"#.repeat(2), "[".repeat(197), "]".repeat(197) + "}}");
    assert!(!pattern.matches(&parse(&lists)));
}

/// JSON of a few names and values, so that patterns meet events.
fn json(names: &'static [&'static str], leaves: &'static [&'static str]) -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(leaves).prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            object(names, inner),
        ]
    })
}

fn object(names: &'static [&'static str], member: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    proptest::collection::vec((proptest::sample::select(names), member), 0..4).prop_map(|members| {
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

const ANY_NAMES: &[&str] = &["a", "b", "a.b", "$or"];
const ANY_LEAVES: &[&str] = &["1", "\"x\"", "null", r#"{"exists":false}"#, r#"{"prefix":"x"}"#];

/// An event as EventBridge sees it: each value under its dotted path, with the elements of arrays that it is in.
type Flat = Vec<(String, Value, Vec<(usize, usize)>)>;

fn flatten(value: &Value, path: &str, within: &mut Vec<(usize, usize)>, arrays: &mut usize, out: &mut Flat) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter() {
                let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
                flatten(value, &path, within, arrays, out);
            }
        }
        Value::List(items) => {
            let array = *arrays;
            *arrays += 1;
            for (at, item) in items.iter().enumerate() {
                let is_scalar = !matches!(item, Value::Object(_) | Value::List(_));
                if !is_scalar {
                    within.push((array, at));
                }
                flatten(item, path, within, arrays, out);
                if !is_scalar {
                    within.pop();
                }
            }
        }
        scalar => out.push((path.to_owned(), scalar.clone(), within.clone())),
    }
}

fn consistent(left: &[(usize, usize)], right: &[(usize, usize)]) -> bool {
    left.iter().all(|(array, at)| right.iter().all(|(other, element)| array != other || at == element))
}

/// The definition: fields in the order of their names, every choice of values tried.
fn naive(fields: &[(String, Value)], flat: &Flat, chosen: &[(usize, usize)]) -> bool {
    let Some(((path, alternatives), rest)) = fields.split_first() else { return true };
    let alternatives = alternatives.as_list().unwrap_or_default();
    let mut there = flat.iter().filter(|(name, _, within)| name == path && consistent(chosen, within)).peekable();
    let absent = there.peek().is_none() && alternatives.iter().any(|alternative| alternative.get("exists").is_some());
    if absent && naive(rest, flat, chosen) {
        return true;
    }
    there.any(|(_, value, within)| {
        let wanted = alternatives.iter().any(|alternative| match alternative {
            Value::Object(comparison) if comparison.contains_key("prefix") => {
                value.as_str().is_some_and(|text| text.starts_with('x'))
            }
            Value::Object(_) => false,
            constant => constant == value,
        });
        wanted && naive(rest, flat, &[chosen, within].concat())
    })
}

fn fields_of(pattern: &Value, path: &str, out: &mut Vec<(String, Value)>) {
    for (name, value) in pattern.as_object().into_iter().flat_map(Object::iter) {
        let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        match value {
            Value::Object(_) => fields_of(value, &path, out),
            alternatives => out.push((path, alternatives.clone())),
        }
    }
}

/// The members of a pattern with `$or`s before, after and inside of each other.
fn members_with_or() -> impl Strategy<Value = String> {
    const ABSENT: &str = r#"{"exists":false}"#;
    let names = proptest::sample::select(&["a", "b", "c", "a.b", "b.a"][..]);
    let alternative = proptest::sample::select(&["1", "\"x\"", "null", ABSENT, ABSENT, r#"{"prefix":"x"}"#][..]);
    let field = (names, proptest::collection::vec(alternative, 1..3))
        .prop_map(|(name, alternatives)| format!("\"{name}\":[{}]", alternatives.join(",")));
    proptest::collection::vec(field, 1..3).prop_map(|fields| fields.join(",")).prop_recursive(4, 24, 3, |inner| {
        let name = proptest::sample::select(&["a", "b", "c"][..]);
        prop_oneof![
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("{a},\"$or\":[{{{b}}},{{{c}}}]")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("\"$or\":[{{{b}}},{{{c}}}],{a}")),
            (inner.clone(), name, inner).prop_map(|(a, name, b)| format!("\"{name}\":{{{b}}},{a}")),
        ]
    })
}

/// Each combination of a pattern's `$or`s, as what is wanted of each path: the last word on one stands.
fn combinations(pattern: &Value, path: &str, out: &mut Vec<BTreeMap<String, Value>>) {
    for (name, value) in pattern.as_object().into_iter().flat_map(Object::iter) {
        let path_of_name = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        match value {
            Value::List(alternatives) if &**name == "$or" => {
                let before = std::mem::take(out);
                for alternative in alternatives.iter() {
                    let mut more = before.clone();
                    combinations(alternative, path, &mut more);
                    out.append(&mut more);
                }
            }
            Value::Object(_) => combinations(value, &path_of_name, out),
            alternatives => out.iter_mut().for_each(|wanted| {
                wanted.insert(path_of_name.clone(), alternatives.clone());
            }),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Judging all combinations in one walk finds what judging each alone finds, and what trying every choice finds.
    #[test]
    fn any_combination_of_or_will_do(
        members in members_with_or(),
        event in object(&["a", "b", "c"], json(&["a", "b", "c"], &["1", "\"x\"", "null"])),
    ) {
        let (pattern, event) = (parse(&format!("{{{members}}}")), parse(&event));
        let compiled = EventPattern::compile(&pattern).expect("a pattern");
        let mut wanted = vec![BTreeMap::new()];
        combinations(&pattern, "", &mut wanted);
        let mut flat = Flat::new();
        flatten(&event, "", &mut Vec::new(), &mut 0, &mut flat);
        let (mut any, mut any_alone, mut comparable) = (false, false, true);
        for wanted in &wanted {
            let mut alone = Object::new();
            wanted.iter().for_each(|(path, alternatives)| {
                alone.insert(path.as_str(), alternatives.clone());
            });
            any_alone |= EventPattern::compile(&alone.into()).expect("a pattern").matches(&event);
            let fields: Vec<(String, Value)> = wanted.clone().into_iter().collect();
            any |= naive(&fields, &flat, &[]);
            // See below.
            comparable &= !wanted.keys().any(|path| wanted.keys().any(|other| path.starts_with(&format!("{other}."))));
        }
        prop_assert_eq!(compiled.matches(&event), any_alone, "{} {}", pattern, event);
        if comparable {
            prop_assert_eq!(any_alone, any, "{} {}", pattern, event);
        }
    }

    #[test]
    fn any_pattern_and_event_have_an_answer(pattern in json(ANY_NAMES, ANY_LEAVES), event in json(ANY_NAMES, ANY_LEAVES)) {
        if let Ok(pattern) = EventPattern::parse(pattern.as_bytes()) {
            let _ = pattern.matches(&parse(&event));
        }
    }

    /// Following the structure finds what trying every choice finds.
    #[test]
    fn agrees_with_trying_every_choice(
        fields in proptest::collection::btree_map("[ab](\\.[ab]){0,2}", "(1|\"x\"|null|\\{\"exists\":false\\}|\\{\"prefix\":\"x\"\\})", 1..4),
        event in object(&["a", "b"], json(&["a", "b"], &["1", "\"x\"", "null"])),
    ) {
        // A field that is wanted both as a value and as an object is the one place where the two differ; see `matching`.
        let within = |path: &String| fields.keys().any(|other| path.starts_with(&format!("{other}.")));
        let fields: Vec<(&String, &String)> = fields.iter().filter(|(path, _)| !within(path)).collect();
        let members: Vec<String> = fields.iter().map(|(path, alternative)| format!("\"{path}\":[{alternative}]")).collect();
        let pattern = parse(&format!("{{{}}}", members.join(",")));
        let event = parse(&event);
        let mut wanted = Vec::new();
        fields_of(&pattern, "", &mut wanted);
        wanted.sort_by(|(left, _), (right, _)| left.cmp(right));
        let mut flat = Flat::new();
        flatten(&event, "", &mut Vec::new(), &mut 0, &mut flat);
        let compiled = EventPattern::compile(&pattern).expect("a pattern");
        prop_assert_eq!(compiled.matches(&event), naive(&wanted, &flat, &[]), "{} {}", pattern, event);
    }
}
