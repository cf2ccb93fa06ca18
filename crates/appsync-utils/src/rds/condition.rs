//! Condition objects as SQL, in the service's (recorded) text: groups in parentheses per member, empty members leaving dangling
//! conjunctions.

use value::{Object, Value};

use super::statement::Renderer;

impl Renderer<'_> {
    /// All members joined by AND.
    pub(super) fn conditions(&mut self, object: &Object) -> Result<String, String> {
        let parts = object.iter().map(|(key, value)| match &**key {
            "and" | "or" | "not" => self.group(key, value),
            column => self.column_conditions(column, value),
        });
        Ok(parts.collect::<Result<Vec<_>, _>>()?.join(" AND "))
    }

    fn group(&mut self, key: &str, value: &Value) -> Result<String, String> {
        let items = value.as_list().ok_or_else(|| format!("{key} expects conditions to be an array"))?;
        let mut parts = Vec::with_capacity(items.len());
        for item in items {
            let object = item.as_object().filter(|_| !self.is_template(item));
            let inner = self.conditions(object.ok_or_else(|| format!("Expected {key} to be an Object."))?)?;
            parts.push(match (inner.is_empty(), key) {
                (true, _) => inner,
                (false, "not") => format!("NOT ({inner})"),
                (false, _) => format!("({inner})"),
            });
        }
        // Nothing but empty groups is no condition at all; an empty one between others leaves its conjunction.
        if let [one] = &parts[..] {
            return Ok(one.clone());
        }
        Ok(parts.join(if key == "or" { " OR " } else { " AND " }))
    }

    fn column_conditions(&mut self, column: &str, value: &Value) -> Result<String, String> {
        let conditions = value.as_object().ok_or("Expected condition to be an Object.")?;
        let name = self.identifier(column);
        let parts = conditions.iter().map(|(operator, value)| self.condition(column, &name, operator, value));
        Ok(parts.collect::<Result<Vec<_>, _>>()?.join(" AND "))
    }

    fn condition(&mut self, column: &str, name: &str, operator: &str, value: &Value) -> Result<String, String> {
        let known = comparison(operator).is_some()
            || matches!(operator, "contains" | "notContains" | "beginsWith" | "between" | "attributeExists" | "size")
            || aggregate(operator).is_some();
        if !known {
            return Err(format!("Unsupported condition {column}.{operator}."));
        }
        if value.is_null() {
            return Err(format!("Value for {column}.{operator} can't be null."));
        }
        if let Some(sign) = comparison(operator) {
            return Ok(format!("{name} {sign} {}", self.bind(value)));
        }
        let text = || value.as_str().ok_or_else(|| format!("{column}.{operator} expects a string value to be passed."));
        match operator {
            "contains" => Ok(format!("{name} LIKE {}", self.bind(&format!("%{}%", text()?).into()))),
            "notContains" => Ok(format!("{name} NOT LIKE {}", self.bind(&text()?.into()))),
            "beginsWith" => Ok(format!("{name} LIKE {}", self.bind(&format!("{}%", text()?).into()))),
            "between" => self.between(name, &format!("{column}.between"), value),
            "attributeExists" => match value.as_bool() {
                Some(true) => Ok(format!("{name} IS NOT NULL")),
                Some(false) => Ok(format!("{name} IS NULL")),
                None => Err(format!("{column}.attributeExists expects a boolean value to be passed.")),
            },
            "size" => self.nested(&format!("LENGTH ({name})"), column, operator, value),
            _ => {
                let (function, distinct) = aggregate(operator).ok_or("unknown aggregate")?;
                self.nested(&format!("{function}({distinct}{name})"), column, operator, value)
            }
        }
    }

    /// Comparisons of a function of the column.
    fn nested(&mut self, operand: &str, column: &str, function: &str, value: &Value) -> Result<String, String> {
        let conditions = value.as_object().ok_or_else(|| format!("Expected {column}.{function} to be an Object."))?;
        let parts = conditions.iter().map(|(operator, value)| match comparison(operator) {
            Some(sign) => Ok(format!("{operand} {sign} {}", self.bind(value))),
            None if &**operator == "between" => self.between(operand, &format!("{column}.{function}"), value),
            None => Err(format!("{column}.{function} has invalid {function} operator.")),
        });
        Ok(parts.collect::<Result<Vec<_>, _>>()?.join(" AND "))
    }

    fn between(&mut self, operand: &str, place: &str, value: &Value) -> Result<String, String> {
        match value.as_list() {
            Some([low, high]) => Ok(format!("{operand} BETWEEN {} AND {}", self.bind(low), self.bind(high))),
            Some(other) => Err(format!(
                "{place} condition expects an array with 2 values but received an array with length {}.",
                other.len()
            )),
            None => Err(format!("{place} condition expects an array with length of 2.")),
        }
    }
}

fn comparison(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "eq" => "=",
        "ne" => "!=",
        "lt" => "<",
        "le" => "<=",
        "gt" => ">",
        "ge" => ">=",
        _ => return None,
    })
}

/// The SQL function of an aggregate operator, and `DISTINCT ` for that form.
pub(super) fn aggregate(operator: &str) -> Option<(&'static str, &'static str)> {
    let (base, distinct) = match operator.strip_suffix("Distinct") {
        Some(base) => (base, "DISTINCT "),
        None => (operator, ""),
    };
    let function = match base {
        "min" => "MIN",
        "max" => "MAX",
        "sum" => "SUM",
        "avg" => "AVG",
        "count" => "COUNT",
        _ => return None,
    };
    Some((function, distinct))
}
