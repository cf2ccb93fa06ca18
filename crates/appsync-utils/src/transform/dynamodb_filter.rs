//! A DynamoDB filter or condition expression from a filter object, in exactly the service's (recorded) text.
//!
//! Every condition stands in parentheses; several in a group or on one attribute get a pair around them; names are `#field`,
//! values `:path_field_operator`. Empty members leave dangling conjunctions, as they do in the service.

use value::{Object, Value, value};

use crate::dynamodb::to_dynamodb;

struct Renderer {
    names: Object,
    values: Object,
}

/// `{expression, expressionNames, expressionValues}`; `None` for what the service answers with null.
pub(crate) fn render(filter: &Value) -> Option<Value> {
    let mut renderer = Renderer { names: Object::new(), values: Object::new() };
    let expression = renderer.members(filter.as_object()?, "")?.join(" AND ");
    Some(value!({"expression": expression, "expressionNames": (renderer.names), "expressionValues": (renderer.values)}))
}

impl Renderer {
    fn members(&mut self, filter: &Object, path: &str) -> Option<Vec<String>> {
        filter.iter().map(|(key, value)| self.member(key, value, path)).collect()
    }

    fn member(&mut self, key: &str, value: &Value, path: &str) -> Option<String> {
        match key {
            "and" | "or" => {
                let members = value.as_list()?.iter().enumerate();
                let parts =
                    members.map(|(at, item)| Some(self.members(item.as_object()?, &format!("{path}{key}_{at}_"))?.join(" AND ")));
                let parts = parts.collect::<Option<Vec<String>>>()?;
                Some(group(&parts, if key == "and" { " AND " } else { " OR " }))
            }
            "not" => {
                let parts = self.members(value.as_object()?, &format!("{path}not_"))?;
                Some(format!("(NOT {})", group(&parts, " AND ")))
            }
            field => {
                let conditions = value.as_object()?;
                self.names.insert(format!("#{field}"), field);
                self.conditions(&format!("#{field}"), &format!(":{path}{field}"), conditions)
            }
        }
    }

    fn conditions(&mut self, operand: &str, path: &str, conditions: &Object) -> Option<String> {
        let parts = conditions.iter().map(|(operator, value)| self.condition(operand, path, operator, value));
        Some(group(&parts.collect::<Option<Vec<String>>>()?, " AND "))
    }

    fn condition(&mut self, operand: &str, path: &str, operator: &str, value: &Value) -> Option<String> {
        let place = format!("{path}_{operator}");
        let mut bind = |place: String, value: &Value| {
            self.values.insert(&*place, to_dynamodb(value));
            place
        };
        Some(match operator {
            "eq" => format!("({operand} = {})", bind(place, value)),
            "ne" => format!("({operand} <> {})", bind(place, value)),
            "lt" => format!("({operand} < {})", bind(place, value)),
            "le" => format!("({operand} <= {})", bind(place, value)),
            "gt" => format!("({operand} > {})", bind(place, value)),
            "ge" => format!("({operand} >= {})", bind(place, value)),
            "contains" => format!("(contains({operand},{}))", bind(place, value)),
            "notContains" => format!("(NOT contains({operand},{}))", bind(place, value)),
            "beginsWith" => format!("(begins_with({operand},{}))", bind(place, value)),
            "between" => {
                let [start, end, ..] = value.as_list()? else { return None };
                let start = bind(format!("{place}_start"), start);
                let end = bind(format!("{place}_end"), end);
                format!("({operand} BETWEEN {start} AND {end})")
            }
            "in" => {
                let items = value.as_list()?.iter().enumerate();
                let places: Vec<String> = items.map(|(at, item)| bind(format!("{place}_{at}"), item)).collect();
                if places.is_empty() { "(null)".to_owned() } else { format!("({operand} IN ({}))", places.join(", ")) }
            }
            "attributeExists" => {
                let function = if value.as_bool()? { "attribute_exists" } else { "attribute_not_exists" };
                format!("({function}({operand}))")
            }
            "attributeType" => {
                let kind = match value.as_str()? {
                    "_null" => "NULL",
                    "string" => "S",
                    "stringSet" => "SS",
                    "number" => "N",
                    "numberSet" => "NS",
                    "binary" => "B",
                    "binarySet" => "BS",
                    "boolean" => "BOOL",
                    "list" => "L",
                    "map" => "M",
                    _ => return None,
                };
                format!("(attribute_type({operand},{}))", bind(place, &kind.into()))
            }
            "size" => {
                let conditions = value.as_object()?;
                let operand = if operand.starts_with("size(") { operand.to_owned() } else { format!("size({operand})") };
                return self.conditions(&operand, &place, conditions);
            }
            _ => return None,
        })
    }
}

/// One part stands alone, several stand in parentheses.
fn group(parts: &[String], conjunction: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        several => format!("({})", several.join(conjunction)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_negation_of_several_conditions_negates_them_all() {
        let filter = value!({"not": {"a": {"eq": 1}, "b": {"eq": 2}}});
        let expression = render(&filter).expect("renders");
        assert_eq!(expression.at(&["expression"]), &value!("(NOT ((#a = :not_a_eq) AND (#b = :not_b_eq)))"));
    }

    #[test]
    fn what_cannot_be_rendered_is_null() {
        for filter in [
            Value::List(Default::default()),
            value!({"a": 1}),
            value!({"a": {"bogus": 1}}),
            value!({"a": {"in": 1}}),
            value!({"or": {}}),
        ] {
            assert!(render(&filter).is_none(), "{filter}");
        }
    }
}
