//! OpenSearch's query DSL from a filter object.

use value::{Object, Value, value};

use crate::Failure;
use crate::arguments::Arguments;

/// A JSON string; null for nothing to search by. Members are joined by AND, one alone stands without a `bool` around it.
pub(super) fn query_dsl(arguments: Arguments<'_>) -> Result<Value, Failure> {
    if arguments.get(0).is_null() {
        return Ok(Value::Null);
    }
    let filter = arguments.object(0)?;
    crate::dynamodb::check_depth(&arguments, arguments.get(0))?;
    let query = members(filter).map_err(|fault| arguments.refuse(fault))?;
    Ok(query.map_or(Value::Null, |query| query.to_json().into()))
}

fn members(filter: &Object) -> Result<Option<Value>, String> {
    let mut parts = Vec::with_capacity(filter.len());
    for (key, value) in filter {
        let part = match &**key {
            "and" | "or" => {
                let items = value.as_list().ok_or_else(|| format!("'{key}' expects a list of filter objects"))?;
                let items = items.iter().map(|item| nested(key, item)).collect::<Result<Vec<_>, _>>()?;
                let items: Vec<Value> = items.into_iter().flatten().collect();
                if items.is_empty() {
                    None
                } else if &**key == "and" {
                    Some(value!({"bool": {"must": items}}))
                } else {
                    Some(value!({"bool": {"should": items, "minimum_should_match": 1}}))
                }
            }
            "not" => nested(key, value)?.map(|query| value!({"bool": {"must_not": query}})),
            field => conditions(field, value)?,
        };
        parts.extend(part);
    }
    Ok(all_of(parts))
}

fn nested(key: &str, value: &Value) -> Result<Option<Value>, String> {
    members(value.as_object().ok_or_else(|| format!("'{key}' expects a filter object, not {}", value.kind()))?)
}

fn all_of(mut parts: Vec<Value>) -> Option<Value> {
    if parts.len() > 1 { Some(value!({"bool": {"must": parts}})) } else { parts.pop() }
}

fn conditions(field: &str, value: &Value) -> Result<Option<Value>, String> {
    let object = value.as_object().ok_or_else(|| format!("the field '{field}' expects an object of operators"))?;
    let parts = object.iter().map(|(operator, value)| condition(field, operator, value));
    Ok(all_of(parts.collect::<Result<Vec<_>, _>>()?))
}

fn one(name: &str, member: Value) -> Value {
    [(name, member)].into_iter().collect::<Object>().into()
}

fn condition(field: &str, operator: &str, value: &Value) -> Result<Value, String> {
    let on_field = |kind: &str| one(kind, one(field, value.clone()));
    let negated = |query: Value| value!({"bool": {"must_not": query}});
    let range = |bound: &str| one("range", one(field, one(bound, value.clone())));
    Ok(match operator {
        "eq" => on_field("term"),
        "ne" => negated(on_field("term")),
        "gt" | "gte" | "lt" | "lte" => range(operator),
        "match" => on_field("match"),
        "matchPhrase" => on_field("match_phrase"),
        "matchPhrasePrefix" => on_field("match_phrase_prefix"),
        "multiMatch" => value!({"multi_match": {"fields": [field], "query": value}}),
        "prefix" => on_field("prefix"),
        "wildcard" => on_field("wildcard"),
        "regexp" => on_field("regexp"),
        "exists" => {
            let exists = value!({"exists": {"field": field}});
            match value.as_bool() {
                Some(true) => exists,
                Some(false) => negated(exists),
                None => return Err(format!("'{field}.exists' expects a boolean")),
            }
        }
        "range" => match value.as_list() {
            Some([low, high]) => one("range", one(field, value!({"gte": low, "lte": high}))),
            _ => return Err(format!("'{field}.range' expects a list of two values")),
        },
        other => return Err(format!("the operator '{other}' of the field '{field}' is not supported")),
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use value::value;

    #[test]
    fn queries() {
        for (filter, expected) in [
            (
                value!({"upvotes": {"ne": 15, "range": [10, 20]}, "title": {"eq": "hihihi", "wildcard": "h*i"}}),
                r#"{"bool":{"must":[{"bool":{"must":[{"bool":{"must_not":{"term":{"upvotes":15}}}},{"range":{"upvotes":{"gte":10,"lte":20}}}]}},{"bool":{"must":[{"term":{"title":"hihihi"}},{"wildcard":{"title":"h*i"}}]}}]}}"#,
            ),
            (value!({"a": {"gt": 1}}), r#"{"range":{"a":{"gt":1}}}"#),
            (value!({"a": {"exists": false}}), r#"{"bool":{"must_not":{"exists":{"field":"a"}}}}"#),
            (value!({"a": {"multiMatch": "x"}}), r#"{"multi_match":{"fields":["a"],"query":"x"}}"#),
            (
                value!({"or": [{"a": {"eq": 1}}, {"not": {"b": {"match": "x"}}}]}),
                r#"{"bool":{"should":[{"term":{"a":1}},{"bool":{"must_not":{"match":{"b":"x"}}}}],"minimum_should_match":1}}"#,
            ),
        ] {
            assert_eq!(call("transform.toElasticsearchQueryDSL", &[filter]), Ok(value!(expected)));
        }
        for wrong in [value!({"a": 1}), value!({"a": {"bogus": 1}}), value!({"and": 1}), value!({"a": {"range": [1]}})] {
            assert!(call("transform.toElasticsearchQueryDSL", &[wrong]).is_err());
        }
    }
}
