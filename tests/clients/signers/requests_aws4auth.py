"""Requests signed by requests-aws4auth, a signer that shares nothing with botocore. Input and output as botocore.py's."""

import json
import sys

import requests
from requests_aws4auth import AWS4Auth

task = json.load(sys.stdin)
answers = []
for asked in task["requests"]:
    auth = AWS4Auth(asked["access_key_id"], asked["secret_access_key"], asked["region"], asked["service"],
                    session_token=asked["session_token"])
    headers = {"content-type": "application/json"}
    answer = requests.post(task["url"], data=asked["body"].encode(), headers=headers, auth=auth, timeout=60)
    answers.append({"status": answer.status_code, "error_type": answer.headers.get("x-amzn-errortype"), "body": answer.text})
print(json.dumps(answers))
