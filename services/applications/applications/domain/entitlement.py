"""The kinds of facts that an agency may record: those of its own duties, by the rule set (X2)."""

from __future__ import annotations

from messages.values import Reason
from rulebook import RuleSet, reason

from applications.domain.facts import TEXTS, FactKind


def not_entitled(agency: str | None, kind: FactKind, rules: RuleSet) -> Reason | None:
    """Return why the agency with this code may not record facts of the kind; None where it may."""
    known = rules.agencies.get(agency or "")
    if known is None:
        text = "贵单位未在实施细则规则版本中登记为可提供认定信息的部门，请联系自治区工业和信息化厅办理登记"
        return reason("X2", "agency-unknown", text, agency)
    if kind in known.kinds:
        return None
    own = "、".join(TEXTS[each] for each in FactKind if each in known.kinds)
    text = f"“{TEXTS[kind]}”不属于{known.name}的职责范围，不能由该部门登记；{known.name}可登记：{own}"
    return reason("X2", "kind-not-entitled", text, kind)
