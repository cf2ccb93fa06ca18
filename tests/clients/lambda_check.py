"""boto3 against the Lambda endpoint: everything that Invoke can say. Arguments: the endpoint."""

import base64
import io
import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

client = boto3.client("lambda", endpoint_url=sys.argv[1], config=Config(retries={"total_max_attempts": 1}, read_timeout=60))


def same(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def invoke(name, event=None, **more):
    payload = {} if event is None else {"Payload": json.dumps(event)}
    answer = client.invoke(FunctionName=name, **payload, **more)
    answer["Payload"] = answer["Payload"].read()
    return answer


def fails(code, status, call):
    try:
        call()
    except ClientError as error:
        same(error.response["Error"]["Code"], code)
        same(error.response["ResponseMetadata"]["HTTPStatusCode"], status)
        assert error.response["Error"]["Message"], error.response
        return error
    raise AssertionError(f"{code} was expected")


# Every language, every form of a name.
for name in ["echo", "greet", "shell", "arn:aws:lambda:eu-west-1:123456789012:function:echo", "echo:$LATEST"]:
    answer = invoke(name, {"name": "Zoë", "list": [1, 2.5, None]})
    same((answer["StatusCode"], answer["ExecutedVersion"]), (200, "$LATEST"))
    assert "FunctionError" not in answer, answer
    same(json.loads(answer["Payload"])["event"], {"name": "Zoë", "list": [1, 2.5, None]})
same(json.loads(invoke("echo", None)["Payload"])["event"], {})
same(json.loads(invoke("echo", {}, Qualifier="$LATEST")["Payload"])["event"], {})

# A payload may be a stream; Lambda's limit is 6 MB.
large = json.dumps("x" * (6 * 1024 * 1024 - 2))
answer = client.invoke(FunctionName="pass", Payload=io.BytesIO(large.encode()))
same(answer["Payload"].read().decode() == large, True)
fails("RequestEntityTooLargeException", 413, lambda: client.invoke(FunctionName="pass", Payload=large + " "))
fails("RequestEntityTooLargeException", 413, lambda: client.invoke(FunctionName="pass", Payload=json.dumps("x" * (17 << 20))))

# Failures of the function are answers.
failed = invoke("echo", {"fail": "bad"}, LogType="Tail")
same((failed["StatusCode"], failed["FunctionError"]), (200, "Unhandled"))
error = json.loads(failed["Payload"])
same((error["errorType"], error["errorMessage"]), ("TypeError", "bad"))
log = base64.b64decode(failed["LogResult"]).decode()
request_id = failed["ResponseMetadata"]["RequestId"]
assert log.startswith(f"START RequestId: {request_id} Version: $LATEST\n") and "Invoke Error" in log, log
slow = invoke("slow", {})
same(slow["FunctionError"], "Unhandled")
assert "Task timed out after 1.00 seconds" in json.loads(slow["Payload"])["errorMessage"], slow

# Context of a mobile client, dry runs and events.
context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
same(json.loads(invoke("echo", {}, ClientContext=context)["Payload"])["custom"], {"k": "v"})
dry = invoke("echo", {}, InvocationType="DryRun")
same((dry["StatusCode"], dry["Payload"]), (204, b""))
same(json.loads(invoke("counter", {"read": True})["Payload"]), 0)
same(invoke("counter", {}, InvocationType="Event")["StatusCode"], 202)
same(client.invoke_async(FunctionName="counter", InvokeArgs=b"{}")["Status"], 202)
for _ in range(600):
    count = json.loads(invoke("counter", {"read": True})["Payload"])
    if count == 2:
        break
    time.sleep(0.05)
same(count, 2)

# Errors of the service.
error = fails("ResourceNotFoundException", 404, lambda: invoke("other", {}))
same(error.response["Error"]["Message"], "Function not found: arn:aws:lambda:us-east-1:000000000000:function:other")
fails("ResourceNotFoundException", 404, lambda: invoke("echo:live", {}))
fails("InvalidRequestContentException", 400, lambda: client.invoke(FunctionName="echo", Payload=b"{nonsense"))
error = fails("UnknownOperationException", 404, client.list_functions)
assert "Invoke" in error.response["Error"]["Message"], error.response
fails("UnknownOperationException", 404, lambda: client.get_function(FunctionName="echo"))
print("passed")
