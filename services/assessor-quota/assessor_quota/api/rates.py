"""Routes of success rates by any of four dimensions, page by page or as a file (S6)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from chassis.handling import Filter, Refusal
from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Cursor,
    Limit,
    Page,
    RequestContext,
    file_responses,
    filter_by,
)
from chassis.security import and_filters
from chassis.spreadsheets import MEDIA_TYPES, Format, Heading, Printed, SheetData
from fastapi import Depends, Query, Response
from messages.values import AssessorRef, Number, Prefecture, UnitType, Uscc
from rulebook import PREFECTURES, UNIT_TYPE_NAMES

from assessor_quota.api.exports import Export, file_of
from assessor_quota.api.orders import by_year
from assessor_quota.api.policies import READ_RATES
from assessor_quota.api.views import View
from assessor_quota.domain.rates import Count, GroupBy, SuccessRate, YearlyRate, found_by_key, success_rates
from assessor_quota.handlers.lookup import by_keys
from assessor_quota.store import Store

PAGE_SIZE = 200
"""Years of assessors read at a time for a file."""
SPARE = 3
"""Years read beside those of a page: of the assessor it goes on from, of its last one, and the one that is next."""
CURSOR_SEPARATOR = "|"

Names: TypeAlias = Mapping[str, str]

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
        by: Annotated[list[GroupBy] | None, Query(max_length=len(GroupBy) * 2)] = None,
        year: Annotated[int | None, Query(ge=2000, le=2200)] = None,
        prefecture: Prefecture | None = None,
        assessor: Uscc | None = None,
        unit_type: UnitType | None = None,
    ) -> None:
        chosen = dict.fromkeys(by or (GroupBy.ASSESSOR, GroupBy.YEAR))
        self.by = tuple(each for each in GroupBy if each in chosen)
        self.year, self.prefecture, self.assessor, self.unit_type = year, prefecture, assessor, unit_type


@dataclass(frozen=True)
class Chosen:
    """The choice of what is counted: as asked for, within what the caller may see."""

    year: int | None
    prefecture: str | None
    assessor: str | None
    unit_type: str | None

    @classmethod
    def of(cls, query: RateQuery, scope: Filter) -> Chosen | None:
        """Return it; None where the caller may see nothing of what was asked for.

        A caller sees everything, one prefecture or one assessor: no person may be two of these (P3).
        """
        prefecture, assessor = scope.get("prefecture", query.prefecture), scope.get("assessor", query.assessor)
        unseen = scope.keys() - {"prefecture", "assessor"}
        if unseen or prefecture != (query.prefecture or prefecture) or assessor != (query.assessor or assessor):
            return None
        return cls(query.year, _text(prefecture), _text(assessor), query.unit_type)

    def where(self, first: str = "") -> Filter:
        """Return the filter of the years with an application that counts, from those of the assessor ``first`` on."""
        found: Filter = filter_by(found_by=found_by_key(self.prefecture, self.unit_type), year=self.year)
        if self.assessor is not None:
            return and_filters(found, {"_id": {"$gte": f"{self.assessor}:", "$lt": f"{self.assessor};"}})
        return and_filters(found, {"_id": {"$gte": f"{first}:"}}) if first else found

    @property
    def totals(self) -> Filter:
        """Return the filter of the totals; it names every prefecture and unit type where none is chosen."""
        prefectures = [self.prefecture] if self.prefecture else [*Prefecture]
        unit_types = [self.unit_type] if self.unit_type else [*UnitType]
        return filter_by(prefecture={"$in": prefectures}, unit_type={"$in": unit_types}, year=self.year)


router = APIRouter(prefix="/success-rates", tags=["success rates"], responses=PROBLEMS)

ReadRates = Annotated[RequestContext[Store], Depends(Authorize(READ_RATES))]


@router.get("", summary="Success rates by assessor, prefecture, unit type and year")
async def list_success_rates(
    context: ReadRates,
    query: Annotated[RateQuery, Depends()],
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[RateView]:
    """Listed ÷ concluded, with the counts; a group with applications and nothing concluded has none."""
    last = _parts_of(after, query)
    found: list[SuccessRate] = []
    async for rates in _success_rates(context, query, limit + SPARE, last):
        found += rates
        if len(found) > limit:
            break
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
    return await file_of("success-rates", format, Export(_views(context, query), _sheet))


async def _success_rates(
    context: RequestContext[Store], query: RateQuery, size: int, last: Sequence[str] = ()
) -> AsyncIterator[list[SuccessRate]]:
    """Yield the groups after ``last`` in their order: those of some assessors at a time, or all of the totals."""
    chosen = Chosen.of(query, context.filter())
    if chosen is None:
        return
    counts = _counts(context, query, chosen, size, last)
    async for some in counts:
        rates = success_rates(some, query.by)
        yield [each for each in rates if [str(part) for part in each.parts] > [*last]]


async def _counts(
    context: RequestContext[Store], query: RateQuery, chosen: Chosen, size: int, last: Sequence[str]
) -> AsyncIterator[list[Count]]:
    """Yield the counts of whole assessors if it is grouped by them, else all at once: then they are few."""
    if GroupBy.ASSESSOR not in query.by and chosen.assessor is None:
        yield [each.count() for each in await context.store.rate_totals.find(chosen.totals, sort=by_year(chosen.year))]
        return
    async for years in _whole_assessors(context, chosen.where(last[0] if last else ""), size):
        yield [count for each in years for count in each.counts(chosen.prefecture, chosen.unit_type)]


async def _whole_assessors(context: RequestContext[Store], where: Filter, size: int) -> AsyncIterator[list[YearlyRate]]:
    """Yield pages of years in the order of assessors; the last assessor of a page waits for the next one."""
    waiting: list[YearlyRate] = []
    async for page in context.store.rates.pages(where, size=size):
        years = [*waiting, *page]
        whole = [each for each in years if each.assessor.uscc != years[-1].assessor.uscc]
        waiting = years[len(whole) :]
        if whole:
            yield whole
    if waiting:
        yield waiting


async def _views(context: RequestContext[Store], query: RateQuery) -> AsyncIterator[list[RateView]]:
    async for rates in _success_rates(context, query, PAGE_SIZE):
        names = await _names(context, query, rates)
        yield [_view(each, query, names) for each in rates]


async def _names(context: RequestContext[Store], query: RateQuery, rates: Sequence[SuccessRate]) -> Names:
    """Return the names as the register shows them today."""
    if GroupBy.ASSESSOR not in query.by:
        return {}
    codes = {str(each.parts[0]) for each in rates}
    known = await by_keys(context.store.assessors, codes, lambda each: each.uscc)
    return {uscc: each.name for uscc, each in known.items()}


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


def _parts_of(cursor: str | None, query: RateQuery) -> Sequence[str]:
    if cursor is None:
        return ()
    last = cursor.split(CURSOR_SEPARATOR)
    if len(last) != len(query.by):
        raise Refusal("cursor-invalid", status=422, title="This cursor was not given out for this list")
    return last


def _text(value: object) -> str | None:
    return None if value is None else str(value)


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
