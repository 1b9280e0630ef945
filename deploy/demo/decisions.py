"""Effects of the decisions against assessors, read from the services at the end of the season."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.demo.actors import REGION
from deploy.demo.calls import Calls, Json
from deploy.demo.personas import CLEARED, EdgeCase, Personas


@dataclass(frozen=True)
class Decisions:
    in_force: list[Json]
    """As the public sees them (N4)."""
    revoked: list[Json]
    """Sanctions of the cleared assessor; they stay on record (S4)."""
    affiliates: list[Json]
    """Sanctioned assessors of the same legal representative, as a reviewer of another's report sees them (S3)."""
    flagged: list[Json]
    """Titles under supervision, as the departments see them (S2)."""


async def is_over(calls: Calls) -> bool:
    """Return whether the last event of the season, the flag of a listed unit, has happened."""
    return bool(await _flagged(calls))


async def collect_decisions(calls: Calls, personas: Personas, cases: dict[str, Json]) -> Decisions:
    public, region = calls.anonymous, calls.as_person(REGION)
    later = personas.by_edge_case(EdgeCase.SANCTIONED_LATER).unit
    (case_id,) = (name for name, case in cases.items() if case["unit"]["uscc"] == later.uscc)
    case = await region.get("review", f"/cases/{case_id}")
    path = f"/assessors/{personas.assessor(CLEARED).uscc}/sanctions"
    return Decisions(
        in_force=await public.all("assessor-quota", "/sanctions"),
        revoked=await public.all("assessor-quota", path),
        affiliates=case["sanctioned_affiliates"],
        flagged=await _flagged(calls),
    )


async def _flagged(calls: Calls) -> list[Json]:
    return await calls.as_person(REGION).all("registry", "/units", flagged="true")
