"""Routes of success rates by any of four dimensions, page by page or as a file (S6)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, TypeAlias

from chassis.handling import Filter, Refusal
from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    Authorize,
    Limit,
    Page,
    RequestContext,
    file_response,
    file_responses,
    filter_by,
)
from chassis.security import and_filters
from chassis.spreadsheets import MEDIA_TYPES, Format, Heading, SheetData, as_csv, as_xlsx
from fastapi import APIRouter, Depends, Query, Response
from messages.values import AssessorRef, Number, Prefecture, UnitType, Uscc
from rulebook import PREFECTURES, UNIT_TYPE_NAMES
from starlette.concurrency import run_in_threadpool

from assessor_quota.api.policies import READ_RATES
from assessor_quota.api.views import View
from assessor_quota.domain.application_progress import CountedApplication, counted_application
from assessor_quota.domain.rates import GroupBy, Part, SuccessRate, success_rates
from assessor_quota.store import Store

PAGE_SIZE = 1000
"""Applications read at a time, so that no query holds all of them."""
CURSOR_SEPARATOR = "|"

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


class RateView(View):
    """The figures of one group; dimensions that were not requested are absent."""

    assessor: AssessorRef | None = None
    prefecture: Prefecture | None = None
    unit_type: UnitType | None = None
    year: int | None = None
    listed: int
    concluded: int
    rate: Number | None
    """Percent; none when nothing is concluded, which is not 0 %."""


class RateQuery:
    """Dimensions and filters of the figures; by assessor and year unless chosen."""

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
        self.where: Filter = and_filters(
            {"submission.assessor.uscc": {"$exists": True}},
            filter_by(
                submission__year=year,
                submission__unit__prefecture=prefecture,
                submission__assessor__uscc=assessor,
                submission__unit__unit_type=unit_type,
            ),
        )


router = APIRouter(prefix="/success-rates", tags=["success rates"], responses=PROBLEMS)

ReadRates = Annotated[RequestContext[Store], Depends(Authorize(READ_RATES))]


@router.get("", summary="Success rates by assessor, prefecture, unit type and year")
async def list_success_rates(
    context: ReadRates,
    query: Annotated[RateQuery, Depends()],
    limit: Limit = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[RateView]:
    """Listed ÷ concluded, with the counts; a group with applications and nothing concluded has none."""
    found = _after(after, await _success_rates(context, query), query)
    page = found[:limit]
    names = await _names(context, query, page)
    following = _cursor(page[-1]) if len(found) > limit else None
    return Page(items=[_view(each, query, names) for each in page], next=following)


@router.get(
    "/export",
    summary="Success rates as a file",
    response_class=Response,
    responses=file_responses(*MEDIA_TYPES.values()),
)
async def export_success_rates(
    context: ReadRates, query: Annotated[RateQuery, Depends()], format: Format = "xlsx"
) -> Response:
    """The same figures as a workbook, or as CSV in UTF-8 with a byte order mark."""
    found = await _success_rates(context, query)
    names = await _names(context, query, found)
    sheet = _sheet([_view(each, query, names) for each in found])
    content = await run_in_threadpool(as_xlsx if format == "xlsx" else as_csv, sheet)
    return file_response(content, MEDIA_TYPES[format], f"success-rates.{format}")


async def _success_rates(context: RequestContext[Store], query: RateQuery) -> list[SuccessRate]:
    """Return the figures, counted anew for every request, so that none can be stale."""
    where = and_filters(query.where, context.filter())
    found: list[CountedApplication] = []
    last: str | None = ""
    while last is not None:
        page = await context.store.progress.find(and_filters(where, {"_id": {"$gt": last}}), limit=PAGE_SIZE)
        found += [each for each in map(counted_application, page) if each is not None]
        last = page[-1].application_id if len(page) == PAGE_SIZE else None
    return success_rates(found, query.by)


async def _names(context: RequestContext[Store], query: RateQuery, rates: Sequence[SuccessRate]) -> Names:
    """Return the names as the register shows them today."""
    if GroupBy.ASSESSOR not in query.by:
        return {}
    codes = sorted({str(each.parts[0]) for each in rates})
    known = await context.store.assessors.find({"_id": {"$in": codes}})
    return {each.uscc: each.name for each in known}


def _view(rate: SuccessRate, query: RateQuery, names: Names) -> RateView:
    parts: dict[str, object] = dict(zip(query.by, rate.parts, strict=True))
    if GroupBy.ASSESSOR in query.by:
        uscc = str(parts[GroupBy.ASSESSOR])
        parts[GroupBy.ASSESSOR] = AssessorRef(uscc=uscc, name=names.get(uscc, uscc))
    figures = rate.figures
    counts = {"listed": figures.listed, "concluded": figures.concluded, "rate": figures.rate}
    return RateView.model_validate({str(name): value for name, value in parts.items()} | counts)


def _cursor(rate: SuccessRate) -> str:
    return CURSOR_SEPARATOR.join(map(str, rate.parts))


def _after(after: str | None, rates: Sequence[SuccessRate], query: RateQuery) -> list[SuccessRate]:
    if after is None:
        return list(rates)
    last = after.split(CURSOR_SEPARATOR)
    if len(last) != len(query.by):
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
