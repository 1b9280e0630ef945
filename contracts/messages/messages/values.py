"""The value types that events are made of, in the regulation's words."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError
from stdnum.cn import uscc as gb32100

from messages.bounds import Amount
from messages.spelling import code_form, normalized_name

_CODE = re.compile(r"[1-9ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
"""Of GB 32100: registering department (N: the agricultural one), kind of body, division, the body's own code."""


class Value(BaseModel):
    """An immutable value: building it refuses unknown fields, reading it ignores them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


NO_CODE = "不是有效的统一社会信用代码（18位，末位为校验码）"
_LONGEST_CODE = 60
"""Characters of a code with all its blanks and dashes: what is longer is none, and is not looked at."""


def normalized_code(code: str) -> str:
    """A code in its one spelling, where it is one; any other text as it is."""
    spelled = code_form(code) if len(code) <= _LONGEST_CODE else code
    return spelled if _CODE.fullmatch(spelled) else code


class UncheckedCode(str):
    """A code as entered whose check character fails: refused, unless the region has recorded it with its document."""

    __slots__ = ()


@lru_cache(maxsize=65_536)  # the same units come again and again
def has_check_character(code: str) -> bool:
    return str(gb32100.calc_check_digit(code[:-1])) == code[-1]


@lru_cache(maxsize=65_536)  # as above; reading one anew costs more than all else of a unit
def _code_of(text: str) -> str:
    found = normalized_code(text)
    if not _CODE.fullmatch(found):
        raise PydanticCustomError("uscc_invalid", NO_CODE)
    return found


def _spelled_code(code: object) -> object:
    return _code_of(code) if isinstance(code, str) else code


Uscc = Annotated[
    str,
    Field(pattern="^[0-9A-HJ-NPQRTUWXY]{18}$"),
    BeforeValidator(_spelled_code),
    WithJsonSchema({"type": "string"}),
]
"""Unified social credit code, GB 32100-2015, 18 characters, read in any spelling.

Its check character is compared where a code is entered (``messages.entries.EnteredUscc``): some genuine ones fail.
"""

Number = Annotated[
    Amount,
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^-?[0-9]+([.][0-9]+)?$"}),
]
"""An exact decimal, on the wire as a string so that no reader rounds it."""

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""SHA-256 or HMAC-SHA-256, 64 lower-case hexadecimal digits."""

Identifier = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$")]
"""An identifier of ours: opaque to every consumer."""

Text = Annotated[str, Field(min_length=1, max_length=2000)]


class UnitType(StrEnum):
    """The three kinds of demonstration unit (Art. 2)."""

    FACTORY = "factory"
    PARK = "park"
    SUPPLY_CHAIN = "supply_chain"


class Level(StrEnum):
    """The three linked levels (Art. 2)."""

    PREFECTURE = "prefecture"
    REGION = "region"
    NATION = "nation"


class Prefecture(StrEnum):
    """The twelve leagues and cities, by their codes of GB/T 2260."""

    HOHHOT = "150100"
    BAOTOU = "150200"
    WUHAI = "150300"
    CHIFENG = "150400"
    TONGLIAO = "150500"
    ORDOS = "150600"
    HULUNBUIR = "150700"
    BAYANNUR = "150800"
    ULANQAB = "150900"
    HINGGAN = "152200"
    XILINGOL = "152500"
    ALXA = "152900"


class Role(StrEnum):
    """Who may act (P1)."""

    APPLICANT = "applicant"
    ASSESSOR = "assessor"
    PREFECTURE_OFFICER = "prefecture_officer"
    CONSULTED_DEPARTMENT = "consulted_department"
    EXPERT = "expert"
    REVIEW_ORGANISATION = "review_organisation"
    REGIONAL_OFFICER = "regional_officer"
    AGENCY = "agency"
    OPERATOR = "operator"
    PUBLIC = "public"


class Department(StrEnum):
    """The departments consulted before the opinion document (Art. 14(2))."""

    ECOLOGY_ENVIRONMENT = "ecology_environment"
    EMERGENCY_MANAGEMENT = "emergency_management"
    MARKET_REGULATION = "market_regulation"


class Reason(Value):
    """Why something was refused or decided: the rule, its article, and words for people (G3)."""

    rule: Annotated[str, Field(pattern="^[A-Z][0-9]{1,2}[a-c]?$")]
    article: Text
    code: Annotated[str, Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
    text: Text
    """In Chinese, for the person concerned."""
    evidence: str | None = None
    """The finding, so that the decision can be checked."""
    pointer: str | None = None
    """JSON pointer to the field that is wrong, where there is one."""


def unit_key(uscc: str, park_name: str = "") -> str:
    """The identity of a unit: its code in one spelling, and of a park the name as it is compared."""
    name, code = normalized_name(park_name), normalized_code(uscc)
    return f"{code}/{name}" if name else code


class PersonRef(Value):
    """A person known by a keyed digest of the document number and shown masked; never in clear."""

    digest: Digest
    masked: Annotated[str, Field(min_length=1, max_length=40)]


class UnitRef(Value):
    """The unit an application or listing is about.

    Its identity is the USCC; a park without one of its own is known by the code of its managing body and the
    park's name as first registered.
    """

    uscc: Uscc
    name: Annotated[str, Field(min_length=1, max_length=200)]
    unit_type: UnitType
    prefecture: Prefecture
    park_name: Annotated[str, Field(max_length=200), WithJsonSchema({"type": "string"})] | None = None

    @model_validator(mode="after")
    def _only_a_park_has_a_park_name(self) -> Self:
        """A second name would make one organisation two units."""
        if self.park_name is not None and self.unit_type is not UnitType.PARK:
            raise PydanticCustomError("park_name_of_no_park", "只有园区填写园区名称")
        return self

    @property
    def key(self) -> str:
        """The identity that survives renaming (R21)."""
        return unit_key(self.uscc, self.park_name or "")


class RecordedCode(Value):
    """A code that fails its check and is genuine, recorded by the region with the document that shows it."""

    uscc: Uscc
    document_number: Text
    recorded_on: date


class AssessorRef(Value):
    uscc: Uscc
    name: Annotated[str, Field(min_length=1, max_length=200)]


class Evaluation(Value):
    """The way of evaluation (Art. 14(1)): by the applicant itself or by an assessor."""

    way: Literal["self", "assessor"]
    assessor: AssessorRef | None = None
    lead_author: Identifier | None = None
    """Who wrote the assessor's report, by the number in the assessor's register of staff (S7)."""
    reviewer: Identifier | None = None
    """Who reviewed it inside the assessor, known the same way."""

    @model_validator(mode="after")
    def _an_own_evaluation_names_no_assessor(self) -> Self:
        """An item of somebody's quota is used only by a report of theirs (E12)."""
        if self.way == "self" and (self.assessor or self.lead_author or self.reviewer):
            raise PydanticCustomError("own_evaluation", "自评价不得填写第三方服务机构、编制人员或审核人员")
        return self


class SchemeRef(Value):
    """The evaluation scheme and version an application keeps (A2)."""

    id: Identifier
    version: Identifier


class IndicatorValue(Value):
    indicator: Identifier
    value: Number
    unit: Annotated[str, Field(max_length=40)]


class MandatoryItemAnswer(Value):
    """Pass or fail of one mandatory requirement of the scheme."""

    item: Identifier
    passed: bool


class FileRef(Value):
    """A stored file, known by its content."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    sha256: Digest
    size: Annotated[int, Field(ge=0, le=2**40), WithJsonSchema({"type": "integer", "minimum": 0})]
    media_type: Annotated[str, Field(min_length=1, max_length=100)]


class Ban(Value):
    """No application from the first to the last day, both included (B1, T5)."""

    first_day: date
    last_day: date

    def holds_on(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day
