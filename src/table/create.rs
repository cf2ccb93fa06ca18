//! A definition as DynamoDB's own requests.

use value::{Object, Value, value};

use crate::definition::{
    AttributeDefinition, KeySchemaElement, ProvisionedThroughput, SecondaryIndex, TableDefinition, TimeToLiveSpecification,
};

/// The request of CreateTable.
pub(super) fn create_table(table: &TableDefinition) -> Value {
    let mut request = Object::new();
    request.insert("TableName", text(&table.table_name));
    request.insert("KeySchema", key_schema(&table.key_schema));
    request.insert("AttributeDefinitions", attribute_definitions(&table.attribute_definitions));
    request.insert("BillingMode", Value::from(table.billing_mode.name()));
    for (name, indexes) in
        [("GlobalSecondaryIndexes", &table.global_secondary_indexes), ("LocalSecondaryIndexes", &table.local_secondary_indexes)]
    {
        if !indexes.is_empty() {
            request.insert(name, Value::from(indexes.iter().map(index).collect::<Vec<_>>()));
        }
    }
    if let Some(throughput) = &table.provisioned_throughput {
        request.insert("ProvisionedThroughput", provisioned_throughput(throughput));
    }
    if let Some(view) = table.stream_specification {
        request.insert("StreamSpecification", value!({"StreamEnabled": true, "StreamViewType": (view.name())}));
    }
    if table.deletion_protection_enabled {
        request.insert("DeletionProtectionEnabled", Value::from(true));
    }
    if let Some(class) = &table.table_class {
        request.insert("TableClass", text(class));
    }
    if !table.tags.is_empty() {
        let tags = table.tags.iter().map(|(key, value)| value!({"Key": (text(key)), "Value": (text(value))}));
        request.insert("Tags", Value::from(tags.collect::<Vec<_>>()));
    }
    Value::from(request)
}

/// The request of UpdateTimeToLive.
pub(super) fn update_time_to_live(table_name: &str, specification: &TimeToLiveSpecification) -> Value {
    let enabled = specification.enabled;
    value!({
        "TableName": table_name,
        "TimeToLiveSpecification": { "AttributeName": (text(&specification.attribute_name)), "Enabled": enabled },
    })
}

pub(super) fn attribute_definitions(definitions: &[AttributeDefinition]) -> Value {
    let definitions = definitions.iter().map(|definition| {
        value!({
            "AttributeName": (text(&definition.attribute_name)),
            "AttributeType": (definition.attribute_type.name()),
        })
    });
    Value::from(definitions.collect::<Vec<_>>())
}

pub(super) fn key_schema(elements: &[KeySchemaElement]) -> Value {
    let elements = elements
        .iter()
        .map(|element| value!({ "AttributeName": (text(&element.attribute_name)), "KeyType": (element.key_type.name()) }));
    Value::from(elements.collect::<Vec<_>>())
}

/// An index, as in CreateTable and in `Create` of UpdateTable.
pub(super) fn index(index: &SecondaryIndex) -> Value {
    let mut projection = Object::new();
    projection.insert("ProjectionType", Value::from(index.projection.projection_type.name()));
    if !index.projection.non_key_attributes.is_empty() {
        let names = index.projection.non_key_attributes.iter().map(text);
        projection.insert("NonKeyAttributes", Value::from(names.collect::<Vec<_>>()));
    }
    let mut written = Object::new();
    written.insert("IndexName", text(&index.index_name));
    written.insert("KeySchema", key_schema(&index.key_schema));
    written.insert("Projection", Value::from(projection));
    if let Some(throughput) = &index.provisioned_throughput {
        written.insert("ProvisionedThroughput", provisioned_throughput(throughput));
    }
    Value::from(written)
}

fn provisioned_throughput(throughput: &ProvisionedThroughput) -> Value {
    value!({
        "ReadCapacityUnits": (throughput.read_capacity_units),
        "WriteCapacityUnits": (throughput.write_capacity_units),
    })
}

fn text(text: &value::Str) -> Value {
    Value::String(value::Str::clone(text))
}
