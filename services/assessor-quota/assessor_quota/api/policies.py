"""Policies: each decides about one resource and filters a list by the same rules (P1, P2)."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.security import Apart, NobodyApart, Policy, Rule, everything, own_organisation, own_prefecture, public
from messages.values import Role

from assessor_quota.domain.duties import parties_of_assessor, parties_of_registrations

_REGION = (Rule(Role.REGIONAL_OFFICER, everything),)

_OF_ASSESSOR = Apart(parties_of_assessor)

REGISTER = Policy("assessor.register", _REGION, duties=Apart(parties_of_registrations))
AMEND = Policy("assessor.amend", _REGION, duties=_OF_ASSESSOR)
CHANGE_REPRESENTATIVE = Policy("assessor.change-representative", _REGION, duties=_OF_ASSESSOR)
DEREGISTER = Policy("assessor.deregister", _REGION, duties=_OF_ASSESSOR)
SANCTION = Policy("assessor.sanction", _REGION, duties=_OF_ASSESSOR)
REVOKE = Policy("assessor.revoke-sanction", _REGION, duties=_OF_ASSESSOR)

LIST = Policy("assessor.list", (Rule(Role.PUBLIC, public),))
SANCTIONS = Policy("sanction.list", (Rule(Role.PUBLIC, public),))
"""Registrations and sanctions are public (N4)."""

READ = Policy(
    "assessor.read",
    (
        *_REGION,
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefectures")),
        Rule(Role.ASSESSOR, own_organisation("uscc")),
    ),
    protected=True,
)
"""The entry with its people, and its history: a prefecture's department reads those of assessors that work there."""

READ_QUOTA = Policy(
    "quota.read",
    (
        *_REGION,
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefectures")),
        Rule(Role.ASSESSOR, own_organisation("assessors")),
    ),
    protected=True,
)
"""The counts, which all assessors of a representative share."""

READ_ITEMS = Policy(
    "item.read",
    (
        *_REGION,
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("unit.prefecture")),
        Rule(Role.ASSESSOR, own_organisation("assessor.uscc")),
    ),
    protected=True,
)
"""The items themselves: an officer sees those of the own prefecture, an assessor its own. Applications are
not public, so another's item is answered as if it did not exist (P2)."""


CONFIRM_NAMING = Policy("naming.confirm", (Rule(Role.ASSESSOR, own_organisation("uscc")),), duties=_OF_ASSESSOR)
DENY_NAMING = Policy("naming.deny", (Rule(Role.ASSESSOR, own_organisation("uscc")),), duties=_OF_ASSESSOR)
"""Nobody else gives an assessor's word, the region included."""
READ_NAMINGS = Policy("naming.read", (*_REGION, Rule(Role.ASSESSOR, own_organisation("uscc"))), protected=True)
"""Of applications that may not be submitted yet: no department reads them."""

READ_RATES = Policy(
    "rate.read",
    (
        *_REGION,
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.ASSESSOR, own_organisation("assessor")),
    ),
    protected=True,
)
"""The applications that are counted: a caller's figures leave out those that the caller may not see."""

FILE_STATEMENT = Policy(
    "statement.file", (*_REGION, Rule(Role.ASSESSOR, own_organisation("uscc"))), duties=_OF_ASSESSOR
)

READ_STATEMENTS = Policy(
    "statement.read",
    (
        *_REGION,
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefectures")),
        Rule(Role.ASSESSOR, own_organisation("assessor.uscc")),
    ),
    protected=True,
)
"""Duties and statements: a department sees those of the assessors that work in its prefecture."""

REPAIR_LEDGER = Policy(
    "ledger.repair",
    _REGION,
    duties=NobodyApart("the lines are made anew from the items: whoever has it done decides nothing about them"),
)
READ_RECONCILIATION = Policy("reconciliation.read", (*_REGION, Rule(Role.OPERATOR, everything)))


@dataclass(frozen=True)
class CountedAgainst:
    """The owners of a quota, as ``READ_QUOTA`` compares them."""

    assessors: tuple[str, ...]
    prefectures: tuple[str, ...]
