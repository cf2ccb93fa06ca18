//! The shapes of the API's requests, from the [API reference](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/):
//! one table for all operations, read once.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The type of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    String,
    Boolean,
    Integer,
    Long,
    Blob,
    Structure(usize),
    /// A list or map and what it holds; the index is of [`Shapes::contents`].
    List(usize),
    Map(usize),
}

/// `Structure: Member type, …`; `[type]` is a list and `{type}` a map from strings. An exclamation mark is on required members, as far
/// as they are checked [here](super::constraints): where a service tells of a missing member itself, its words are better.
const TABLE: &str = "
AttributeValue: S String, N String, B Blob, SS [String], NS [String], BS [Blob], M {AttributeValue}, L [AttributeValue], NULL Boolean, BOOL Boolean
AttributeDefinition: AttributeName String, AttributeType String
KeySchemaElement: AttributeName String, KeyType String
Projection: ProjectionType String, NonKeyAttributes [String]
ProvisionedThroughput: ReadCapacityUnits Long, WriteCapacityUnits Long
OnDemandThroughput: MaxReadRequestUnits Long, MaxWriteRequestUnits Long
WarmThroughput: ReadUnitsPerSecond Long, WriteUnitsPerSecond Long
LocalSecondaryIndex: IndexName String, KeySchema [KeySchemaElement], Projection Projection
GlobalSecondaryIndex: IndexName String, KeySchema [KeySchemaElement], Projection Projection, ProvisionedThroughput ProvisionedThroughput, OnDemandThroughput OnDemandThroughput, WarmThroughput WarmThroughput
CreateGlobalSecondaryIndexAction: IndexName String!, KeySchema [KeySchemaElement]!, Projection Projection!, ProvisionedThroughput ProvisionedThroughput, OnDemandThroughput OnDemandThroughput, WarmThroughput WarmThroughput
UpdateGlobalSecondaryIndexAction: IndexName String!, ProvisionedThroughput ProvisionedThroughput, OnDemandThroughput OnDemandThroughput, WarmThroughput WarmThroughput
DeleteGlobalSecondaryIndexAction: IndexName String!
GlobalSecondaryIndexUpdate: Update UpdateGlobalSecondaryIndexAction, Create CreateGlobalSecondaryIndexAction, Delete DeleteGlobalSecondaryIndexAction
StreamSpecification: StreamEnabled Boolean, StreamViewType String
SSESpecification: Enabled Boolean, SSEType String, KMSMasterKeyId String
Tag: Key String!, Value String!
TimeToLiveSpecification: Enabled Boolean!, AttributeName String!
Condition: AttributeValueList [AttributeValue], ComparisonOperator String
ExpectedAttributeValue: Value AttributeValue, Exists Boolean, ComparisonOperator String, AttributeValueList [AttributeValue]
AttributeValueUpdate: Value AttributeValue, Action String
KeysAndAttributes: Keys [{AttributeValue}]!, AttributesToGet [String], ConsistentRead Boolean, ProjectionExpression String, ExpressionAttributeNames {String}
PutRequest: Item {AttributeValue}!
DeleteRequest: Key {AttributeValue}!
WriteRequest: PutRequest PutRequest, DeleteRequest DeleteRequest
Get: Key {AttributeValue}!, TableName String!, ProjectionExpression String, ExpressionAttributeNames {String}
TransactGetItem: Get Get!
ConditionCheck: Key {AttributeValue}!, TableName String!, ConditionExpression String!, ExpressionAttributeNames {String}, ExpressionAttributeValues {AttributeValue}, ReturnValuesOnConditionCheckFailure String
Put: Item {AttributeValue}!, TableName String!, ConditionExpression String, ExpressionAttributeNames {String}, ExpressionAttributeValues {AttributeValue}, ReturnValuesOnConditionCheckFailure String
Delete: Key {AttributeValue}!, TableName String!, ConditionExpression String, ExpressionAttributeNames {String}, ExpressionAttributeValues {AttributeValue}, ReturnValuesOnConditionCheckFailure String
Update: Key {AttributeValue}!, UpdateExpression String!, TableName String!, ConditionExpression String, ExpressionAttributeNames {String}, ExpressionAttributeValues {AttributeValue}, ReturnValuesOnConditionCheckFailure String
TransactWriteItem: ConditionCheck ConditionCheck, Put Put, Delete Delete, Update Update
BatchStatementRequest: Statement String!, Parameters [AttributeValue], ConsistentRead Boolean, ReturnValuesOnConditionCheckFailure String
ParameterizedStatement: Statement String!, Parameters [AttributeValue], ReturnValuesOnConditionCheckFailure String
BatchExecuteStatementInput: Statements [BatchStatementRequest]!, ReturnConsumedCapacity String
BatchGetItemInput: RequestItems {KeysAndAttributes}!, ReturnConsumedCapacity String
BatchWriteItemInput: RequestItems {[WriteRequest]}!, ReturnConsumedCapacity String, ReturnItemCollectionMetrics String
CreateTableInput: AttributeDefinitions [AttributeDefinition], TableName String, KeySchema [KeySchemaElement], LocalSecondaryIndexes [LocalSecondaryIndex], GlobalSecondaryIndexes [GlobalSecondaryIndex], BillingMode String, ProvisionedThroughput ProvisionedThroughput, StreamSpecification StreamSpecification, SSESpecification SSESpecification, Tags [Tag], TableClass String, DeletionProtectionEnabled Boolean, WarmThroughput WarmThroughput, ResourcePolicy String, OnDemandThroughput OnDemandThroughput
DeleteItemInput: TableName String, Key {AttributeValue}, Expected {ExpectedAttributeValue}, ConditionalOperator String, ReturnValues String, ReturnConsumedCapacity String, ReturnItemCollectionMetrics String, ConditionExpression String, ExpressionAttributeNames {String}, ExpressionAttributeValues {AttributeValue}, ReturnValuesOnConditionCheckFailure String
DeleteTableInput: TableName String
DescribeStreamInput: StreamArn String!, Limit Integer, ExclusiveStartShardId String
DescribeTableInput: TableName String
DescribeTimeToLiveInput: TableName String
ExecuteStatementInput: Statement String!, Parameters [AttributeValue], ConsistentRead Boolean, NextToken String, ReturnConsumedCapacity String, Limit Integer, ReturnValuesOnConditionCheckFailure String
ExecuteTransactionInput: TransactStatements [ParameterizedStatement]!, ClientRequestToken String, ReturnConsumedCapacity String
GetItemInput: TableName String, Key {AttributeValue}, AttributesToGet [String], ConsistentRead Boolean, ReturnConsumedCapacity String, ProjectionExpression String, ExpressionAttributeNames {String}
GetRecordsInput: ShardIterator String!, Limit Integer
GetShardIteratorInput: StreamArn String!, ShardId String!, ShardIteratorType String!, SequenceNumber String
ListStreamsInput: TableName String, Limit Integer, ExclusiveStartStreamArn String
ListTablesInput: ExclusiveStartTableName String, Limit Integer
ListTagsOfResourceInput: ResourceArn String, NextToken String
PutItemInput: TableName String, Item {AttributeValue}, Expected {ExpectedAttributeValue}, ReturnValues String, ReturnConsumedCapacity String, ReturnItemCollectionMetrics String, ConditionalOperator String, ConditionExpression String, ExpressionAttributeNames {String}, ExpressionAttributeValues {AttributeValue}, ReturnValuesOnConditionCheckFailure String
QueryInput: TableName String, IndexName String, Select String, AttributesToGet [String], Limit Integer, ConsistentRead Boolean, KeyConditions {Condition}, QueryFilter {Condition}, ConditionalOperator String, ScanIndexForward Boolean, ExclusiveStartKey {AttributeValue}, ReturnConsumedCapacity String, ProjectionExpression String, FilterExpression String, KeyConditionExpression String, ExpressionAttributeNames {String}, ExpressionAttributeValues {AttributeValue}
ScanInput: TableName String, IndexName String, AttributesToGet [String], Limit Integer, Select String, ScanFilter {Condition}, ConditionalOperator String, ExclusiveStartKey {AttributeValue}, ReturnConsumedCapacity String, TotalSegments Integer, Segment Integer, ProjectionExpression String, FilterExpression String, ExpressionAttributeNames {String}, ExpressionAttributeValues {AttributeValue}, ConsistentRead Boolean
TagResourceInput: ResourceArn String, Tags [Tag]
TransactGetItemsInput: TransactItems [TransactGetItem]!, ReturnConsumedCapacity String
TransactWriteItemsInput: TransactItems [TransactWriteItem]!, ReturnConsumedCapacity String, ReturnItemCollectionMetrics String, ClientRequestToken String
UntagResourceInput: ResourceArn String, TagKeys [String]
UpdateItemInput: TableName String, Key {AttributeValue}, AttributeUpdates {AttributeValueUpdate}, Expected {ExpectedAttributeValue}, ConditionalOperator String, ReturnValues String, ReturnConsumedCapacity String, ReturnItemCollectionMetrics String, UpdateExpression String, ConditionExpression String, ExpressionAttributeNames {String}, ExpressionAttributeValues {AttributeValue}, ReturnValuesOnConditionCheckFailure String
UpdateTableInput: AttributeDefinitions [AttributeDefinition], TableName String, BillingMode String, ProvisionedThroughput ProvisionedThroughput, GlobalSecondaryIndexUpdates [GlobalSecondaryIndexUpdate], StreamSpecification StreamSpecification, SSESpecification SSESpecification, TableClass String, DeletionProtectionEnabled Boolean, OnDemandThroughput OnDemandThroughput, WarmThroughput WarmThroughput
UpdateTimeToLiveInput: TableName String!, TimeToLiveSpecification TimeToLiveSpecification!
";

/// The table, ready for use.
static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::read(TABLE));

/// All structures.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    structures: Vec<Structure>,
    by_name: HashMap<&'static str, usize>,
    /// What lists and maps hold.
    contents: Vec<Shape>,
    attribute_value: usize,
}

/// A structure and its members.
#[derive(Debug, Default)]
struct Structure {
    name: &'static str,
    members: HashMap<&'static str, Shape>,
    /// In the order of the table.
    required: Vec<&'static str>,
}

/// The table.
pub(super) fn shapes() -> &'static Shapes {
    &SHAPES
}

impl Shapes {
    fn read(table: &'static str) -> Self {
        let lines = || table.lines().filter_map(|line| line.split_once(": "));
        let mut shapes = Self { by_name: lines().enumerate().map(|(at, (name, _))| (name, at)).collect(), ..Self::default() };
        shapes.attribute_value = shapes.by_name["AttributeValue"];
        for (name, members) in lines() {
            let mut structure = Structure { name, ..Structure::default() };
            for member in members.split(", ") {
                let (name, shape) = member.split_once(' ').expect("the table has 'name type' members");
                let (shape, required) = shape.strip_suffix('!').map_or((shape, false), |shape| (shape, true));
                structure.members.insert(name, shapes.shape(shape));
                if required {
                    structure.required.push(name);
                }
            }
            shapes.structures.push(structure);
        }
        shapes
    }

    fn shape(&mut self, text: &str) -> Shape {
        let inside = |open, close| text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
        if let Some(inside) = inside('[', ']') {
            return Shape::List(self.content(inside));
        }
        if let Some(inside) = inside('{', '}') {
            return Shape::Map(self.content(inside));
        }
        match text {
            "String" => Shape::String,
            "Boolean" => Shape::Boolean,
            "Integer" => Shape::Integer,
            "Long" => Shape::Long,
            "Blob" => Shape::Blob,
            structure => Shape::Structure(self.by_name[structure]),
        }
    }

    fn content(&mut self, text: &str) -> usize {
        let shape = self.shape(text);
        self.contents.push(shape);
        self.contents.len() - 1
    }

    /// The structure of that name.
    pub(super) fn structure(&self, name: &str) -> Option<Shape> {
        self.by_name.get(name).map(|&at| Shape::Structure(at))
    }

    /// What a list or map holds.
    pub(super) fn content_of(&self, place: usize) -> Shape {
        self.contents[place]
    }

    /// A member of a structure; unknown ones are not looked at, as on AWS.
    pub(super) fn member(&self, structure: usize, name: &str) -> Option<Shape> {
        self.structures[structure].members.get(name).copied()
    }

    /// The members that a structure must have.
    pub(super) fn required(&self, structure: usize) -> &[&'static str] {
        &self.structures[structure].required
    }

    /// Whether this is an attribute value.
    pub(super) fn is_attribute_value(&self, shape: Shape) -> bool {
        shape == Shape::Structure(self.attribute_value)
    }

    /// The type's name as it stands in the service's messages.
    pub(super) fn java_name(&self, shape: Shape) -> String {
        match shape {
            Shape::String => "java.lang.String".into(),
            Shape::Boolean => "java.lang.Boolean".into(),
            Shape::Integer => "java.lang.Integer".into(),
            Shape::Long => "java.lang.Long".into(),
            Shape::Blob => "java.nio.ByteBuffer".into(),
            Shape::Structure(at) => format!("com.amazonaws.dynamodb.v20120810.{}", self.structures[at].name),
            Shape::List(at) => format!("java.util.List<{}>", self.java_name(self.contents[at])),
            Shape::Map(at) => format!("java.util.Map<java.lang.String, {}>", self.java_name(self.contents[at])),
        }
    }
}

#[cfg(test)]
mod tests {
    use dynamodb::Operation;

    use super::*;

    #[test]
    fn every_operation_has_a_request() {
        for operation in Operation::ALL {
            let name = format!("{}Input", operation.name());
            assert!(shapes().structure(&name).is_some(), "{name}");
        }
        let requests = shapes().by_name.keys().filter(|name| name.ends_with("Input")).count();
        assert_eq!(requests, Operation::ALL.len());
    }

    #[test]
    fn names_are_javas() {
        let shape = |name: &str, member: &str| {
            let Some(Shape::Structure(at)) = shapes().structure(name) else { panic!("{name}") };
            shapes().java_name(shapes().member(at, member).expect(member))
        };
        assert_eq!(
            shape("BatchWriteItemInput", "RequestItems"),
            "java.util.Map<java.lang.String, java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>>"
        );
        assert_eq!(shape("QueryInput", "Limit"), "java.lang.Integer");
    }
}
