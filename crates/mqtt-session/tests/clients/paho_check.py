"""What Eclipse Paho sees of a session: paho_check.py SCENARIO VERSION PORT

whole    subscribe with QoS 1 (and to a stranger's topic, refused), 500 messages in order, PINGREQ, unsubscribe, disconnect
cut      the server ends the connection although all that happened is that messages came
publish  the server ends the connection at a PUBLISH
"""

import sys
import threading

import paho.mqtt.client as mqtt

TOPIC = "012345678901/api/onMessage/"
SCENARIO, VERSION, PORT = sys.argv[1:]

arguments = dict(client_id="client", clean_session=True, protocol=mqtt.MQTTv31 if VERSION == "3.1" else mqtt.MQTTv311)
if hasattr(mqtt, "CallbackAPIVersion"):
    arguments["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
client = mqtt.Client(**arguments)
events = []
changed = threading.Condition()


def happened(*event):
    with changed:
        events.append(event)
        changed.notify_all()


def wait_for(kind, count=1):
    def is_there():
        return sum(event[0] == kind for event in events) >= count

    with changed:
        assert changed.wait_for(is_there, timeout=20), f"no {kind}: {events[-5:]}"
        return [event[1:] for event in events if event[0] == kind]


client.on_connect = lambda _client, _data, flags, code: happened("connect", flags["session present"], code)
client.on_subscribe = lambda _client, _data, _id, granted: happened("subscribe", tuple(granted))
client.on_unsubscribe = lambda _client, _data, _id: happened("unsubscribe")
client.on_disconnect = lambda _client, _data, code: happened("disconnect", code)
client.on_message = lambda _client, _data, message: happened(
    "message", message.topic, message.payload.decode(), message.qos, message.retain, message.dup
)
client.on_log = lambda _client, _data, _level, text: happened("log", text)


client.connect("127.0.0.1", int(PORT), keepalive=60)
client.loop_start()
assert wait_for("connect") == [(0, 0)], events

if SCENARIO == "whole":
    client.subscribe([("#", 1), (TOPIC, 2), ("stranger", 0)])
    assert wait_for("subscribe") == [((128, 1, 128),)], events
    messages = wait_for("message", 500)
    assert messages == [(TOPIC, f"message {n}", 1, False, False) for n in range(500)], messages[:3]
    client._send_pingreq()
    with changed:
        assert changed.wait_for(lambda: any("PINGRESP" in event[1] for event in events if event[0] == "log"), timeout=20)
    client.unsubscribe([TOPIC, "stranger"])
    wait_for("unsubscribe")
    client.disconnect()
    assert wait_for("disconnect") == [(0,)], events
elif SCENARIO == "cut":
    # Nobody answers: the client's own PUBACK is taken away.
    client._send_puback = lambda _id: mqtt.MQTT_ERR_SUCCESS
    client.reconnect_delay_set(30, 30)
    client.subscribe(TOPIC, 1)
    assert wait_for("disconnect")[0][0] != 0, events
    assert len(wait_for("message", 100)) == 100
elif SCENARIO == "publish":
    client.reconnect_delay_set(30, 30)
    client.publish(TOPIC, "forged", qos=1)
    assert wait_for("disconnect")[0][0] != 0, events
else:
    sys.exit(f"no scenario {SCENARIO}")
client.loop_stop()
