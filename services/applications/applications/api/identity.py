"""Identity of applications and units: new identifiers, and the check that a report is about its application's unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chassis.handling import Refusal
from chassis.http import RequestContext
from messages.spelling import normalized_name
from messages.values import Reason, UnitRef
from rulebook import reason

from applications.api.bodies import ReportBody

DIGITS = 12


def new_application_id(context: RequestContext[Any], year: int) -> str:
    """Return an identifier like ``app-2026-1f0c9c6e52b7``, the same when the command is repeated."""
    prefix = f"app-{year}-"
    return context.new_id(prefix)[: len(prefix) + DIGITS]


def refuse_other_unit(body: ReportBody, unit: UnitRef) -> None:
    """Raise when the report names another unit than the application's."""
    wrong = tuple(_differences(body, unit))
    if wrong:
        raise Refusal("unit-differs", *wrong, status=422)


def _differences(body: ReportBody, unit: UnitRef) -> Iterator[Reason]:
    fields = {
        "uscc": (body.uscc, unit.uscc, "统一社会信用代码"),
        "unit_type": (body.unit_type, unit.unit_type, "单位类型"),
        "park_name": (body.park_name, unit.park_name, "园区名称"),
    }
    for name, (found, expected, label) in fields.items():
        if found is not None and normalized_name(found) != normalized_name(expected or ""):
            yield reason("A1", f"{name.replace('_', '-')}-differs", f"评价报告的{label}与申报不一致", found, f"/{name}")
