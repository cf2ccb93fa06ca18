//! Results of the RDS Data API as rows: a list for each statement, an object for each row.

use value::{Object, Value, value};

use crate::Failure;
use crate::arguments::Arguments;

/// Takes the data source's result, as text or as an object. A statement without records gives `[{}]` (recorded).
pub(super) fn to_json_object(arguments: Arguments<'_>) -> Result<Value, Failure> {
    let parsed = match arguments.get(0) {
        Value::String(text) => Value::parse(text.as_bytes())
            .map_err(|fault| arguments.refuse(format!("not a result of the RDS Data API: {fault}")))?,
        other => other.clone(),
    };
    let Some(results) = parsed.get("sqlStatementResults").and_then(Value::as_list) else {
        return Err(arguments.refuse("not a result of the RDS Data API: 'sqlStatementResults' is missing"));
    };
    Ok(results.iter().map(statement).collect())
}

fn statement(result: &Value) -> Value {
    let Some(records) = result.get("records").and_then(Value::as_list) else { return value!([{}]) };
    let columns = result.get("columnMetadata").and_then(Value::as_list).unwrap_or_default();
    let names: Vec<&Value> = columns
        .iter()
        .map(|column| match column.at(&["label"]) {
            Value::Null => column.at(&["name"]),
            label => label,
        })
        .collect();
    records.iter().map(|record| row(record, &names)).collect()
}

/// A null column is absent from its row (recorded).
fn row(record: &Value, names: &[&Value]) -> Value {
    let fields = record.as_list().unwrap_or_default().iter().zip(names);
    let members = fields.filter_map(|(field, name)| Some((name.as_str()?, content(field)?)));
    members.collect::<Object>().into()
}

fn content(field: &Value) -> Option<Value> {
    let (kind, value) = field.as_object()?.iter().next()?;
    match &**kind {
        "isNull" => None,
        "arrayValue" => Some(array(value)),
        _ => Some(value.clone()),
    }
}

fn array(value: &Value) -> Value {
    let Some((kind, items)) = value.as_object().and_then(|object| object.iter().next()) else {
        return Value::List(Default::default());
    };
    match (&**kind, items.as_list()) {
        ("arrayValues", Some(items)) => items.iter().map(array).collect(),
        _ => items.clone(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::call;
    use value::{Value, value};

    #[test]
    fn rows() {
        let result = value!({"sqlStatementResults": [
            {"records": [[{"longValue": 1}, {"isNull": true}, {"arrayValue": {"arrayValues": [{"longValues": [1, 2]}]}}]],
             "columnMetadata": [{"label": "id", "name": "x"}, {"name": "n"}, {"name": "a"}]},
            {"numberOfRecordsUpdated": 1},
            {"records": (Value::List(Default::default())), "columnMetadata": (Value::List(Default::default()))}]});
        let rows = value!([[{"id": 1, "a": [[1, 2]]}], [{}], (Value::List(Default::default()))]);
        assert_eq!(call("rds.toJsonObject", std::slice::from_ref(&result)), Ok(rows.clone()));
        assert_eq!(call("rds.toJsonObject", &[value!(result.to_json())]), Ok(rows));
        assert_eq!(
            call("rds.toJsonString", &[value!({"sqlStatementResults": (Value::List(Default::default()))})]),
            Ok(value!("[]"))
        );
        assert!(call("rds.toJsonObject", &[value!("{")]).is_err());
        assert!(call("rds.toJsonObject", &[value!({})]).is_err());
    }
}
