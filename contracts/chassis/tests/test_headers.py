"""A content header that pamqp cannot decode, as our code gets it; fails when pamqp changes what this rests on."""

from __future__ import annotations

import struct

import pamqp.frame
import pytest
from chassis.broker.headers import (
    STORED_BYTES,
    UNDECODABLE,
    UNDECODABLE_BYTES,
    decode_header,
    decode_method,
    tolerate_undecodable,
)
from pamqp import base
from pamqp import commands as spec
from pamqp.exceptions import UnmarshalingException
from pamqp.header import ContentHeader

from .hostile_amqp import SHORT_TEXTS, TIMES, VALUES, properties, short, table


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


def delivery(key: bytes) -> bytes:
    tag = struct.pack(">Q?", 2**40, True)
    return struct.pack(">I", spec.Basic.Deliver.index) + short(b"ctag") + tag + short(b"green.events") + short(key)


@pytest.mark.parametrize("key", SHORT_TEXTS, ids=lambda key: f"{key[:12].hex()}({len(key)})")
def test_no_routing_key_of_a_delivery_raises(key: bytes) -> None:
    tolerate_undecodable()
    content = delivery(key)
    _, channel, decoded = pamqp.frame.unmarshal(struct.pack(">BHI", 1, 1, len(content)) + content + b"\xce")

    assert isinstance(decoded, spec.Basic.Deliver)
    assert (channel, decoded.consumer_tag, decoded.delivery_tag) == (1, "ctag", 2**40)
    assert (decoded.redelivered, decoded.exchange) == (True, "green.events")
    assert decoded.routing_key == key.decode(errors="backslashreplace")


def test_other_method_that_cannot_be_decoded_raises_as_before() -> None:
    answer: base.Frame = spec.Channel.Close(0, "")
    with pytest.raises(UnmarshalingException):
        decode_method(struct.pack(">I", answer.index) + b"\0\0" + short(b"\xff") + b"\0\0\0\0")
