"""Who may do what with applications (P1, P2)."""

from chassis.access import Policy, Rule, everything, own_organisation, own_prefecture, public
from messages.values import Role

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
    (Rule(Role.PREFECTURE_OFFICER, own_prefecture("unit.prefecture")), Rule(Role.REGIONAL_OFFICER, everything)),
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
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefectures")),
        Rule(Role.REGIONAL_OFFICER, everything),
    ),
)

RECORD_FACT = Policy(
    "fact.record",
    (
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.AGENCY, own_organisation("recorded_by")),
    ),
)
READ_FACT = Policy("fact.read", (*RECORD_FACT.rules, Rule(Role.APPLICANT, own_organisation("uscc"))))

RECORD_LIST = Policy(
    "prefecture-list.record",
    (Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")), Rule(Role.REGIONAL_OFFICER, everything)),
)
READ_LIST = Policy("prefecture-list.read", (Rule(Role.PUBLIC, public),))
"""Announcements are public (N4)."""

DOWNLOAD_FORM = Policy("form.download", (Rule(Role.PUBLIC, public),))
