"""Types of what people enter, each in its one form, with the place of what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from messages.entries import (
    DocumentNumber,
    EmailAddress,
    EnteredEvaluation,
    EnteredFile,
    EnteredIndicator,
    EnteredUnit,
    Line,
    Name,
    OneLine,
    OptionalParagraphs,
    Paragraphs,
)
from pydantic import TypeAdapter, ValidationError

CODE = "911501000000000191"
UNIT = {"uscc": CODE, "name": "甲", "unit_type": "park", "prefecture": "150100", "park_name": "乙园区"}


def entered(kind: object, value: object) -> Any:  # noqa: ANN401 - of whatever type is asked
    return TypeAdapter[Any](kind).validate_python(value)


def wrong(kind: object, value: object) -> list[tuple[tuple[int | str, ...], str]]:
    with pytest.raises(ValidationError) as refused:
        entered(kind, value)
    return [(each["loc"], each["type"]) for each in refused.value.errors()]


@pytest.mark.parametrize("kind", [Name, Line, OneLine, Paragraphs, OptionalParagraphs, DocumentNumber])
@pytest.mark.parametrize("text", ["内\u200b蒙古", "内\ufffe蒙古", "内\u202e蒙古", "内\x00蒙古"])
def test_every_type_of_text_refuses_what_nobody_sees(kind: object, text: str) -> None:
    assert wrong(kind, text) == [((), "text_refused")]


@pytest.mark.parametrize("kind", [Name, Line, Paragraphs, DocumentNumber])
@pytest.mark.parametrize("text", [" ", "\u200b", "\u3000", "\u3164"])
def test_a_text_that_is_asked_for_has_something_visible(kind: object, text: str) -> None:
    assert wrong(kind, text) == [((), "text_refused")]
    assert wrong(kind, "") == [((), "string_too_short")]


def test_texts_lose_the_blanks_around_them_and_keep_their_lines() -> None:
    assert entered(Name, "\u3000示例 公司 ") == "示例 公司"
    assert entered(Paragraphs, "甲\r\n乙\n") == "甲\n乙"
    assert entered(OptionalParagraphs, " \n") == ""
    assert entered(OneLine, " ") == ""
    assert wrong(Name, "甲\n乙") == [((), "text_refused")]
    assert entered(DocumentNumber, " 内工信函[2026] 第08号 ") == "内工信函〔2026〕8号"


def test_a_unit_is_refused_field_by_field() -> None:
    unit = UNIT | {"name": "\u200b", "park_name": "乙\ufffe"}
    assert wrong(EnteredUnit, unit) == [(("name",), "text_refused"), (("park_name",), "text_refused")]
    assert entered(EnteredUnit, UNIT | {"name": " 甲 ", "uscc": CODE.lower()}).name == "甲"


def test_names_inside_other_values_are_entered_alike() -> None:
    evaluation = {"way": "assessor", "assessor": {"uscc": CODE, "name": "\u3164"}}
    assert wrong(EnteredEvaluation, evaluation) == [(("name",), "text_refused")]
    assert entered(EnteredEvaluation, {"way": "self"}).assessor is None
    file = {"name": "甲\x00", "sha256": "a" * 64, "size": 1, "media_type": "application/pdf"}
    assert wrong(EnteredFile, file) == [(("name",), "text_refused")]
    assert wrong(EnteredIndicator, {"indicator": "a", "value": "1", "unit": "t\u200b"}) == [(("unit",), "text_refused")]


@pytest.mark.parametrize(
    "address",
    [
        "a;b@x.example",
        "a,b@x.example",
        "a<b@x.example",
        "a@b.c>",
        "a\x00@x.example",
        "a\u202e@x.example",
        "a\u200b@x.example",
        "a@x.example,b@x.example",
        "a@x.example\nBcc: b@x.example",
        '"a b"@x.example',
        "名 <a@x.example>",
        "a@b",
        "a@@x.example",
        "@x.example",
        "",
        "张三@x.example",
    ],
)
def test_an_address_that_a_mail_header_reads_otherwise_is_refused(address: str) -> None:
    assert wrong(EmailAddress, address) == [((), "email_invalid")]


def test_an_address_is_kept_in_ascii() -> None:
    assert entered(EmailAddress, " Steel.Office+2026@X.example ") == "Steel.Office+2026@X.example"
    assert entered(EmailAddress, "office@例子.中国") == "office@xn--fsqu00a.xn--fiqs8s"
