"""Empty forms to download."""

from datetime import date
from typing import Annotated

from anyio import to_thread
from chassis.handling import Refusal
from chassis.http.endpoint import PROBLEMS, Authorize, RequestContext
from fastapi import APIRouter, Depends, Response
from messages.values import UnitType
from rulebook import scheme_on, shanghai_date

from applications.api.policies import DOWNLOAD_FORM
from applications.domain.files import XLSX
from applications.store import Store
from applications.workbooks import Form, annex1, report, write


def router() -> APIRouter:
    routes = APIRouter(prefix="/forms", tags=["forms"], responses=PROBLEMS)

    @routes.get(
        "/{name}.xlsx",
        summary="Download a form to fill in",
        response_class=Response,
        responses={200: {"content": {XLSX: {}}}},
    )
    async def download(
        name: str,
        call: Annotated[RequestContext[Store], Depends(Authorize(DOWNLOAD_FORM))],
        unit_type: UnitType = UnitType.FACTORY,
        on: date | None = None,
    ) -> Response:
        """``annex1-enterprise``, ``annex1-park``, or ``evaluation-report`` under the scheme in force on that day."""
        form, values = _form(name, unit_type, on or shanghai_date(call.now))
        content = await to_thread.run_sync(write, form, values)
        headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
        return Response(content, media_type=XLSX, headers=headers)

    return routes


def _form(name: str, unit_type: UnitType, day: date) -> tuple[Form, dict[str, object]]:
    known = {form.id: form for form in annex1.FORMS}
    if name in known:
        return known[name], {}
    if name == "evaluation-report":
        return report.form_of(unit_type), dict(report.prefilled(scheme_on(unit_type, day)))
    raise Refusal("not-found", status=404)
