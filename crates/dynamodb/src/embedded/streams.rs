//! Streams as clients of the service expect them.
//!
//! The engine has one shard per stream, called `shardId-00000001-TABLE`. SDKs demand
//! [28 to 65 characters](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Shard.html), which that name has
//! only for some tables, so that shards have names in the service's form outside of the engine. The engine also says where an open
//! shard ends, which tells clients that nothing follows, gives an iterator of any shard, and writes the author of a deletion as
//! Lambda's events do, not as
//! [the API does](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Identity.html).

use dynoxide::actions::describe_stream::{DescribeStreamRequest, DescribeStreamResponse};
use dynoxide::actions::get_records::{GetRecordsRequest, GetRecordsResponse};
use dynoxide::actions::get_shard_iterator::{GetShardIteratorRequest, GetShardIteratorResponse};
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use value::{Object, Value};

use super::encode::{EncodeError, to_value};
use super::fast::Answer;

pub(super) fn describe_stream(
    database: &Database,
    request: DescribeStreamRequest,
) -> Result<DescribeStreamResponse, DynoxideError> {
    let after = request.exclusive_start_shard_id.clone();
    let mut answer = database.describe_stream(request)?;
    let shards = &mut answer.stream_description.shards;
    for shard in shards.iter_mut() {
        shard.shard_id = public(&shard.shard_id);
        shard.sequence_number_range.ending_sequence_number = None;
    }
    if let Some(after) = after {
        // One shard: after itself there is none.
        shards.retain(|shard| shard.shard_id > after);
    }
    Ok(answer)
}

pub(super) fn get_shard_iterator(
    database: &Database,
    mut request: GetShardIteratorRequest,
) -> Result<GetShardIteratorResponse, DynoxideError> {
    let of_stream = DescribeStreamRequest { stream_arn: request.stream_arn.clone(), ..DescribeStreamRequest::default() };
    let shards = database.describe_stream(of_stream)?.stream_description.shards;
    let shard = shards.into_iter().map(|shard| shard.shard_id).find(|shard| public(shard) == request.shard_id);
    request.shard_id = shard.ok_or_else(|| {
        let message = format!("Requested resource not found: Shard does not exist: {}", request.shard_id);
        DynoxideError::ResourceNotFoundException(message)
    })?;
    database.get_shard_iterator(request)
}

pub(super) fn get_records(database: &Database, request: GetRecordsRequest) -> Result<Records, DynoxideError> {
    database.get_records(request).map(Records)
}

/// Records of a stream, written as the API does.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Records(GetRecordsResponse);

impl Answer for Records {
    fn write(self) -> Result<Value, EncodeError> {
        let by_service: Vec<bool> = self.0.records.iter().map(|record| record.user_identity.is_some()).collect();
        let mut answer = to_value(&self)?;
        let records = answer.as_object_mut().and_then(|answer| answer.get_mut("Records")).and_then(Value::as_list_mut);
        for (record, _) in records.into_iter().flatten().zip(by_service).filter(|(_, by_service)| *by_service) {
            let identity = record.as_object_mut().and_then(|record| record.get_mut("userIdentity"));
            if let Some(identity) = identity {
                let mut named = Object::with_capacity(2);
                named.insert("PrincipalId", identity.at(&["principalId"]).clone());
                named.insert("Type", identity.at(&["type"]).clone());
                *identity = named.into();
            }
        }
        Ok(answer)
    }
}

/// The name outside of the engine: twenty digits, and eight that tell the shards of two tables apart.
fn public(shard: &str) -> String {
    // FNV-1a: it must be the same in every version, as clients keep names of shards.
    let hash = shard.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("shardId-00000000000000000001-{hash:08x}")
}

#[cfg(test)]
mod tests {
    use value::{Value, value};

    use crate::{Dynamodb, Embedded, Operation};

    async fn call(tables: &Embedded, operation: Operation, request: Value) -> Result<Value, String> {
        tables.call(operation, request).await.map(|response| response.body).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn shards_have_names_that_clients_accept_and_lead_to_their_records() {
        let tables = Embedded::memory().expect("tables");
        let mut names = Vec::new();
        for table in ["abc".to_owned(), "t".repeat(255)] {
            let table = table.as_str();
            let create = value!({
                "TableName": table, "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
            });
            let made = call(&tables, Operation::CreateTable, create).await.expect("made");
            let arn = made.at(&["TableDescription", "LatestStreamArn"]).as_str().expect("an ARN").to_owned();
            let arn = arn.as_str();
            let put = value!({"TableName": table, "Item": {"id": {"S": table}}});
            call(&tables, Operation::PutItem, put).await.expect("written");

            let stream = call(&tables, Operation::DescribeStream, value!({"StreamArn": arn})).await.expect("described");
            let shards = stream.at(&["StreamDescription", "Shards"]).as_list().expect("shards").to_vec();
            let [shard] = shards.as_slice() else { panic!("one shard: {shards:?}") };
            let name = shard.at(&["ShardId"]).as_str().expect("a name").to_owned();
            assert!((28..=65).contains(&name.len()), "{name}");
            assert!(shard.at(&["SequenceNumberRange", "StartingSequenceNumber"]).as_str().is_some(), "{shard}");
            assert!(shard.at(&["SequenceNumberRange", "EndingSequenceNumber"]).is_null(), "the shard is open: {shard}");
            let request = value!({"StreamArn": arn, "ExclusiveStartShardId": (name.as_str())});
            let after = call(&tables, Operation::DescribeStream, request).await.expect("described");
            assert_eq!(after.at(&["StreamDescription", "Shards"]).as_list().map(<[_]>::len), Some(0), "{after}");

            let iterator = |shard: &str| value!({"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
            let made = call(&tables, Operation::GetShardIterator, iterator(&name)).await.expect("an iterator");
            let records = value!({"ShardIterator": (made.at(&["ShardIterator"]).clone())});
            let records = call(&tables, Operation::GetRecords, records).await.expect("records");
            let images: Vec<_> = records.at(&["Records"]).as_list().expect("a list").to_vec();
            assert_eq!(images.len(), 1, "{records}");
            assert_eq!(images[0].at(&["dynamodb", "NewImage", "id", "S"]).as_str(), Some(table));
            for stranger in ["shardId-00000000000000000001-00000000", &format!("shardId-00000001-{table}")] {
                let refused = call(&tables, Operation::GetShardIterator, iterator(stranger)).await.expect_err("refused");
                assert!(refused.contains("Shard does not exist"), "{refused}");
            }
            names.push(name);
        }
        assert_ne!(names[0], names[1]);
    }
}
