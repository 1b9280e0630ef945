"""January: assessors and experts are registered, and a removal of an earlier year is entered."""

from __future__ import annotations

from deploy.demo import timeline
from deploy.demo.actors import REGION, REVIEWERS
from deploy.demo.calls import until
from deploy.demo.personas import FORMER_NAME, REMOVAL, Assessor, EdgeCase, Expert
from deploy.demo.season import Season

SINCE = "2021-03-01"
QUALIFICATIONS = ("高级工程师，绿色制造评价员", "工程师，能源管理体系审核员")


async def register(season: Season) -> None:
    season.stage("Assessors and experts are registered", timeline.REGISTRATION)

    async def assessor(one: Assessor) -> None:
        await season.calls.as_person(REGION).post(
            "assessor-quota", "/assessors", f"register:{one.id}", _registration(one)
        )

    async def expert(one: Expert) -> None:
        body = {"expert_id": one.id, "employer": one.employer, "groups": one.groups}
        await season.calls.as_person(REVIEWERS).post("review", "/experts", f"register:{one.id}", body)

    await season.each(season.personas.assessors, assessor)
    await season.each(season.personas.experts, expert)
    await _enter_removal(season)


def _registration(one: Assessor) -> dict[str, object]:
    staff = [
        {"staff_id": staff_id, "name": f"示例人员{place}", "qualification": qualification, "from": SINCE}
        for place, (staff_id, qualification) in enumerate(zip(one.staff, QUALIFICATIONS, strict=True), start=1)
    ]
    representative = {"name": one.representative.name, "document_number": one.representative.document_number}
    return {
        "uscc": one.uscc,
        "name": one.name,
        "representative": representative,
        "scope": one.scope,
        "staff": staff,
    }


async def _enter_removal(season: Season) -> None:
    """Enter a removal of before the register under the former name: the ban goes by the code (B1, R21)."""
    unit = season.personas.by_edge_case(EdgeCase.BANNED).unit
    decided_on, document = REMOVAL
    former = unit.model_copy(update={"name": FORMER_NAME}).model_dump(mode="json")
    body = {"unit": former, "ground": "D4", "document_number": document, "decided_on": decided_on, "historic": True}
    await season.calls.as_person(REGION).post("registry", "/removals", "removal", body)

    async def barred() -> bool | None:
        answer = await season.calls.anonymous.get("registry", "/bans", uscc=unit.uscc)
        return answer["barred"] or None

    await until(barred, "the ban runs")
