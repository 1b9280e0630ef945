"""The policies of all routes, by role and by owner (P1, P2)."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.handling import Filter
from chassis.security import (
    Actor,
    Apart,
    NobodyApart,
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
from messages.review import Stage
from messages.values import Level, Role

from applications.domain.application import State
from applications.domain.duties import parties_about_unit, parties_about_units, parties_of_filing
from applications.domain.facts import FactSource


@dataclass(frozen=True)
class OnceSubmitted:
    """Applications that were submitted once: a draft is its unit's alone, whomever it names."""

    def filter(self, actor: Actor) -> Filter | None:  # noqa: ARG002 - the same for every actor
        return {"submitted_once": True}


once_submitted: Scope = OnceSubmitted()

FILE = Policy(
    "application.file", (Rule(Role.APPLICANT, own_organisation("unit.uscc")),), duties=Apart(parties_of_filing)
)
"""The unit itself drafts, amends, submits and withdraws."""

_NO_DRAFT = only("state", *(each for each in State if each is not State.DRAFT))
"""An amended draft may name another assessor than the version that was returned, and shows why that one was."""
READ = Policy(
    "application.read",
    (
        Rule(Role.APPLICANT, own_organisation("unit.uscc")),
        Rule(Role.ASSESSOR, all_of(own_organisation("evaluation.assessor.uscc"), once_submitted, _NO_DRAFT)),
        Rule(Role.PREFECTURE_OFFICER, all_of(own_prefecture("unit.prefecture"), once_submitted)),
        Rule(Role.REGIONAL_OFFICER, once_submitted),
    ),
)

READ_VERSIONS = Policy(
    "application.read-versions",
    (
        Rule(Role.APPLICANT, own_organisation("application.unit.uscc")),
        Rule(Role.ASSESSOR, own_organisation("application.evaluation.assessor.uscc")),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("application.unit.prefecture")),
        Rule(Role.REGIONAL_OFFICER, everything),
    ),
)
"""An assessor reads the versions that rest on its own report, of an application that rests on it now (P2)."""

JUSTIFY = Policy(
    "application.justify",
    (
        Rule(
            Role.PREFECTURE_OFFICER,
            all_of(own_prefecture("unit.prefecture"), only("level", Level.REGION), once_submitted),
        ),
        Rule(Role.REGIONAL_OFFICER, all_of(only("level", Level.NATION), once_submitted)),
    ),
    duties=Apart(parties_of_filing),
    readers=READ,
)
"""The forwarding department justifies: the prefecture's for the region, the region's for the nation (E10)."""

SEND_FILE = Policy(
    "file.send",
    (
        Rule(Role.APPLICANT, own_organisation("organisation")),
        Rule(Role.ASSESSOR, own_organisation("organisation")),
    ),
    duties=NobodyApart("a file is its sender's own and decides nothing until an application names it"),
)
READ_EVIDENCE = Policy(
    "evidence.read",
    (
        *READ.rules,
        Rule(
            Role.CONSULTED_DEPARTMENT,
            all_of(own_prefecture("unit.prefecture"), own_organisation("departments")),
        ),
        Rule(Role.REVIEW_ORGANISATION, only("steps.stage", Stage.FORWARDED, Stage.PANEL_APPOINTED)),
        Rule(Role.EXPERT, own_subject("experts")),
    ),
)
"""The evidence of an application is read once it is submitted, and by others once they are consulted on it, it is
forwarded to them, or they sit on its panel (P2)."""
READ_FILE = Policy("file.read", (*SEND_FILE.rules, *READ_EVIDENCE.rules))
"""The sender reads its own file, and everyone the evidence of an application that concerns them."""

RECORD_FACT = Policy(
    "fact.record",
    (
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.AGENCY, own_organisation("recorded_by")),
    ),
    duties=Apart(parties_about_unit),
)
READ_FACT = Policy("fact.read", (*RECORD_FACT.rules, Rule(Role.APPLICANT, own_organisation("uscc"))))
END_FACT = Policy(
    "fact.end",
    (
        Rule(
            Role.PREFECTURE_OFFICER,
            all_of(own_prefecture("recorded_by"), only("source", FactSource.OFFICER)),
        ),
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.AGENCY, all_of(own_organisation("recorded_by"), only("source", FactSource.AGENCY))),
    ),
    duties=Apart(parties_about_unit),
    readers=READ_FACT,
)
"""The office that recorded a fact ends it, and the region."""

MOVE_UNIT = Policy("unit.move", (Rule(Role.REGIONAL_OFFICER, everything),), duties=Apart(parties_about_unit))
READ_UNIT = Policy(
    "unit.read",
    (
        Rule(Role.APPLICANT, own_organisation("uscc")),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.REGIONAL_OFFICER, everything),
    ),
)

RECORD_CODE = Policy("code.record", (Rule(Role.REGIONAL_OFFICER, everything),), duties=Apart(parties_about_unit))
READ_CODES = Policy("code.read", (Rule(Role.PUBLIC, public),))
"""Codes of organisations are public, and so is the document of one that fails its check."""

RECORD_LIST = Policy(
    "prefecture-list.record",
    (
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.REGIONAL_OFFICER, everything),
    ),
    duties=Apart(parties_about_units),
)
READ_LIST = Policy("prefecture-list.read", (Rule(Role.PUBLIC, public),))
"""Announcements are public (N4)."""

DOWNLOAD_FORM = Policy("form.download", (Rule(Role.PUBLIC, public),))
