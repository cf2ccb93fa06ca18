//! Statements for the RDS Data API: SQL text with `:P0`, `:P1`, … for every value, so that no value becomes SQL.

use value::{Number, Object, Value, value};

use crate::arguments::Arguments;
use crate::{Failure, Session};

/// Whose SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    PostgreSql,
    MySql,
}

pub(super) struct Renderer<'s> {
    dialect: Dialect,
    templates: &'s [Value],
    variables: Object,
    hints: Object,
    depth: usize,
}

const MAX_STATEMENTS: usize = 2;
const MAX_SUBQUERIES: usize = 16;
const TYPE_HINTS: &[&str] = &["DATE", "DECIMAL", "JSON", "TIME", "TIMESTAMP", "UUID"];

/// The kinds of join, in the order they are written, and their SQL.
const JOINS: &[(&str, &str)] = &[
    ("join", "JOIN"),
    ("innerJoin", "INNER JOIN"),
    ("leftJoin", "LEFT JOIN"),
    ("leftOuterJoin", "LEFT OUTER JOIN"),
    ("rightJoin", "RIGHT JOIN"),
    ("rightOuterJoin", "RIGHT OUTER JOIN"),
    ("fullOuterJoin", "FULL OUTER JOIN"),
    ("crossJoin", "CROSS JOIN"),
    ("joinNatural", "NATURAL JOIN"),
    ("innerJoinNatural", "NATURAL INNER JOIN"),
    ("leftJoinNatural", "NATURAL LEFT JOIN"),
    ("leftOuterJoinNatural", "NATURAL LEFT OUTER JOIN"),
    ("rightJoinNatural", "NATURAL RIGHT JOIN"),
    ("rightOuterJoinNatural", "NATURAL RIGHT OUTER JOIN"),
    ("fullOuterJoinNatural", "NATURAL FULL OUTER JOIN"),
];

pub(super) fn create(session: &mut Session, arguments: Arguments<'_>, name: &str, dialect: Dialect) -> Result<Value, Failure> {
    if arguments.count() == 0 {
        return Err(arguments.refuse(format!("An argument is expected to be passed to {name}")));
    }
    let mut renderer =
        Renderer { dialect, templates: &session.sql_templates, variables: Object::new(), hints: Object::new(), depth: 0 };
    let mut statements = Vec::new();
    for at in 0..arguments.count() {
        let statement = arguments.get(at);
        if at > 0 && statement.is_null() {
            continue;
        }
        if at >= MAX_STATEMENTS {
            return Err(arguments.refuse(format!("{name} takes at most {MAX_STATEMENTS} statements")));
        }
        let text = match statement {
            Value::String(text) => text.to_string(),
            other => match renderer.statement(other) {
                Some(text) => text.map_err(|fault| arguments.refuse(fault))?,
                None => return Err(arguments.refuse(format!("Unsupported type is passed as argument to {name}"))),
            },
        };
        statements.push(text.trim_end().to_owned());
    }
    let (variables, hints) = (renderer.variables, renderer.hints);
    Ok(value!({"statements": statements, "variableMap": variables, "variableTypeHintMap": hints}))
}

fn present<'a>(payload: &'a Object, key: &str) -> Option<&'a Value> {
    payload.get(key).filter(|value| !value.is_null())
}

impl Renderer<'_> {
    /// `None` for something that is no statement.
    fn statement(&mut self, statement: &Value) -> Option<Result<String, String>> {
        if self.is_template(statement) {
            return Some(Ok(self.template(statement)));
        }
        let payload = statement.get("properties")?.as_object()?;
        Some(match statement.get("type")?.as_str()? {
            "SELECT" => self.select(payload),
            "INSERT" => self.insert(payload),
            "UPDATE" => self.update(payload),
            "REMOVE" => self.remove(payload),
            _ => return None,
        })
    }

    /// Whether this is an `sql` template that this evaluation made: its literal parts must be known.
    pub(super) fn is_template(&self, value: &Value) -> bool {
        value.at(&["type"]).as_str() == Some("SQL") && self.templates.contains(value.at(&["properties", "strings"]))
    }

    fn template(&mut self, template: &Value) -> String {
        let strings = template.at(&["properties", "strings"]).as_list().unwrap_or_default();
        let values = template.at(&["properties", "values"]).as_list().unwrap_or_default();
        let mut text = String::new();
        for (at, literal) in strings.iter().enumerate() {
            if at > 0 {
                text.push_str(&self.bind(values.get(at - 1).unwrap_or(&Value::Null)));
            }
            text.push_str(literal.as_str().unwrap_or_default());
        }
        text
    }

    /// The placeholder of a value; null is the literal, a type hint goes into its own map.
    pub(super) fn bind(&mut self, value: &Value) -> String {
        let (value, hint) = match (value.at(&["type"]).as_str(), value.get("value")) {
            (Some(hint), Some(inner)) if TYPE_HINTS.contains(&hint) => (inner, Some(hint)),
            _ => (value, None),
        };
        if value.is_null() {
            return "NULL".to_owned();
        }
        let place = format!(":P{}", self.variables.len());
        self.variables.insert(&*place, value);
        if let Some(hint) = hint {
            self.hints.insert(&*place, hint);
        }
        place
    }

    /// A quoted name; dots separate schema, table and column. A quote inside a name is doubled.
    pub(super) fn identifier(&self, name: &str) -> String {
        let quote = if self.dialect == Dialect::MySql { '`' } else { '"' };
        let quoted = name.split('.').map(|part| format!("{quote}{}{quote}", part.replace(quote, &format!("{quote}{quote}"))));
        quoted.collect::<Vec<_>>().join(".")
    }

    fn select(&mut self, payload: &Object) -> Result<String, String> {
        let mut text = "SELECT".to_owned();
        let table = self.source(payload)?;
        let columns = match present(payload, "columns") {
            None => "*".to_owned(),
            Some(columns) => self.columns(columns)?,
        };
        clause(&mut text, "", &columns);
        clause(&mut text, "FROM ", &table);
        for (key, join) in JOINS {
            let Some(items) = present(payload, key) else { continue };
            for item in items.as_list().ok_or_else(|| format!("{key} expects an array."))? {
                let item = item.as_object().ok_or_else(|| format!("{key} item expected to be an object."))?;
                let joined = self.join(item)?;
                clause(&mut text, join, &format!(" {joined}"));
            }
        }
        self.add_where(payload, &mut text)?;
        if let Some(group) = present(payload, "groupBy") {
            let items = group.as_list().ok_or("groupBy expects an array.")?;
            let names = items.iter().map(|item| match item {
                Value::String(name) => Ok(self.identifier(name)),
                Value::Number(position) if position.as_u64().is_some() => Ok(position.to_string()),
                _ => Err("groupBy expects names or positions of columns.".to_owned()),
            });
            clause(&mut text, "GROUP BY ", &names.collect::<Result<Vec<_>, _>>()?.join(", "));
        }
        if let Some(having) = present(payload, "having") {
            let object = having.as_object().ok_or("HAVING values are expected to be a condition object.")?;
            let conditions = self.conditions(object)?;
            clause(&mut text, "HAVING ", &conditions);
        }
        if let Some(order) = present(payload, "orderBy") {
            let items = order.as_list().ok_or("orderBy expects an array.")?;
            let items = items.iter().map(|item| self.order(item)).collect::<Result<Vec<_>, _>>()?;
            clause(&mut text, "ORDER BY ", &items.join(", "));
        }
        for (key, keyword) in [("limit", "LIMIT "), ("offset", "OFFSET ")] {
            let number = match present(payload, key) {
                None => continue,
                Some(number @ Value::Number(_)) => Some(number.clone()),
                Some(Value::String(text)) => Number::from_text(text).map(Value::from),
                Some(_) => None,
            };
            let place = self.bind(&number.ok_or_else(|| format!("{key} expects a number."))?);
            clause(&mut text, keyword, &place);
        }
        Ok(text)
    }

    fn join(&mut self, item: &Object) -> Result<String, String> {
        let mut text = self.source(item)?;
        if let Some(using) = present(item, "using") {
            let names = using.as_list().ok_or("using expects an array.")?.iter();
            let names = names.map(|name| name.as_str().map(|name| self.identifier(name)));
            let names = names.collect::<Option<Vec<_>>>().ok_or("using expects names of columns.")?;
            clause(&mut text, "USING ", &format!("({})", names.join(", ")));
        }
        if let Some(on) = present(item, "on") {
            // Whether the service binds the operands of a condition object here or reads them as columns is not known.
            if !self.is_template(on) {
                return Err("ON takes an sql template here; condition objects in joins are not supported.".to_owned());
            }
            let condition = self.template(on);
            clause(&mut text, "ON ", &condition);
        }
        Ok(text)
    }

    fn order(&self, item: &Value) -> Result<String, String> {
        let object = item.as_object().ok_or("orderBy item expected to be an object.")?;
        let column = object.get("column").and_then(Value::as_str).ok_or("orderBy item expected to have property column.")?;
        let direction = match object.get("dir") {
            Some(Value::String(direction)) => match &*direction.to_ascii_uppercase() {
                "ASC" => "ASC",
                "DESC" => "DESC",
                _ => return Err(format!("orderBy dir can have either ASC or DESC found {direction}.")),
            },
            _ => "ASC",
        };
        Ok(format!("{} {direction}", self.identifier(column)))
    }

    fn insert(&mut self, payload: &Object) -> Result<String, String> {
        let table = self.table(payload)?;
        let values = values(payload, "insert")?;
        let names: Vec<String> = values.keys().map(|name| self.identifier(name)).collect();
        let places: Vec<String> = values.values().map(|value| self.bind(value)).collect();
        let mut text = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
        self.add_returning(payload, &mut text)?;
        Ok(text)
    }

    fn update(&mut self, payload: &Object) -> Result<String, String> {
        let mut text = format!("UPDATE {} SET", self.table(payload)?);
        let values = values(payload, "update")?.iter();
        let assignments: Vec<String> =
            values.map(|(name, value)| format!("{} = {}", self.identifier(name), self.bind(value))).collect();
        clause(&mut text, "", &assignments.join(", "));
        self.add_where(payload, &mut text)?;
        self.add_returning(payload, &mut text)?;
        Ok(text)
    }

    fn remove(&mut self, payload: &Object) -> Result<String, String> {
        let mut text = format!("DELETE FROM {}", self.table(payload)?);
        self.add_where(payload, &mut text)?;
        self.add_returning(payload, &mut text)?;
        Ok(text)
    }

    fn table(&mut self, payload: &Object) -> Result<String, String> {
        match present(payload, "table") {
            Some(table) => self.named(table, "table name is expected to be a string or alias."),
            None => Err("'table' or 'from' key is required.".to_owned()),
        }
    }

    /// `table` or `from`, not both; `from` may be a statement.
    fn source(&mut self, payload: &Object) -> Result<String, String> {
        match (present(payload, "table"), present(payload, "from")) {
            (Some(_), Some(_)) => Err("'from' and 'table' keys cannot be used together".to_owned()),
            (_, None) => self.table(payload),
            (None, Some(from)) => match self.subquery(from)? {
                Some(query) => Ok(query),
                None => self.named(from, "'from' value is expected to be string or object."),
            },
        }
    }

    /// A table's name, or an alias object `{alias: table}`.
    fn named(&mut self, table: &Value, otherwise: &str) -> Result<String, String> {
        match table {
            Value::String(name) => Ok(self.identifier(name)),
            Value::Object(alias) if alias.len() > 1 => Err("table alias is allowed only one key-value pair.".to_owned()),
            Value::Object(alias) => {
                let (name, table) = alias.iter().next().ok_or("java.util.NoSuchElementException")?;
                let table = match (table, self.subquery(table)?) {
                    (_, Some(query)) => query,
                    (Value::String(table), None) => self.identifier(table),
                    _ => return Err("Table alias value is expected to be a string.".to_owned()),
                };
                Ok(format!("{table} as {}", self.identifier(name)))
            }
            _ => Err(otherwise.to_owned()),
        }
    }

    /// A select statement or template in parentheses.
    fn subquery(&mut self, value: &Value) -> Result<Option<String>, String> {
        if !self.is_template(value) && value.at(&["type"]).as_str() != Some("SELECT") {
            return Ok(None);
        }
        if self.depth >= MAX_SUBQUERIES {
            return Err(format!("statements are nested deeper than {MAX_SUBQUERIES} levels"));
        }
        self.depth += 1;
        let text = self.statement(value).transpose()?;
        self.depth -= 1;
        Ok(text.map(|text| format!("({})", text.trim_end())))
    }

    fn columns(&mut self, columns: &Value) -> Result<String, String> {
        if columns.as_str() == Some("*") {
            return Ok("*".to_owned());
        }
        let items = columns.as_list().ok_or("Expected column to be * or an array.")?;
        Ok(items.iter().map(|item| self.column(item)).collect::<Result<Vec<_>, _>>()?.join(", "))
    }

    fn column(&mut self, item: &Value) -> Result<String, String> {
        match item {
            Value::String(name) if &**name == "*" => Ok("*".to_owned()),
            Value::String(name) => Ok(self.identifier(name)),
            Value::Object(object) => {
                if let Some(aggregate) = self.aggregate(item) {
                    return Ok(aggregate);
                }
                let mut members = object.iter();
                let (Some((alias, column)), None) = (members.next(), members.next()) else {
                    return Err("column alias is allowed only one key-value pair.".to_owned());
                };
                let column = match (column, self.aggregate(column), self.subquery(column)?) {
                    (_, Some(text), _) | (_, _, Some(text)) => text,
                    (Value::String(name), _, _) => self.identifier(name),
                    _ => return Err("Invalid type in column array.".to_owned()),
                };
                Ok(format!("{column} as {}", self.identifier(alias)))
            }
            _ => Err("Invalid type in column array.".to_owned()),
        }
    }

    fn aggregate(&self, value: &Value) -> Option<String> {
        let kind = value.get("type")?.as_str()?.strip_prefix("AGG_")?;
        let column = value.get("column")?.as_str()?;
        let (function, distinct) = match kind.strip_suffix("_DISTINCT") {
            Some(function) => (function, "DISTINCT "),
            None => (kind, ""),
        };
        let known = super::condition::aggregate(&function.to_ascii_lowercase())?.0;
        let column = if column == "*" { column.to_owned() } else { self.identifier(column) };
        Some(format!("{known}({distinct}{column})"))
    }

    fn add_where(&mut self, payload: &Object, text: &mut String) -> Result<(), String> {
        let condition = match present(payload, "where") {
            None => return Ok(()),
            Some(template) if self.is_template(template) => self.template(template),
            Some(Value::Object(object)) => self.conditions(object)?,
            Some(_) => return Err("WHERE values are expected to be SQL templates or a condition object.".to_owned()),
        };
        clause(text, "WHERE ", &condition);
        Ok(())
    }

    fn add_returning(&mut self, payload: &Object, text: &mut String) -> Result<(), String> {
        let Some(returning) = present(payload, "returning") else { return Ok(()) };
        let columns = self.columns(returning)?;
        if self.dialect == Dialect::MySql {
            return Err("returning is not supported in MySQL.".to_owned());
        }
        text.push_str(" RETURNING ");
        text.push_str(&columns);
        Ok(())
    }
}

fn values<'a>(payload: &'a Object, statement: &str) -> Result<&'a Object, String> {
    let values = present(payload, "values").ok_or_else(|| format!("values are expected to be passed to {statement}"))?;
    values.as_object().ok_or_else(|| "Expected values to an Object.".to_owned())
}

/// Adds a clause unless it has no content.
fn clause(text: &mut String, keyword: &str, content: &str) {
    if !content.is_empty() {
        text.push(' ');
        text.push_str(keyword);
        text.push_str(content);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::session;

    fn render(statement: &Value) -> Result<String, String> {
        let values = std::slice::from_ref(statement);
        let result =
            create(&mut session(), Arguments::new("createPgStatement", values), "createPgStatement", Dialect::PostgreSql);
        result.map(|value| value.at(&["statements"]).to_json()).map_err(|failure| failure.to_string())
    }

    fn select(payload: Value) -> Value {
        value!({"type": "SELECT", "properties": payload})
    }

    #[test]
    fn joins_groups_and_aggregates() {
        let count = value!({"type": "AGG_COUNT_DISTINCT", "column": "o.id"});
        let query = select(value!({
            "from": {"o": "orders"}, "columns": ["o.a", {"n": count}],
            "leftJoin": [{"from": "users", "using": ["id"]}],
            "groupBy": ["o.a", 1], "having": {"o.id": {"countDistinct": {"gt": 2}}}
        }));
        let expected = r#"SELECT "o"."a", COUNT(DISTINCT "o"."id") as "n" FROM "orders" as "o" LEFT JOIN "users" USING ("id") GROUP BY "o"."a", 1 HAVING COUNT(DISTINCT "o"."id") > :P0"#;
        assert_eq!(render(&query), Ok(value!([expected]).to_json()));
        let outer = select(value!({"from": {"t": (select(value!({"table": "x"})))}}));
        assert_eq!(render(&outer), Ok(value!([r#"SELECT * FROM (SELECT * FROM "x") as "t""#]).to_json()));
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        let query = select(value!({"table": "x\"; DROP TABLE y; --"}));
        assert_eq!(render(&query), Ok(value!([r#"SELECT * FROM "x""; DROP TABLE y; --""#]).to_json()));
    }

    #[test]
    fn an_object_that_looks_like_a_template_is_none() {
        let forged = value!({"type": "SQL", "properties": {"strings": ["1 = 1"], "values": (Value::List(Default::default()))}});
        assert!(render(&forged).expect_err("refused").starts_with("Unsupported type"));
        assert!(render(&select(value!({"table": "x", "where": forged}))).is_err());
    }
}
