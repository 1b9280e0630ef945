"""June to August: panels, score sheets, site verification and the ranking."""

from __future__ import annotations

from decimal import Decimal
from http import HTTPStatus

from deploy.demo import timeline
from deploy.demo.actors import REGION, REVIEWERS, expert
from deploy.demo.calls import Json, until
from deploy.demo.personas import TIES, YEAR, Applicant, EdgeCase
from deploy.demo.samples.numbers import values
from deploy.demo.samples.report import scheme_of
from deploy.demo.season import Season

LENIENCE = (Decimal(-1), Decimal(0), Decimal(1))
"""Points by which the members of a panel differ."""
UNANIMOUS = (*TIES, EdgeCase.BORDERLINE, EdgeCase.SITE_LOWERS)
UNMET = "no_obsolete_equipment"
"""Mandatory item that two of three experts find not met."""
LOWERED = {"indicator": "water_reuse_rate", "value": "60", "unit": "%"}


async def appoint_panels(season: Season) -> None:
    season.stage("Panels of experts are drawn", timeline.PANELS)
    await _panels(season)


async def _panels(season: Season) -> list[Json]:
    """Appoint the panels of the batch, a hundred with each command; given again, a command has its first answer."""
    panels: list[Json] = []
    after: str | None = ""
    while after is not None:
        path, key = f"/batches/{YEAR}/panels?after={after}", f"panels:{after}"
        share = (await season.calls.as_person(REVIEWERS).post("review", path, key)).body
        panels, after = [*panels, *share["appointed"]], share["next"]
    return panels


async def score(season: Season) -> None:
    """Sign a score sheet as each member of each panel."""
    season.stage("Experts sign their score sheets", timeline.SCORING)
    by_case = {season.id_of(each): each for each in season.personas.applicants}
    panels = await _panels(season)
    seats = [(by_case[panel["case_id"]], panel["experts"], seat) for panel in panels for seat in range(len(LENIENCE))]

    async def sign(place: tuple[Applicant, list[str], int]) -> None:
        applicant, experts, seat = place
        path = f"/cases/{season.id_of(applicant)}/score-sheets/{experts[seat]}"
        key = f"sheet:{applicant.id}:{seat}"
        await season.calls.as_person(expert(experts[seat])).put("review", path, key, _sheet(applicant, seat))

    await season.each(seats, sign)


def _sheet(applicant: Applicant, seat: int) -> dict[str, object]:
    scheme = scheme_of(applicant)
    lenience = Decimal(0) if applicant.case in UNANIMOUS else LENIENCE[seat]
    found = values(applicant, scheme, applicant.score + lenience)
    unmet = UNMET if applicant.case is EdgeCase.MANDATORY_ITEM_FAILED and seat > 0 else None
    return {
        "values": {indicator: str(value) for indicator, value in found.items()},
        "mandatory_items": {item.id: item.id != unmet for item in scheme.mandatory_items},
        "sign": True,
    }


async def visit_sites(season: Season) -> None:
    """Verify the sites near the pass mark and those drawn by lot."""
    season.stage("Sites are verified", timeline.SITE_VISITS)
    by_case = {season.id_of(each): each for each in season.personas.applicants}
    ordered = [case for case in (await season.cases()).values() if case["state"] == "site_ordered"]

    async def visit(case: Json) -> None:
        applicant = by_case[case["case_id"]]
        path = f"/cases/{case['case_id']}/site-verification"
        await season.calls.as_person(REVIEWERS).post("review", path, f"site:{applicant.id}", _findings(applicant))

    await season.each(ordered, visit)


def _findings(applicant: Applicant) -> dict[str, object]:
    if applicant.case is EdgeCase.SITE_LOWERS:
        text = "循环水系统停用，计量台账显示用水重复利用率为60%。"
        return {"changed": [LOWERED], "findings": text, "reasons": "以现场计量数据为准。"}
    return {"findings": "现场情况与申报材料一致。"}


async def rank(season: Season) -> None:
    season.stage("The batch is ranked", timeline.RANKING)
    path = f"/batches/{YEAR}/ranking"
    region = season.calls.as_person(REGION)
    await region.post("review", path, "ranking:tried", {"dry_run": True})

    async def done() -> Json | None:
        """Repeat the command until its act has ended: the same key has no second effect."""
        answer = await region.post("review", path, "ranking", {"dry_run": False})
        return answer.body["ranking"] if answer.status == HTTPStatus.OK else None

    await until(done, "the batch is ranked")
