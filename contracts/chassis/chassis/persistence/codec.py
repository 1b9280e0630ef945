"""Values to documents and back: documents are plain BSON, and the type alone reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter

from chassis.persistence.unit_of_work import RESERVED

T = TypeVar("T")

_BSON_TYPES = frozenset({str, int, float, bool, type(None), bytes})


def to_bson(value: Any) -> Any:  # noqa: ANN401 - anything a value may hold
    """Map a value to BSON: date and Decimal to text, an instant to UTC in milliseconds, tuples and sets to lists."""
    kind = type(value)
    if kind in _BSON_TYPES:
        return value
    if kind is dict:
        return {name if type(name) is str else str(to_bson(name)): to_bson(each) for name, each in value.items()}
    if kind is list or kind is tuple:
        return [to_bson(each) for each in value]
    return _convert(value)


def _convert(value: Any) -> Any:  # noqa: ANN401, PLR0911 - one line a type
    if isinstance(value, Enum):
        return to_bson(value.value)
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return to_bson(dict(value))
    if isinstance(value, set | frozenset):
        return sorted(to_bson(each) for each in value)
    if isinstance(value, tuple | list):
        return [to_bson(each) for each in value]
    return _as_base(value)


def _as_base(value: Any) -> str | int | float:  # noqa: ANN401
    for base in (str, int, float):
        if isinstance(value, base):
            return base(value)
    raise TypeError(f"{type(value).__name__} cannot be stored in a document")


def _instant(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone")
    utc = value.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


class Codec(Generic[T]):
    """Maps one type to documents and back by its pydantic schema."""

    def __init__(self, type_: type[T]) -> None:
        names = _field_names(type_)
        if reserved := sorted(names & RESERVED):
            raise TypeError(f"{type_.__name__}: {', '.join(reserved)} are reserved names of stored documents")
        self._adapter: TypeAdapter[T] = TypeAdapter(type_)

    def dump(self, value: T) -> dict[str, Any]:
        document = to_bson(self._adapter.dump_python(value, warnings="error"))
        if not isinstance(document, dict):
            raise TypeError(f"{value!r} is not a document")
        return document

    def load(self, document: Mapping[str, Any]) -> T:
        return self._adapter.validate_python(document, strict=False)


def codec(type_: type[T]) -> Codec[T]:
    """Return the codec of a type, built once: building a schema costs more than a thousand uses."""
    cached: Codec[T] | None = _CODECS.get(type_)
    if cached is None:
        cached = _CODECS[type_] = Codec(type_)
    return cached


_CODECS: dict[type[Any], Codec[Any]] = {}


def _field_names(type_: type[Any]) -> set[str]:
    if is_dataclass(type_):
        return {each.name for each in fields(type_)}
    return set(type_.model_fields) if issubclass(type_, BaseModel) else set()
