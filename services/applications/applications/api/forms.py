"""Empty forms to download."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from anyio import to_thread
from chassis.handling import Refusal
from chassis.http import PROBLEMS, Authorize, RequestContext, file_response, file_responses
from fastapi import APIRouter, Depends, Response
from messages.values import UnitType
from rulebook import scheme_on, shanghai_date

from applications.api.policies import DOWNLOAD_FORM
from applications.domain.media_types import XLSX
from applications.store import Store
from applications.workbooks import Form, annex1, report, write

router = APIRouter(prefix="/forms", tags=["forms"], responses=PROBLEMS)
DownloadForms = Annotated[RequestContext[Store], Depends(Authorize(DOWNLOAD_FORM))]


@router.get(
    "/{name}.xlsx",
    summary="Download a form to fill in",
    response_class=Response,
    responses=file_responses(XLSX),
)
async def get_form(
    name: str, context: DownloadForms, unit_type: UnitType = UnitType.FACTORY, on: date | None = None
) -> Response:
    """``annex1-enterprise``, ``annex1-park``, or ``evaluation-report`` under the scheme in force on that day."""
    form, values = _form(name, unit_type, on or shanghai_date(context.now))
    return file_response(await to_thread.run_sync(write, form, values), XLSX, f"{name}.xlsx")


def _form(name: str, unit_type: UnitType, day: date) -> tuple[Form, dict[str, object]]:
    known = {form.id: form for form in annex1.FORMS}
    if name in known:
        return known[name], {}
    if name == "evaluation-report":
        return report.form_of(unit_type), dict(report.prefilled_values(scheme_on(unit_type, day)))
    raise Refusal("not-found", status=404)
