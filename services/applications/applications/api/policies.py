"""Who may do what with applications (P1, P2)."""

from dataclasses import dataclass

from chassis.security.policies import (
    Actor,
    Filter,
    Policy,
    Rule,
    Scope,
    all_of,
    everything,
    only,
    own_organisation,
    own_prefecture,
    own_subject,
    public,
)
from messages.stages import Stage
from messages.values import Level, Role

from applications.domain.facts import FactSource


@dataclass(frozen=True)
class OnceSubmitted:
    """Applications that were submitted once: a draft concerns nobody but its unit, whomever it names."""

    def filter(self, actor: Actor) -> Filter | None:  # noqa: ARG002 - whoever asks
        return {"submissions": {"$gt": 0}}


@dataclass(frozen=True)
class NotOwn:
    """What is not the actor's own organisation's: nobody acts in an office on its own matter (P3)."""

    fields: tuple[str, ...]

    def filter(self, actor: Actor) -> Filter | None:
        return {} if actor.organisation is None else {field: {"$ne": actor.organisation} for field in self.fields}


submitted: Scope = OnceSubmitted()


def apart(*fields: str) -> Scope:
    return NotOwn(fields)


FILE = Policy("application.file", (Rule(Role.APPLICANT, own_organisation("unit.uscc")),))
"""Draft, amend, submit, withdraw: the unit itself."""

READ = Policy(
    "application.read",
    (
        Rule(Role.APPLICANT, own_organisation("unit.uscc")),
        Rule(Role.ASSESSOR, all_of(own_organisation("evaluation.assessor.uscc"), submitted)),
        Rule(Role.PREFECTURE_OFFICER, all_of(own_prefecture("unit.prefecture"), submitted)),
        Rule(Role.REGIONAL_OFFICER, submitted),
    ),
)

_JUSTIFIABLE = all_of(submitted, apart("unit.uscc", "evaluation.assessor.uscc"))
JUSTIFY = Policy(
    "application.justify",
    (
        Rule(
            Role.PREFECTURE_OFFICER,
            all_of(own_prefecture("unit.prefecture"), only("level", Level.REGION), _JUSTIFIABLE),
        ),
        Rule(Role.REGIONAL_OFFICER, all_of(only("level", Level.NATION), _JUSTIFIABLE)),
    ),
)
"""The forwarding department: the prefecture's for the region, the region's for the nation (E10)."""

SEND_FILE = Policy(
    "file.send",
    (
        Rule(Role.APPLICANT, own_organisation("owners.organisation")),
        Rule(Role.ASSESSOR, own_organisation("owners.organisation")),
    ),
)
READ_FILE = Policy(
    "file.read",
    (
        *SEND_FILE.rules,
        *READ.rules,
        Rule(
            Role.CONSULTED_DEPARTMENT,
            all_of(own_prefecture("unit.prefecture"), own_organisation("departments")),
        ),
        Rule(Role.REVIEW_ORGANISATION, only("steps.stage", Stage.FORWARDED, Stage.PANEL_APPOINTED)),
        Rule(Role.EXPERT, own_subject("experts")),
    ),
)
"""One's own, and the evidence of applications: once submitted, consulted on, forwarded, on one's panel (P2)."""

RECORD_FACT = Policy(
    "fact.record",
    (
        Rule(Role.PREFECTURE_OFFICER, all_of(own_prefecture("prefecture"), apart("uscc"))),
        Rule(Role.REGIONAL_OFFICER, apart("uscc")),
        Rule(Role.AGENCY, own_organisation("recorded_by")),
    ),
)
END_FACT = Policy(
    "fact.end",
    (
        Rule(
            Role.PREFECTURE_OFFICER,
            all_of(own_prefecture("recorded_by"), only("source", FactSource.OFFICER), apart("uscc")),
        ),
        Rule(Role.REGIONAL_OFFICER, apart("uscc")),
        Rule(Role.AGENCY, all_of(own_organisation("recorded_by"), only("source", FactSource.AGENCY))),
    ),
)
"""Who recorded it, and the region."""
READ_FACT = Policy("fact.read", (*RECORD_FACT.rules, Rule(Role.APPLICANT, own_organisation("uscc"))))

MOVE_UNIT = Policy("unit.move", (Rule(Role.REGIONAL_OFFICER, apart("uscc")),))
READ_UNIT = Policy(
    "unit.read",
    (
        Rule(Role.APPLICANT, own_organisation("uscc")),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.REGIONAL_OFFICER, everything),
    ),
)

RECORD_LIST = Policy(
    "prefecture-list.record",
    (
        Rule(Role.PREFECTURE_OFFICER, all_of(own_prefecture("prefecture"), apart("units.uscc"))),
        Rule(Role.REGIONAL_OFFICER, apart("units.uscc")),
    ),
)
READ_LIST = Policy("prefecture-list.read", (Rule(Role.PUBLIC, public),))
"""Announcements are public (N4)."""

DOWNLOAD_FORM = Policy("form.download", (Rule(Role.PUBLIC, public),))
