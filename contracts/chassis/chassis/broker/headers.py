"""A message whose properties cannot be decoded reaches the consumer all the same, marked, and is parked there.

The broker passes on values for which pamqp raises: a timestamp of the year 292 billion, a name that is no UTF-8, tables
a hundred deep. aiormq then gives up the connection, with every delivery on it, and the broker sends the same message
again. Decoding is the one place below both paths to the broker, so the mark is made there (decision 0035).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import cast

import pamqp.frame
from pamqp import commands as spec
from pamqp.header import ContentHeader

UNDECODABLE = "x-undecodable"
"""Header that says why the properties could not be decoded."""
UNDECODABLE_BYTES = "x-undecodable-bytes"
"""Header with the beginning of the properties as received, for the operator who looks at them."""
PROBLEM_CHARACTERS = 300
STORED_BYTES = 4096

_DECODER = "_unmarshal_header_frame"
_PREFIX = struct.Struct(">HHQ")
_decode = cast("Callable[[bytes], ContentHeader]", getattr(pamqp.frame, _DECODER))


def decode_header(frame: bytes) -> ContentHeader:
    """Decode a content header; one that cannot be decoded keeps its size, and says in its headers what is wrong."""
    try:
        return _decode(frame)
    except Exception as problem:  # noqa: BLE001 - ValueError, OverflowError, RecursionError and whatever comes next
        return _marked(frame, problem)


def tolerate_undecodable() -> None:
    """Let pamqp decode every content header of this process by ``decode_header``."""
    setattr(pamqp.frame, _DECODER, decode_header)


def _marked(frame: bytes, problem: Exception) -> ContentHeader:
    _, weight, size = _PREFIX.unpack_from(frame)
    text = f"{type(problem).__name__}: {problem}"[:PROBLEM_CHARACTERS]
    kept = frame[_PREFIX.size : _PREFIX.size + STORED_BYTES].hex()
    return ContentHeader(weight, size, spec.Basic.Properties(headers={UNDECODABLE: text, UNDECODABLE_BYTES: kept}))
