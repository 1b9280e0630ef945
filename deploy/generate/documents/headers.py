"""Headers of every message: CloudEvents 1.0, attributes after the RabbitMQ (AMQP 0-9-1) binding."""

from __future__ import annotations

from typing import Any, get_args

from messages.envelope import CONTENT_TYPE, PREFIX, REQUIRED, SCHEMA_BASE, SPECVERSION
from messages.event import Event, Sharing

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "id": {"minLength": 1, "description": "Unique with the source; a repeated delivery has the same id. 事件标识"},
    "source": {"format": "uri-reference", "description": "The publishing service. 来源"},
    "type": {"description": "<owner>.<aggregate>.<fact>.v<major>, also the routing key. 事件类型"},
    "specversion": {"const": SPECVERSION},
    "time": {"format": "date-time", "description": "The instant of the commit, UTC. 发生时间"},
    "subject": {"description": "Identifier of the aggregate. 主体"},
    "datacontenttype": {"const": CONTENT_TYPE},
    "dataschema": {"format": "uri", "description": "The name of the body's schema. 数据结构"},
    "sequence": {"pattern": "^[0-9]+$", "description": "Counts the events of one aggregate, from 1. 序号"},
    "dataclassification": {"enum": list(get_args(Sharing)), "description": "Who may see it. 共享属性"},
    "correlationid": {
        "minLength": 1,
        "description": "Identifies the request that caused it, through all effects. 关联标识",
    },
    "causationid": {"minLength": 1, "description": "The event or command that caused it. 起因"},
    "traceparent": {
        "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        "description": "Span of the publisher (W3C Trace Context), if traced. 链路标识",
    },
}
ALWAYS = (*REQUIRED, "subject", "dataschema", "sequence", "dataclassification", "correlationid")


def headers_of(event: type[Event]) -> dict[str, Any]:
    """Return the schema of the headers of one event type."""
    own: dict[str, dict[str, Any]] = {
        "source": {"const": f"/green/{event.owner}"},
        "type": {"const": event.type},
        "dataschema": {"const": f"{SCHEMA_BASE}{event.type}"},
        "dataclassification": {"const": event.sharing},
    }
    properties = {
        f"{PREFIX}{name}": {"type": "string", **value, **own.get(name, {})} for name, value in ATTRIBUTES.items()
    }
    return {"type": "object", "required": [f"{PREFIX}{name}" for name in ALWAYS], "properties": properties}
