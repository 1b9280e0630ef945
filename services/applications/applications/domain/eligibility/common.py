"""Conditions on the unit's standing and on its assessor, for every unit type."""

from __future__ import annotations

from messages.values import Level, Reason
from rulebook import LEVEL_NAMES, PREFECTURES, reason

from applications.domain.eligibility.context import EligibilityContext

BELOW = {Level.REGION: Level.PREFECTURE, Level.NATION: Level.REGION}


def v1_in_its_own_prefecture(context: EligibilityContext) -> Reason | None:
    """The unit's own prefecture does the initial review; the applicant does not choose it anew each time."""
    named, own = context.application.unit.prefecture, context.standing.prefecture
    if own is None or own is named:
        return None
    text = (
        f"申报单位由{PREFECTURES[own]}工业和信息化主管部门管辖，应向其申报；"
        "已迁移的，由自治区工业和信息化厅凭文件变更管辖后重新填报"
    )
    return reason("V1", "other-prefecture", text, f"{named}，{own}", "/unit/prefecture")


def e10_on_the_lower_list(context: EligibilityContext) -> Reason | None:
    """The unit is on the list of the level below, or the forwarding department has justified it in writing."""
    application = context.application
    below = BELOW.get(application.level)
    needed = context.rules.readings.not_on_lower_list_needs_justification
    if below is None or not needed or context.standing.listing_at(application.unit, below):
        return None
    if application.justification_for_level and application.justification_for_level.text.strip():
        return None
    text = f"申报单位不在{LEVEL_NAMES[below]}绿色制造体系示范名单内，且推荐部门未作书面说明"
    return reason("E10", "not-on-lower-list", text, application.unit.key, "/justification")


def e11_not_banned(context: EligibilityContext) -> Reason | None:
    ban = context.standing.ban_on(context.day)
    if ban is None:
        return None
    text = f"申报单位被移出示范名单未满三年，{ban.last_day}（含当日）之前不得申报"
    return reason("E11", "banned", text, f"{ban.first_day}至{ban.last_day}", "/unit")


def e12_assessor(context: EligibilityContext) -> Reason | None:
    """The assessor is registered, within its scope and not sanctioned; assessor-quota decides about the item."""
    evaluation = context.application.evaluation
    if evaluation.assessor is None:
        return None
    named, known = evaluation.assessor, context.assessor
    if known is None or not known.registered:
        text = f"第三方服务机构“{named.name}”未在自治区登记"
        return reason("E12", "assessor-not-registered", text, named.uscc, "/assessor_uscc")
    if known.ban and known.ban.holds_on(context.day):
        text = f"第三方服务机构“{known.name}”{known.ban.last_day}（含当日）之前不得在自治区内从事评价业务"
        return reason("E12", "assessor-sanctioned", text, known.uscc, "/assessor_uscc")
    if context.application.unit.unit_type not in known.scope:
        text = f"第三方服务机构“{known.name}”登记的业务范围不包括该类单位"
        return reason("E12", "outside-scope", text, "、".join(known.scope), "/assessor_uscc")
    return None


def p3_not_its_own_assessor(context: EligibilityContext) -> Reason | None:
    """Nobody evaluates oneself: neither the unit itself, nor an assessor of the same legal representative."""
    named, unit = context.application.evaluation.assessor, context.application.unit
    if named is None:
        return None
    if named.uscc == unit.uscc:
        text = "申报单位不得由本单位作为第三方服务机构评价，应自评价或委托其他第三方服务机构"
        return reason("P3", "own-assessor", text, named.uscc, "/assessor_uscc")
    person = context.assessor.representative if context.assessor else None
    entered = context.unit_as_assessor.representative if context.unit_as_assessor else None
    of_the_unit = {each.digest for each in (context.report.representative, entered) if each}
    if person is None or person.digest not in of_the_unit:
        return None
    text = f"第三方服务机构“{named.name}”与申报单位的法定代表人为同一人，应自评价或委托其他第三方服务机构"
    return reason("P3", "assessor-of-same-representative", text, f"{named.uscc}，{person.masked}", "/assessor_uscc")


def e13_only_one(context: EligibilityContext) -> Reason | None:
    """One open application per unit, type and level, and none for a title that is already held."""
    application, standing = context.application, context.standing
    if held := standing.listing_at(application.unit, application.level):
        text = f"申报单位已列入{LEVEL_NAMES[application.level]}同类示范名单"
        return reason("E13", "already-listed", text, f"{held.document_number}，{held.listed_on}", "/unit")
    other = standing.open_application_for(application.unit, application.level)
    if other and other.application_id != application.application_id:
        text = f"申报单位已有一件同类型的{LEVEL_NAMES[application.level]}申报正在办理"
        return reason("E13", "open-application", text, other.application_id, "/unit")
    return None
