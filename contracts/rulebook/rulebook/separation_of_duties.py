"""Roles that nobody may hold together (P3): nobody judges their own application or their own report."""

from collections.abc import Collection
from typing import Final

from messages.values import Reason, Role

from rulebook.reasons import reason
from rulebook.types import Frozen


class IncompatibleRoles(Frozen):
    """Two roles that one person may not hold together, and why."""

    one: Role
    other: Role
    text: str
    """In Chinese, for the person concerned."""

    def both_in(self, roles: Collection[str]) -> bool:
        return self.one in roles and self.other in roles


SEPARATION_OF_DUTIES: Final = (
    IncompatibleRoles(
        one=Role.APPLICANT,
        other=Role.PREFECTURE_OFFICER,
        text="申报单位不得同时以盟市工业和信息化主管部门身份初审申报事项",
    ),
    IncompatibleRoles(
        one=Role.APPLICANT,
        other=Role.REGIONAL_OFFICER,
        text="申报单位不得同时以自治区工业和信息化厅身份审核申报事项",
    ),
    IncompatibleRoles(
        one=Role.APPLICANT,
        other=Role.CONSULTED_DEPARTMENT,
        text="申报单位不得同时以征求意见部门身份对申报事项出具意见",
    ),
    IncompatibleRoles(
        one=Role.APPLICANT, other=Role.REVIEW_ORGANISATION, text="申报单位不得同时以评审机构身份组织评审"
    ),
    IncompatibleRoles(one=Role.APPLICANT, other=Role.EXPERT, text="申报单位不得同时以专家身份参与评审"),
    IncompatibleRoles(
        one=Role.ASSESSOR,
        other=Role.PREFECTURE_OFFICER,
        text="第三方服务机构不得同时以对其实施监督管理的盟市主管部门身份办理事项",
    ),
    IncompatibleRoles(
        one=Role.ASSESSOR,
        other=Role.REGIONAL_OFFICER,
        text="第三方服务机构不得同时以对其实施监督管理的自治区主管部门身份办理事项",
    ),
    IncompatibleRoles(
        one=Role.ASSESSOR,
        other=Role.REVIEW_ORGANISATION,
        text="第三方服务机构不得同时以评审机构身份评审其出具的评价报告",
    ),
    IncompatibleRoles(
        one=Role.ASSESSOR, other=Role.EXPERT, text="第三方服务机构人员不得同时以专家身份评审其参与的评价"
    ),
)


def incompatible_roles(roles: Collection[str]) -> Reason | None:
    """The reason against these roles in one hand; None where they may be held together."""
    for pair in SEPARATION_OF_DUTIES:
        if pair.both_in(roles):
            return reason("P3", "roles-not-apart", pair.text, evidence=f"{pair.one}, {pair.other}")
    return None
