//! Enhanced subscription filters: a filter object becomes a list of groups, one per combination of its alternatives.

use value::{Object, Value, value};

use crate::Failure;
use crate::arguments::Arguments;

/// Alternatives multiply; beyond this many groups the filter is refused.
const MAX_GROUPS: usize = 1_000;

/// Any of these groups, all conditions of a group.
type Groups = Vec<Vec<Value>>;

/// `(filter, ignored fields, rules)`. Something that is no map gives null (recorded).
pub(super) fn filter(arguments: Arguments<'_>) -> Result<Value, Failure> {
    let Some(filter) = arguments.get(0).as_object() else { return Ok(Value::Null) };
    let ignored: Vec<&str> = match arguments.get(1) {
        Value::Null => Vec::new(),
        _ => arguments.list(1)?.iter().filter_map(Value::as_str).collect(),
    };
    let refuse = |fault: String| arguments.refuse(fault);
    let mut groups = members(filter, &ignored).map_err(refuse)?;
    if !arguments.get(2).is_null() {
        let rules = arguments.object(2)?;
        let mut alternatives = Vec::new();
        for (field, operators) in rules {
            alternatives.extend(conditions(field, operators).map_err(refuse)?);
        }
        groups = product(groups, &alternatives).map_err(refuse)?;
    }
    let groups = groups.into_iter().filter(|group| !group.is_empty()).map(|group| value!({"filters": group}));
    Ok(value!({"filterGroup": (groups.collect::<Value>())}))
}

/// The groups of one object: all its members hold together. No member at all is one empty group.
fn members(filter: &Object, ignored: &[&str]) -> Result<Groups, String> {
    let mut groups = vec![Vec::new()];
    for (key, value) in filter {
        match &**key {
            "and" => {
                for item in items(key, value)? {
                    groups = product(groups, &members(item, ignored)?)?;
                }
            }
            "or" => {
                let mut alternatives = Vec::new();
                for item in items(key, value)? {
                    alternatives.extend(members(item, ignored)?.into_iter().filter(|group| !group.is_empty()));
                    bounded(alternatives.len())?;
                }
                groups = product(groups, &alternatives)?;
            }
            field if ignored.contains(&field) => {}
            field => groups = product(groups, &conditions(field, value)?)?,
        }
    }
    Ok(groups)
}

fn items<'a>(key: &str, value: &'a Value) -> Result<Vec<&'a Object>, String> {
    let list = value.as_list().ok_or_else(|| format!("'{key}' expects a list of filter objects"))?;
    list.iter().map(|item| item.as_object().ok_or_else(|| format!("'{key}' expects a list of filter objects"))).collect()
}

/// Several operators on one field are alternatives of each other (developer guide).
fn conditions(field: &str, operators: &Value) -> Result<Groups, String> {
    let operators = operators.as_object().ok_or_else(|| format!("the field '{field}' expects an object of operators"))?;
    let condition = |(operator, value): (&_, &Value)| vec![value!({"fieldName": field, "operator": operator, "value": value})];
    Ok(operators.iter().map(condition).collect())
}

/// Every combination; no alternatives change nothing.
fn product(mut groups: Groups, alternatives: &[Vec<Value>]) -> Result<Groups, String> {
    if let [alternative] = alternatives {
        // In place: a long filter without alternatives must not be copied for each of its fields.
        groups.iter_mut().for_each(|group| group.extend_from_slice(alternative));
        return Ok(groups);
    }
    if alternatives.is_empty() {
        return Ok(groups);
    }
    bounded(groups.len().saturating_mul(alternatives.len()))?;
    let combine = |group: &Vec<Value>| {
        let group = group.clone();
        alternatives.iter().map(move |alternative| [&group[..], alternative].concat()).collect::<Groups>()
    };
    Ok(groups.iter().flat_map(combine).collect())
}

fn bounded(count: usize) -> Result<(), String> {
    if count > MAX_GROUPS {
        return Err(format!("the filter expands to more than {MAX_GROUPS} groups"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use value::{Object, Value, value};

    use crate::testing::call;

    #[test]
    fn ignored_fields_and_rules() {
        let filter = value!({"percentageUp": {"lte": 50, "gte": 20}, "and": [{"title": {"ne": "B"}}], "or": [{"author": {"eq": "A"}}, {"isPublished": {"eq": false}}]});
        let rules = value!({"upvotes": {"gte": 250}, "author": {"eq": "P"}});
        let result =
            call("transform.toSubscriptionFilter", &[filter, value!(["percentageUp", "author"]), rules]).expect("a filter");
        let title = value!({"fieldName": "title", "operator": "ne", "value": "B"});
        let published = value!({"fieldName": "isPublished", "operator": "eq", "value": false});
        let first = value!({"fieldName": "upvotes", "operator": "gte", "value": 250});
        let second = value!({"fieldName": "author", "operator": "eq", "value": "P"});
        let expected = value!({"filterGroup": [{"filters": [(title.clone()), (published.clone()), first]}, {"filters": [title, published, second]}]});
        assert_eq!(result, expected);
    }

    #[test]
    fn filters_that_explode_are_refused() {
        let field = value!({"a": 1, "b": 2, "c": 3, "d": 4});
        let filter: Object = (0..20).map(|at| (at.to_string(), field.clone())).collect();
        assert!(call("transform.toSubscriptionFilter", &[Value::from(filter)]).is_err());
    }
}
