"""Empty forms to download."""

from __future__ import annotations

import threading
from datetime import date
from functools import lru_cache
from typing import Annotated

from anyio import to_thread
from chassis.handling import Refusal
from chassis.http import (
    PROBLEMS,
    APIRouter,
    Authorize,
    Day,
    Key,
    RequestContext,
    file_response,
    file_responses,
    refuses,
)
from fastapi import Depends, Response
from messages.values import UnitType
from rulebook import SchemeNotFoundError, reason, scheme_of, scheme_on, shanghai_date

from applications.api.policies import DOWNLOAD_FORM
from applications.domain.media_types import XLSX
from applications.store import Store
from applications.workbooks import annex1, report, write

_ANNEX1 = {form.id: form for form in annex1.FORMS}
_WRITING = threading.Lock()
"""Of many who ask for a new form at once, one writes it."""

router = APIRouter(prefix="/forms", tags=["forms"], responses=PROBLEMS)
DownloadForms = Annotated[RequestContext[Store], Depends(Authorize(DOWNLOAD_FORM))]


@router.get(
    "/{name}.xlsx",
    summary="Download a form to fill in",
    response_class=Response,
    responses=file_responses(XLSX) | refuses("no-scheme-in-force", status=422),
)
async def get_form(
    name: Key,
    context: DownloadForms,
    unit_type: UnitType = UnitType.FACTORY,
    on: Day | None = None,
) -> Response:
    """``annex1-enterprise``, ``annex1-park``, or ``evaluation-report`` under the scheme in force on that day."""
    content = await to_thread.run_sync(_form_of, name, unit_type, on or shanghai_date(context.now))
    return file_response(content, XLSX, f"{name}.xlsx")


def _form_of(name: str, unit_type: UnitType, day: date) -> bytes:
    if name in _ANNEX1:
        return _once(name)
    if name != "evaluation-report":
        raise Refusal("not-found", status=404)
    try:
        scheme = scheme_on(unit_type, day)
    except SchemeNotFoundError:
        text = f"{day}没有施行中的评价标准，请选择评价标准施行期内的日期"
        wrong = reason("A2", "no-scheme-in-force", text, day.isoformat(), "/on")
        raise Refusal("no-scheme-in-force", wrong, status=422) from None
    return _once(name, scheme.id, scheme.version)


def _once(name: str, scheme_id: str = "", version: str = "") -> bytes:
    """Return the form, written at its first download only: it costs more than all else that a stranger may ask for."""
    with _WRITING:
        return _written(name, scheme_id, version)


@lru_cache(maxsize=64)
def _written(name: str, scheme_id: str, version: str) -> bytes:
    if name in _ANNEX1:
        return write(_ANNEX1[name])
    scheme = scheme_of(scheme_id, version)
    return write(report.form_of(scheme.unit_type), report.prefilled_values(scheme))
