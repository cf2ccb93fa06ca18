"""Uses DynamoDB's API through boto3 as a program would, and asserts what it gets.

    dynamodb_check.py ENDPOINT PREFIX

ENDPOINT is the address of the API; PREFIX begins the names of the tables that are made and deleted here. The table `orders` is
there already, with the item `graphql` that somebody else wrote; `boto3` is left in it for somebody else to read. Ends with
status 0 and the line `passed`, or with the first assertion that failed.
"""

import gzip
import sys
import time
import zlib
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, prefix = sys.argv[1:]
# The legacy mode verifies `x-amz-crc32` and calls an answer with another sum broken.
config = Config(retries={"mode": "legacy", "max_attempts": 0}, proxies={})
session = boto3.Session()
client = session.client("dynamodb", endpoint_url=endpoint, config=config)
streams = session.client("dynamodbstreams", endpoint_url=endpoint, config=config)
resource = session.resource("dynamodb", endpoint_url=endpoint, config=config)


def equal(got, expected):
    assert got == expected, f"\n     got {got!r}\nexpected {expected!r}"


def refused(code, call, **arguments):
    """The error that `call` is refused with, whose code is `code`."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        equal(error.response["Error"]["Code"], code)
        return error.response
    raise AssertionError(f"{code} was expected, not {answer}")


sums = []


def check_sum(response_dict, **_):
    sums.append(response_dict["headers"]["x-amz-crc32"])
    equal(int(sums[-1]), zlib.crc32(response_dict["body"]))


client.meta.events.register("before-parse.dynamodb", check_sum)


def tables():
    name = prefix + "boats"
    made = client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "club", "KeyType": "HASH"}, {"AttributeName": "number", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "club", "AttributeType": "S"},
            {"AttributeName": "number", "AttributeType": "N"},
            {"AttributeName": "kind", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "byKind",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "number", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    equal(made["TableName"], name)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    described = client.describe_table(TableName=name)["Table"]
    equal(described["TableStatus"], "ACTIVE")
    equal([index["IndexName"] for index in described["GlobalSecondaryIndexes"]], ["byKind"])
    equal(described["LatestStreamArn"], made["LatestStreamArn"])
    listed = {table for page in client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1}) for table in page["TableNames"]}
    assert {name, "orders"} <= listed, listed
    refused("ResourceInUseException", client.create_table, TableName=name, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    return resource.Table(name)


def items(table):
    whole = {
        "club": "lakeside", "number": 1, "kind": "eight", "exact": Decimal("12345678901234567890123456789012345678"),
        "small": Decimal("-1E-130"), "yes": True, "nothing": None, "bytes": Binary(bytes(range(256))), "names": {"a", "b"},
        "numbers": {1, Decimal("2.5")}, "list": ["x", 1, {"deep": [None]}], "empty": "", "text": "ünï\u2028\U0001f6a3",
    }
    table.put_item(Item=whole)
    equal(table.get_item(Key={"club": "lakeside", "number": 1}, ConsistentRead=True)["Item"], whole)
    assert "Item" not in table.get_item(Key={"club": "lakeside", "number": 2})
    updated = table.update_item(
        Key={"club": "lakeside", "number": 1},
        UpdateExpression="SET #list[1] = #list[1] + :one, kind = :kind REMOVE #nothing ADD #names :more",
        ExpressionAttributeNames={"#list": "list", "#nothing": "nothing", "#names": "names"},
        ExpressionAttributeValues={":one": 1, ":kind": "four", ":more": {"c"}},
        ReturnValues="ALL_NEW",
    )["Attributes"]
    equal((updated["list"][1], updated["kind"], updated["names"], "nothing" in updated), (2, "four", {"a", "b", "c"}, False))
    answer = refused("ConditionalCheckFailedException", table.put_item, Item={"club": "lakeside", "number": 1},
                     ConditionExpression=Attr("club").not_exists(), ReturnValuesOnConditionCheckFailure="ALL_OLD")
    equal(answer["Item"]["kind"], {"S": "four"})
    equal(answer["ResponseMetadata"]["HTTPStatusCode"], 400)
    old = table.delete_item(Key={"club": "lakeside", "number": 1}, ReturnValues="ALL_OLD")["Attributes"]
    equal(old, updated)
    missing = refused("ResourceNotFoundException", client.get_item, TableName=prefix + "none", Key={"id": {"S": "1"}})
    assert "Requested resource not found" in missing["Error"]["Message"], missing
    refused("ValidationException", client.get_item, TableName=table.name, Key={"club": {"S": "x"}})


def many(table):
    with table.batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item={"club": f"club{number % 2}", "number": number, "kind": "single" if number % 3 else "pair"})
    page = table.query(KeyConditionExpression=Key("club").eq("club1") & Key("number").between(10, 20), ScanIndexForward=False)
    equal([int(item["number"]) for item in page["Items"]], [19, 17, 15, 13, 11])
    page = table.query(IndexName="byKind", KeyConditionExpression=Key("kind").eq("pair") & Key("number").gt(30),
                       FilterExpression=Attr("club").eq("club0"), ProjectionExpression="#number",
                       ExpressionAttributeNames={"#number": "number"})
    equal((page["Items"], page["ScannedCount"]), ([{"number": n} for n in (36, 42, 48, 54)], 9))
    pages = list(client.get_paginator("scan").paginate(TableName=table.name, PaginationConfig={"PageSize": 7}))
    found = sorted(int(item["number"]["N"]) for page in pages for item in page["Items"])
    equal(found, list(range(60)))
    assert len(pages) >= 9 and all(page["Count"] <= 7 for page in pages), len(pages)
    equal(sum(client.scan(TableName=table.name, Segment=n, TotalSegments=4, Select="COUNT")["Count"] for n in range(4)), 60)
    keys = [{"club": "club0", "number": n} for n in (0, 2, 999)]
    got = resource.batch_get_item(RequestItems={table.name: {"Keys": keys}})
    equal(sorted(int(item["number"]) for item in got["Responses"][table.name]), [0, 2])
    equal(got["UnprocessedKeys"], {})


def transactions(table):
    put = {"TableName": table.name, "Item": {"club": {"S": "t"}, "number": {"N": "1"}}}
    check = {"TableName": table.name, "Key": {"club": {"S": "club0"}, "number": {"N": "0"}}}
    fails = {**check, "ConditionExpression": "attribute_not_exists(club)"}
    answer = refused("TransactionCanceledException", client.transact_write_items,
                     TransactItems=[{"Put": put}, {"ConditionCheck": fails}])
    equal([reason["Code"] for reason in answer["CancellationReasons"]], ["None", "ConditionalCheckFailed"])
    assert "Item" not in client.get_item(TableName=table.name, Key=put["Item"]), "the other write was taken back"
    holds = {**check, "ConditionExpression": "attribute_exists(club)"}
    client.transact_write_items(TransactItems=[{"Put": put}, {"ConditionCheck": holds}], ClientRequestToken=prefix + "t")
    got = client.transact_get_items(TransactItems=[{"Get": {"TableName": table.name, "Key": put["Item"]}}, {"Get": check}])
    equal([item["Item"]["number"]["N"] for item in got["Responses"]], ["1", "0"])


def time_to_live(table):
    asked = {"AttributeName": "expires", "Enabled": True}
    equal(client.update_time_to_live(TableName=table.name, TimeToLiveSpecification=asked)["TimeToLiveSpecification"], asked)
    described = client.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    equal(described, {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"})
    key = {"club": "gone", "number": 1}
    table.put_item(Item={**key, "expires": int(time.time()) - 3600})
    table.put_item(Item={"club": "gone", "number": 2, "expires": int(time.time()) + 3600})
    until = time.monotonic() + 120
    while "Item" in table.get_item(Key=key):
        assert time.monotonic() < until, "an expired item is still there"
        time.sleep(0.05)
    assert "Item" in table.get_item(Key={"club": "gone", "number": 2})


def stream(table):
    arn = table.meta.client.describe_table(TableName=table.name)["Table"]["LatestStreamArn"]
    equal([found["StreamArn"] for found in streams.list_streams(TableName=table.name)["Streams"]], [arn])
    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    equal((described["StreamStatus"], described["StreamViewType"]), ("ENABLED", "NEW_AND_OLD_IMAGES"))
    records = []
    for shard in described["Shards"]:
        # An open shard has no end.
        assert "EndingSequenceNumber" not in shard["SequenceNumberRange"], shard
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator, Limit=25)
            records += answer["Records"]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
        latest = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST")["ShardIterator"]
        equal(streams.get_records(ShardIterator=latest)["Records"], [])
        table.put_item(Item={"club": "last", "number": 7})
        equal([record["dynamodb"]["Keys"] for record in streams.get_records(ShardIterator=latest)["Records"]],
              [{"club": {"S": "last"}, "number": {"N": "7"}}])
    # What was written first, in its order, and what expired, with the service as its author.
    equal([record["eventName"] for record in records[:3]], ["INSERT", "MODIFY", "REMOVE"])
    insert, modify, remove = (record["dynamodb"] for record in records[:3])
    equal((insert["NewImage"]["kind"], "OldImage" in insert), ({"S": "eight"}, False))
    equal((modify["OldImage"], modify["NewImage"]["kind"]), (insert["NewImage"], {"S": "four"}))
    equal((remove["OldImage"], "NewImage" in remove), (modify["NewImage"], False))
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    equal(numbers, sorted(set(numbers)))
    expired = [record for record in records if "userIdentity" in record]
    equal([record["userIdentity"]["PrincipalId"] for record in expired], ["dynamodb.amazonaws.com"])
    equal(expired[0]["dynamodb"]["Keys"], {"club": {"S": "gone"}, "number": {"N": "1"}})
    equal(refused("ResourceNotFoundException", streams.get_shard_iterator, StreamArn=arn, ShardIteratorType="LATEST",
                  ShardId="shardId-00000000000000000009-00000000")["ResponseMetadata"]["HTTPStatusCode"], 400)


def compressed(table):
    """A body that is sent packed."""
    def pack(params, **_):
        params["body"] = gzip.compress(params["body"])
        params["headers"]["Content-Encoding"] = "gzip"

    client.meta.events.register("before-call.dynamodb.PutItem", pack)
    text = "z" * 300_000
    client.put_item(TableName=table.name, Item={"club": {"S": "packed"}, "number": {"N": "1"}, "text": {"S": text}})
    client.meta.events.unregister("before-call.dynamodb.PutItem", pack)
    equal(table.get_item(Key={"club": "packed", "number": 1})["Item"]["text"], text)


def others():
    orders = resource.Table("orders")
    item = orders.get_item(Key={"id": "graphql"})["Item"]
    equal(item, {"id": "graphql", "customer": "ann", "total": Decimal("3.5"), "note": "über"})
    found = orders.query(IndexName="byCustomer", KeyConditionExpression=Key("customer").eq("ann"))["Items"]
    equal(found, [item])
    orders.put_item(Item={"id": "boto3", "customer": "bob", "total": Decimal("12.25"), "note": "by boto3"})


table = tables()
items(table)
many(table)
transactions(table)
time_to_live(table)
stream(table)
compressed(table)
others()
table.delete()
client.get_waiter("table_not_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1, "MaxAttempts": 5})
refused("ResourceNotFoundException", client.describe_table, TableName=table.name)
assert len(sums) > 20, sums
print("passed")
