"""Workbooks over HTTP: Annex 1 into a draft, an evaluation report into a draft; all cells right, or nothing stored."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, TypeVar

from anyio import to_thread
from chassis.handling import Refusal
from chassis.http.endpoint import PROBLEMS, Authorize, RequestContext, refuses
from chassis.security.pseudonyms import KeyRing
from fastapi import APIRouter, Depends, Response
from messages.values import Evaluation, Identifier, Level, Prefecture, Reason, UnitRef, UnitType
from pydantic import BaseModel, TypeAdapter, ValidationError
from rulebook import reason, rules_on, shanghai_date

from applications import handlers
from applications.api.bodies import BatchYear, Body, ReportBody
from applications.api.identity import new_application_id, refuse_other_unit
from applications.api.policies import FILE
from applications.api.uploads import FORM, Upload, uploading
from applications.api.views import ImportView, ReceiptView
from applications.domain.application import Application
from applications.domain.information import (
    EnterpriseInformation,
    Information,
    ParkInformation,
    WorkPlan,
    contradictions,
)
from applications.store import Store
from applications.workbooks import CellProblem, Form, InvalidWorkbookError, annex1, read, report, sheet_names

B = TypeVar("B", bound=BaseModel)
Values = dict[str, Any]

MALFORMED = refuses("import-malformed", "import-incomplete", "unit-differs", "file-missing", status=422)


class ImportTarget(Body):
    """Where an import goes: into a draft, or, Annex 1 alone, into a new one of that prefecture, level and year."""

    application_id: Identifier | None = None
    prefecture: Prefecture | None = None
    level: Level = Level.REGION
    batch_year: BatchYear | None = None
    dry_run: bool = False


def router(keys: KeyRing) -> APIRouter:
    routes = APIRouter(prefix="/imports", tags=["imports"], responses=PROBLEMS)
    guard = Authorize(FILE)
    filing, uploaded = Depends(guard), Depends(uploading(guard))
    extra = FORM | {"parameters": _parameters()}

    @routes.post(
        "/annex1",
        summary="Import a filled Annex 1",
        status_code=201,
        openapi_extra=extra,
        responses=MALFORMED | refuses("not-amendable"),
    )
    async def import_annex1(
        call: Annotated[RequestContext[Store], filing], upload: Annotated[Upload, uploaded], response: Response
    ) -> ImportView:
        """Basic information and work plan; into ``application_id`` or, without one, into a new draft."""
        into = validated(ImportTarget, _only(ImportTarget, upload.fields), "C2")
        values = await to_thread.run_sync(_annex1_values, upload.content)
        return await _file_annex1(values, into, call, response)

    @routes.post(
        "/evaluation-report",
        summary="Import a filled evaluation report",
        openapi_extra=extra,
        responses=MALFORMED | refuses("not-amendable"),
    )
    async def import_report(
        call: Annotated[RequestContext[Store], filing], upload: Annotated[Upload, uploaded]
    ) -> ImportView:
        """The evaluation report into the draft ``application_id``."""
        into = validated(ImportTarget, _only(ImportTarget, upload.fields), "A1")
        found = await _draft(into, call)
        values = await to_thread.run_sync(_report_values, upload.content)
        body = validated(ReportBody, values, "A1")
        refuse_other_unit(body, found.unit)
        command = handlers.FileReport(found.application_id, body.report(found.unit.unit_type, keys), body.evaluation())
        if into.dry_run:
            return ImportView(dry_run=True, unit=found.unit, application_id=found.application_id)
        receipt = await call.execute(handlers.file_report, command, private=True, reply=ReceiptView)
        return ImportView(dry_run=False, unit=found.unit, **receipt.model_dump())

    return routes


async def _file_annex1(
    values: Values, into: ImportTarget, call: RequestContext[Store], response: Response
) -> ImportView:
    information = _information(values)
    year = into.batch_year or shanghai_date(call.now).year
    wrong = tuple(contradictions(information, year, rules_on(shanghai_date(call.now))))
    if wrong:
        raise Refusal("import-malformed", *wrong, status=422)
    plan = TypeAdapter(WorkPlan).validate_python(values)
    if into.application_id is None:
        return await _into_new(values, information, plan, into, call)
    response.status_code = 200
    found = await _draft(into, call)
    _refuse_other(values, information, found.unit)
    command = handlers.FileInformation(found.application_id, information, plan)
    if into.dry_run:
        return ImportView(dry_run=True, unit=found.unit, application_id=found.application_id)
    receipt = await call.execute(handlers.file_information, command, reply=ReceiptView)
    return ImportView(dry_run=False, unit=found.unit, **receipt.model_dump())


async def _into_new(
    values: Values, information: Information, plan: WorkPlan, into: ImportTarget, call: RequestContext[Store]
) -> ImportView:
    year = into.batch_year or shanghai_date(call.now).year
    opening = handlers.OpenDraft(
        application_id=new_application_id(call, year),
        unit=_unit(values, information, into, call),
        level=into.level,
        batch_year=year,
        evaluation=Evaluation(way="self"),
        information=information,
        plan=plan,
    )
    await call.authorize(opening)
    if into.dry_run:
        return ImportView(dry_run=True, unit=opening.unit)
    receipt = await call.execute(handlers.open_draft, opening, private=True, reply=ReceiptView)
    return ImportView(dry_run=False, unit=opening.unit, **receipt.model_dump())


def _annex1_values(content: bytes) -> Values:
    return _read(content, lambda names: annex1.PARK if annex1.PARK_SHEET.title in names else annex1.ENTERPRISE, "C2")


def _report_values(content: bytes) -> Values:
    return _read(content, lambda names: report.PARK if report.PARK_SHEET.title in names else report.ENTERPRISE, "A1")


def _read(content: bytes, choose: Callable[[list[str]], Form], rule: str) -> Values:
    """Raise one Refusal with every bad cell."""
    try:
        reading = read(choose(sheet_names(content)), content)
    except InvalidWorkbookError as problem:
        raise Refusal("import-malformed", reason("A3", problem.code, problem.text), status=422) from None
    if reading.problems:
        raise Refusal("import-malformed", *(_problem_view(each, rule) for each in reading.problems), status=422)
    return reading.values


def _problem_view(problem: CellProblem, rule: str) -> Reason:
    text = f"{problem.address}：{problem.text}"
    return reason(rule, problem.code, text, problem.found, problem.address)


def _information(values: Values) -> Information:
    """The cells are well formed: what is left to find out is which of the two tables it is."""
    kind = EnterpriseInformation if "uscc" in values else ParkInformation
    return TypeAdapter[Information](kind).validate_python(values)


def _unit(values: Values, information: Information, into: ImportTarget, call: RequestContext[Store]) -> UnitRef:
    """A park is known by the code of its managing body, which is the caller's, and by its own name."""
    is_park = isinstance(information, ParkInformation)
    uscc = call.actor.organisation if isinstance(information, ParkInformation) else information.uscc
    said = {
        "uscc": uscc,
        "name": information.name,
        "unit_type": values["unit_type"],
        "prefecture": into.prefecture,
        "park_name": information.name if is_park else None,
    }
    _refuse_wrong_form(UnitType(values["unit_type"]), is_park=is_park)
    return validated(UnitRef, said, "A1")


def _refuse_other(values: Values, information: Information, unit: UnitRef) -> None:
    is_park = isinstance(information, ParkInformation)
    _refuse_wrong_form(UnitType(values["unit_type"]), is_park=is_park)
    body = {"uscc": None if isinstance(information, ParkInformation) else information.uscc}
    refuse_other_unit(ReportBody(way="self", unit_type=values["unit_type"], **body), unit)


def _refuse_wrong_form(unit_type: UnitType, *, is_park: bool) -> None:
    if (unit_type is UnitType.PARK) != is_park:
        text = (
            f"封面的创建类型与所填基本情况表不符：应填写“{annex1.PARK_SHEET.title}”"
            if not is_park
            else (f"封面的创建类型与所填基本情况表不符：应填写“{annex1.ENTERPRISE_SHEET.title}”")
        )
        raise Refusal("import-malformed", reason("C2", "form-differs", text, pointer="封面!C3"), status=422)


async def _draft(into: ImportTarget, call: RequestContext[Store]) -> Application:
    if into.application_id is None:
        text = "未指明导入到哪一件申报"
        raise Refusal("import-incomplete", reason("A1", "application-missing", text), status=422)
    found = await call.store.applications.require(into.application_id)
    await call.authorize(found)
    return found


def validated(model: type[B], values: Values, rule: str) -> B:
    """Read values as ``model``; raises one Refusal with everything that does not fit."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Refusal("import-incomplete", *_model_problems(error, rule), status=422) from None


def _model_problems(error: ValidationError, rule: str) -> Iterator[Reason]:
    """What was found is not repeated: it may be personal."""
    for each in error.errors(include_input=False, include_url=False):
        pointer = "".join(f"/{part}" for part in each["loc"])
        yield reason(rule, "value-misfits", f"“{pointer.strip('/')}”缺少或格式不正确", each["msg"], pointer)


def _only(model: type[BaseModel], fields: Mapping[str, str]) -> Values:
    return {name: value for name, value in fields.items() if name in model.model_fields}


def _parameters() -> list[dict[str, Any]]:
    """The same names may be sent as fields of the form."""
    kinds: dict[str, dict[str, Any]] = {
        "application_id": {"type": "string"},
        "prefecture": {"type": "string", "enum": list(Prefecture)},
        "level": {"type": "string", "enum": list(Level), "default": Level.REGION.value},
        "batch_year": {"type": "integer"},
        "dry_run": {"type": "boolean", "default": False},
    }
    return [{"name": name, "in": "query", "schema": kinds[name]} for name in ImportTarget.model_fields]
