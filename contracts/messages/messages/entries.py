"""Types of what people enter: a name, a text, a document number, an e-mail address, each in its one form.

Events carry what was entered already, so that their types ask less: a body, a query and a cell use these.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from messages.spelling import character_problem, document_number_form
from messages.values import (
    NO_CODE,
    Evaluation,
    FileRef,
    IndicatorValue,
    UncheckedCode,
    UnitRef,
    Uscc,
    has_check_character,
)

T = TypeVar("T", bound=BaseModel)


def enter_line(text: str) -> str:
    """Return a text of one line without blanks around it; refuse what nobody sees or can print."""
    return _entered(text.strip())


def enter_optional_line(text: str) -> str:
    return enter_line(text) if text.strip() else ""


def enter_text(text: str) -> str:
    """Return a text of any number of lines."""
    return _entered(text.replace("\r\n", "\n").strip(), lines=True)


def enter_optional_text(text: str) -> str:
    return enter_text(text) if text.strip() else ""


def enter_document_number(text: str) -> str:
    return document_number_form(enter_line(text))


def enter_email(text: str) -> str:
    """Return an address that no mail header reads as two, as it was written; a domain in Chinese by its ASCII form."""
    written = text.strip()
    try:
        found = validate_email(written, allow_smtputf8=False, check_deliverability=False)
    except EmailNotValidError:
        wrong = "不是有效的电子邮箱地址：@前只能用英文字母、数字和._%+-等符号，@后须为可以收信的域名，一次只填一个地址"
        raise PydanticCustomError("email_invalid", wrong) from None
    return written if written.isascii() else found.ascii_email or found.normalized


def enter_code(code: str) -> str:
    """Mark a code whose check character fails: a command with it is refused unless the region has recorded it."""
    return code if has_check_character(code) else UncheckedCode(code)


def enter_checked_code(code: str) -> str:
    """Refuse a code whose check character fails, at once, as in a cell that can be named."""
    if not has_check_character(code):
        raise PydanticCustomError("uscc_invalid", NO_CODE)
    return code


def _entered(text: str, *, lines: bool = False) -> str:
    if problem := character_problem(text, lines=lines):
        raise PydanticCustomError("text_refused", problem)
    return text


OneLine = Annotated[str, Field(max_length=2000), AfterValidator(enter_optional_line)]
"""A line that may be empty. Here and below the length comes first: what is too long is not looked at."""
Line = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(enter_line)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(enter_line)]
Paragraphs = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(enter_text)]
OptionalParagraphs = Annotated[str, Field(max_length=2000), AfterValidator(enter_optional_text)]
EnteredUscc = Annotated[Uscc, AfterValidator(enter_code)]
CheckedUscc = Annotated[Uscc, AfterValidator(enter_checked_code)]
"""For rows of a file: a code that fails its check is entered by itself, once it is recorded."""
DocumentNumber = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(enter_document_number)]
EmailAddress = Annotated[str, Field(max_length=254, json_schema_extra={"format": "email"}), AfterValidator(enter_email)]


class _UnitNames(BaseModel):
    uscc: EnteredUscc
    name: Name
    park_name: Annotated[OneLine | None, Field(max_length=200)] = None


class _AssessorName(BaseModel):
    uscc: EnteredUscc
    name: Name


class _FileNames(BaseModel):
    name: Name
    media_type: Line


class _IndicatorUnit(BaseModel):
    unit: Annotated[OneLine, Field(max_length=40)]


def enter_unit(unit: UnitRef) -> UnitRef:
    return _with_texts(unit, _UnitNames)


def enter_evaluation(evaluation: Evaluation) -> Evaluation:
    if evaluation.assessor is None:
        return evaluation
    return evaluation.model_copy(update={"assessor": _with_texts(evaluation.assessor, _AssessorName)})


def enter_file(file: FileRef) -> FileRef:
    return _with_texts(file, _FileNames)


def enter_indicator(value: IndicatorValue) -> IndicatorValue:
    return _with_texts(value, _IndicatorUnit)


def _with_texts(value: T, texts: type[BaseModel]) -> T:
    """Return the value with the texts that ``texts`` asks for, each as entered; an error names its field."""
    entered = texts.model_validate({name: getattr(value, name) for name in texts.model_fields})
    return value.model_copy(update=entered.model_dump())


EnteredUnit = Annotated[UnitRef, AfterValidator(enter_unit)]
"""Names are checked at entry only, so that the events' schemas stay as they are."""
EnteredEvaluation = Annotated[Evaluation, AfterValidator(enter_evaluation)]
EnteredFile = Annotated[FileRef, AfterValidator(enter_file)]
EnteredIndicator = Annotated[IndicatorValue, AfterValidator(enter_indicator)]
