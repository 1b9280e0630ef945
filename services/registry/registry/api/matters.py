"""Lists as matters of the caller: whether one decides about a unit of the caller's own organisation (P3).

A list concerns hundreds of units, so only those of the caller's organisation are asked for; a caller without one costs
no query.
"""

from __future__ import annotations

from chassis.http import RequestContext

from registry.api.policies import LEVEL
from registry.domain.duties import ListMatter
from registry.store import Store


async def list_of_year(year: int, context: RequestContext[Store]) -> ListMatter:
    """Return what the year's list says of the caller's organisation: an addition, or a removal."""
    if (own := context.actor.organisation) is None:
        return ListMatter()
    of_year = {"year": year, "unit.uscc": own}
    store = context.store
    cleared = await store.clearances.find({"level": LEVEL, **of_year}, limit=1)
    removed = await store.removals.find(of_year, limit=1)
    return ListMatter((own,) if cleared or removed else ())


async def announced_list(number: int, context: RequestContext[Store]) -> ListMatter:
    """Return what an announced list, by its number, says of the caller's organisation."""
    if (own := context.actor.organisation) is None:
        return ListMatter()
    listed = await context.store.listings.find({"uscc": own, "list_number": number}, limit=1)
    return ListMatter((own,) if listed else ())
