"""AsyncAPI: every event with its publisher, its consumers and their queues, its headers and body."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chassis.broker.topology import EVENTS_EXCHANGE, ServiceQueue, service_queues
from chassis.http.openapi import INFO
from chassis.inbox import Subscription
from messages.catalogue import EVENTS
from messages.envelope import CONTENT_TYPE
from messages.event import Event
from messages.schemas import schema_of

from deploy.generate.broker_definitions import VHOST
from deploy.generate.documents.headers import headers_of
from deploy.services import SERVICES, Service

Part = dict[str, Any]

BINDING = "0.3.0"
"""Version of AsyncAPI's binding for AMQP 0-9-1."""
SHARED = {"public": "无条件共享", "concerned": "有条件共享", "internal": "不予共享"}
"""Sharing class → its name in the catalogue of government data."""
CHINESE = {
    **{
        f"{owner}.record.heads-published.v1": "记录校验值已公布"
        for owner in ("applications", "assessor-quota", "registry", "review")
    },
    "assessor-quota.duty.met.v1": "第三方机构年度工作情况已填报",
    "assessor-quota.duty.opened.v1": "第三方机构年度工作情况待填报",
    "assessor-quota.duty.overdue.v1": "第三方机构年度工作情况逾期未填报",
    "assessor-quota.item.reserved.v1": "评价名额已占用",
    "assessor-quota.rate.computed.v1": "年度创建成功率",
    "notify.notice.delivered.v1": "通知已送达",
    "notify.notice.failed.v1": "通知未能送达",
    "registry.list.announced.v1": "年度名单已公布",
    "registry.list.closed.v1": "年度名单已封存",
    "registry.unit.listed.v1": "单位列入名单",
    "review.notice.opened.v1": "拟列入名单公示",
}
"""Chinese names of the events that are not the only heading of a notice."""
ABOUT = (
    "Events between the five services, and those that other systems may receive. CloudEvents 1.0 in binary mode: "
    "attributes in `ce-*` headers, the fact as JSON body. One topic exchange; the routing key is the event's type. "
    "Readers ignore fields they do not know; a breaking change is a new type beside the old one. "
    "Each event comes at least once, and `ce-id` tells a repetition. Order is not promised: `sequence` gives the "
    "true order of the events of one aggregate.\n\n"
    "五个服务之间及对外的事件目录。事件采用 CloudEvents 1.0 二进制模式，属性在 `ce-*` 消息头，事实为 JSON 正文；"
    "路由键即事件类型。新增字段不影响既有订阅者，不兼容的变更以新版本类型并行发布。"
)
_REPOSITORY = Path(__file__).resolve().parents[3]
_SAMPLES = _REPOSITORY / "contracts" / "messages" / "samples"
_TEXTS = _REPOSITORY / "services" / "notify" / "notify" / "data"


def asyncapi() -> Part:
    """Return the document; the same code gives the same text."""
    subscriptions = {service: service.subscriptions() for service in SERVICES}
    schemas: Part = {}
    messages = {event.__name__: _message(event, subscriptions, schemas) for event in EVENTS.values()}
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": _server()},
        "channels": dict(_channels(subscriptions)),
        "operations": dict(_operations(subscriptions)),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "messages": messages,
            "correlationIds": {"correlation": _correlation()},
            "securitySchemes": {"ownUser": {"type": "userPassword", "description": "A user for each service"}},
        },
    }


def _info() -> Part:
    owners = sorted({event.owner for event in EVENTS.values()})
    return {
        "title": "Green manufacturing, Inner Mongolia: events",
        "version": "1.0.0",
        "description": ABOUT,
        "contact": INFO["contact"],
        "license": INFO["license_info"],
        "tags": [{"name": owner, "description": f"Published by {owner}"} for owner in owners],
    }


def _server() -> Part:
    return {
        "host": "rabbitmq:5672",
        "pathname": f"/{VHOST}",
        "protocol": "amqp",
        "protocolVersion": "0.9.1",
        "description": "RabbitMQ; the host is the deployment's",
        "security": [{"$ref": "#/components/securitySchemes/ownUser"}],
    }


def _correlation() -> Part:
    return {
        "description": "Identifies one request through all its effects",
        "location": "$message.header#/ce-correlationid",
    }


# ---- channels: a routing key for each event, the queues of each service ----


def _channels(subscriptions: Mapping[Service, tuple[Subscription[Any], ...]]) -> Iterator[tuple[str, Part]]:
    for event in EVENTS.values():
        yield event.type, _routing_key(event)
    for service, subscribed in subscriptions.items():
        for queue in service_queues(service.name, subscribed):
            yield queue.queue, _queue(queue)


def _routing_key(event: type[Event]) -> Part:
    exchange = {"name": EVENTS_EXCHANGE, "type": "topic", "durable": True, "autoDelete": False, "vhost": VHOST}
    return {
        "address": event.type,
        "title": event.__name__,
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
        "tags": [{"name": event.owner}],
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": BINDING}},
    }


def _queue(of: ServiceQueue) -> Part:
    queue = {"name": of.queue, "durable": True, "exclusive": False, "autoDelete": False, "vhost": VHOST}
    kind = "Quorum queue with a single active consumer" if of.single_active_consumer else "Quorum queue"
    events = [EVENTS[each] for each in of.types]
    return {
        "address": of.queue,
        "description": f"{kind}, bound to {EVENTS_EXCHANGE} by: {', '.join(of.types)}",
        "messages": {each.__name__: {"$ref": f"#/components/messages/{each.__name__}"} for each in events},
        "tags": [{"name": owner} for owner in sorted({each.owner for each in events})],
        "bindings": {"amqp": {"is": "queue", "queue": queue, "bindingVersion": BINDING}},
    }


# ---- operations: events that each service sends and receives ----


def _operations(subscriptions: Mapping[Service, tuple[Subscription[Any], ...]]) -> Iterator[tuple[str, Part]]:
    for event in EVENTS.values():
        yield f"{event.owner}.sends.{event.__name__}", _send_operation(event)
    for service, subscribed in subscriptions.items():
        queues = {name: each.queue for each in service_queues(service.name, subscribed) for name in each.types}
        for event in (EVENTS[name] for name in sorted(queues)):
            yield f"{service.name}.receives.{event.__name__}", _receive_operation(service, event, queues[event.type])


def _send_operation(event: type[Event]) -> Part:
    return {
        "action": "send",
        "channel": _to("channels", event.type),
        "title": f"{event.owner} sends {event.__name__}",
        "messages": [_to("channels", event.type, "messages", event.__name__)],
        "tags": [{"name": event.owner}],
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": BINDING}},
    }


def _receive_operation(service: Service, event: type[Event], queue: str) -> Part:
    return {
        "action": "receive",
        "channel": _to("channels", queue),
        "title": f"{service.name} receives {event.__name__}",
        "messages": [_to("channels", queue, "messages", event.__name__)],
        "tags": [{"name": service.name}],
        "bindings": {"amqp": {"ack": True, "bindingVersion": BINDING}},
    }


def _to(*path: str) -> Part:
    return {"$ref": "#/" + "/".join(path)}


# ---- messages ----


def _message(event: type[Event], subscriptions: Mapping[Service, tuple[Subscription[Any], ...]], schemas: Part) -> Part:
    chinese = CHINESE.get(event.type) or _headings().get(event.type, "")
    return {
        "name": event.type,
        "title": f"{event.__name__} {chinese}".strip(),
        **_visibility(event),
        "contentType": CONTENT_TYPE,
        "headers": headers_of(event),
        "payload": _to("components", "schemas", _payload(event, schemas)),
        "correlationId": _to("components", "correlationIds", "correlation"),
        "tags": [{"name": event.owner}],
        "examples": [_example(event)],
        "x-classification": _classification(event),
        "x-consumers": [
            service.name
            for service, subscribed in subscriptions.items()
            if event in {each.event_type for each in subscribed}
        ],
    }


def _classification(event: type[Event]) -> Part:
    """Return the sharing class, with the fields that fewer may see than the event."""
    whole = {"sharing": event.sharing, "sharing_zh": SHARED[event.sharing], "provider": event.owner}
    fewer = {"sharing": "concerned", "sharing_zh": SHARED["concerned"]}
    return whole | ({"fields": dict.fromkeys(event.restricted_fields(), fewer)} if event.restricted_fields() else {})


def _visibility(event: type[Event]) -> Part:
    text = event.__dict__.get("__doc__")
    return {"summary": " ".join(text.split())} if text else {}


def _payload(event: type[Event], schemas: Part) -> str:
    """Add the published schema and return its name; parts of several events are added once.

    Raises ValueError when two different schemas have one name.
    """
    schema = {name: value for name, value in schema_of(event).items() if not name.startswith(("$schema", "$id", "x-"))}
    for name, value in (*schema.pop("$defs", {}).items(), (event.__name__, schema)):
        moved = _with_shared_schemas(value)
        if schemas.setdefault(name, moved) != moved:
            raise ValueError(f"two schemas are called {name}")
    return event.__name__


def _with_shared_schemas(node: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(node, dict):
        return {key: _with_shared_schemas(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_shared_schemas(value) for value in node]
    return node.replace("#/$defs/", "#/components/schemas/") if isinstance(node, str) else node


def _example(event: type[Event]) -> Part:
    sample = json.loads((_SAMPLES / f"{event.type}.json").read_text(encoding="utf-8"))
    return {"name": event.fact, "headers": sample["headers"], "payload": sample["body"]}


def _headings() -> dict[str, str]:
    """Return event type → heading of the notice about it."""
    newest = max(_TEXTS.glob("*.toml"))
    headed: dict[str, str] = {}
    for each in tomllib.loads(newest.read_text(encoding="utf-8"))["templates"]:
        heading = re.split("[：:]", each["title_zh"])[0]
        if "{" not in heading:
            headed.setdefault(each["event"], heading)
    return headed
