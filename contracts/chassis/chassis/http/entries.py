"""Refusals of entries that no command may hold: days far off, codes that fail their check."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi.exceptions import RequestValidationError
from messages.values import NO_CODE

from chassis.handling import Refusal
from chassis.regulation import Regulation

REMEDY = "请核对；证照所载确系如此的，由自治区工业和信息化厅凭文件登记后填报"


async def refuse_wrong_entries(
    command: object,
    regulation: Regulation,
    store: Any,  # noqa: ANN401 - the store of any service that takes codes
    now: datetime,
) -> None:
    """Raise (422) for days beyond the bounds of the rule set, and for codes that fail their check unrecorded."""
    if far := regulation.day_problems(command, now):
        raise Refusal("day-out-of-bounds", *far, status=422, title="A day lies too far from today")
    if unchecked := regulation.unchecked_codes(command):
        recorded = await store.codes.find({"_id": {"$in": sorted(set(unchecked.values()))}})
        known = {each.uscc for each in recorded}
        if wrong := [_failed_code(path) for path, code in unchecked.items() if code not in known]:
            raise RequestValidationError(wrong)


def _failed_code(path: Sequence[object]) -> dict[str, object]:
    """Return the error as the validation of the body tells others."""
    return {"type": "uscc_invalid", "loc": ("body", *path), "msg": f"{NO_CODE}；{REMEDY}"}
