"""Roles that must be apart (P3): in one token, and on one matter.

Each pair of roles is decided once, in ``ROLE_PAIRS``; a new role fails the test of this module until it is.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

from messages.parties import Party
from messages.values import Reason, Role

from rulebook.reasons import reason
from rulebook.types import Frozen

ROLE_NAMES: Final = {
    Role.APPLICANT: "申报单位",
    Role.ASSESSOR: "第三方服务机构",
    Role.PREFECTURE_OFFICER: "盟市工业和信息化主管部门",
    Role.CONSULTED_DEPARTMENT: "征求意见部门",
    Role.EXPERT: "评审专家",
    Role.REVIEW_ORGANISATION: "评审机构",
    Role.REGIONAL_OFFICER: "自治区工业和信息化厅",
    Role.AGENCY: "提供信息的有关部门",
    Role.OPERATOR: "系统运行维护人员",
    Role.PUBLIC: "社会公众",
}


class Separation(StrEnum):
    """How far two roles must be apart."""

    IN_ONE_TOKEN = "in_one_token"  # noqa: S105 - no password
    """Nobody holds both, nor acts in both on one matter."""
    ON_ONE_MATTER = "on_one_matter"
    """One person may hold both, and does not act in both on one matter."""
    NONE = "none"
    """One person may hold both and act in both."""


class RolePair(Frozen):
    """The decision about two roles, and why."""

    one: Role
    other: Role
    separation: Separation
    text: str
    """In Chinese, for the person concerned."""

    def both_in(self, roles: Collection[str]) -> bool:
        return self.one in roles and self.other in roles


_R = Role
_DECIDERS = (_R.PREFECTURE_OFFICER, _R.CONSULTED_DEPARTMENT, _R.EXPERT, _R.REVIEW_ORGANISATION, _R.REGIONAL_OFFICER)
"""Who decides, or gives the opinion that others decide by."""


def _apart(one: Role, other: Role, text: str) -> RolePair:
    return RolePair(one=one, other=other, separation=Separation.IN_ONE_TOKEN, text=text)


def _by_matter(one: Role, other: Role, text: str) -> RolePair:
    return RolePair(one=one, other=other, separation=Separation.ON_ONE_MATTER, text=text)


def _together(one: Role, other: Role, text: str) -> RolePair:
    return RolePair(one=one, other=other, separation=Separation.NONE, text=text)


ROLE_PAIRS: Final = (
    _apart(_R.APPLICANT, _R.ASSESSOR, "申报单位不得同时以第三方服务机构身份评价申报事项"),
    _apart(_R.APPLICANT, _R.PREFECTURE_OFFICER, "申报单位不得同时以盟市工业和信息化主管部门身份初审申报事项"),
    _apart(_R.APPLICANT, _R.CONSULTED_DEPARTMENT, "申报单位不得同时以征求意见部门身份对申报事项出具意见"),
    _apart(_R.APPLICANT, _R.EXPERT, "申报单位不得同时以专家身份参与评审"),
    _apart(_R.APPLICANT, _R.REVIEW_ORGANISATION, "申报单位不得同时以评审机构身份组织评审"),
    _apart(_R.APPLICANT, _R.REGIONAL_OFFICER, "申报单位不得同时以自治区工业和信息化厅身份审核申报事项"),
    _apart(_R.APPLICANT, _R.AGENCY, "申报单位不得同时以有关部门身份提供对申报单位的认定信息"),
    _apart(_R.APPLICANT, _R.OPERATOR, "申报单位不得同时从事本系统的运行维护"),
    _together(_R.APPLICANT, _R.PUBLIC, "任何人均可查阅公开信息"),
    _apart(
        _R.ASSESSOR,
        _R.PREFECTURE_OFFICER,
        "第三方服务机构不得同时以对其实施监督管理的盟市主管部门身份办理事项",
    ),
    _apart(_R.ASSESSOR, _R.CONSULTED_DEPARTMENT, "第三方服务机构不得同时以征求意见部门身份对其评价的事项出具意见"),
    _apart(_R.ASSESSOR, _R.EXPERT, "第三方服务机构人员不得同时以专家身份评审其参与的评价"),
    _apart(_R.ASSESSOR, _R.REVIEW_ORGANISATION, "第三方服务机构不得同时以评审机构身份评审其出具的评价报告"),
    _apart(
        _R.ASSESSOR,
        _R.REGIONAL_OFFICER,
        "第三方服务机构不得同时以对其实施监督管理的自治区主管部门身份办理事项",
    ),
    _apart(_R.ASSESSOR, _R.AGENCY, "第三方服务机构不得同时以有关部门身份提供对其评价单位的认定信息"),
    _apart(_R.ASSESSOR, _R.OPERATOR, "第三方服务机构不得同时从事本系统的运行维护"),
    _together(_R.ASSESSOR, _R.PUBLIC, "任何人均可查阅公开信息"),
    _apart(_R.PREFECTURE_OFFICER, _R.CONSULTED_DEPARTMENT, "征求意见的部门与被征求意见的部门不得为同一人"),
    _apart(_R.PREFECTURE_OFFICER, _R.EXPERT, "初审人员不得同时以专家身份评审其初审的事项"),
    _apart(_R.PREFECTURE_OFFICER, _R.REVIEW_ORGANISATION, "初审人员不得同时以评审机构身份组织其初审事项的评审"),
    _apart(_R.PREFECTURE_OFFICER, _R.REGIONAL_OFFICER, "盟市初审与自治区审核不得由同一人办理"),
    _apart(_R.PREFECTURE_OFFICER, _R.AGENCY, "初审人员不得同时以有关部门身份提供其据以初审的认定信息"),
    _apart(_R.PREFECTURE_OFFICER, _R.OPERATOR, "办理事项的人员不得同时从事本系统的运行维护"),
    _by_matter(_R.PREFECTURE_OFFICER, _R.PUBLIC, "提出异议的人员与办理该事项的人员不得为同一人"),
    _apart(_R.CONSULTED_DEPARTMENT, _R.EXPERT, "出具部门意见的人员不得同时以专家身份评审该事项"),
    _apart(_R.CONSULTED_DEPARTMENT, _R.REVIEW_ORGANISATION, "出具部门意见的人员不得同时以评审机构身份组织评审"),
    _apart(_R.CONSULTED_DEPARTMENT, _R.REGIONAL_OFFICER, "出具部门意见与自治区审核不得由同一人办理"),
    _together(_R.CONSULTED_DEPARTMENT, _R.AGENCY, "同一部门既可提供其职责范围内的认定信息，也可据此出具意见"),
    _apart(_R.CONSULTED_DEPARTMENT, _R.OPERATOR, "办理事项的人员不得同时从事本系统的运行维护"),
    _by_matter(_R.CONSULTED_DEPARTMENT, _R.PUBLIC, "提出异议的人员与办理该事项的人员不得为同一人"),
    _apart(_R.EXPERT, _R.REVIEW_ORGANISATION, "组织评审的人员不得同时以专家身份参与评审"),
    _apart(_R.EXPERT, _R.REGIONAL_OFFICER, "审核人员不得同时以专家身份评审其审核的事项"),
    _apart(_R.EXPERT, _R.AGENCY, "评审专家不得同时以有关部门身份提供其据以评审的认定信息"),
    _apart(_R.EXPERT, _R.OPERATOR, "办理事项的人员不得同时从事本系统的运行维护"),
    _by_matter(_R.EXPERT, _R.PUBLIC, "提出异议的人员与办理该事项的人员不得为同一人"),
    _apart(_R.REVIEW_ORGANISATION, _R.REGIONAL_OFFICER, "组织评审与自治区审核不得由同一人办理"),
    _apart(_R.REVIEW_ORGANISATION, _R.AGENCY, "组织评审的人员不得同时以有关部门身份提供认定信息"),
    _apart(_R.REVIEW_ORGANISATION, _R.OPERATOR, "办理事项的人员不得同时从事本系统的运行维护"),
    _by_matter(_R.REVIEW_ORGANISATION, _R.PUBLIC, "提出异议的人员与办理该事项的人员不得为同一人"),
    _apart(_R.REGIONAL_OFFICER, _R.AGENCY, "审核人员不得同时以有关部门身份提供其据以审核的认定信息"),
    _apart(_R.REGIONAL_OFFICER, _R.OPERATOR, "办理事项的人员不得同时从事本系统的运行维护"),
    _by_matter(_R.REGIONAL_OFFICER, _R.PUBLIC, "提出异议的人员与办理该事项的人员不得为同一人"),
    _apart(_R.AGENCY, _R.OPERATOR, "提供认定信息的部门不得同时从事本系统的运行维护"),
    _together(_R.AGENCY, _R.PUBLIC, "任何人均可查阅公开信息"),
    _together(_R.OPERATOR, _R.PUBLIC, "任何人均可查阅公开信息"),
)
"""Every pair of roles, decided."""

_BY_ROLES: Final = {frozenset((each.one, each.other)): each for each in ROLE_PAIRS}
_IN_ONE_TOKEN: Final = tuple(each for each in ROLE_PAIRS if each.separation is Separation.IN_ONE_TOKEN)


def pair_of(one: str, other: str) -> RolePair | None:
    """The decision about two roles; None for one role, and for a role that nobody holds (a service's own acts)."""
    return _BY_ROLES.get(frozenset((one, other))) if one != other else None  # type: ignore[arg-type] # roles are text


def roles_apart_from(role: str) -> tuple[Role, ...]:
    """The roles in which nobody acts on a matter who acts on it in this one."""
    pairs = ((other, pair_of(role, other)) for other in Role)
    return tuple(other for other, pair in pairs if pair is not None and pair.separation is not Separation.NONE)


def incompatible_roles(roles: Collection[str]) -> Reason | None:
    """The reason against these roles in one hand; None where they may be held together."""
    for pair in _IN_ONE_TOKEN:
        if pair.both_in(roles):
            return reason("P3", "roles-not-apart", pair.text, evidence=f"{pair.one}, {pair.other}")
    return None


def duties_not_apart(acting: Party, parties: Iterable[Party]) -> Reason | None:
    """The reason why somebody may not act in a matter with these parties; None where nothing stands against it.

    Refused: a party in a role apart from the one acted in who is the same person, or of the same organisation.
    """
    for other in parties:
        pair = pair_of(acting.role, other.role)
        if pair is None or pair.separation is Separation.NONE:
            continue
        roles = f"{acting.role}, {other.role}"
        if acting.shares_person_with(other):
            text = f"您已以{_name(other.role)}身份参与该事项，应当回避：{pair.text}"
            return reason("P3", "duties-not-apart", text, evidence=roles)
        if acting.shares_organisation_with(other):
            text = f"该事项的{_name(other.role)}与您属于同一单位，应当回避：{pair.text}"
            return reason("P3", "own-matter", text, evidence=roles)
    return None


def _name(role: str) -> str:
    return ROLE_NAMES[Role(role)]
