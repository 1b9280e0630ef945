"""Annex 1 of the regulation, 绿色制造体系示范单位培育创建工作方案: labels and order as it prints them."""

from __future__ import annotations

from messages.values import UnitType
from rulebook import UNIT_TYPE_NAMES

from applications.workbooks.layout import (
    DatedLine,
    Entry,
    Form,
    Heading,
    Kind,
    Sheet,
    Table,
    choice,
    day,
    line,
    number,
    phone,
    text,
    whole,
)

UNIT_TYPES = dict(UNIT_TYPE_NAMES)
PARK_LEVELS = (("national", "国家级"), ("provincial", "省级"))

CHAPTERS = (
    ("overview", "一、单位基本情况"),
    ("approach", "二、创建思路"),
    ("targets", "三、创建目标"),
    ("tasks", "四、创建任务"),
    ("schedule", "五、进度安排"),
    ("safeguards", "六、保障措施"),
    ("projects", "七、拟实施项目清单"),
)

COVER = Sheet(
    "封面",
    (
        Heading("绿色制造体系示范单位培育创建工作方案"),
        line(text("单位（盖章）：", "cover_unit")),
        line(choice("创建类型：", "unit_type", UNIT_TYPES)),
        line(text("联 系 人：", "cover_contact", private=True)),
        line(phone("联系电话：", "cover_phone")),
        Heading("内蒙古自治区工业和信息化厅制"),
        DatedLine("二〇二  年    月    日", "cover_day"),
    ),
)

CONTACT = line(
    text("申报联系人", "contact", private=True),
    phone("联系电话", "contact_phone"),
    Entry("电子邮箱", "contact_email", Kind.EMAIL, private=True),
)

PRODUCTS = Table(
    "products",
    (
        text("产品名称", "name"),
        text("生产能力", "capacity"),
        text("年生产量", "output"),
        number("产销率", "sales_rate", least=0),
        number("国内市场占有率", "market_share", least=0),
        number("年能耗总量(万吨标煤)", "energy", least=0, span=1),
        number("年用水总量(万立方米)", "water", least=0, span=1),
    ),
    rows=3,
    least=1,
)

FINANCES = Table(
    "finances",
    (
        Entry("年度", "year", Kind.YEAR),
        number("总资产（万元）", "assets", least=0),
        number("负债率（%）", "debt_ratio", least=0),
        number("主营业务收入（万元）", "revenue", least=0),
        number("利润（万元）", "profit"),
        number("税金（万元）", "tax"),
    ),
    rows=3,  # as the form prints it; which years are asked for is a rule
    least=1,
)

ENTERPRISE_SHEET = Sheet(
    "基本情况表（企业填写）",
    (
        line(text("企业名称", "name"), text("所属行业", "industry")),
        line(text("通讯地址", "address")),
        line(text("企业性质", "nature"), Entry("组织机构代码", "uscc", Kind.USCC), day("成立时间", "founded")),
        line(
            text("法定代表人", "representative", private=True),
            phone("联系电话", "representative_phone"),
            phone("传真号码", "fax", required=False),
        ),
        CONTACT,
        Heading("上年度主要产品生产销售及能源资源消费情况"),
        PRODUCTS,
        Heading("企业近三年经营情况"),
        FINANCES,
        line(Entry("备注", "remarks", Kind.LONG_TEXT, required=False)),
    ),
)

PARK_SHEET = Sheet(
    "基本情况表（园区填写）",
    (
        line(text("园区名称", "name")),
        line(text("园区地址", "address")),
        line(Entry("园区级别", "park_level", Kind.TICK, choices=PARK_LEVELS), text("园区类型", "park_type")),
        line(
            text("园区负责人", "head", private=True),
            phone("联系电话", "head_phone"),
            phone("传真号码", "fax", required=False),
        ),
        CONTACT,
        line(
            text("主导产业", "leading_industry"),
            number("园区规划面积（平方公里）", "planned_area", least=0),
            number("园区已建成面积（平方公里）", "built_area", least=0),
        ),
        line(
            whole("入园企业数(家)", "enterprises"),
            whole("其中规模企业数(家)", "enterprises_above_size"),
            whole("高耗能企业数(家)", "energy_intensive_enterprises"),
        ),
        Heading("上年度园区绿色发展情况"),
        line(
            number("万元工业增加值能耗下降率（%）", "energy_intensity_fall"),
            number("高新技术产业产值占园区工业总产值比例（%）", "high_tech_share", least=0),
        ),
        line(
            number("工业固体废物综合利用率（%）", "solid_waste_use", least=0),
            number("万元工业增加值废水排放量（t/万元）", "waste_water", least=0),
        ),
        line(Entry("备注", "remarks", Kind.LONG_TEXT, required=False)),
    ),
)

PLAN_SHEET = Sheet(
    "工作方案",
    (
        Heading("工作方案"),
        *(line(Entry(label, name, Kind.LONG_TEXT)) for name, label in CHAPTERS),
        line(Entry("附件（相关证明、支撑材料及文件）", "attachments", Kind.LONG_TEXT, required=False)),
    ),
)

TITLE = "绿色制造体系示范单位培育创建工作方案"
OF_PARKS = (UNIT_TYPES[UnitType.PARK],)
OF_ENTERPRISES = tuple(name for name in UNIT_TYPES.values() if name not in OF_PARKS)
ENTERPRISE = Form("annex1-enterprise", TITLE, (COVER, ENTERPRISE_SHEET, PLAN_SHEET), OF_ENTERPRISES)
PARK = Form("annex1-park", TITLE, (COVER, PARK_SHEET, PLAN_SHEET), OF_PARKS)
FORMS = (ENTERPRISE, PARK)
