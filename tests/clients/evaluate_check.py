"""boto3 against the endpoint of EvaluateCode and EvaluateMappingTemplate, as tests of resolvers use it. Arguments: the endpoint, and what
the caller may do: `all`, `code` (only EvaluateCode), `nothing`, or `unknown` (the key is nobody's)."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, rights = sys.argv[1:]
client = boto3.client("appsync", endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1}))
RUNTIME = {"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"}
CODE = """import { util } from '@aws-appsync/utils';

export function request(ctx) {
  return {
    operation: 'PutItem',
    key: util.dynamodb.toMapValues({ id: util.autoId() }),
    attributeValues: util.dynamodb.toMapValues(ctx.args),
  };
}

export function response(ctx) {
  if (ctx.identity.username === 'Nadia') {
    console.log("This request is allowed")
    return ctx.result;
  }
  util.unauthorized();
}
"""


def same(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def code(code=CODE, function="request", **context):
    return client.evaluate_code(code=code, context=json.dumps(context), function=function, runtime=RUNTIME)


def template(template, **context):
    return client.evaluate_mapping_template(template=template, context=json.dumps(context))


def fails(name, status, call):
    try:
        call()
    except ClientError as error:
        same(error.response["Error"]["Code"], name)
        same(error.response["ResponseMetadata"]["HTTPStatusCode"], status)
        assert error.response["Error"]["Message"], error.response
        return error
    raise AssertionError(f"{name} was expected")


if rights in ("code", "nothing", "unknown"):
    name = "AccessDeniedException" if rights != "unknown" else "UnrecognizedClientException"
    error = fails(name, 403, lambda: template("$ctx.args.id"))
    if rights == "nothing":
        assert "is not authorized to perform: appsync:EvaluateMappingTemplate" in str(error), error
        fails(name, 403, code)
        assert isinstance(error, client.exceptions.AccessDeniedException), error
    if rights == "code":
        same(json.loads(code()["evaluationResult"])["operation"], "PutItem")
    print("passed")
    sys.exit()

# The example of the developer guide.
answer = code(firstname="x", arguments={"firstname": "Shaggy", "age": 4})
request = json.loads(answer["evaluationResult"])
same(request["attributeValues"], {"firstname": {"S": "Shaggy"}, "age": {"N": 4}})
assert request["key"]["id"]["S"], request
same((answer["logs"], answer["stash"], answer["outErrors"]), ([], "{}", "[]"))
assert "error" not in answer, answer
result = {"breed": "Miniature Schnauzer", "color": "black_grey"}
answer = code(function="response", result=result, identity={"username": "Nadia"})
same(answer["evaluationResult"], '{"breed":"Miniature Schnauzer","color":"black_grey"}')
same(answer["logs"], ['INFO - code.js:13:5: "This request is allowed"'])
answer = code(function="response", result=result, identity={"username": "Eve"})
same(answer["error"], {"message": "Unauthorized", "codeErrors": []})
assert "evaluationResult" not in answer, answer

# Errors of code are answers.
answer = code("export function request() { return null.a }")
assert answer["error"]["message"].startswith("code.js:1:"), answer
answer = code("import { util } from '@aws-appsync/utils'\nexport function request(ctx) { ctx.stash.a = 1; util.appendError('m', 'T'); return 'x' }")
same((json.loads(answer["evaluationResult"]), answer["stash"]), ("x", '{"a":1}'))
same([error["type"] for error in json.loads(answer["outErrors"])], ["T"])
[found] = code("export function request() { while (true) {} }")["error"]["codeErrors"]
same((found["errorType"], found["location"]["line"], found["location"]["column"]), ("LINT_ERROR", 1, 29))
answer = code("export function response() {}")
same(answer["error"]["message"], "Error: Unable to find valid export for request")
same(answer["error"]["codeErrors"][0]["errorType"], "MISSING_MAPPING_EXPORT")

# Templates.
answer = template('{"id": $util.dynamodb.toDynamoDBJson($ctx.args.id)} #set($ctx.stash.a = [1])', arguments={"id": "7"})
same((answer["evaluationResult"].strip(), answer["stash"]), ('{"id": {"S":"7"}}', '{"a":[1]}'))
same(template("$util.error('no', 'Bad')")["error"], {"message": "no"})
assert "error" in template("#if($x)"), "a template that does not end"
same(template("no JSON")["evaluationResult"], "no JSON")

# Errors of requests are exceptions.
error = fails("BadRequestException", 400, lambda: client.evaluate_code(code=CODE, context="{]", runtime=RUNTIME))
assert isinstance(error, client.exceptions.BadRequestException), error
fails("BadRequestException", 400, lambda: client.evaluate_code(code="x" * 32769, context="{}", runtime=RUNTIME))
fails("BadRequestException", 400, lambda: client.evaluate_mapping_template(template="x" * 65537, context="{}"))
fails("BadRequestException", 400, lambda: client.evaluate_code(code=CODE, context="{}", function="both", runtime=RUNTIME))
newer = {"name": "APPSYNC_JS", "runtimeVersion": "2.0.0"}
fails("BadRequestException", 400, lambda: client.evaluate_code(code=CODE, context="{}", runtime=newer))
print("passed")
