"""Every parser of bytes from outside as one plain function: it returns, or raises one of its known refusals."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

from applications.recognition import detected_media_type
from applications.workbooks import annex1, fitting, read, report, write
from applications.workbooks.cells import value_of
from applications.workbooks.layout import Entry, Kind
from assessor_quota.api.sheets import ASSESSORS, STAFF, template
from chassis.clock import SystemClock
from chassis.handling import Refusal
from chassis.http.pagination import decode_cursor
from chassis.persistence.query import ranges_after
from chassis.security import InvalidPersonNumberError, KeyRing
from chassis.security.dev_issuer import AUDIENCE, ISSUER, DevelopmentIssuer
from chassis.security.tokens import InvalidTokenError, decode_token
from chassis.settings import Mode
from chassis.spreadsheets import (
    Heading,
    InvalidCellError,
    InvalidWorkbookError,
    SheetData,
    as_choice,
    as_csv,
    as_day,
    as_decimal,
    as_whole,
    as_xlsx,
)
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from devkit.workbooks import open_workbook
from joserfc.jwk import ECKey, KeySet
from messages.envelope import UndecodableMessageError, decode
from messages.errors import InvalidFileError
from messages.values import Uscc
from pydantic import TypeAdapter, ValidationError
from rulebook import UNIT_TYPE_NAMES, rule_sets_from
from rulebook.documents import read_documents

from tests.architecture.sources import ROOT

Parse = Callable[[bytes], object]
SAMPLES = ROOT / "contracts" / "messages" / "samples"
USCC = TypeAdapter(Uscc)
KEYS = KeyRing("k1", {"k1": bytes(range(32))})
PERSON = b"150102199003078885"
SORT = (("created_at", -1), ("_id", 1))
WORDS = (
    b"9" * 400,
    b"1e999999999",
    b"\xef\xbb\xbf",
    b"\xe2\x80\x8b",
    b"\xef\xbf\xbe",
    b"\x00",
    b"[" * 3000,
    b"%",
    b"-",
)
"""Put into an input where it hurts: numbers without end, characters nobody sees, nesting."""


@dataclass(frozen=True)
class Parser:
    parse: Parse
    refusals: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]
    """Good inputs; the fuzzer changes them."""


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _workbook(content: bytes) -> object:
    book = open_workbook(content)
    forms = (annex1.FORMS, report.FORMS)
    return [read(fitting(each, book), book) for each in forms], ASSESSORS.read(book), STAFF.read(book)


def _written_csv(content: bytes) -> None:
    """Read back what was written: one row of one cell, which no program takes for a formula."""
    text = _text(content)[: csv.field_size_limit() // 2]
    written = as_csv(SheetData("页", [Heading("甲")], [(text,)])).decode("utf-8-sig")
    (_, (cell,)) = csv.reader(io.StringIO(written, newline=""))
    if cell[:1] in {"=", "+", "-", "@"}:
        raise AssertionError(f"a formula was written: {cell!r}")


def _cell(content: bytes) -> object:
    text = _text(content)
    found: list[object] = []
    for kind in Kind:
        entry = Entry("格", "cell", kind, choices=tuple(UNIT_TYPE_NAMES.items()))
        try:
            found.append(value_of(entry, text))
        except InvalidCellError as problem:
            found.append(problem)
    return found


def _number(content: bytes) -> object:
    number = as_decimal(_text(content))
    if len(format(number, "f")) > len(content) + 24:
        raise AssertionError(f"{len(content)} bytes become {len(format(number, 'f'))} digits")
    return number, as_whole(_text(content))


def _cursor(content: bytes) -> object:
    return ranges_after(SORT, decode_cursor(_text(content), len(SORT)))


def _binary_event(content: bytes) -> object:
    """Headers are the first line, the body is the rest."""
    head, _, body = content.partition(b"\n")
    try:
        headers = json.loads(head)
    except (ValueError, RecursionError):
        headers = {f"ce-{number}": each.decode("utf-8", "replace") for number, each in enumerate(head.split(b","))}
    return decode(headers if isinstance(headers, dict) else {"ce-id": headers}, body).time.astimezone(UTC)


def _structured_event(content: bytes) -> object:
    return decode({}, content, "application/cloudevents+json").time.astimezone(UTC)


@cache
def _issuer() -> tuple[DevelopmentIssuer, ECKey, KeySet]:
    folder = Path(tempfile.mkdtemp())
    issuer = DevelopmentIssuer(folder, Mode.LOCAL)
    key = ECKey.import_key(json.loads(next(each for each in folder.iterdir() if "jwks" not in each.name).read_text()))
    return issuer, key, KeySet.import_key_set(json.loads(issuer.jwks_file.read_text()))


def _token(content: bytes) -> object:
    now = int(SystemClock().now().timestamp())
    return decode_token(_text(content), _issuer()[2], issuer=ISSUER, audience=AUDIENCE, now=now)


def _signed_token(content: bytes) -> object:
    """Header and claims are the caller's, one on each line, the signature is right: the issuer may be careless."""
    private = _issuer()[1].private_key
    assert private is not None
    head, _, claims = content.partition(b"\n")
    signed = _base64(head.replace(b"KID", str(_issuer()[1].kid).encode())) + b"." + _base64(claims)
    r, s = decode_dss_signature(private.sign(signed, ECDSA(SHA256())))
    return _token(signed + b"." + _base64(r.to_bytes(32, "big") + s.to_bytes(32, "big")))


def _base64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _rule_sets(content: bytes) -> object:
    return rule_sets_from({"fuzzed.toml": _text(content)})


def _seed_token() -> bytes:
    return _issuer()[0].mint(role="applicant", subject="li").encode()


def _seed_claims() -> bytes:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "li", "roles": ["applicant"], "exp": 4_000_000_000, "nbf": 1}
    return b'{"alg": "ES256", "kid": "KID", "typ": "JWT"}\n' + json.dumps(claims).encode()


def _events(structured: bool) -> tuple[bytes, ...]:  # noqa: FBT001 - one of two modes
    found = []
    for file in sorted(SAMPLES.glob("*.json"))[:6]:
        sample: dict[str, Any] = json.loads(file.read_text())
        attributes = {name.removeprefix("ce-"): value for name, value in sample["headers"].items()}
        whole = json.dumps({**attributes, "data": sample["body"], "datacontenttype": "application/json"})
        parts = f"{json.dumps(sample['headers'])}\n{json.dumps(sample['body'])}"
        found.append((whole if structured else parts).encode())
    times = (
        b"0001-01-01T00:00:00+23:59",
        b"9999-12-31T23:59:59-23:59",
        b"2026-02-30T00:00:00Z",
        b"2026-01-01T00:00:00",
    )
    return (*found, *(re.sub(rb'("(?:ce-)?time": ")[^"]*', rb"\g<1>" + time, found[0]) for time in times))


def parsers() -> dict[str, Parser]:
    texts = ("91150100MA0MXT5K33", "150102199003078888", "45%", "1,234.5", "2026年1月31日", "0471-6944567转8012", "是")
    cells = tuple(each.encode() for each in texts)
    cursor = b"W3siJGluc3RhbnQiOiIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIn0sIngiXQ=="
    files = (
        b"%PDF-1.7\n%%EOF\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0IEND\xaeB`\x82",
        b"\xff\xd8\xff\xda\0\2\xff\xd9",
    )
    forms = (write(annex1.PARK), as_xlsx(*template()))
    return {
        "workbook": Parser(_workbook, (InvalidWorkbookError,), forms),
        "written csv": Parser(_written_csv, (), (b"=1+1", "＝1".encode(), b"911501050000700179", b"a\r\nb")),
        "cell": Parser(_cell, (), cells),
        "number": Parser(_number, (InvalidCellError,), (b"1,234.5", b"1e20", b"-0.5%", "１２".encode())),
        "day": Parser(
            lambda content: as_day(_text(content)),
            (InvalidCellError,),
            (b"2026-01-31", b"2026/1/1"),
        ),
        "choice": Parser(
            lambda content: as_choice(UNIT_TYPE_NAMES, _text(content)),
            (InvalidCellError,),
            ("绿色工厂".encode(),),
        ),
        "cursor": Parser(_cursor, (Refusal,), (cursor, b"W251bGwsIngiXQ==")),
        "code": Parser(lambda content: USCC.validate_python(_text(content)), (ValidationError,), cells),
        "person": Parser(lambda content: KEYS.identify(_text(content)), (InvalidPersonNumberError,), (PERSON, *cells)),
        "token": Parser(_token, (InvalidTokenError,), (_seed_token(),)),
        "signed token": Parser(_signed_token, (InvalidTokenError,), (_seed_claims(),)),
        "event": Parser(_binary_event, (UndecodableMessageError,), _events(structured=False)),
        "structured event": Parser(_structured_event, (UndecodableMessageError,), _events(structured=True)),
        "file": Parser(lambda content: detected_media_type(io.BytesIO(content)), (), (*files, *forms)),
        "rule sets": Parser(
            _rule_sets, (InvalidFileError,), tuple(each.encode() for each in read_documents("rulesets").values())
        ),
    }
