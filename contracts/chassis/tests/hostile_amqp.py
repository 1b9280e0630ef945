"""A publisher below every library: it writes frames as it likes, and says what the broker made of them."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Self

import pamqp.frame
from messages.envelope import encode
from messages.event import Event
from pamqp import commands as spec
from pamqp.exceptions import PAMQPException
from pamqp.header import ProtocolHeader
from yarl import URL

FRAME = struct.Struct(">BHI")
METHOD, HEADER, BODY, END = 1, 2, 3, b"\xce"
FLAGS = {
    "content_type": 15,
    "content_encoding": 14,
    "headers": 13,
    "delivery_mode": 12,
    "priority": 11,
    "correlation_id": 10,
    "reply_to": 9,
    "expiration": 8,
    "message_id": 7,
    "timestamp": 6,
    "type": 5,
    "user_id": 4,
    "app_id": 3,
    "cluster_id": 2,
}
"""Bit of each property, in the order of the protocol."""
ANSWER_SECONDS = 30
LARGEST_FRAME = 131_072


class RawPublisher:
    """One connection, one channel with confirms; a new one is needed after the broker has refused a frame."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, url: str) -> Self:
        address = URL(url)
        publisher = cls(*await asyncio.open_connection(address.host, address.port))
        publisher._writer.write(ProtocolHeader().marshal())
        await publisher._expect(spec.Connection.Start)
        login = f"\0{address.user}\0{address.password}"
        publisher._send(0, spec.Connection.StartOk(client_properties={}, mechanism="PLAIN", response=login))
        await publisher._expect(spec.Connection.Tune)
        publisher._send(0, spec.Connection.TuneOk(channel_max=1, frame_max=LARGEST_FRAME, heartbeat=0))
        publisher._send(0, spec.Connection.Open(virtual_host=address.path[1:]))
        await publisher._expect(spec.Connection.OpenOk)
        publisher._send(1, spec.Channel.Open())
        await publisher._expect(spec.Channel.OpenOk)
        publisher._send(1, spec.Confirm.Select())
        await publisher._expect(spec.Confirm.SelectOk)
        return publisher

    async def publish(self, exchange: str, key: bytes, properties: bytes, body: bytes) -> bool:
        """Publish; return whether the broker took it. After a refusal it is closed."""
        method = struct.pack(">IH", spec.Basic.Publish.index, 0) + short(exchange.encode()) + short(key) + b"\0"
        self._write(METHOD, method)
        self._write(HEADER, struct.pack(">HHQ", spec.Basic.frame_id, 0, len(body)) + properties)
        for start in range(0, len(body), LARGEST_FRAME - 8):
            self._write(BODY, body[start : start + LARGEST_FRAME - 8])
        try:
            answer = await self._read()
        except (OSError, asyncio.IncompleteReadError, PAMQPException):
            answer = None  # the broker quotes the value that it refuses, whatever bytes it has
        if isinstance(answer, spec.Basic.Ack):
            return True
        await self.close()
        return False

    async def close(self) -> None:
        self._writer.transport.abort()
        await asyncio.sleep(0)

    async def _expect(self, kind: type[Any]) -> None:
        answer = await self._read()
        assert isinstance(answer, kind), answer

    async def _read(self) -> Any:  # noqa: ANN401 - any method of the protocol
        async with asyncio.timeout(ANSWER_SECONDS):
            head = await self._reader.readexactly(FRAME.size)
            rest = await self._reader.readexactly(FRAME.unpack(head)[2] + 1)
        return pamqp.frame.unmarshal(head + rest)[2]

    def _send(self, channel: int, method: Any) -> None:  # noqa: ANN401 - any method of the protocol
        self._writer.write(pamqp.frame.marshal(method, channel))

    def _write(self, kind: int, payload: bytes) -> None:
        self._writer.write(FRAME.pack(kind, 1, len(payload)) + payload + END)


def short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def long(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def table(fields: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A table of names and values, which bring their type."""
    return long(b"".join(short(name) + value for name, value in fields))


def properties(values: Mapping[str, bytes]) -> bytes:
    """Flags and values of the properties, each as it stands on the wire."""
    flags = sum(1 << FLAGS[name] for name in values)
    return struct.pack(">H", flags) + b"".join(values[name] for name in FLAGS if name in values)


def nested(depth: int, kind: bytes) -> bytes:
    """Tables or arrays in one another."""
    value = b"V"
    for _ in range(depth):
        value = b"F" + table([(b"a", value)]) if kind == b"F" else b"A" + long(value)
    return value


SHORT_TEXTS = (b"", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"x" * 255, b"\xff" * 255, "蒙".encode() * 85, b"0", b"-1")
TIMES = tuple(
    struct.pack(">Q", value)
    for value in (0, 1, 2**31, 2**32 - 1, 2**32, 253_402_300_799, 253_402_300_800, 2**53, 2**63 - 1, 2**63, 2**64 - 1)
)
INTEGERS = ((b"b", 1), (b"B", 1), (b"s", 2), (b"u", 2), (b"I", 4), (b"i", 4), (b"l", 8), (b"L", 8))
"""Types of whole numbers with their size."""
VALUES: tuple[bytes, ...] = (
    *(b"t" + bytes([each]) for each in (0, 1, 255)),
    *(kind + fill * size for kind, size in INTEGERS for fill in (b"\0", b"\x7f", b"\x80", b"\xff")),
    *(b"f" + struct.pack(">f", each) for each in (0.0, -0.0, float("inf"), float("nan"), 3.4e38)),
    *(b"d" + struct.pack(">d", each) for each in (0.0, float("-inf"), float("nan"), 1.7e308, 5e-324)),
    *(b"D" + bytes([scale]) + raw for scale in (0, 255) for raw in (b"\0" * 4, b"\xff" * 4)),
    *(b"S" + long(each) for each in (b"", b"\xff\xfe", b"\0", b"x" * 60_000)),
    *(b"x" + long(each) for each in (b"", b"\xff" * 1000)),
    *(b"T" + each for each in TIMES),
    *(nested(depth, kind) for depth in (1, 100, 900, 5000) for kind in (b"F", b"A")),
    b"V",
    b"S" + struct.pack(">I", 2**32 - 1),
    b"A" + struct.pack(">I", 2**31),
    b"F" + struct.pack(">I", 7) + b"\x01a",
    b"\x01",
    b"Z" + b"\0" * 8,
)
"""A value of each type of a table at its extremes, and some that are none."""
NAMES = (
    b"",
    b"\0",
    b"ce-",
    b"ce-\0",
    b"\xff\xfe",
    b"$set",
    b"a.b",
    b"x" * 128,
    b"ce-id",
    b"x-death",
    b"ce-traceparent",
)


@dataclass(frozen=True)
class Shot:
    """One message that a publisher of ours would never send."""

    name: str
    changed: Mapping[str, bytes] = field(default_factory=dict)
    """Properties as they stand on the wire."""
    extra: tuple[tuple[bytes, bytes], ...] = ()
    """Headers beside or over those of the event."""
    body: bytes | None = None
    key: bytes | None = None
    """The routing key; the header CC then brings the message to its queue."""

    def properties_of(self, event: Event, event_id: str, time: Any, user: str) -> bytes:  # noqa: ANN401 - a datetime
        sent = encode(event, event_id=event_id, time=time, correlation_id="c")
        headers = [(name.encode(), b"S" + long(value.encode())) for name, value in sent.headers.items()]
        usual = {
            "content_type": short(b"application/json"),
            "headers": table([*headers, *self.extra, *self._other_keys(event)]),
            "delivery_mode": b"\x02",
            "user_id": short(user.encode()),
        }
        return properties({**usual, **self.changed})

    def _other_keys(self, event: Event) -> list[tuple[bytes, bytes]]:
        return [] if self.key is None else [(b"CC", b"A" + long(b"S" + long(event.type.encode())))]


def key_shots(user: str) -> Iterator[Shot]:
    """Routing keys that the publisher may use, at their extremes."""
    for text in SHORT_TEXTS:
        key = (f"{user}.".encode() + text)[:255]
        yield Shot(f"key {key[:24].hex()}({len(key)})", key=key)


def property_shots() -> Iterator[Shot]:
    """Each property at each of its extremes."""
    for name in FLAGS:
        if name == "timestamp":
            values: Sequence[bytes] = TIMES
        elif name in {"delivery_mode", "priority"}:
            values = (b"\0", b"\1", b"\x7f", b"\xff")
        elif name == "headers":
            values = (table([]), struct.pack(">I", 2**32 - 1), struct.pack(">I", 5) + b"\x05abc")
        else:
            values = [short(each) for each in SHORT_TEXTS]
        yield from (Shot(f"{name}={value[:12].hex()}({len(value)})", {name: value}) for value in values)


def header_shots() -> Iterator[Shot]:
    """Each type of a header's value at each of its extremes, under a harmless name; and each name."""
    for value in VALUES:
        yield Shot(f"header {value[:12].hex()}({len(value)})", extra=((b"a", value),))
    for name in NAMES:
        yield Shot(f"header named {name[:12].hex()}({len(name)})", extra=((name, b"S" + long(b"1")),))


def body_shots(event: Event) -> Iterator[Shot]:
    """Bodies of every size, readable and not."""
    whole = event.model_dump_json().encode()
    for size in (0, 1, 1000, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1, 17_000_000, 20_000_000):
        yield Shot(f"unreadable body of {size}", body=b"\xff" * size)
    for size in (1000, 4_000_000, 5_000_000, 17_000_000):
        yield Shot(f"readable body of {size}", body=whole[:-1] + b',"pad":"' + b"x" * size + b'"}')
    for name, body in {
        "deep": b"[" * 100_000,
        "many": b"[" + b"{}," * 300_000 + b"{}]",
        "great number": whole[:-1] + b',"sequence":' + b"9" * 4000 + b"}",
        "beyond 64 bits": whole[:-1] + b',"sequence":' + str(2**70).encode() + b"}",
        "lone surrogate": whole[:-1] + b',"template":"\\ud800"}',
    }.items():
        yield Shot(f"body: {name}", body=body)


def random_shot(random: Random) -> Shot:
    """Some properties, headers and a body, each drawn from the extremes or made of random bytes."""
    changed = {}
    for name in random.sample(sorted(FLAGS), random.randint(0, 4)):
        choices = [each.changed[name] for each in property_shots() if name in each.changed]
        changed[name] = random.choice([*choices, short(random.randbytes(random.randint(0, 255)))])
    extra = tuple(
        (random.choice([*NAMES, random.randbytes(random.randint(0, 40))]), random.choice(VALUES))
        for _ in range(random.randint(0, 3))
    )
    body = random.choice([None, None, random.randbytes(random.choice([0, 1, 100, 10_000]))])
    return Shot("random", changed, extra, body)
