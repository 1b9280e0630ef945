"""Tables of the results, for the people of the regulation."""

from __future__ import annotations

from collections.abc import Iterator

from messages.values import UnitType
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rulebook.regions import PREFECTURES

from deploy.demo.calls import Json
from deploy.demo.personas import EdgeCase
from deploy.demo.results import LISTED, ApplicationResult, SeasonResult
from deploy.demo.stack import Stack

TYPES = {UnitType.FACTORY: "工厂", UnitType.PARK: "园区", UnitType.SUPPLY_CHAIN: "供应链"}
ENDINGS = {
    "listed": "列入名单",
    "refused": "不予受理",
    "withdrawn": "撤回申报",
    "open": "尚未办结",
    "late": "逾期上报",
    "initial_review_refused": "初审不通过",
    "mandatory_item_failed": "基本要求不符合",
    "below_pass_mark": "未达分数线",
    "beyond_cap": "超出名额",
    "objection_upheld": "异议成立",
    "ineligible": "不具备资格",
}
CASES = {
    EdgeCase.QUOTA_EXHAUSTED: "同一法定代表人两家机构的第16项",
    EdgeCase.WITHDRAWN: "初审前撤回，名额释放",
    EdgeCase.RELEASED_ITEM: "使用释放的名额",
    EdgeCase.BANNED: "更名前于2024年被移出名单，三年内不得申报",
    EdgeCase.SEVERAL_FAULTS: "一次指出七处不符合",
    EdgeCase.RETURNED: "证书过期退回，补正后重新提交",
    EdgeCase.LATE: "6月4日上报（截止5月31日）",
    EdgeCase.LAST_DAY: "5月31日23时30分上报",
    EdgeCase.INITIAL_REVIEW_REFUSED: "盟市初审不通过",
    EdgeCase.DEPARTMENT_OBJECTS: "一个部门有不同意见，已说明处理情况",
    EdgeCase.DEPARTMENT_SILENT: "一个部门逾期未回复",
    EdgeCase.MANDATORY_ITEM_FAILED: "专家认定基本要求不符合",
    EdgeCase.BELOW_PASS_MARK: "得分低于分数线",
    EdgeCase.BORDERLINE: "临界得分，现场核实后确认",
    EdgeCase.SITE_LOWERS: "现场核实后低于分数线",
    EdgeCase.TIE_MORE_ENERGY: "同分：能源与碳指标得分高者在前",
    EdgeCase.TIE_EARLIER: "同分：提交在先者在前",
    EdgeCase.TIE_LATER: "同分：提交在后",
    EdgeCase.REPORT_SUSPENDED: "评价机构4月受到处理，中止办理至上报截止",
    EdgeCase.SANCTIONED_ASSESSOR: "受到处理的机构出具报告，次日提交",
    EdgeCase.SANCTIONED_LATER: "同一法定代表人的另一机构，公布后受到处理，该单位列入监督",
    EdgeCase.OBJECTION_UPHELD: "公示异议成立",
    EdgeCase.OBJECTION_DISMISSED: "公示异议不成立，晚于其他单位通过",
}


def show(account: SeasonResult, stack: Stack, console: Console) -> None:
    console.print(_announced(account))
    console.print(_ended(account))
    console.print(_edge_cases(account))
    console.print(_quota_refusal(account))
    console.print(_sanctions(account))
    for line in _addresses(account, stack):
        console.print(line, soft_wrap=True, highlight=False)


def _announced(account: SeasonResult) -> Table:
    one = account.announced
    title = (
        f"内蒙古自治区绿色制造体系示范单位名单（{one['year']}年）\n{one['document_number']}，{one['announced_on']}公布"
    )
    table = _table(title, "序号", "类型", "名次", "单位名称", "盟市", "得分")
    for number, result in enumerate(_in_order(account), start=1):
        unit = result.applicant.unit
        place = (TYPES[unit.unit_type], str(result.rank), unit.name, PREFECTURES[unit.prefecture])
        table.add_row(str(number), *place, str(result.score))
    return table


def _in_order(account: SeasonResult) -> list[ApplicationResult]:
    order = list(UnitType)
    listed = [each for each in account.applications if each.ending == LISTED]
    return sorted(listed, key=lambda each: (order.index(each.applicant.unit.unit_type), each.rank or 0))


def _ended(account: SeasonResult) -> Table:
    table = _table("未列入名单的申报", "单位名称", "规则和依据", "理由")
    for result in account.applications:
        if result.ending != LISTED:
            head = f"{result.applicant.unit.name}\n[bold]{ENDINGS[result.ending]}[/bold]"
            for place, why in enumerate(result.reasons):
                table.add_row(head if place == 0 else "", f"{why.rule} {why.article}", why.text)
            table.add_section()
    return table


def _edge_cases(account: SeasonResult) -> Table:
    table = _table("特殊情形", "情形", "单位名称", "结果")
    for case, text in CASES.items():
        for result in account.all_of(case):
            table.add_row(text, result.applicant.unit.name, _result(result))
    return table


def _result(result: ApplicationResult) -> str:
    if result.ending == LISTED:
        return f"第{result.rank}名，{result.score}分"
    return " ".join((ENDINGS[result.ending], *result.rules))


def _quota_refusal(account: SeasonResult) -> Table:
    """Items in use that the refusal of an item over the quota lists (Q1)."""
    asking = account.of(EdgeCase.QUOTA_EXHAUSTED)
    table = _table(f"第16项不予受理：{asking.applicant.unit.name}\n当时在用的15项", "序号", "单位名称", "评价机构")
    for number, holder in enumerate(account.shown_in_refusal, start=1):
        table.add_row(str(number), holder.unit.name, holder.assessor.name if holder.assessor else "")
    return table


def _sanctions(account: SeasonResult) -> Table:
    """Decisions under Art. 31 and their effects (S1 to S4)."""
    found = account.decisions
    table = _table("对第三方服务机构的处理", "机构", "文号", "禁止期限", "影响")
    for each in [*found.revoked, *found.in_force]:
        sanction, assessor = each["sanction"], each["assessor"]
        ban = f"{sanction['ban']['first_day']}至{sanction['ban']['last_day']}"
        table.add_row(assessor["name"], sanction["document_number"], ban, "\n".join(_effects(account, each)))
    return table


def _effects(account: SeasonResult, public: Json) -> Iterator[str]:
    sanction, uscc = public["sanction"], public["assessor"]["uscc"]
    if sanction["revoked_on"]:
        yield f"{sanction['revoked_on']}撤销（{sanction['revocation_document']}），处理记录保留"
    for result in account.applications:
        assessor, name = result.applicant.assessor, result.applicant.unit.name
        if assessor and assessor.uscc == uscc and result.applicant.case is EdgeCase.REPORT_SUSPENDED:
            yield f"中止办理：{name}"
        if assessor and assessor.uscc == uscc and result.applicant.case is EdgeCase.SANCTIONED_ASSESSOR:
            yield f"不予受理：{name}"
    if any(each["uscc"] == uscc for each in account.decisions.affiliates):
        yield "同一法定代表人的其他机构：提示评审人员，不禁止"
    for title in account.decisions.flagged:
        if any(flag["assessor"]["uscc"] == uscc for flag in title["flags"]):
            yield f"列入监督：{title['name']}"


def _addresses(account: SeasonResult, stack: Stack) -> Iterator[str]:
    """Yield the addresses of the results, one a line; the launcher prints those of the services."""
    registry, number = f"{stack.services['registry']}/v1", account.announced["number"]
    yield f"announced lists   {registry}/lists/feed?after=0"
    yield f"as a workbook     {registry}/lists/{number}/export?format=xlsx"
    yield f"the register      {registry}/units?as_of={account.announced['announced_on']}"
    yield f"public notice     {stack.services['review']}/v1/notices/{account.notice['notice_id']}"
    yield f"public board      {stack.services['notify']}/v1/board"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
