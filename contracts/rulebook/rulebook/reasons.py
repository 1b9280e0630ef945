"""Reasons with the article behind their rule (G3), and the words people read in them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from messages.values import Department, Level, Reason, UnitType

from rulebook.articles import basis

UNIT_TYPE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {UnitType.FACTORY: "绿色工厂", UnitType.PARK: "绿色园区", UnitType.SUPPLY_CHAIN: "绿色供应链管理企业"}
)
LEVEL_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {Level.PREFECTURE: "盟市级", Level.REGION: "自治区级", Level.NATION: "国家级"}
)
DEPARTMENT_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Department.ECOLOGY_ENVIRONMENT: "生态环境",
        Department.EMERGENCY_MANAGEMENT: "应急管理",
        Department.MARKET_REGULATION: "市场监管",
    }
)
MEASURE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "%": "%",
        "% achieved": "达到程度（%）",
        "% of industry benchmark": "占行业基准值（%）",
        "0/1": "是1否0",
        "10^4 yuan/person": "万元/人",
        "10^4 yuan/tce": "万元/吨标准煤",
        "10^8 yuan/km2": "亿元/平方公里",
        "points": "分",
        "ratio": "系数",
        "t/10^4 yuan": "吨/万元",
        "yuan/m3": "元/立方米",
    }
)
"""The units that schemes measure in."""


def reason(rule: str, code: str, text: str, evidence: str | None = None, pointer: str | None = None) -> Reason:
    """``text`` is for the person concerned, in Chinese; ``evidence`` is what was found. Raises UnknownRuleError."""
    return Reason(rule=rule, article=basis(rule).article, code=code, text=text, evidence=evidence, pointer=pointer)


IDEMPOTENCY_KEY_REUSED: Final = reason(
    "A4", "idempotency-key-reused", "该幂等键已用于内容不同的请求，请更换幂等键后重新提交"
)
"""Refuses another request under a key that was used before."""
