//! Enhanced filters as `extensions.setSubscriptionFilter` gets them, read and held to AppSync's limits.
//!
//! `{"filterGroup": [{"filters": [{"fieldName", "operator", "value"}, …]}, …]}`: all conditions of one `filters` must hold, one
//! of the `filters` is enough. Filters for invalidation have the same form. Where a message of AppSync is known from its
//! clients' issue trackers, an [`Error`] begins with it, because clients look for those words (aws-amplify's DataStore falls
//! back to filtering by itself); place and cause follow.

use value::Value;

use crate::condition::{Condition, Operator, Path};
use crate::matcher::Conjunction;

/// How many `filters` a group may have once each `in` is multiplied out.
pub const MAX_FILTERS: usize = 10;
/// How many fields one of the `filters` may look at.
pub const MAX_FIELDS: usize = 5;
/// How many values `in` and `notIn` may have.
pub const MAX_IN_VALUES: usize = 5;
/// How many values `containsAny` may have.
pub const MAX_CONTAINS_ANY_VALUES: usize = 20;
/// How many characters a string may have.
pub const MAX_STRING: usize = 256;
/// How many names a path may have.
pub const MAX_DEPTH: usize = 5;

/// Why a filter is refused, with the place in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Something has not the form of a filter.
    #[error("subscription filter is invalid: {place} must be {expected}, but is {found}.")]
    Form {
        /// The place in the filter.
        place: String,
        /// What AppSync expects there.
        expected: &'static str,
        /// The kind of what stands there.
        found: &'static str,
    },
    /// No such operator.
    #[error("subscription filter has unknown operator `{operator}`: {place} must be one of {}.", operators())]
    UnknownOperator {
        /// The place in the filter.
        place: String,
        /// What stands there.
        operator: String,
    },
    /// The operator does not compare with such a value.
    #[error(
        "subscription filter has invalid filter value for operator `{operator}`. {place} must be {expected}, but is {found}."
    )]
    Value {
        /// The place in the filter.
        place: String,
        /// The operator.
        operator: Operator,
        /// What it compares with.
        expected: &'static str,
        /// The kind of what stands there.
        found: String,
    },
    /// A list of values is too long.
    #[error("subscription exceeds maximum value limit {limit} for operator `{operator}`. {place} has {count} values.")]
    TooManyValues {
        /// The place in the filter.
        place: String,
        /// The operator.
        operator: Operator,
        /// How many it may have.
        limit: usize,
        /// How many it has.
        count: usize,
    },
    /// A string is too long.
    #[error("subscription exceeds maximum string length {MAX_STRING} for filters. {place} has {count} characters.")]
    StringTooLong {
        /// The place in the filter.
        place: String,
        /// How many characters it has.
        count: usize,
    },
    /// Two conditions of one filter look at the same field.
    #[error(
        "subscription filter uses same fieldName multiple time in single filter object. {place} is '{field}' again; conditions \
         on one field belong into different objects of filterGroup, of which one must hold."
    )]
    RepeatedField {
        /// The place in the filter.
        place: String,
        /// The field.
        field: String,
    },
    /// One filter looks at too many fields.
    #[error("Filters exceed maximum attributes limit {MAX_FIELDS} for subscription. {place} has {count} fields.")]
    TooManyFields {
        /// The place in the filter.
        place: String,
        /// How many fields it has.
        count: usize,
    },
    /// The group has too many filters.
    #[error(
        "Filters combination exceed maximum limit {MAX_FILTERS} for subscription. filterGroup comes to {count} filters, each \
         `in` multiplied out."
    )]
    TooManyFilters {
        /// How many there are.
        count: usize,
    },
}

fn operators() -> String {
    Operator::ALL.map(Operator::name).join(", ")
}

/// A group of filters, of which one must match.
///
/// No event that is a list matches one: AppSync ignores mutations that return a list at top level (developer guide, enhanced
/// filtering, restrictions). A group without any filter wants every other event: `toSubscriptionFilter` leaves filters without
/// conditions out.
#[derive(Clone, Debug)]
pub struct FilterGroup {
    pub(crate) filters: Box<[Conjunction]>,
    any: bool,
    ignored: Box<[String]>,
}

impl FilterGroup {
    /// Reads what `setSubscriptionFilter` or `setSubscriptionInvalidationFilter` was given.
    ///
    /// # Errors
    /// [`Error`] with the first rule that is broken.
    pub fn parse(filter: &Value) -> Result<FilterGroup, Error> {
        let Some(group) = filter.get("filterGroup") else {
            return Err(form("the filter", "an object with a list 'filterGroup'", filter));
        };
        let group = group.as_list().ok_or_else(|| form("filterGroup", "a list", group))?;
        let mut filters = Vec::with_capacity(group.len().min(MAX_FILTERS));
        let mut ignored = Vec::new();
        let mut combinations = 0_usize;
        for (at, filter) in group.iter().enumerate() {
            let conditions = conditions(filter, at)?;
            let factors = conditions.iter().filter(|condition| condition.operator == Operator::In);
            let product = factors.fold(1_usize, |product, condition| product.saturating_mul(condition.values.len()));
            combinations = combinations.saturating_add(product);
            let deep = conditions.iter().position(|condition| condition.path.depth() > MAX_DEPTH);
            match deep {
                Some(deep) => ignored.push(format!("filterGroup[{at}].filters[{deep}].fieldName")),
                None => filters.push(Conjunction::new(conditions)),
            }
        }
        if combinations > MAX_FILTERS {
            return Err(Error::TooManyFilters { count: combinations });
        }
        Ok(FilterGroup { filters: filters.into(), any: group.is_empty(), ignored: ignored.into() })
    }

    /// The places of paths beyond [`MAX_DEPTH`]. AppSync accepts such a filter and ignores it, so that it never matches; whoever
    /// takes the filter should tell its author.
    #[must_use]
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Whether an event matches, looked at filter by filter.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        event.as_list().is_none() && (self.any || self.filters.iter().any(|filter| filter.holds(event)))
    }

    /// What an index works with: no filter at all is one without conditions.
    pub(crate) fn into_conjunctions(self) -> Box<[Conjunction]> {
        if self.any { Box::new([Conjunction::new(Vec::new())]) } else { self.filters }
    }
}

fn conditions(filter: &Value, at: usize) -> Result<Vec<Condition>, Error> {
    let place = format!("filterGroup[{at}]");
    let Some(list) = filter.get("filters") else {
        return Err(form(&place, "an object with a list 'filters'", filter));
    };
    let place = format!("{place}.filters");
    let list = list.as_list().ok_or_else(|| form(&place, "a list", list))?;
    if list.is_empty() {
        return Err(Error::Form { place, expected: "a list of at least one condition", found: "an empty list" });
    }
    let mut conditions: Vec<Condition> = Vec::with_capacity(list.len().min(MAX_FIELDS));
    for (number, given) in list.iter().enumerate() {
        let place = format!("{place}[{number}]");
        let condition = condition(given, &place)?;
        if conditions.iter().any(|other| other.path == condition.path) {
            let field = given.at(&["fieldName"]).as_str().unwrap_or_default().to_owned();
            return Err(Error::RepeatedField { place: format!("{place}.fieldName"), field });
        }
        if conditions.len() == MAX_FIELDS {
            return Err(Error::TooManyFields { place: format!("filterGroup[{at}].filters"), count: list.len() });
        }
        conditions.push(condition);
    }
    Ok(conditions)
}

fn condition(condition: &Value, place: &str) -> Result<Condition, Error> {
    if condition.as_object().is_none() {
        return Err(form(place, "an object with 'fieldName', 'operator' and 'value'", condition));
    }
    let text = |key: &str| {
        let given = condition.at(&[key]);
        given.as_str().ok_or_else(|| form(&format!("{place}.{key}"), "a string", given))
    };
    let field = text("fieldName")?;
    string(field, || format!("{place}.fieldName"))?;
    if field.split('.').any(str::is_empty) {
        let expected = "the name of a field, or names joined by dots";
        return Err(Error::Form { place: format!("{place}.fieldName"), expected, found: "without a name" });
    }
    let name = text("operator")?;
    let Some(operator) = Operator::ALL.into_iter().find(|operator| operator.name() == name) else {
        // What a client wrote comes back, but not at any length.
        let operator = name.chars().take(MAX_STRING).collect();
        return Err(Error::UnknownOperator { place: format!("{place}.operator"), operator });
    };
    let place = format!("{place}.value");
    let values = values(operator, condition.at(&["value"]), &place)?;
    Ok(Condition { path: Path::nested(field), operator, values })
}

/// The values of an operator, by the table of the developer guide (extensions, operators).
fn values(operator: Operator, value: &Value, place: &str) -> Result<Box<[Value]>, Error> {
    let refuse = |place: &str, expected, found: &Value| {
        let found = match found {
            Value::List(items) => format!("a list of {}", items.len()),
            found => found.kind().to_owned(),
        };
        Error::Value { place: place.to_owned(), operator, expected, found }
    };
    let single = |place: &str, value: &Value| match value {
        Value::Number(_) => Ok(()),
        Value::String(text) => string(text, || place.to_owned()),
        _ => Err(refuse(place, "an integer, a float or a string", value)),
    };
    match operator {
        Operator::Eq | Operator::Ne => match value {
            Value::Bool(_) => {}
            Value::Number(_) | Value::String(_) => single(place, value)?,
            _ => return Err(refuse(place, "an integer, a float, a string or a Boolean", value)),
        },
        Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge | Operator::Contains | Operator::NotContains => {
            single(place, value)?;
        }
        Operator::BeginsWith => match value {
            Value::String(_) => single(place, value)?,
            _ => return Err(refuse(place, "a string", value)),
        },
        Operator::Between => {
            let expected = "a list of two numbers or of two strings";
            let Some([low, high]) = value.as_list() else { return Err(refuse(place, expected, value)) };
            if low.kind() != high.kind() {
                return Err(refuse(place, expected, value));
            }
            single(&format!("{place}[0]"), low)?;
            single(&format!("{place}[1]"), high)?;
            return Ok(Box::new([low.clone(), high.clone()]));
        }
        Operator::In | Operator::NotIn | Operator::ContainsAny => {
            let expected = "a list of integers, floats or strings";
            let items = value.as_list().filter(|items| !items.is_empty()).ok_or_else(|| refuse(place, expected, value))?;
            let limit = if operator == Operator::ContainsAny { MAX_CONTAINS_ANY_VALUES } else { MAX_IN_VALUES };
            if items.len() > limit {
                let count = items.len();
                return Err(Error::TooManyValues { place: place.to_owned(), operator, limit, count });
            }
            for (at, item) in items.iter().enumerate() {
                single(&format!("{place}[{at}]"), item)?;
            }
            return Ok(items.into());
        }
    }
    Ok(Box::new([value.clone()]))
}

fn string(text: &str, place: impl Fn() -> String) -> Result<(), Error> {
    let count = text.chars().count();
    if count > MAX_STRING { Err(Error::StringTooLong { place: place(), count }) } else { Ok(()) }
}

fn form(place: &str, expected: &'static str, found: &Value) -> Error {
    Error::Form { place: place.to_owned(), expected, found: found.kind() }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn one(condition: Value) -> Value {
        value!({"filterGroup": [{"filters": [condition]}]})
    }

    fn with(operator: &str, value: Value) -> Value {
        one(value!({"fieldName": "f", "operator": operator, "value": value}))
    }

    fn fields(count: usize) -> Value {
        let condition = |number| value!({"fieldName": (format!("f{number}")), "operator": "eq", "value": 1});
        value!({"filterGroup": [{"filters": ((0..count).map(condition).collect::<Value>())}]})
    }

    fn filters(count: usize) -> Value {
        let filter = |_| value!({"filters": [{"fieldName": "f", "operator": "eq", "value": 1}]});
        value!({"filterGroup": ((0..count).map(filter).collect::<Value>())})
    }

    fn numbers(count: usize) -> Value {
        (0..count).map(|_| value!(1)).collect()
    }

    #[track_caller]
    fn accept(filter: &Value) -> FilterGroup {
        match FilterGroup::parse(filter) {
            Ok(group) => group,
            Err(error) => panic!("{filter}: {error}"),
        }
    }

    #[track_caller]
    fn refuse(filter: &Value, message: &str) {
        match FilterGroup::parse(filter) {
            Ok(_) => panic!("{filter} is accepted"),
            Err(error) => assert_eq!(error.to_string(), message, "{filter}"),
        }
    }

    #[test]
    fn limits_are_kept_to_the_last_one_allowed() {
        for count in 0..=MAX_FILTERS {
            accept(&filters(count));
        }
        for count in 1..=MAX_FIELDS {
            accept(&fields(count));
        }
        accept(&with("in", numbers(MAX_IN_VALUES)));
        accept(&with("notIn", numbers(MAX_IN_VALUES)));
        accept(&with("containsAny", numbers(MAX_CONTAINS_ANY_VALUES)));
        accept(&with("eq", value!("ä".repeat(MAX_STRING))));
        refuse(
            &filters(11),
            "Filters combination exceed maximum limit 10 for subscription. filterGroup comes to 11 filters, each `in` multiplied out.",
        );
        refuse(&fields(6), "Filters exceed maximum attributes limit 5 for subscription. filterGroup[0].filters has 6 fields.");
        for operator in ["in", "notIn"] {
            refuse(
                &with(operator, numbers(6)),
                &format!(
                    "subscription exceeds maximum value limit 5 for operator `{operator}`. filterGroup[0].filters[0].value has \
                     6 values."
                ),
            );
        }
        refuse(
            &with("containsAny", numbers(21)),
            "subscription exceeds maximum value limit 20 for operator `containsAny`. filterGroup[0].filters[0].value has 21 values.",
        );
        refuse(
            &with("beginsWith", value!("ä".repeat(MAX_STRING + 1))),
            "subscription exceeds maximum string length 256 for filters. filterGroup[0].filters[0].value has 257 characters.",
        );
        refuse(
            &with("in", value!(["a", ("b".repeat(300))])),
            "subscription exceeds maximum string length 256 for filters. filterGroup[0].filters[0].value[1] has 300 characters.",
        );
        refuse(
            &one(value!({"fieldName": ("f".repeat(257)), "operator": "eq", "value": 1})),
            "subscription exceeds maximum string length 256 for filters. filterGroup[0].filters[0].fieldName has 257 characters.",
        );
    }

    #[test]
    fn each_in_is_multiplied_out() {
        let two = |first: usize, second: usize| {
            value!({"filters": [
                {"fieldName": "a", "operator": "in", "value": (numbers(first))},
                {"fieldName": "b", "operator": "in", "value": (numbers(second))},
                {"fieldName": "c", "operator": "notIn", "value": [1, 2, 3]}
            ]})
        };
        accept(&value!({"filterGroup": [(two(5, 2))]}));
        accept(&value!({"filterGroup": [(two(3, 3)), (two(1, 1))]}));
        for (group, count) in
            [(value!([(two(3, 4))]), 12), (value!([(two(3, 3)), (two(1, 2))]), 11), (value!([(two(5, 5)), (two(5, 5))]), 50)]
        {
            refuse(
                &value!({"filterGroup": group}),
                &format!(
                    "Filters combination exceed maximum limit 10 for subscription. filterGroup comes to {count} filters, each \
                     `in` multiplied out."
                ),
            );
        }
    }

    #[test]
    fn what_is_no_filter_is_named_with_its_place() {
        let invalid = |rest: &str| format!("subscription filter is invalid: {rest}");
        for (filter, message) in [
            (value!(1), "the filter must be an object with a list 'filterGroup', but is number."),
            (value!({"filterGroup": {}}), "filterGroup must be a list, but is object."),
            (value!({"filterGroup": [1]}), "filterGroup[0] must be an object with a list 'filters', but is number."),
            (value!({"filterGroup": [{"filters": "x"}]}), "filterGroup[0].filters must be a list, but is string."),
            (
                value!({"filterGroup": [{"filters": (Value::List(Default::default()))}]}),
                "filterGroup[0].filters must be a list of at least one condition, but is an empty list.",
            ),
            (
                one(value!(null)),
                "filterGroup[0].filters[0] must be an object with 'fieldName', 'operator' and 'value', but is null.",
            ),
            (one(value!({"operator": "eq", "value": 1})), "filterGroup[0].filters[0].fieldName must be a string, but is null."),
            (
                one(value!({"fieldName": "a", "operator": 1, "value": 1})),
                "filterGroup[0].filters[0].operator must be a string, but is number.",
            ),
            (
                one(value!({"fieldName": "a..b", "operator": "eq", "value": 1})),
                "filterGroup[0].filters[0].fieldName must be the name of a field, or names joined by dots, but is without a name.",
            ),
        ] {
            refuse(&filter, &invalid(message));
        }
        refuse(
            &with("lte", value!(1)),
            "subscription filter has unknown operator `lte`: filterGroup[0].filters[0].operator must be one of eq, ne, le, lt, \
             ge, gt, contains, notContains, beginsWith, in, notIn, between, containsAny.",
        );
        let twice = value!([
            {"fieldName": "a", "operator": "gt", "value": 1}, {"fieldName": "a", "operator": "lt", "value": 9}
        ]);
        refuse(
            &value!({"filterGroup": [{"filters": twice}]}),
            "subscription filter uses same fieldName multiple time in single filter object. \
             filterGroup[0].filters[1].fieldName is 'a' again; conditions on one field belong into different objects of \
             filterGroup, of which one must hold.",
        );
    }

    #[test]
    fn operators_take_the_values_of_the_guide_only() {
        let good = [
            ("eq", value!(false)),
            ("ne", value!(1.5)),
            ("lt", value!("a")),
            ("contains", value!(1)),
            ("notContains", value!("")),
            ("beginsWith", value!("a")),
            ("between", value!([1, 2.5])),
            ("between", value!(["a", "b"])),
            ("in", value!([1, "a"])),
            ("containsAny", value!(["a"])),
        ];
        for (operator, value) in good {
            accept(&with(operator, value));
        }
        let single = "an integer, a float or a string";
        let list = "a list of integers, floats or strings";
        let pair = "a list of two numbers or of two strings";
        for (operator, value, place, expected, found) in [
            ("eq", value!(null), "", "an integer, a float, a string or a Boolean", "null"),
            ("ne", value!([1]), "", "an integer, a float, a string or a Boolean", "a list of 1"),
            ("ge", value!(true), "", single, "boolean"),
            ("contains", value!({}), "", single, "object"),
            ("notContains", value!(null), "", single, "null"),
            ("beginsWith", value!(1), "", "a string", "number"),
            ("between", value!(1), "", pair, "number"),
            ("between", value!([1]), "", pair, "a list of 1"),
            ("between", value!([1, "a"]), "", pair, "a list of 2"),
            ("between", value!([true, false]), "[0]", single, "boolean"),
            ("in", Value::List(Default::default()), "", list, "a list of 0"),
            ("in", value!("a"), "", list, "string"),
            ("notIn", value!([1, true]), "[1]", single, "boolean"),
            ("containsAny", Value::List(Default::default()), "", list, "a list of 0"),
            ("containsAny", value!([[1]]), "[0]", single, "a list of 1"),
        ] {
            refuse(
                &with(operator, value),
                &format!(
                    "subscription filter has invalid filter value for operator `{operator}`. \
                     filterGroup[0].filters[0].value{place} must be {expected}, but is {found}."
                ),
            );
        }
    }

    #[test]
    fn a_path_of_more_than_five_names_makes_its_filter_ignored() {
        let deep = |path: &str| {
            value!({"filters": [
                {"fieldName": "a", "operator": "eq", "value": 1}, {"fieldName": path, "operator": "eq", "value": 1}
            ]})
        };
        let event = value!({"a": 1, "b": {"c": {"d": {"e": {"f": 1, "g": {"h": 1}}}}}});
        let group = accept(&value!({"filterGroup": [(deep("b.c.d.e.f"))]}));
        assert!(group.matches(&event) && group.ignored().is_empty());
        let group = accept(&value!({"filterGroup": [(deep("b.c.d.e.g.h"))]}));
        assert!(!group.matches(&event), "an ignored filter widens nothing");
        assert_eq!(group.ignored(), ["filterGroup[0].filters[1].fieldName"]);
        let group = accept(&value!({"filterGroup": [(deep("b.c.d.e.g.h")), (deep("b.c.d.e.f"))]}));
        assert!(group.matches(&event), "the other filters of the group stay");
    }

    #[test]
    fn no_list_matches_and_no_filter_wants_everything_else() {
        let none = accept(&value!({"filterGroup": (Value::List(Default::default()))}));
        let severity = accept(&with("ne", value!(1)));
        for (event, any, some) in [
            (value!({"f": 2}), true, true),
            (value!({"f": 1}), true, false),
            (value!({}), true, false),
            (value!(null), true, false),
            (value!("scalar"), true, false),
            (value!([{"f": 2}]), false, false),
            (Value::List(Default::default()), false, false),
        ] {
            assert_eq!((none.matches(&event), severity.matches(&event)), (any, some), "{event}");
        }
    }
}
