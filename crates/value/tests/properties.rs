//! Laws of reading and writing JSON: what is written is read again as the same value, and which texts are JSON is what
//! `serde_json` says, an independent reader.

use proptest::prelude::*;
use value::{Number, Object, Value};

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?"
            .prop_filter_map("a number", |text| Number::from_text(&text)),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|members| Value::from(members.into_iter().collect::<Object>())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(value in any_value()) {
        let text = value.to_json();
        let again = Value::parse(text.as_bytes()).expect("it was written as JSON");
        prop_assert_eq!(again.to_json(), text);
        let pretty = Value::parse(value.to_json_pretty().as_bytes()).expect("it was written as JSON");
        prop_assert_eq!(pretty.to_json(), value.to_json());
    }

    #[test]
    fn numbers_keep_their_text(text in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
        prop_assert_eq!(Value::parse(text.as_bytes()).expect("a number").to_json(), text);
    }

    #[test]
    fn texts_are_json_when_an_independent_reader_says_so(text in "[\\[\\]{},:\"a\\\\u0-9.eE+ \\-ntrufalse]{0,24}") {
        // Numbers beyond a double are the one thing serde_json refuses and we keep.
        let theirs = match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(_) => true,
            Err(error) if error.to_string().contains("number out of range") => return Ok(()),
            Err(_) => false,
        };
        prop_assert_eq!(Value::parse(text.as_bytes()).is_ok(), theirs, "{}", text);
    }

    #[test]
    fn members_are_found_in_objects_of_every_size(keys in prop::collection::vec("[a-z]{1,3}", 0..80)) {
        let mut object = Object::new();
        let mut model: Vec<(String, usize)> = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            object.insert(key.as_str(), at);
            match model.iter_mut().find(|(known, _)| known == key) {
                Some((_, value)) => *value = at,
                None => model.push((key.clone(), at)),
            }
            if at % 7 == 6 {
                let gone = model.remove(0).0;
                object.remove(&gone);
            }
        }
        let found: Vec<(String, usize)> = object
            .iter()
            .map(|(key, value)| (key.to_string(), usize::try_from(value.as_i64().expect("an integer")).expect("small")))
            .collect();
        prop_assert_eq!(&found, &model);
        for (key, value) in &model {
            prop_assert_eq!(object.get(key), Some(&Value::from(*value)));
        }
    }
}
