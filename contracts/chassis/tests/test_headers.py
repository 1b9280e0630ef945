"""A content header that pamqp cannot decode, as our code gets it; fails when pamqp changes what this rests on."""

from __future__ import annotations

import struct

import pamqp.frame
import pytest
from chassis.broker.headers import STORED_BYTES, UNDECODABLE, UNDECODABLE_BYTES, decode_header, tolerate_undecodable
from pamqp import commands as spec
from pamqp.header import ContentHeader

from .hostile_amqp import TIMES, VALUES, properties, table


def header(content: bytes, size: int = 7) -> bytes:
    return struct.pack(">HHQ", spec.Basic.frame_id, 0, size) + content


def frame(content: bytes) -> bytes:
    return struct.pack(">BHI", 2, 1, len(content)) + content + b"\xce"


def test_every_header_of_the_process_is_decoded_tolerantly() -> None:
    tolerate_undecodable()
    _, channel, decoded = pamqp.frame.unmarshal(frame(header(properties({"timestamp": TIMES[-3]}))))

    assert isinstance(decoded, ContentHeader)
    assert (channel, decoded.body_size) == (1, 7)
    assert set(decoded.properties.headers or {}) == {UNDECODABLE, UNDECODABLE_BYTES}


def test_header_that_can_be_decoded_is_what_it_was() -> None:
    decoded = decode_header(header(properties({"headers": table([(b"a", b"t\x01")]), "priority": b"\x07"})))

    assert (decoded.properties.headers, decoded.properties.priority, decoded.body_size) == ({"a": True}, 7, 7)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{value[:12].hex()}({len(value)})")
def test_no_value_of_a_header_raises(value: bytes) -> None:
    content = properties({"headers": table([(b"a", value)])})
    decoded = decode_header(header(content))

    kept = (decoded.properties.headers or {}).get(UNDECODABLE_BYTES)
    assert decoded.body_size == 7
    assert kept is None or kept == content[:STORED_BYTES].hex()
