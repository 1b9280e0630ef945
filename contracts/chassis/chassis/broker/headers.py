"""A message whose properties cannot be decoded reaches the consumer all the same, marked, and is parked there.

The broker passes on values for which pamqp raises: a timestamp of the year 292 billion, a name that is no UTF-8, tables
a hundred deep. aiormq then gives up the connection, with every delivery on it, and the broker sends the same message
again. Decoding is the one place below both paths to the broker, so the mark is made there (decision 0035). The routing
key, in the frame before, is the publisher's choice as well: its header CC names others by which the broker finds a
queue.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import cast

import pamqp.frame
from pamqp import base
from pamqp import commands as spec
from pamqp.header import ContentHeader

UNDECODABLE = "x-undecodable"
"""Header that says why the properties could not be decoded."""
UNDECODABLE_BYTES = "x-undecodable-bytes"
"""Header with the beginning of the properties as received, for the operator who looks at them."""
PROBLEM_CHARACTERS = 300
STORED_BYTES = 4096

_DECODER, _METHOD_DECODER = "_unmarshal_header_frame", "_unmarshal_method_frame"
_PREFIX = struct.Struct(">HHQ")
_DELIVER = struct.pack(">I", spec.Basic.Deliver.index)
_TAG = struct.Struct(">Q?")
_decode = cast("Callable[[bytes], ContentHeader]", getattr(pamqp.frame, _DECODER))
_decode_method = cast("Callable[[bytes], base.Frame]", getattr(pamqp.frame, _METHOD_DECODER))


def decode_header(frame: bytes) -> ContentHeader:
    """Decode a content header; one that cannot be decoded keeps its size, and says in its headers what is wrong."""
    try:
        return _decode(frame)
    except Exception as problem:  # noqa: BLE001 - ValueError, OverflowError, RecursionError and whatever comes next
        return _marked(frame, problem)


def decode_method(frame: bytes) -> base.Frame:
    """Decode a method; a delivery whose routing key is no UTF-8 keeps its bytes, written as escapes."""
    try:
        return _decode_method(frame)
    except Exception:
        if not frame.startswith(_DELIVER):
            raise
        return _delivery(frame)


def tolerate_undecodable() -> None:
    """Let pamqp decode every content header and delivery of this process by the functions here."""
    setattr(pamqp.frame, _DECODER, decode_header)
    setattr(pamqp.frame, _METHOD_DECODER, decode_method)


def _delivery(frame: bytes) -> spec.Basic.Deliver:
    consumer, at = _text(frame, len(_DELIVER))
    tag, redelivered = _TAG.unpack_from(frame, at)
    exchange, at = _text(frame, at + _TAG.size)
    key, _ = _text(frame, at)
    return spec.Basic.Deliver(consumer, tag, redelivered, exchange, key)


def _text(frame: bytes, at: int) -> tuple[str, int]:
    """Return a short string, and where the next field begins."""
    stop = at + 1 + frame[at]
    return frame[at + 1 : stop].decode(errors="backslashreplace"), stop


def _marked(frame: bytes, problem: Exception) -> ContentHeader:
    _, weight, size = _PREFIX.unpack_from(frame)
    text = f"{type(problem).__name__}: {problem}"[:PROBLEM_CHARACTERS]
    kept = frame[_PREFIX.size : _PREFIX.size + STORED_BYTES].hex()
    return ContentHeader(weight, size, spec.Basic.Properties(headers={UNDECODABLE: text, UNDECODABLE_BYTES: kept}))
