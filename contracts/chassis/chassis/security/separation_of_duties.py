"""Roles that must be apart (P3): nobody judges what is their own, or what they have written themselves."""

from __future__ import annotations

from dataclasses import dataclass

from messages.values import Reason, Role

from chassis.security.policies import Actor, Denied


@dataclass(frozen=True)
class IncompatibleRoles:
    """Two roles that one token may not carry, and why."""

    one: Role
    other: Role
    text: str


INCOMPATIBLE_ROLES = (
    IncompatibleRoles(
        Role.APPLICANT, Role.PREFECTURE_OFFICER, "申报单位不得同时以盟市工业和信息化主管部门身份初审申报事项"
    ),
    IncompatibleRoles(Role.APPLICANT, Role.REGIONAL_OFFICER, "申报单位不得同时以自治区工业和信息化厅身份审核申报事项"),
    IncompatibleRoles(
        Role.APPLICANT, Role.CONSULTED_DEPARTMENT, "申报单位不得同时以征求意见部门身份对申报事项出具意见"
    ),
    IncompatibleRoles(Role.APPLICANT, Role.REVIEW_ORGANISATION, "申报单位不得同时以评审机构身份组织评审"),
    IncompatibleRoles(Role.APPLICANT, Role.EXPERT, "申报单位不得同时以专家身份参与评审"),
    IncompatibleRoles(
        Role.ASSESSOR, Role.PREFECTURE_OFFICER, "第三方服务机构不得同时以对其实施监督管理的盟市主管部门身份办理事项"
    ),
    IncompatibleRoles(
        Role.ASSESSOR, Role.REGIONAL_OFFICER, "第三方服务机构不得同时以对其实施监督管理的自治区主管部门身份办理事项"
    ),
    IncompatibleRoles(
        Role.ASSESSOR, Role.REVIEW_ORGANISATION, "第三方服务机构不得同时以评审机构身份评审其出具的评价报告"
    ),
    IncompatibleRoles(Role.ASSESSOR, Role.EXPERT, "第三方服务机构人员不得同时以专家身份评审其参与的评价"),
)


def check_separation_of_duties(actor: Actor) -> Denied | None:
    """Refuse whoever comes with two roles that must be apart, whatever they want to do."""
    for pair in INCOMPATIBLE_ROLES:
        if {pair.one, pair.other} <= actor.roles:
            evidence = f"{pair.one}, {pair.other}"
            reason = Reason(rule="P3", article="第五条", code="roles-not-apart", text=pair.text, evidence=evidence)
            return Denied(reason, disclose=True)
    return None
