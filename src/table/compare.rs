//! A definition beside what DescribeTable says of the table that is there.
//!
//! What makes requests fail (another key, an index that is missing or holds something else) is an error, anything else a
//! warning. Nothing is altered: each finding carries the command that does it.

use value::{Value, value};

use super::create;
use crate::definition::{KeySchemaElement, SecondaryIndex, StreamViewType, TableDefinition};
use crate::diagnostic::Diagnostic;

/// The differences, without their place.
pub(super) fn compare(table: &TableDefinition, there: &Value, time_to_live: Option<&Value>, endpoint: &str) -> Vec<Diagnostic> {
    let mut comparison = Comparison { table, there, endpoint, found: Vec::new() };
    comparison.key();
    comparison.attribute_types();
    comparison.indexes("GlobalSecondaryIndexes", "global", &table.global_secondary_indexes);
    comparison.indexes("LocalSecondaryIndexes", "local", &table.local_secondary_indexes);
    if let Some(time_to_live) = time_to_live {
        comparison.time_to_live(time_to_live.at(&["TimeToLiveDescription"]));
    }
    comparison.stream();
    comparison.deletion_protection();
    comparison.found
}

struct Comparison<'a> {
    table: &'a TableDefinition,
    /// `Table` of DescribeTable.
    there: &'a Value,
    endpoint: &'a str,
    found: Vec<Diagnostic>,
}

impl Comparison<'_> {
    fn error(&mut self, what: &str, help: String) {
        let message = format!("table `{}` {what}", self.table.table_name);
        self.found.push(Diagnostic::error("table-differs", message).help(help));
    }

    fn warning(&mut self, what: &str, help: String) {
        let message = format!("table `{}` {what}", self.table.table_name);
        self.found.push(Diagnostic::warning("table-differs", message).help(help));
    }

    /// A call of the aws CLI for this table.
    fn aws(&self, command: &str, arguments: &str) -> String {
        format!("aws dynamodb {command} --table-name {} {arguments} --endpoint-url {}", self.table.table_name, self.endpoint)
    }

    /// The way out where DynamoDB itself has no other.
    fn recreate(&self) -> String {
        let name = &self.table.table_name;
        format!("change the file; or delete the table with its items and make it anew: syncgate seed --recreate --table {name}")
    }

    fn key(&mut self) {
        let (wanted, there) = (written_key(&self.table.key_schema), described_key(self.there));
        if wanted != there {
            self.error(&format!("has another key: {wanted} in the file, {there} in the table"), self.recreate());
        }
    }

    /// Attributes that only one side has belong to a key that only one side has, which is said there.
    fn attribute_types(&mut self) {
        for definition in &self.table.attribute_definitions {
            let there = list(self.there, "AttributeDefinitions")
                .iter()
                .find(|there| text(there, "AttributeName") == &*definition.attribute_name)
                .map(|there| text(there, "AttributeType"));
            let wanted = definition.attribute_type.name();
            if let Some(there) = there.filter(|there| *there != wanted) {
                let what =
                    format!("has another type of `{}`: {wanted} in the file, {there} in the table", definition.attribute_name);
                self.error(&what, self.recreate());
            }
        }
    }

    fn indexes(&mut self, member: &str, kind: &str, wanted: &[SecondaryIndex]) {
        let is_global = kind == "global";
        let there = list(self.there, member);
        for index in wanted {
            let Some(found) = there.iter().find(|there| text(there, "IndexName") == &*index.index_name) else {
                let help = if is_global { self.create_index(index) } else { self.recreate() };
                self.error(&format!("has no {kind} secondary index `{}`", index.index_name), help);
                continue;
            };
            let (key, key_there) = (written_key(&index.key_schema), described_key(found));
            if key != key_there {
                let what =
                    format!("has another key of its index `{}`: {key} in the file, {key_there} in the table", index.index_name);
                self.error(&what, self.other_index(index, is_global));
            }
            let (projection, projection_there) = (written_projection(index), described_projection(found));
            if projection != projection_there {
                let what = format!(
                    "has another projection of its index `{}`: {projection} in the file, {projection_there} in the table",
                    index.index_name
                );
                self.error(&what, self.other_index(index, is_global));
            }
        }
        for found in there {
            let name = text(found, "IndexName");
            if wanted.iter().all(|index| &*index.index_name != name) {
                let help = if is_global {
                    format!("add it to the file; or remove it: {}", self.delete_index(name))
                } else {
                    self.recreate()
                };
                self.warning(&format!("has a {kind} secondary index `{name}` that the file does not name"), help);
            }
        }
    }

    /// A missing global index can be added to a table that has items.
    fn create_index(&self, index: &SecondaryIndex) -> String {
        let is_key =
            |name: &str| self.table.key_schema.iter().chain(&index.key_schema).any(|element| &*element.attribute_name == name);
        let definitions: Vec<_> =
            self.table.attribute_definitions.iter().filter(|definition| is_key(&definition.attribute_name)).cloned().collect();
        let update = value!([{ "Create": (create::index(index)) }]);
        let arguments = format!(
            "--attribute-definitions '{}' --global-secondary-index-updates '{update}'",
            create::attribute_definitions(&definitions)
        );
        format!(
            "{}\nor keep the items: serve without this [[table]], then {}",
            self.recreate(),
            self.aws("update-table", &arguments)
        )
    }

    fn delete_index(&self, name: &str) -> String {
        let update = value!([{ "Delete": { "IndexName": name } }]);
        self.aws("update-table", &format!("--global-secondary-index-updates '{update}'"))
    }

    fn other_index(&self, index: &SecondaryIndex, is_global: bool) -> String {
        if !is_global {
            return self.recreate();
        }
        let delete = self.delete_index(&index.index_name);
        format!("{}\nor keep the items: serve without this [[table]], then {delete}", self.recreate())
    }

    fn time_to_live(&mut self, there: &Value) {
        let wanted = self.table.time_to_live_specification.as_ref().filter(|specification| specification.enabled);
        let wanted = wanted.map(|specification| &*specification.attribute_name);
        let is_on = matches!(text(there, "TimeToLiveStatus"), "ENABLED" | "ENABLING");
        let found = is_on.then(|| text(there, "AttributeName"));
        if wanted == found {
            return;
        }
        let (attribute, enabled) = match (wanted, found) {
            (Some(wanted), None) => (wanted, true),
            // DynamoDB lets the attribute change only by way of none.
            (_, Some(found)) => (found, false),
            (None, None) => return,
        };
        let specification = value!({ "Enabled": enabled, "AttributeName": attribute });
        let command = self.aws("update-time-to-live", &format!("--time-to-live-specification '{specification}'"));
        let what = format!("has another time to live: {} in the file, {} in the table", or_none(wanted), or_none(found));
        self.warning(&what, format!("change the file, or the table: {command}"));
    }

    fn stream(&mut self) {
        let wanted = self.table.stream_specification.map(StreamViewType::name);
        let specification = self.there.at(&["StreamSpecification"]);
        let is_on = specification.get("StreamEnabled").and_then(Value::as_bool).unwrap_or_default();
        let found = is_on.then(|| text(specification, "StreamViewType"));
        if wanted == found {
            return;
        }
        let update = match (wanted, found) {
            (Some(view), None) => value!({ "StreamEnabled": true, "StreamViewType": view }),
            // A stream that is on must go before another one can come.
            _ => value!({ "StreamEnabled": false }),
        };
        let command = self.aws("update-table", &format!("--stream-specification '{update}'"));
        let what = format!("has another stream: {} in the file, {} in the table", or_none(wanted), or_none(found));
        self.warning(&what, format!("change the file, or the table: {command}"));
    }

    fn deletion_protection(&mut self) {
        let there = self.there.get("DeletionProtectionEnabled").and_then(Value::as_bool).unwrap_or_default();
        let wanted = self.table.deletion_protection_enabled;
        if wanted == there {
            return;
        }
        let flag = if wanted { "--deletion-protection-enabled" } else { "--no-deletion-protection-enabled" };
        let state = if there { "is protected from deletion, not so in the file" } else { "is not protected from deletion" };
        let command = self.aws("update-table", flag);
        self.warning(state, format!("change the file, or the table: {command}"));
    }
}

fn or_none(name: Option<&str>) -> &str {
    name.unwrap_or("none")
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_list).unwrap_or_default()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// `id (HASH), at (RANGE)`
fn written_key(elements: &[KeySchemaElement]) -> String {
    let parts = elements.iter().map(|element| format!("{} ({})", element.attribute_name, element.key_type.name()));
    parts.collect::<Vec<_>>().join(", ")
}

fn described_key(there: &Value) -> String {
    let parts = list(there, "KeySchema").iter();
    parts
        .map(|element| format!("{} ({})", text(element, "AttributeName"), text(element, "KeyType")))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `ALL`, or `INCLUDE a, b` in the order of the alphabet: it is a set.
fn written_projection(index: &SecondaryIndex) -> String {
    let names = index.projection.non_key_attributes.iter().map(|name| &**name);
    projection(index.projection.projection_type.name(), names.collect())
}

fn described_projection(there: &Value) -> String {
    let there = there.at(&["Projection"]);
    projection(text(there, "ProjectionType"), list(there, "NonKeyAttributes").iter().filter_map(Value::as_str).collect())
}

fn projection(projection_type: &str, mut names: Vec<&str>) -> String {
    names.sort_unstable();
    names.dedup();
    format!("{projection_type} {}", names.join(", ")).trim_end().to_owned()
}
