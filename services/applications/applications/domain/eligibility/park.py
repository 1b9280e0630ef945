"""The conditions of Art. 13, for parks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from messages.values import Reason
from rulebook import reason

from applications.domain.eligibility.context import EligibilityContext
from applications.domain.report import ParkFacts, ParkRank, ParkYear

HUNDRED = Decimal(100)
FEWEST_YEARS = 2
"""A fall or a rise shows between two years at least."""
ELIGIBLE_RANKS = (ParkRank.NATION, ParkRank.REGION, ParkRank.INSIDE)


def e5_main_function(context: EligibilityContext) -> Reason | None:
    """Boundary, one managing body, rank, main function, and more than half of the value added."""
    park, limit = context.park, context.rules.park.min_value_added_share
    share = park.value_added_share
    unmet = {
        "无法定边界和范围": park.legal_boundary is not True,
        "无统一管理机构": park.single_management is not True,
        "不是自治区级及以上工业园区或其中的产业园": park.rank not in ELIGIBLE_RANKS,
        "不以产品制造和能源供给为主要功能": park.main_function is not True,
        f"工业增加值占比未超过{limit}%": share is None or share <= limit,
    }
    found = f"工业增加值占比：{'未填' if share is None else f'{share}%'}"
    return _reason("E5", "park-conditions-unmet", unmet, found, "/value_added_share")


def e6_undertaking_and_targets(context: EligibilityContext) -> Iterator[Reason]:
    """The park's own undertaking for its enterprises, its targets, and carbon intensity falling every year."""
    park = context.park
    if park.enterprises_undertaking is not True:
        text = "园区未承诺园区内企业无第十二条第（五）项情形"
        yield reason("E6", "undertaking-missing", text, pointer="/enterprises_undertaking")
    if park.targets_met is not True:
        yield reason("E6", "targets-missed", "未完成国家或地方政府下达的节能减排指标", pointer="/targets_met")
    yield from _check_years(context)
    filed = [(each.year, each.carbon_intensity) for each in _by_year(park.years)]
    if not _changes_strictly(filed, -1):
        yield reason("E6", "carbon-intensity-not-falling", "碳排放强度未逐年下降", _series(filed), "/years")


def _check_years(context: EligibilityContext) -> Iterator[Reason]:
    """The park files the last years before the batch, each once, as many as the scheme asks for."""
    last = context.application.batch_year
    expected = list(range(last - context.scheme.years_filed, last))
    filed = sorted(each.year for each in context.park.years)
    if filed != expected:
        text = f"园区逐年情况应填写以下年度各一行：{_joined_years(expected)}"
        yield reason("E6", "years-wrong", text, _joined_years(filed) or None, "/years")


def _joined_years(years: Sequence[int]) -> str:
    return "、".join(map(str, years))


def e7_environment(context: EligibilityContext) -> Reason | None:
    park = context.park
    unmet = {
        "环境质量未达到环境功能区标准": park.environmental_quality_met is not True,
        "园区内企业污染物未全部达标排放": park.discharge_met is not True,
        "重点污染物排放总量超过控制要求": park.total_amount_met is not True,
    }
    return _reason("E7", "environment-unmet", unmet, None, "/environmental_quality_met")


def e8_cleaner_production(context: EligibilityContext) -> Reason | None:
    """All key enterprises audited; the share of voluntary audits rising every year."""
    park, required = context.park, context.rules.park.cleaner_audit_share
    share = _audited_share(park)
    filed = [(each.year, each.voluntary_audit_share) for each in _by_year(park.years)]
    unmet = {
        "已实施强制性清洁生产审核的家数多于重点企业数": _more_than_all(park),
        f"重点企业实施强制性清洁生产审核未达{required}%": share is None or share < required,
        "开展自愿性清洁生产企业的比例未逐年提高": not _changes_strictly(filed, +1),
    }
    audited = "未填" if share is None else f"{park.key_enterprises_audited}/{park.key_enterprises}家"
    found = f"已审核：{audited}；自愿性比例：{_series(filed)}"
    return _reason("E8", "cleaner-production-short", unmet, found, "/key_enterprises_audited")


def _audited_share(park: ParkFacts) -> Decimal | None:
    if park.key_enterprises is None or park.key_enterprises_audited is None:
        return None
    if park.key_enterprises == 0:
        return HUNDRED
    return HUNDRED * park.key_enterprises_audited / park.key_enterprises


def _more_than_all(park: ParkFacts) -> bool:
    known, audited = park.key_enterprises, park.key_enterprises_audited
    return known is not None and audited is not None and audited > known


def e9_body_and_plan(context: EligibilityContext) -> Iterator[Reason]:
    """Nothing obsolete (Art. 13(5)), a body with full-time staff (6), a published plan for green factories (7)."""
    park, staff = context.park, context.rules.park.min_staff
    if park.nothing_obsolete is not True:
        text = "园区内存在国家淘汰目录所列的技术、工艺、设备或产品，或未申明不存在"
        yield reason("E9", "obsolete-technology", text, pointer="/nothing_obsolete")
    if park.green_body is not True or (park.green_staff or 0) < staff:
        text = f"未建立绿色发展专门机构并配备{staff}名以上专职工作人员"
        yield reason("E9", "green-body-missing", text, f"专职工作人员：{park.green_staff or 0}", "/green_staff")
    if not park.factory_plan:
        yield reason("E9", "factory-plan-missing", "未发布园区绿色工厂培育计划", pointer="/factory_plan")


def _by_year(years: Sequence[ParkYear]) -> list[ParkYear]:
    return sorted(years, key=lambda each: each.year)


def _changes_strictly(filed: Sequence[tuple[int, Decimal | None]], direction: int) -> bool:
    values = [value for _, value in filed if value is not None]
    complete = len(values) == len(filed) >= FEWEST_YEARS
    return complete and all((later - earlier) * direction > 0 for earlier, later in pairwise(values))


def _series(filed: Sequence[tuple[int, Decimal | None]]) -> str:
    return "、".join(f"{year}年 {'未填' if value is None else value}" for year, value in filed) or "未填"


def _reason(rule: str, code: str, unmet: dict[str, bool], found: str | None, pointer: str) -> Reason | None:
    texts = [text for text, is_unmet in unmet.items() if is_unmet]
    return reason(rule, code, "；".join(texts), found, pointer) if texts else None
