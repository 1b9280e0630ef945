"""How many items are left, by assessor and by legal representative, over HTTP (Q7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from chassis.access import Policy, Rule, both, everything, own_organisation, own_prefecture
from chassis.handling import Refusal, Where
from chassis.http import PROBLEMS, Call, Gate
from fastapi import APIRouter, Depends, Query
from messages.values import Digest, PersonRef, Role, Uscc
from rulebook import rules_on, shanghai_date

from assessor_quota.api.views import ItemInUse, Quota, sister
from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.item import IN_USE
from assessor_quota.domain.ledger import Ledger
from assessor_quota.store import Store

READ_QUOTA = Policy(
    "quota.read",
    (
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.PREFECTURE_OFFICER, everything),
        Rule(Role.ASSESSOR, own_organisation("assessors")),
    ),
)
"""The counts, which all assessors of a representative share."""

READ_ITEMS = Policy(
    "item.read",
    (
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("unit.prefecture")),
        Rule(Role.ASSESSOR, own_organisation("assessor.uscc")),
    ),
)
"""The items themselves: an officer sees those of the own prefecture, an assessor its own (P2)."""

Year = Annotated[int | None, Query(ge=2000, le=2200, description="The counting year; this year when absent")]


@dataclass(frozen=True)
class Asked:
    """Whose quota is asked for, as the policy looks at it."""

    representative: PersonRef
    assessors: tuple[str, ...]


def router(gate: Gate) -> APIRouter:
    routes = APIRouter(tags=["items"], responses=PROBLEMS)
    calling = Depends(gate.call(READ_QUOTA))

    @routes.get("/assessors/{uscc}/items")
    async def of_assessor(uscc: Uscc, call: Annotated[Call, calling], year: Year = None) -> Quota:
        """The counts are those of its legal representative; the items are its own."""
        store = call.reads(Store)
        assessor = await store.assessors.require(uscc)
        await call.allow(Asked(assessor.representative, (uscc,)))
        sisters = await store.assessors.find({"representative.digest": assessor.representative.digest})
        return await _quota(call, sisters, year, {"assessor.uscc": uscc})

    @routes.get("/representatives/{digest}/items")
    async def of_representative(digest: Digest, call: Annotated[Call, calling], year: Year = None) -> Quota:
        sisters = await call.reads(Store).assessors.find({"representative.digest": digest})
        if not sisters:
            raise Refusal("not-found", status=404)
        await call.allow(Asked(sisters[0].representative, tuple(each.uscc for each in sisters)))
        return await _quota(call, sisters, year, {})

    return routes


async def _quota(call: Call, sisters: Sequence[Assessor], year: int | None, where: Where) -> Quota:
    store, today = call.reads(Store), shanghai_date(call.now)
    empty = Ledger(sisters[0].representative, year or today.year)
    ledger = await store.ledgers.get(empty.key) or empty
    limit = rules_on(today).quota.items_per_year
    counted = both({"ledgers": ledger.key, "state": {"$in": list(IN_USE)}}, where)
    shown = await store.items.find(both(counted, READ_ITEMS.filter(call.actor)))
    return Quota(
        representative=ledger.representative,
        year=ledger.year,
        limit=limit,
        used=ledger.used,
        remaining=ledger.left(limit),
        assessors=tuple(sister(each, today) for each in sisters),
        items=tuple(ItemInUse.model_validate(each) for each in shown),
    )
