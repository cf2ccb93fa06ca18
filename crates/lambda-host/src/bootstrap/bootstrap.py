"""Runs a Python handler: asks the Lambda Runtime API for events, calls the handler, reports its result.

The API is spoken over one plain socket: the standard library's HTTP client would take longer to import than most handlers, and
a result and the question for the next event leave in one write.
"""

import importlib
import json
import logging
import math
import os
import re
import socket
import sys
import time
import traceback

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
os.environ.setdefault("AWS_EXECUTION_ENV", "AWS_Lambda_python%d.%d" % sys.version_info[:2])


class RuntimeApi:
    def __init__(self):
        host, port = API.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb", 65536)

    def next(self):
        self.socket.sendall(self.request("GET", "invocation/next"))
        return self.read()

    def report_and_next(self, request_id, kind, body):
        # The header tells that the answer to the report may come with the next event.
        follows = "Lambda-Host-Next-Follows: 1\r\n"
        report = self.request("POST", "invocation/%s/%s" % (request_id, kind), body, follows)
        self.socket.sendall(report + self.request("GET", "invocation/next"))
        self.read()
        return self.read()

    def report(self, resource, body):
        self.socket.sendall(self.request("POST", resource, body))
        self.read()

    @staticmethod
    def request(method, resource, body=b"", headers=""):
        head = "%s /2018-06-01/runtime/%s HTTP/1.1\r\nHost: %s\r\n%s" % (method, resource, API, headers)
        if method == "POST":
            head += "Content-Length: %d\r\n" % len(body)
        return head.encode() + b"\r\n" + body

    def read(self):
        status = self.reader.readline()
        if not status:
            # Without its host a process has nothing left to do.
            os._exit(1)
        headers = {}
        while True:
            line = self.reader.readline().strip()
            if not line:
                break
            name, _, value = line.partition(b":")
            headers[name.decode().lower()] = value.strip().decode()
        body = self.reader.read(int(headers.get("content-length", 0)))
        return int(status.split()[1]), headers, body


class RuntimeFailure(Exception):
    """A failure of the bootstrap's own: its type has a name of Lambda's."""

    def __init__(self, error_type, message, stack_trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.stack_trace = list(stack_trace)


def load_handler(name):
    module_name, _, function_name = name.rpartition(".")
    if not module_name or not function_name:
        raise RuntimeFailure("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack" % name)
    module_name = module_name.replace("/", ".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        message = "Unable to import module '%s': %s" % (module_name, error)
        raise RuntimeFailure("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        message = "Syntax error in module '%s': %s" % (module_name, error)
        where = '  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)
        raise RuntimeFailure("Runtime.UserCodeSyntaxError", message, [where]) from error
    handler = getattr(module, function_name, None)
    if not callable(handler):
        message = "Handler '%s' missing on module '%s'" % (function_name, module_name)
        raise RuntimeFailure("Runtime.HandlerNotFound", message)
    return handler


class ClientContext:
    def __init__(self, text):
        data = json.loads(text)
        self.custom = data.get("custom")
        self.env = data.get("env")
        self.client = ClientInformation(data["client"]) if data.get("client") else None


class ClientInformation:
    def __init__(self, data):
        for field in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, field, data.get(field))


class CognitoIdentity:
    def __init__(self, text):
        data = json.loads(text) if text else {}
        self.cognito_identity_id = data.get("cognitoIdentityId")
        self.cognito_identity_pool_id = data.get("cognitoIdentityPoolId")


class LambdaContext:
    def __init__(self, headers):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = CognitoIdentity(headers.get("lambda-runtime-cognito-identity"))
        client_context = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(client_context) if client_context else None
        self._deadline = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))


class RequestIdFilter(logging.Filter):
    request_id = ""

    def filter(self, record):
        record.aws_request_id = RequestIdFilter.request_id
        return True


def set_up_logging():
    handler = logging.StreamHandler(sys.stdout)
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)


# Begins a string that is a number; what nobody can guess is in no other string.
DECIMAL = os.urandom(16).hex()


def encode_other(value):
    # DynamoDB's numbers: Lambda writes every digit of them, which a float would not keep.
    if type(value).__name__ == "Decimal":
        return math.nan if value.is_nan() else DECIMAL + str(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def to_json(result):
    if isinstance(result, bytes):
        return result
    try:
        text = json.dumps(result, default=encode_other, ensure_ascii=False)
        if DECIMAL in text:
            text = re.sub('"%s([^"]*)"' % DECIMAL, r"\1", text)
        return text.encode()
    except Exception as error:
        raise RuntimeFailure("Runtime.MarshalError", "Unable to marshal response: %s" % error) from error


def error_object(error, request_id):
    if isinstance(error, RuntimeFailure):
        error_type, stack_trace = error.error_type, error.stack_trace
    else:
        error_type = type(error).__name__
        # The first frame is this file's.
        stack_trace = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
    return {"errorMessage": str(error), "errorType": error_type, "requestId": request_id, "stackTrace": stack_trace}


def log_error(error):
    print("[ERROR] %s: %s" % (error["errorType"], error["errorMessage"]))
    if error["stackTrace"]:
        print("Traceback (most recent call last):\n" + "".join(error["stackTrace"]))


def flush():
    sys.stdout.flush()
    sys.stderr.flush()


def error_body(error, request_id):
    error = error_object(error, request_id)
    log_error(error)
    flush()
    # A lone surrogate in a message must not cost the report.
    return json.dumps(error).encode()


def main():
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    # Lambda's code folder cannot be written to. What would be compiled into it hides a change of the same second and size, too.
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    set_up_logging()
    api = RuntimeApi()
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except Exception as error:
        api.report("init/error", error_body(error, ""))
        sys.exit(1)
    flush()
    _, headers, body = api.next()
    while "lambda-runtime-aws-request-id" in headers:
        request_id = headers["lambda-runtime-aws-request-id"]
        RequestIdFilter.request_id = request_id
        os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
        try:
            kind, result = "response", to_json(handler(json.loads(body), LambdaContext(headers)))
        except Exception as error:
            kind, result = "error", error_body(error, request_id)
        flush()
        _, headers, body = api.report_and_next(request_id, kind, result)
    sys.exit(1)


main()
