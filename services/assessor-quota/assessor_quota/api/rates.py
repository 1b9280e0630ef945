"""Success rates over HTTP: asked for by any of four parts, page by page or as a file (S6)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from chassis.handling import Filter, Refusal
from chassis.http.endpoint import PROBLEMS, Authorize, Limit, Page, RequestContext
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.security.policies import Policy, Rule, and_filters, everything, own_organisation, own_prefecture
from chassis.spreadsheets import MEDIA_TYPES, Format, Heading, SheetData, as_csv, as_xlsx
from fastapi import APIRouter, Depends, Query, Response
from messages.values import AssessorRef, Number, Prefecture, Role, UnitType, Uscc
from rulebook import PREFECTURES, UNIT_TYPE_NAMES
from starlette.concurrency import run_in_threadpool

from assessor_quota.api.views import View
from assessor_quota.domain.application_progress import CountedApplication, counted_application
from assessor_quota.domain.rates import GroupBy, Part, SuccessRate, success_rates
from assessor_quota.store import Store

READ = Policy(
    "rate.read",
    (
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("submission.unit.prefecture")),
        Rule(Role.ASSESSOR, own_organisation("submission.assessor.uscc")),
    ),
    protected=True,
)
"""The applications that are counted: what a caller may not see is not in the caller's figures."""

AT_ONCE = 1000
"""Courses read at a time, so that no question holds all of them."""
BETWEEN = "|"

Names: TypeAlias = dict[str, str]
Printed: TypeAlias = str | int | Decimal | None

HEADINGS = (
    Heading("第三方服务机构", 36),
    Heading("统一社会信用代码", 24),
    Heading("盟市", 16),
    Heading("类型", 24),
    Heading("年度", 8),
    Heading("列入名单（项）", 14),
    Heading("办结（项）", 12),
    Heading("创建成功率（%）", 16),
)
NONE = "无"
FILE_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()},
    }
}


class RateView(View):
    """The figures of one group; what was not asked for is absent."""

    assessor: AssessorRef | None = None
    prefecture: Prefecture | None = None
    unit_type: UnitType | None = None
    year: int | None = None
    listed: int
    concluded: int
    rate: Number | None
    """Percent; none when nothing is concluded, which is not 0 %."""


class RateQuery:
    """By what is counted, and of what; by assessor and year when nothing is said."""

    def __init__(
        self,
        by: Annotated[list[GroupBy] | None, Query()] = None,
        year: Annotated[int | None, Query(ge=2000, le=2200)] = None,
        prefecture: Prefecture | None = None,
        assessor: Uscc | None = None,
        unit_type: UnitType | None = None,
    ) -> None:
        chosen = dict.fromkeys(by or (GroupBy.ASSESSOR, GroupBy.YEAR))
        self.by = tuple(each for each in GroupBy if each in chosen)
        self.where: Filter = {"submission.assessor.uscc": {"$exists": True}} | {
            f"submission.{path}": value
            for path, value in {
                "year": year,
                "unit.prefecture": prefecture,
                "assessor.uscc": assessor,
                "unit.unit_type": unit_type,
            }.items()
            if value is not None
        }


def router() -> APIRouter:
    routes = APIRouter(prefix="/success-rates", tags=["success rates"], responses=PROBLEMS)
    reading = Depends(Authorize(READ))

    @routes.get("", summary="Success rates by assessor, prefecture, unit type and year")
    async def rates(
        call: Annotated[RequestContext[Store], reading],
        asked: Annotated[RateQuery, Depends()],
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[RateView]:
        """Listed ÷ concluded, with the counts; a group with applications and nothing concluded has none."""
        found = _behind(after, await _counted(call, asked), asked)
        shown = found[:limit]
        names = await _names(call, asked, shown)
        following = _cursor(shown[-1]) if len(found) > limit else None
        return Page(items=[_view(each, asked, names) for each in shown], next=following)

    @routes.get("/export", summary="Success rates as a file", response_class=Response, responses=FILE_ANSWER)
    async def export(
        call: Annotated[RequestContext[Store], reading], asked: Annotated[RateQuery, Depends()], format: Format = "xlsx"
    ) -> Response:
        """The same figures as a workbook, or as CSV in UTF-8 with a byte order mark."""
        found = await _counted(call, asked)
        names = await _names(call, asked, found)
        sheet = _sheet([_view(each, asked, names) for each in found])
        content = await run_in_threadpool(as_xlsx if format == "xlsx" else as_csv, sheet)
        disposition = f'attachment; filename="success-rates.{format}"'
        return Response(content, media_type=MEDIA_TYPES[format], headers={"Content-Disposition": disposition})

    return routes


async def _counted(call: RequestContext[Store], asked: RateQuery) -> list[SuccessRate]:
    """Counted anew from the courses whenever it is asked for: there is no figure that could be stale."""
    where = and_filters(asked.where, call.filter())
    found: list[CountedApplication] = []
    last: str | None = ""
    while last is not None:
        page = await call.store.courses.find(and_filters(where, {"_id": {"$gt": last}}), limit=AT_ONCE)
        found += [each for each in map(counted_application, page) if each is not None]
        last = page[-1].application_id if len(page) == AT_ONCE else None
    return success_rates(found, asked.by)


async def _names(call: RequestContext[Store], asked: RateQuery, rates: Sequence[SuccessRate]) -> Names:
    """As the register shows them today."""
    if GroupBy.ASSESSOR not in asked.by:
        return {}
    codes = sorted({str(each.parts[0]) for each in rates})
    known = await call.store.assessors.find({"_id": {"$in": codes}})
    return {each.uscc: each.name for each in known}


def _view(rate: SuccessRate, asked: RateQuery, names: Names) -> RateView:
    parts: dict[str, object] = dict(zip(asked.by, rate.parts, strict=True))
    if GroupBy.ASSESSOR in asked.by:
        uscc = str(parts[GroupBy.ASSESSOR])
        parts[GroupBy.ASSESSOR] = AssessorRef(uscc=uscc, name=names.get(uscc, uscc))
    figures = rate.figures
    told = {"listed": figures.listed, "concluded": figures.concluded, "rate": figures.rate}
    return RateView.model_validate({str(name): value for name, value in parts.items()} | told)


def _cursor(rate: SuccessRate) -> str:
    return BETWEEN.join(map(str, rate.parts))


def _behind(after: str | None, rates: Sequence[SuccessRate], asked: RateQuery) -> list[SuccessRate]:
    if after is None:
        return list(rates)
    last = after.split(BETWEEN)
    if len(last) != len(asked.by):
        raise Refusal("cursor-invalid", status=422, title="This cursor was not given out for this list")
    return [each for each in rates if _text(each.parts) > last]


def _text(parts: Sequence[Part]) -> list[str]:
    return [str(part) for part in parts]


def _sheet(rates: Sequence[RateView]) -> SheetData:
    return SheetData("创建成功率", HEADINGS, [_cells(each) for each in rates])


def _cells(rate: RateView) -> tuple[Printed, ...]:
    return (
        None if rate.assessor is None else rate.assessor.name,
        None if rate.assessor is None else rate.assessor.uscc,
        None if rate.prefecture is None else PREFECTURES[rate.prefecture.value],
        None if rate.unit_type is None else UNIT_TYPE_NAMES[rate.unit_type],
        rate.year,
        rate.listed,
        rate.concluded,
        NONE if rate.rate is None else rate.rate,
    )
