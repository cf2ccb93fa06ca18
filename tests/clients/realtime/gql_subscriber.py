"""gql's transport for AppSync, unchanged.

Commands are lines of JSON on standard input, and what happens is told in lines of JSON on standard output:

    configure    {"url", "certificate" or null, "auth": {"apiKey"} or {"jwt"} or {"accessKeyId", "secretAccessKey", "region"}}
    subscribe    {"name", "query", "variables"}
    unsubscribe  {"name"}
    close        {}
"""

import asyncio
import json
import logging
import ssl
import sys
from urllib.parse import urlsplit

from botocore.credentials import Credentials
from gql import Client, GraphQLRequest
from gql.transport.appsync_auth import AppSyncApiKeyAuthentication, AppSyncIAMAuthentication, AppSyncJWTAuthentication
from gql.transport.appsync_websockets import AppSyncWebsocketsTransport


def tell(event, **more):
    print(json.dumps({"event": event, **more}, ensure_ascii=False), flush=True)


class Frames(logging.Handler):
    """Tells the frames that the transport logs as they pass."""

    def emit(self, record):
        if record.msg in ("<<< %s", ">>> %s"):
            tell("received" if record.msg[0] == "<" else "sent", text=record.args[0])


def authentication(host, given):
    if "apiKey" in given:
        return AppSyncApiKeyAuthentication(host=host, api_key=given["apiKey"])
    if "jwt" in given:
        return AppSyncJWTAuthentication(host=host, jwt=given["jwt"])
    credentials = Credentials(given["accessKeyId"], given["secretAccessKey"])
    return AppSyncIAMAuthentication(host=host, credentials=credentials, region_name=given["region"])


async def follow(session, given):
    name = given["name"]
    try:
        async for data in session.subscribe(GraphQLRequest(given["query"], variable_values=given.get("variables"))):
            tell("next", name=name, data=data)
        tell("complete", name=name)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        tell("error", name=name, message=str(error), data=getattr(error, "data", None), exception=type(error).__name__)


async def main():
    logger = logging.getLogger("gql.transport.common.base")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(Frames())
    logger.propagate = False
    client = session = None
    tasks = {}
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        given = json.loads(line)
        command = given["command"]
        if command == "configure":
            url = given["url"]
            context = ssl.create_default_context(cafile=given["certificate"]) if given.get("certificate") else False
            auth = authentication(urlsplit(url).netloc, given["auth"])
            transport = AppSyncWebsocketsTransport(url=url, auth=auth, ssl=context)
            client = Client(transport=transport)
            try:
                session = await client.connect_async()
                tell("opened", url=transport.adapter.url, protocol=transport.adapter.websocket.subprotocol)
                tell("configured")
            except Exception as error:
                tell("thrown", command=command, message=str(error), exception=type(error).__name__)
        elif command == "subscribe":
            tasks[given["name"]] = asyncio.create_task(follow(session, given))
        elif command == "unsubscribe":
            task = tasks.pop(given["name"])
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        elif command == "close":
            await client.close_async()
            tell("closed")


asyncio.run(main())
