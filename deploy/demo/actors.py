"""Actors: each role with the organisation, prefecture or name in its token."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from messages.values import Department, Prefecture, Role

from deploy.demo.personas import Applicant, Assessor, Expert


@dataclass(frozen=True)
class Actor:
    role: Role
    organisation: str | None = None
    prefecture: str | None = None
    subject: str | None = None
    person_verified: bool = False


REGION = Actor(Role.REGIONAL_OFFICER)
REVIEWERS = Actor(Role.REVIEW_ORGANISATION, organisation="示例评审机构")
OPERATOR = Actor(Role.OPERATOR)
CITIZEN = Actor(Role.PUBLIC, subject="citizen", person_verified=True)


def unit(applicant: Applicant) -> Actor:
    return Actor(Role.APPLICANT, organisation=applicant.unit.uscc)


def assessor(one: Assessor) -> Actor:
    return Actor(Role.ASSESSOR, organisation=one.uscc)


def officer(prefecture: Prefecture) -> Actor:
    return Actor(Role.PREFECTURE_OFFICER, prefecture=prefecture)


def department(which: Department, prefecture: Prefecture) -> Actor:
    return Actor(Role.CONSULTED_DEPARTMENT, organisation=which, prefecture=prefecture)


def expert(one: Expert | str) -> Actor:
    name = one if isinstance(one, str) else one.id
    return Actor(Role.EXPERT, subject=name)


@dataclass
class Tokens:
    """Bearer tokens of the development issuer, one for each actor."""

    keys: Path
    _minted: dict[Actor, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._issuer = DevelopmentIssuer(self.keys, Mode.LOCAL)

    def of(self, actor: Actor) -> str:
        if actor not in self._minted:
            self._minted[actor] = self._issuer.mint(
                role=actor.role,
                subject=actor.subject,
                organisation=actor.organisation,
                prefecture=actor.prefecture,
                person_verified=actor.person_verified,
            )
        return self._minted[actor]
