"""Judges signatures with botocore's own signers.

Reads a JSON list of requests from standard input, each as it came over the wire: service, region, access key, secret, session token,
method, target, host, headers, and the body in Base64. Signs each anew from its parts and compares. Prints one line for each.
"""

import base64
import hashlib
import json
import sys

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def parameters(authorization):
    algorithm, rest = authorization.split(" ", 1)
    assert algorithm == "AWS4-HMAC-SHA256", authorization
    return dict(part.strip().split("=", 1) for part in rest.split(","))


def check(sent):
    headers = {name.lower(): value for name, value in sent["headers"]}
    given = parameters(headers["authorization"])
    body = base64.b64decode(sent["body"])
    signed = given["SignedHeaders"].split(";")
    assert signed == sorted(signed) and "host" in signed and "x-amz-date" in signed, signed
    for name in headers:
        assert not name.startswith("x-amz-") or name in signed, f"{name} is not signed"
    if sent["session_token"]:
        assert headers["x-amz-security-token"] == sent["session_token"]
    else:
        assert "x-amz-security-token" not in headers
    claimed = headers.get("x-amz-content-sha256")
    assert claimed in (None, hashlib.sha256(body).hexdigest()), "the hash is another body's"

    is_s3 = sent["service"] == "s3"
    assert claimed or not (is_s3 or sent["service"] == "aoss"), "the hash is missing"
    credentials = Credentials(sent["access_key_id"], sent["secret_access_key"], sent["session_token"])
    auth = (S3SigV4Auth if is_s3 else SigV4Auth)(credentials, sent["service"], sent["region"])
    request = AWSRequest(
        method=sent["method"],
        url=f"http://{headers['host']}{sent['target']}",
        headers={name: headers[name] for name in signed},
        data=body,
    )
    request.context["timestamp"] = headers["x-amz-date"]
    canonical = auth.canonical_request(request)
    expected = auth.signature(auth.string_to_sign(request, canonical), request)
    scope = f"{sent['access_key_id']}/{headers['x-amz-date'][:8]}/{sent['region']}/{sent['service']}/aws4_request"
    assert given["Credential"] == scope, given["Credential"]
    assert given["Signature"] == expected, f"botocore signs\n{canonical}"


failures = 0
requests = json.load(sys.stdin)
for sent in requests:
    what = f"{sent['service']} {sent['method']} {sent['target']}"
    try:
        check(sent)
        print(f"ok {what}")
    except (AssertionError, KeyError, ValueError) as error:
        failures += 1
        print(f"FAILED {what}: {type(error).__name__} {error}")
print(f"{len(requests) - failures} of {len(requests)} signatures are botocore's")
sys.exit(1 if failures or not requests else 0)
