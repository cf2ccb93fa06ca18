"""paho's MQTT client, unchanged, on the signed URL that the answer to a subscription over HTTP announces.

Commands are lines of JSON on standard input, and what happens is told in lines of JSON on standard output:

    configure    {"url", "headers", "certificate" or null}
    subscribe    {"name", "query", "variables", "version": "3.1" or "3.1.1", "qos",
                  "client" (another than announced), "topic" (another), "tamper" (with the URL's signature), "keepalive": seconds}
    publish      {"name", "payload"}
    unsubscribe  {"name"}                       an UNSUBSCRIBE; the connection stays
    disconnect   {"name"}
"""

import json
import ssl
import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

VERSIONS = {"3.1": mqtt.MQTTv31, "3.1.1": mqtt.MQTTv311}


def tell(event, **more):
    # One write: callbacks run on threads of their own.
    sys.stdout.write(json.dumps({"event": event, **more}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def handshake(settings, context, given):
    body = json.dumps({"query": given["query"], "variables": given.get("variables")}).encode()
    headers = {"content-type": "application/json", **settings["headers"]}
    request = urllib.request.Request(settings["url"], data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        text = error.read()
    answer = json.loads(text)
    tell("answer", name=given["name"], **answer)
    return answer


def connect(connection, context, topic, given):
    name = given["name"]
    parts = urlsplit(connection["url"])
    identifier = given.get("client", connection["client"])
    client = mqtt.Client(CallbackAPIVersion.VERSION2, identifier, True, protocol=VERSIONS[given["version"]], transport="websockets",
                         reconnect_on_failure=False)
    query = parts.query + "0" if given.get("tamper") else parts.query
    client.ws_set_options(path=f"{parts.path}?{query}")
    if parts.scheme == "wss":
        client.tls_set_context(context)

    def on_connect(client, userdata, flags, reason, properties):
        tell("connected", name=name, code=reason.value)
        if not reason.is_failure:
            client.subscribe(topic, given["qos"])

    def on_message(client, userdata, message):
        payload = json.loads(message.payload)
        tell("next", name=name, topic=message.topic, qos=message.qos, **payload)

    client.on_connect = on_connect
    client.on_message = on_message
    client.on_subscribe = lambda client, userdata, identifier, reasons, properties: tell(
        "subscribed", name=name, codes=[reason.value for reason in reasons])
    client.on_unsubscribe = lambda client, userdata, identifier, reasons, properties: tell("unsubscribed", name=name)
    client.on_disconnect = lambda client, userdata, flags, reason, properties: tell("closed", name=name, reason=str(reason))
    client.on_log = lambda client, userdata, level, text: tell("log", name=name, text=text)
    try:
        client.connect(parts.hostname, parts.port, keepalive=given.get("keepalive", 60))
    except Exception as error:
        tell("thrown", name=name, message=str(error), exception=type(error).__name__)
        return None
    client.loop_start()
    return client


settings = context = None
clients = {}
topics = {}
for line in sys.stdin:
    given = json.loads(line)
    match given["command"]:
        case "configure":
            settings = given
            context = ssl.create_default_context(cafile=given["certificate"]) if given.get("certificate") else None
            tell("configured")
        case "subscribe":
            subscription = handshake(settings, context, given).get("extensions", {}).get("subscription")
            if subscription is not None:
                topic = next(iter(subscription["newSubscriptions"].values()))["topic"]
                connection = next(each for each in subscription["mqttConnections"] if topic in each["topics"])
                topics[given["name"]] = topic
                clients[given["name"]] = connect(connection, context, given.get("topic", topic), given)
        case "publish":
            clients[given["name"]].publish(topics[given["name"]], given["payload"])
        case "unsubscribe":
            clients[given["name"]].unsubscribe(topics[given["name"]])
        case "disconnect":
            client = clients.pop(given["name"])
            client.disconnect()
            client.loop_stop()
