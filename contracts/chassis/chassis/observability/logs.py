"""Structured logs: one JSON object a line on stderr, with correlation and event ids, without personal data."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any

import orjson
import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

from chassis.observability.log_rate import OneLineASecond

MASK = "***"
PERSONAL = (
    # A resident's identity number: region, date of birth, sequence, check character (GB 11643). Organisations' codes
    # (USCC) begin with 9 or hold no date of birth there: they are public and stay.
    re.compile(
        r"(?<![0-9A-Za-z])[1-8]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])"
    ),
    # A mobile telephone number of mainland China, with or without the country's code.
    re.compile(r"(?<![0-9A-Za-z])(?:\+?86[- ]?)?1[3-9]\d{9}(?![0-9A-Za-z])"),
    # An e-mail address.
    re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"),
)
PASSWORD_IN_URL = re.compile(r"(?<=://)[^/@\s:]{0,128}:[^/@\s]{0,256}(?=@)")
"""Every run has a bound: a run without one, before a character that does not come, takes time by the square."""
PATH_LENGTH = 512
"""Characters kept of a path that a caller chose, in a log or a record."""

bind = structlog.contextvars.bind_contextvars
bound = structlog.contextvars.bound_contextvars
clear = structlog.contextvars.clear_contextvars


def correlation_id() -> str | None:
    """Return the correlation id of this task, if any."""
    found = structlog.contextvars.get_contextvars().get("correlation_id")
    return None if found is None else str(found)


def configure(service: str, level: str = "INFO") -> None:
    """Send the logs of our code and of every library through the same processors."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _name_service(service),
        _add_trace,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    _route_standard_logging(shared, level)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    return structlog.stdlib.get_logger(name)


def mask(text: str) -> str:
    """Mask telephone numbers, e-mail addresses, identity numbers and passwords."""
    text = PASSWORD_IN_URL.sub(MASK, text)
    for pattern in PERSONAL:
        text = pattern.sub(MASK, text)
    return text


def shorten(path: str) -> str:
    """Return a path as it may be logged and recorded: masked, and cut."""
    return mask(path[:PATH_LENGTH])


def _name_service(service: str) -> Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    return add


def _add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the id of the current trace, if there is one."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
    return event


def _route_standard_logging(shared: list[Processor], level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Two lines for each request and message cost more than handling it; the metrics count them.
    for besieged in ("asyncio", "uvicorn.error"):
        logging.getLogger(besieged).filters[:] = [OneLineASecond()]
    for chatty in ("uvicorn.access", "aio_pika", "aiormq", "faststream", "pymongo"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _json(event: EventDict, **_: object) -> str:
    """Render a line, and mask it after keys and objects, libraries' included, have become plain text."""
    try:
        plain = orjson.loads(orjson.dumps(event, default=_plain, option=orjson.OPT_NON_STR_KEYS))
    except TypeError:  # half a character, a number over 64 bits: what a stranger sends must not cost the line
        return mask(json.dumps({str(key): value for key, value in event.items()}, default=_plain))
    return orjson.dumps(_mask_value(plain)).decode()


def _plain(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return list(value)
    return repr(value) if isinstance(value, BaseException) else str(value)


def _mask_value(value: Any) -> Any:  # noqa: ANN401 - any part of a JSON document
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(key): _mask_value(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_mask_value(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return value if mask(str(value)) == str(value) else MASK
    return value
