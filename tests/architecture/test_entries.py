"""Every text, code and e-mail address of a request body is of a type of ``messages.entries``, in all services."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from datetime import date
from importlib import import_module
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from messages import entries
from messages.spelling import character_problem
from pydantic import AfterValidator, BaseModel, BeforeValidator, TypeAdapter, ValidationError

from deploy.services import SERVICES

COMMANDS = {"POST", "PUT", "PATCH", "DELETE"}
ENTERING = {getattr(entries, name) for name in vars(entries) if name.startswith("enter_")}
"""The functions by which a type takes a text in its one form."""
UNSEEN = ("甲\u200b乙", "甲\ufffe乙", "甲\x00乙", "\u3164", "甲\u202e乙")


def routes() -> Iterator[tuple[str, Any]]:
    for service in SERVICES:
        router = import_module(f"{service.package}.api").router
        for context in iter_route_contexts(router.routes):
            if isinstance(context.original_route, APIRoute):
                yield service.name, context


def commands() -> Iterator[tuple[str, str, APIRoute]]:
    """Yield each command with its service, and its method and path."""
    for service, context in routes():
        for method in sorted(COMMANDS & set(context.methods or ())):
            yield service, f"{method} {context.path}", context.original_route


def bodies() -> Iterator[tuple[str, str, str, object, tuple[object, ...]]]:
    """Yield every part of a body, with its service, its route, its place and its metadata."""
    for service, named, route in commands():
        for part in route.dependant.body_params:
            info = part.field_info
            for place, kind, metadata in leaves(info.annotation, tuple(info.metadata), ""):
                yield service, named, place, kind, metadata


def leaves(kind: object, metadata: tuple[object, ...], place: str) -> Iterator[tuple[str, object, tuple[object, ...]]]:
    """Yield each text, and each value whose texts are entered as a whole."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        yield from leaves(inner, (*metadata, *more), place)
    elif is_entered(metadata):
        yield place, kind, metadata
    elif get_origin(kind) in {Union, UnionType, tuple, list, dict, Mapping, frozenset}:
        for each in get_args(kind):
            yield from leaves(each, metadata if kind_is_optional(kind) else (), place)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield from leaves(field.annotation, tuple(field.metadata), f"{place}/{name}")
    elif kind in {str, date, Any}:
        yield place, kind, metadata


def kind_is_optional(kind: object) -> bool:
    return get_origin(kind) in {Union, UnionType}


def is_entered(metadata: tuple[object, ...]) -> bool:
    return any(isinstance(each, AfterValidator) and each.func in ENTERING for each in metadata)


def is_code(metadata: tuple[object, ...]) -> bool:
    return any(isinstance(each, BeforeValidator) and each.func.__name__ == "_spelled_code" for each in metadata)


def takes(kind: object, metadata: tuple[object, ...], text: str) -> bool:
    try:
        annotated(kind, metadata).validate_python(text)
    except ValidationError:
        return False
    return True


def test_the_walk_sees_the_texts_of_every_service() -> None:
    found = list(bodies())
    assert {each[0] for each in found} == {service.name for service in SERVICES}
    assert len([each for each in found if each[3] is str]) > 60


def test_every_text_of_a_body_refuses_what_nobody_sees() -> None:
    texts = [each for each in bodies() if each[3] is str]
    taken = [
        f"{service}: {route} {place} takes {text!a}"
        for service, route, place, kind, metadata in texts
        for text in UNSEEN
        if takes(kind, metadata, text)
    ]
    assert taken == []


def test_every_code_of_a_body_is_checked_or_recorded() -> None:
    codes = [each for each in bodies() if is_code(each[4])]
    unchecked = [f"{route} {place}" for _, route, place, _, metadata in codes if not is_entered(metadata)]
    assert unchecked == ["POST /v1/codes /uscc"]
    assert len(codes) > 5


def test_values_with_names_inside_are_entered_as_a_whole() -> None:
    whole = {kind.__name__ for _, _, _, kind, metadata in bodies() if isinstance(kind, type) and is_entered(metadata)}
    assert {"UnitRef", "Evaluation", "FileRef", "IndicatorValue"} <= whole


@pytest.mark.parametrize("text", UNSEEN)
def test_what_the_walk_tries_is_refused_by_every_entering_type(text: str) -> None:
    assert character_problem(text, lines=True) is not None


def test_every_command_with_a_day_goes_through_the_check_of_days() -> None:
    """``RequestContext.execute`` compares the days of a command with the bounds of the rule set."""
    with_days = {each[1] for each in bodies() if each[3] is date}
    sources = {named: inspect.getsource(route.endpoint) for _, named, route in commands()}
    unchecked = [path for path in sorted(with_days) if not re.search(r"execute\(|act_on_case\(", sources[path])]
    assert unchecked == []
    assert len(with_days) > 8


def test_a_body_with_a_bare_text_is_found() -> None:
    class Bare(BaseModel):
        name: str
        kind: Literal["a"]

    assert [place for place, *_ in leaves(Bare, (), "")] == ["/name"]
    assert takes(str, (), UNSEEN[0])


def test_a_document_number_is_of_its_type_everywhere() -> None:
    """A number as it is compared: two spellings of one document are one."""
    named = [each for each in bodies() if re.search(r"/(document_number|decision)$", each[2]) and each[3] is str]
    loose = [
        f"{route} {place}" for _, route, place, _, metadata in named if enters(metadata, "[2027] 1号") != "〔2027〕1号"
    ]
    assert loose == []
    assert len(named) > 8


def enters(metadata: tuple[object, ...], text: str) -> object:
    return annotated(str, metadata).validate_python(text)


def annotated(kind: object, metadata: tuple[object, ...]) -> TypeAdapter[Any]:
    return TypeAdapter(Annotated[(kind, *metadata)] if metadata else kind)  # type: ignore[arg-type]
