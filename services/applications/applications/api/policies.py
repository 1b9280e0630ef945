"""Who may do what with applications (P1, P2)."""

from chassis.access import Policy, Rule, all_of, everything, only, own_organisation, own_prefecture, own_subject, public
from messages.values import Level, Role

from applications.domain.facts import FactSource

FILE = Policy("application.file", (Rule(Role.APPLICANT, own_organisation("unit.uscc")),))
"""Draft, amend, submit, withdraw: the unit itself."""

READ = Policy(
    "application.read",
    (
        Rule(Role.APPLICANT, own_organisation("unit.uscc")),
        Rule(Role.ASSESSOR, own_organisation("evaluation.assessor.uscc")),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("unit.prefecture")),
        Rule(Role.REGIONAL_OFFICER, everything),
    ),
)

JUSTIFY = Policy(
    "application.justify",
    (
        Rule(Role.PREFECTURE_OFFICER, all_of(own_prefecture("unit.prefecture"), only("level", Level.REGION))),
        Rule(Role.REGIONAL_OFFICER, only("level", Level.NATION)),
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
        Rule(Role.REVIEW_ORGANISATION, only("steps.stage", "forwarded", "panel_appointed")),
        Rule(Role.EXPERT, own_subject("experts")),
    ),
)
"""One's own, and the evidence of applications: once submitted, consulted on, forwarded, on one's panel (P2)."""

RECORD_FACT = Policy(
    "fact.record",
    (
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.AGENCY, own_organisation("recorded_by")),
    ),
)
END_FACT = Policy(
    "fact.end",
    (
        Rule(Role.PREFECTURE_OFFICER, all_of(own_prefecture("recorded_by"), only("source", FactSource.OFFICER))),
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.AGENCY, all_of(own_organisation("recorded_by"), only("source", FactSource.AGENCY))),
    ),
)
"""Who recorded it, and the region."""
READ_FACT = Policy("fact.read", (*RECORD_FACT.rules, Rule(Role.APPLICANT, own_organisation("uscc"))))

MOVE_UNIT = Policy("unit.move", (Rule(Role.REGIONAL_OFFICER, everything),))
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
    (Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")), Rule(Role.REGIONAL_OFFICER, everything)),
)
READ_LIST = Policy("prefecture-list.read", (Rule(Role.PUBLIC, public),))
"""Announcements are public (N4)."""

DOWNLOAD_FORM = Policy("form.download", (Rule(Role.PUBLIC, public),))
