"""What the decisions against assessors brought about, asked from the services when the season is over."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.demo.calls import Calls, Json
from deploy.demo.cast import CLEARED, EdgeCase, Personas
from deploy.demo.people import REGION


@dataclass(frozen=True)
class Decisions:
    in_force: list[Json]
    """As everybody sees them (N4)."""
    taken_back: list[Json]
    """Of the assessor that was cleared: what was decided stays on record (S4)."""
    sisters: list[Json]
    """Under sanction, as a reviewer of another sister's report sees them (S3)."""
    flagged: list[Json]
    """Titles under supervision, as the departments see them (S2)."""


async def is_over(calls: Calls) -> bool:
    """The last that happens: a listed unit is flagged."""
    return bool(await _flagged(calls))


async def gather_decisions(calls: Calls, cast: Personas, cases: dict[str, Json]) -> Decisions:
    public, region = calls.anonymous, calls.as_person(REGION)
    later = cast.by_edge_case(EdgeCase.SANCTIONED_LATER).unit
    (case_id,) = (name for name, case in cases.items() if case["unit"]["uscc"] == later.uscc)
    case = await region.get("review", f"/cases/{case_id}")
    path = f"/assessors/{cast.assessor(CLEARED).uscc}/sanctions"
    return Decisions(
        in_force=await public.all("assessor-quota", "/sanctions"),
        taken_back=await public.all("assessor-quota", path),
        sisters=case["sanctioned_sisters"],
        flagged=await _flagged(calls),
    )


async def _flagged(calls: Calls) -> list[Json]:
    return await calls.as_person(REGION).all("registry", "/units", flagged="true")
