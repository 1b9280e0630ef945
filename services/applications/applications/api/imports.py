"""Workbooks over HTTP: Annex 1 into a draft, an evaluation report into a draft; all cells right, or nothing stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from anyio import to_thread
from chassis.handling import Refusal
from chassis.http import (
    FORM,
    IF_MATCH,
    PROBLEMS,
    APIRouter,
    Authorize,
    Body,
    RequestContext,
    Upload,
    located_at,
    refuses,
)
from chassis.spreadsheets import WorkbookReader, first_problems
from fastapi import Depends
from messages.entries import EnteredUnit
from messages.values import Evaluation, Identifier, Level, Prefecture, Reason, UnitRef, UnitType
from pydantic import BaseModel, TypeAdapter, ValidationError
from rulebook import reason, rules_on, shanghai_date

from applications.api.bodies import BatchYear, ReportBody
from applications.api.commands import expected_version, with_etag
from applications.api.dependencies import MAX_UPLOAD, Keys, Workbooks, read_upload
from applications.api.identity import new_application_id, refuse_other_unit
from applications.api.policies import FILE
from applications.api.views import ImportView, ReceiptView
from applications.domain.application import Application
from applications.domain.information import (
    EnterpriseInformation,
    Information,
    ParkInformation,
    WorkPlan,
    contradictions,
)
from applications.handlers import drafts
from applications.store import Store
from applications.workbooks import (
    CellProblem,
    Form,
    InvalidWorkbookError,
    Workbook,
    WorkbookResult,
    annex1,
    fitting,
    read,
    report,
)

B = TypeVar("B", bound=BaseModel)
T = TypeVar("T")
Values = dict[str, Any]

BUSY = reason("A3", "workbooks-busy", "正在读取的工作簿较多，请几秒后重新上传")
MALFORMED = refuses("import-malformed", "import-incomplete", "unit-differs", "file-missing", status=422)


class ImportTarget(Body):
    """The target of an import: a draft, or, for Annex 1 alone, a new one of that prefecture, level and year."""

    application_id: Identifier | None = None
    prefecture: Prefecture | None = None
    level: Level = Level.REGION
    batch_year: BatchYear | None = None
    dry_run: bool = False


class NewUnit(Body):
    """The unit of a draft that an import opens."""

    unit: EnteredUnit


def _parameters() -> list[dict[str, Any]]:
    """Describe the fields of ``ImportTarget`` for OpenAPI; they may be sent as fields of the form as well."""
    kinds: dict[str, dict[str, Any]] = {
        "application_id": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$"},
        "prefecture": {"type": "string", "enum": list(Prefecture)},
        "level": {"type": "string", "enum": list(Level), "default": Level.REGION.value},
        "batch_year": {"type": "integer", "minimum": 2000, "maximum": 2200},
        "dry_run": {"type": "boolean", "default": False},
    }
    return [{"name": name, "in": "query", "schema": kinds[name]} for name in ImportTarget.model_fields]


router = APIRouter(prefix="/imports", tags=["imports"], responses=PROBLEMS)
_FILE = Authorize(FILE)
FileApplications = Annotated[RequestContext[Store], Depends(_FILE)]
FilledForm = Annotated[Upload, Depends(read_upload(_FILE))]
_IMPORT: dict[str, Any] = {
    "max_body_size": MAX_UPLOAD,
    "openapi_extra": FORM | {"parameters": [*IF_MATCH["parameters"], *_parameters()]},
    "responses": MALFORMED | refuses("not-amendable") | refuses("workbooks-busy", status=503),
}


@router.post(
    "/annex1",
    summary="Import a filled Annex 1",
    status_code=201,
    **_IMPORT | {"openapi_extra": _IMPORT["openapi_extra"] | located_at("/v1/applications/{application_id}")},
)
async def import_annex1(context: FileApplications, upload: FilledForm, workbooks: Workbooks) -> ImportView:
    """Basic information and work plan; into ``application_id`` or, without one, into a new draft."""
    target = validate(ImportTarget, _known_fields(ImportTarget, upload.fields), "C2")
    if target.application_id is not None:
        await _draft(target, context)
    values = await _values_in(upload, annex1.FORMS, "C2", workbooks, context.store)
    return await _file_annex1(values, target, context)


@router.post("/evaluation-report", summary="Import a filled evaluation report", **_IMPORT)
async def import_evaluation_report(
    context: FileApplications, upload: FilledForm, keys: Keys, workbooks: Workbooks
) -> ImportView:
    """The evaluation report into the draft ``application_id``."""
    target = validate(ImportTarget, _known_fields(ImportTarget, upload.fields), "A1")
    found = await _draft(target, context)
    values = await _values_in(upload, report.FORMS, "A1", workbooks, context.store)
    body = validate(ReportBody, values, "A1")
    refuse_other_unit(body, found.unit)
    command = drafts.FileReport(
        found.application_id, body.report(found.unit.unit_type, keys), body.evaluation(), expected_version(context)
    )
    if target.dry_run:
        await context.check_entries(command)
        return ImportView(dry_run=True, unit=found.unit, application_id=found.application_id)
    receipt = await context.execute(
        drafts.file_report, command, private=True, prefetch=_key_of(found.application_id), reply=ReceiptView
    )
    return ImportView(dry_run=False, unit=found.unit, **with_etag(context, receipt).model_dump())


async def _file_annex1(values: Values, target: ImportTarget, context: RequestContext[Store]) -> ImportView:
    information = _information(values)
    year = target.batch_year or shanghai_date(context.now).year
    wrong = tuple(contradictions(information, year, rules_on(shanghai_date(context.now))))
    if wrong:
        raise Refusal("import-malformed", *wrong, status=422)
    plan = _within_bounds(WorkPlan, values)
    if target.application_id is None:
        return await _open_draft(values, information, plan, target, context)
    context.response.status_code = 200
    found = await _draft(target, context)
    _refuse_other_unit(values, information, found.unit)
    command = drafts.FileInformation(found.application_id, information, plan, expected_version(context))
    if target.dry_run:
        await context.check_entries(command)
        return ImportView(dry_run=True, unit=found.unit, application_id=found.application_id)
    receipt = await context.execute(
        drafts.file_information, command, prefetch=_key_of(found.application_id), reply=ReceiptView
    )
    return ImportView(dry_run=False, unit=found.unit, **with_etag(context, receipt).model_dump())


async def _open_draft(
    values: Values, information: Information, plan: WorkPlan, target: ImportTarget, context: RequestContext[Store]
) -> ImportView:
    year = target.batch_year or shanghai_date(context.now).year
    opening = drafts.OpenDraft(
        application_id="" if target.dry_run else new_application_id(context, year),
        unit=_unit(values, information, target, context),
        level=target.level,
        batch_year=year,
        evaluation=Evaluation(way="self"),
        information=information,
        plan=plan,
    )
    await context.authorize(opening, stated=True)
    if target.dry_run:
        context.response.status_code = 200
        await context.check_entries(opening)
        return ImportView(dry_run=True, unit=opening.unit)
    receipt = await context.execute(
        drafts.open_draft, opening, private=True, prefetch=_key_of(opening.application_id), reply=ReceiptView
    )
    return ImportView(dry_run=False, unit=opening.unit, **receipt.model_dump())


def _key_of(application_id: str) -> list[tuple[str, str]]:
    return [("applications", application_id)]


async def _values_in(
    upload: Upload, forms: Sequence[Form], rule: str, workbooks: WorkbookReader, store: Store
) -> Values:
    """Read the workbook; raise one Refusal with every bad cell."""
    try:
        book = await workbooks.read(upload)
    except InvalidWorkbookError as problem:
        raise Refusal("import-malformed", reason("A3", problem.code, problem.text), status=422) from None
    result = await to_thread.run_sync(_read, book, forms)
    problems = result.problems_but_for(await _recorded({*result.unchecked_codes.values()}, store))
    if problems:
        told = (_problem_view(each, rule) for each in first_problems(problems))
        raise Refusal("import-malformed", *told, status=422)
    return result.values


async def _recorded(codes: set[str], store: Store) -> set[str]:
    """Return those of the codes that the region has recorded with their documents."""
    found = await store.codes.find({"_id": {"$in": sorted(codes)}}) if codes else []
    return {each.uscc for each in found}


def _read(book: Workbook, forms: Sequence[Form]) -> WorkbookResult:
    return read(fitting(forms, book), book)


def _problem_view(problem: CellProblem, rule: str) -> Reason:
    text = f"{problem.address}：{problem.text}"
    return reason(rule, problem.code, text, problem.found, problem.address)


def _information(values: Values) -> Information:
    """Build the table that the cells belong to; each cell is well formed already."""
    if "uscc" in values:
        return _within_bounds(EnterpriseInformation, values)
    return _within_bounds(ParkInformation, values)


def _within_bounds(kind: type[T], values: Values) -> T:
    """Build a table whose cells are well formed; a value that is too large or too long is still refused."""
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        raise Refusal("import-malformed", *_model_problems(error, "C2"), status=422) from None


def _unit(values: Values, information: Information, target: ImportTarget, context: RequestContext[Store]) -> UnitRef:
    """A park is known by the code of its managing body, which is the caller's, and by its own name."""
    is_park = isinstance(information, ParkInformation)
    uscc = context.actor.organisation if isinstance(information, ParkInformation) else information.uscc
    fields = {
        "uscc": uscc,
        "name": information.name,
        "unit_type": values["unit_type"],
        "prefecture": target.prefecture,
        "park_name": information.name if is_park else None,
    }
    _refuse_wrong_form(UnitType(values["unit_type"]), is_park=is_park)
    return validate(NewUnit, {"unit": fields}, "A1").unit


def _refuse_other_unit(values: Values, information: Information, unit: UnitRef) -> None:
    is_park = isinstance(information, ParkInformation)
    _refuse_wrong_form(UnitType(values["unit_type"]), is_park=is_park)
    body = {"uscc": None if isinstance(information, ParkInformation) else information.uscc}
    refuse_other_unit(ReportBody(way="self", unit_type=values["unit_type"], **body), unit)


def _refuse_wrong_form(unit_type: UnitType, *, is_park: bool) -> None:
    if (unit_type is UnitType.PARK) != is_park:
        expected = annex1.ENTERPRISE_SHEET if is_park else annex1.PARK_SHEET
        text = f"封面的创建类型与所填基本情况表不符：应填写“{expected.title}”"
        raise Refusal("import-malformed", reason("C2", "form-differs", text, pointer="封面!C3"), status=422)


async def _draft(target: ImportTarget, context: RequestContext[Store]) -> Application:
    """Return the draft in the version that the caller has read, where the caller names one."""
    if target.application_id is None:
        text = "未指明导入到哪一件申报"
        raise Refusal("import-incomplete", reason("A1", "application-missing", text), status=422)
    store = context.store
    found = await store.applications.require(target.application_id)
    await context.authorize(found)
    drafts.refuse_stale(found.application_id, expected_version(context), store)
    return found


def validate(model: type[B], values: Values, rule: str) -> B:
    """Read values as ``model``; raise one Refusal with everything that does not fit."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Refusal("import-incomplete", *_model_problems(error, rule), status=422) from None


def _model_problems(error: ValidationError, rule: str) -> Iterator[Reason]:
    """Name each field that does not fit, without its value, which may be personal."""
    for each in error.errors(include_input=False, include_url=False):
        pointer = "".join(f"/{part}" for part in each["loc"])
        yield reason(rule, "value-misfits", f"“{pointer.strip('/')}”缺少或格式不正确", each["msg"], pointer)


def _known_fields(model: type[BaseModel], fields: Mapping[str, str]) -> Values:
    return {name: value for name, value in fields.items() if name in model.model_fields}
