"""The evaluation report (Art. 14(1)): the fields that decide about an application, in the order of the report.

Little is required here: a draft may be incomplete (A1), and what is missing is named when it is submitted.
"""

from __future__ import annotations

from collections.abc import Mapping

from rulebook import MEASURE_NAMES
from rulebook.schemes import Scheme

from applications.domain.facts import TEXTS
from applications.domain.report import BASES, SYSTEMS
from applications.workbooks.annex1 import OF_ENTERPRISES, OF_PARKS, UNIT_TYPES
from applications.workbooks.layout import (
    Entry,
    Form,
    Heading,
    Kind,
    Line,
    Sheet,
    Table,
    choice,
    day,
    line,
    number,
    optional_line,
    text,
    whole,
    yes_no,
)

WAYS = {"self": "自评价", "assessor": "委托第三方服务机构评价"}
ENERGY_LEVELS = {basis.value: text for basis, text in BASES.items()}
PARK_RANKS = {
    "nation": "国家级工业园区",
    "region": "自治区级工业园区",
    "inside": "自治区级及以上工业园区中的产业园",
    "other": "其他",
}
DECLARATION = {kind.value: text for kind, text in TEXTS.items()}

_UNIT = (
    Heading("评价报告"),
    line(text("单位名称", "name"), Entry("统一社会信用代码", "uscc", Kind.USCC)),
    line(choice("单位类型", "unit_type", UNIT_TYPES), text("园区名称", "park_name", required=False)),
    optional_line(
        text("法定代表人", "representative", private=True),
        text("法定代表人证件号码", "representative_document", private=True),
    ),
)
_EVALUATION = (
    line(choice("评价方式", "way", WAYS)),
    optional_line(text("评价标准", "scheme_id"), text("标准版本", "scheme_version")),
    optional_line(
        text("第三方机构名称", "assessor_name"),
        Entry("第三方机构统一社会信用代码", "assessor_uscc", Kind.USCC),
    ),
    optional_line(
        text("报告编制人员（机构人员编号）", "lead_author"),
        text("报告审核人员（机构人员编号）", "reviewer"),
    ),
    optional_line(Entry("亮点（100字以内）", "highlights", Kind.LONG_TEXT)),
    optional_line(yes_no("申报单位承诺材料真实有效", "undertaking")),
)
_ENTERPRISE = (
    optional_line(
        yes_no("具有独立法人资格", "independent_legal_person"),
        text("行业代码（GB/T 4754）", "industry_code"),
    ),
    optional_line(text("所属集团", "group")),
)

ENERGY = Sheet(
    "能效",
    (
        Heading("能效水平"),
        optional_line(
            yes_no("本行业已发布标杆水平", "benchmark_published"),
            choice("对标依据", "energy_level", ENERGY_LEVELS),
        ),
        optional_line(
            text("能耗指标计量单位", "energy_unit"),
            number("实际值", "energy_actual", least=0),
            number("对标值", "energy_limit", least=0),
        ),
    ),
)

INDICATORS = Table(
    "indicators",
    (
        text("指标编号", "indicator", span=3),
        text("指标名称", "title", required=False, span=3),
        choice("计量单位", "unit", MEASURE_NAMES),
        number("数值", "value"),
        number("上一年数值", "year_before", required=False, span=1),
        number("前两年数值", "two_years_before", required=False, span=1),
    ),
    rows=20,
    preprinted=("indicator", "title", "unit"),
)

MANDATORY_ITEMS = Table(
    "mandatory_items",
    (
        text("要求编号", "item", span=3),
        text("基本要求", "title", required=False, span=5),
        yes_no("是否符合", "passed"),
        text("说明", "note", required=False),
    ),
    rows=10,
    preprinted=("item", "title"),
)

CERTIFICATES = Table(
    "certificates",
    (
        choice("管理体系", "system", SYSTEMS, span=3),
        text("证书编号", "number", span=3),
        text("发证机构", "issuer"),
        day("有效期起", "valid_from"),
        day("有效期止", "valid_until"),
    ),
    rows=len(SYSTEMS),
    preprinted=("system",),
)

DECLARATIONS = Table(
    "declarations",
    (
        choice("情形", "kind", DECLARATION, span=4),
        yes_no("近三年是否存在", "occurred"),
        day("发生日期", "happened_on", required=False),
        day("结束日期", "ended_on", required=False),
        text("说明", "note", required=False),
    ),
    rows=len(DECLARATION),
    preprinted=("kind",),
)

EVIDENCE = Table(
    "evidence",
    (
        text("文件名", "name", span=4),
        Entry("SHA-256", "sha256", Kind.SHA256, span=6),
        text("说明", "note", required=False),
    ),
    rows=10,
)

BY_YEAR = Table(
    "years",
    (
        Entry("年度", "year", Kind.YEAR),
        number("碳排放强度（吨二氧化碳/万元）", "carbon_intensity", least=0, span=5),
        number("开展自愿性清洁生产审核企业比例（%）", "voluntary_audit_share", least=0, span=5),
    ),
    rows=3,
)

PARK_FACTS: tuple[Line, ...] = (
    optional_line(
        yes_no("具有法定边界和范围", "legal_boundary"),
        yes_no("具备统一管理机构", "single_management"),
    ),
    optional_line(
        choice("园区级别", "rank", PARK_RANKS),
        yes_no("以产品制造和能源供给为主要功能", "main_function"),
    ),
    optional_line(number("工业增加值占比（%）", "value_added_share", least=0)),
    optional_line(yes_no("承诺园区内企业无第十二条第（五）项情形", "enterprises_undertaking")),
    optional_line(yes_no("完成节能减排指标", "targets_met")),
    optional_line(
        yes_no("环境质量达标", "environmental_quality_met"),
        yes_no("企业污染物达标排放", "discharge_met"),
        yes_no("重点污染物未超总量控制", "total_amount_met"),
    ),
    optional_line(
        whole("重点企业数（家）", "key_enterprises"),
        whole("已实施强制性清洁生产审核（家）", "key_enterprises_audited"),
    ),
    optional_line(yes_no("无国家淘汰目录所列技术、工艺、设备和产品", "nothing_obsolete")),
    optional_line(
        yes_no("设有绿色发展专门机构", "green_body"),
        whole("专职工作人员（人）", "green_staff"),
    ),
    optional_line(text("已发布的绿色工厂培育计划（文号或网址）", "factory_plan")),
)

PARK_SHEET = Sheet("园区情况", (Heading("园区基本条件"), *PARK_FACTS, Heading("逐年情况"), BY_YEAR))
INDICATOR_SHEET = Sheet("指标", (INDICATORS,))
MANDATORY_ITEM_SHEET = Sheet("基本要求", (MANDATORY_ITEMS,))
EVIDENCE_SHEET = Sheet("附件清单", (EVIDENCE,))

ENTERPRISE = Form(
    "evaluation-report",
    "评价报告",
    (
        Sheet("评价报告", (*_UNIT, *_ENTERPRISE, *_EVALUATION)),
        ENERGY,
        INDICATOR_SHEET,
        MANDATORY_ITEM_SHEET,
        Sheet("管理体系", (CERTIFICATES,)),
        Sheet("申明", (DECLARATIONS,)),
        EVIDENCE_SHEET,
    ),
    OF_ENTERPRISES,
)
PARK = Form(
    "evaluation-report",
    "评价报告",
    (Sheet("评价报告", (*_UNIT, *_EVALUATION)), PARK_SHEET, INDICATOR_SHEET, MANDATORY_ITEM_SHEET, EVIDENCE_SHEET),
    OF_PARKS,
)
FORMS = (ENTERPRISE, PARK)


def form_of(unit_type: str) -> Form:
    return PARK if unit_type == "park" else ENTERPRISE


def prefilled_values(scheme: Scheme) -> Mapping[str, object]:
    """Return the values that the scheme decides: its name on the first sheet and one row for each question."""
    return {
        "unit_type": scheme.unit_type,
        "scheme_id": scheme.id,
        "scheme_version": scheme.version,
        "indicators": [{"indicator": i.id, "title": i.name_zh, "unit": i.unit} for i in scheme.indicators],
        "mandatory_items": [{"item": item.id, "title": item.name_zh} for item in scheme.mandatory_items],
        "certificates": [{"system": system} for system in SYSTEMS],
        "declarations": [{"kind": kind} for kind in DECLARATION],
    }
