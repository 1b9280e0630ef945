"""Values to documents and back: documents are plain BSON, and the type alone reads them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    convert = _CONVERTERS.get(kind)
    if convert is None:
        convert = _CONVERTERS[kind] = _converter(kind)
    return convert(value)


def _converter(kind: type) -> Callable[[Any], Any]:
    """Return how values of a type are converted; asked once for each type, as every save converts a whole document."""
    if issubclass(kind, Enum):
        return lambda value: to_bson(value._value_)
    for base, convert in _BY_BASE:
        if issubclass(kind, base):
            return convert
    raise TypeError(f"{kind.__name__} cannot be stored in a document")


def _document(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        # Most names are text and most members plain: a call for each would be half of the time.
        name if type(name) is str else str(to_bson(name)): (
            each if (kind := type(each)) in _BSON_TYPES else _CONVERTERS.get(kind, to_bson)(each)
        )
        for name, each in value.items()
    }


def _list(value: Iterable[Any]) -> list[Any]:
    return [each if (kind := type(each)) in _BSON_TYPES else _CONVERTERS.get(kind, to_bson)(each) for each in value]


def _decimal(value: Decimal) -> str:
    text = str(value)  # a third of the time of ``format``, and the same but for exponents
    return format(value, "f") if "E" in text else text


def _instant(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone")
    utc = value.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


_BY_BASE: Sequence[tuple[type, Callable[[Any], Any]]] = (
    (datetime, _instant),
    (date, date.isoformat),
    (time, time.isoformat),
    (Decimal, _decimal),
    (timedelta, timedelta.total_seconds),
    (Mapping, _document),
    (set, lambda value: sorted(_list(value))),
    (frozenset, lambda value: sorted(_list(value))),
    (tuple, _list),
    (list, _list),
    (str, str),
    (int, int),
    (float, float),
)
"""Conversions by base class, a subclass before its base."""
_CONVERTERS: dict[type, Callable[[Any], Any]] = {}


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
