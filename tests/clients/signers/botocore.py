"""Requests signed by botocore, the signer of boto3 and the AWS CLI, sent by its own HTTP client.

Standard input: {"url": …, "requests": […]}; each request has region, service, access_key_id, secret_access_key, session_token or
null, and body. Prints a list of what was answered: status, error_type (the header), body.
"""

import json
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

task = json.load(sys.stdin)
session = URLLib3Session()
answers = []
for asked in task["requests"]:
    credentials = Credentials(asked["access_key_id"], asked["secret_access_key"], asked["session_token"])
    headers = {"content-type": "application/json"}
    request = AWSRequest(method="POST", url=task["url"], headers=headers, data=asked["body"].encode())
    SigV4Auth(credentials, asked["service"], asked["region"]).add_auth(request)
    answer = session.send(request.prepare())
    answers.append({"status": answer.status_code, "error_type": answer.headers.get("x-amzn-errortype"), "body": answer.text})
print(json.dumps(answers))
