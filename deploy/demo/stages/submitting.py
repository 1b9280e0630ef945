"""March and April: applications are submitted, and the departments consulted on each give their opinions."""

from __future__ import annotations

from collections.abc import Sequence

from messages.values import Department
from rulebook import rules_on, shanghai_date

from deploy.demo import timeline
from deploy.demo.actors import REGION, assessor, department, unit
from deploy.demo.calls import Json, until
from deploy.demo.personas import YEAR, Applicant, EdgeCase
from deploy.demo.season import Season
from deploy.demo.stages.drafting import import_report

WAVES = len(timeline.SUBMISSIONS)
LATER_BY_THEMSELVES = (EdgeCase.QUOTA_EXHAUSTED, EdgeCase.RELEASED_ITEM, EdgeCase.SANCTIONED_ASSESSOR)
REFUSED_AT_ONCE = (EdgeCase.BANNED, EdgeCase.SEVERAL_FAULTS, EdgeCase.SANCTIONED_ASSESSOR)
WAVE_OF = {EdgeCase.TIE_EARLIER: 0, EdgeCase.TIE_MORE_ENERGY: 2, EdgeCase.TIE_LATER: 2, EdgeCase.RETURNED: 1}
OBJECTING = (EdgeCase.DEPARTMENT_OBJECTS, EdgeCase.INITIAL_REVIEW_REFUSED)
OBJECTION = "排污许可证载明的产能与申报材料不一致。"


def quota_limit() -> int:
    """Return the number of items that one legal representative has in the batch year (Q1)."""
    return rules_on(shanghai_date(timeline.ITEM_OVER_QUOTA)).quota.items_per_year


def wave_of(applicant: Applicant) -> int:
    return WAVE_OF.get(applicant.case, applicant.order % WAVES) if applicant.case else applicant.order % WAVES


async def submit_in_waves(season: Season) -> None:
    season.stage("Submitted; three departments consulted", timeline.SUBMISSIONS[0])
    for number in range(WAVES):
        season.go_on_to(timeline.SUBMISSIONS[number])
        wave = [each for each in season.personas.applicants if wave_of(each) == number]
        await _submit_all(season, [each for each in wave if each.case not in LATER_BY_THEMSELVES])
        if number == WAVE_OF[EdgeCase.RETURNED] + 1:
            await _submit_again(season, season.personas.by_edge_case(EdgeCase.RETURNED))
        season.go_on_to(timeline.OPINIONS[number])
        await give_opinions(season, _to_be_consulted_on(season, number))


def _to_be_consulted_on(season: Season, number: int) -> list[Applicant]:
    returned = season.personas.by_edge_case(EdgeCase.RETURNED)
    absent = (*LATER_BY_THEMSELVES, *REFUSED_AT_ONCE, EdgeCase.RETURNED)
    wave = [each for each in season.personas.applicants if wave_of(each) == number and each.case not in absent]
    return [*wave, returned] if number == wave_of(returned) + 1 else wave


async def _submit_all(season: Season, wave: Sequence[Applicant]) -> None:
    async def one(applicant: Applicant) -> None:
        await submit(season, applicant)

    await season.each(wave, one)


async def submit(season: Season, applicant: Applicant, time: int = 1) -> None:
    """Submit, and wait until the application is taken in or refused; its assessor confirms it, if it names one."""
    await _confirm(season, applicant)
    path = f"/applications/{season.id_of(applicant)}/submit"
    key = f"submit:{applicant.id}:{time}"
    refusable = applicant.case in (*REFUSED_AT_ONCE, EdgeCase.RETURNED)
    await season.calls.as_person(unit(applicant)).post("applications", path, key, may_be_refused=refusable)

    async def decided() -> Json | None:
        found = await season.application(applicant)
        return found if found["state"] != "submitted" else None

    await until(decided, f"{applicant.unit.name}: the application is taken in or refused")


async def _confirm(season: Season, applicant: Applicant) -> None:
    """Let the assessor say that it evaluates the application: no item is taken without its own word (Q5)."""
    if applicant.assessor is None:
        return
    path = f"/assessors/{applicant.assessor.uscc}/namings/confirmations"
    body = {"namings": [{"application_id": season.id_of(applicant), "unit_uscc": applicant.unit.uscc}]}
    by = season.calls.as_person(assessor(applicant.assessor))
    await by.post("assessor-quota", path, f"confirm:{applicant.id}", body)


async def _submit_again(season: Season, applicant: Applicant) -> None:
    """Import the report with the missing certificate and submit again (A6)."""
    await import_report(season, applicant, amended=True)
    await submit(season, applicant, 2)


async def give_opinions(season: Season, applicants: Sequence[Applicant]) -> None:
    """Wait for the cases of these applicants, then give each department's opinion."""
    await season.until_cases(applicants, lambda _: True, "the cases are open")
    asked = [(applicant, which) for applicant in applicants for which in Department]

    async def answer(question: tuple[Applicant, Department]) -> None:
        applicant, which = question
        if (body := _opinion(applicant, which)) is not None:
            by = department(which, applicant.unit.prefecture)
            path = f"/cases/{season.id_of(applicant)}/opinions"
            await season.calls.as_person(by).post("review", path, f"opinion:{applicant.id}:{which}", body)

    await season.each(asked, answer)


def _opinion(applicant: Applicant, which: Department) -> dict[str, str] | None:
    if applicant.case is EdgeCase.DEPARTMENT_SILENT and which is Department.EMERGENCY_MANAGEMENT:
        return None
    if applicant.case in OBJECTING and which is Department.ECOLOGY_ENVIRONMENT:
        return {"department": which, "opinion": "object", "text": OBJECTION}
    return {"department": which, "opinion": "agree"}


async def exhaust_a_quota(season: Season) -> None:
    """Ask for an item over the quota of one legal representative with two assessors; it is refused (Q1)."""
    season.stage("An item over the quota is refused", timeline.ITEM_OVER_QUOTA)
    await season.each([season.personas.by_edge_case(EdgeCase.QUOTA_EXHAUSTED)], lambda each: submit(season, each))


async def release_an_item(season: Season) -> None:
    """Withdraw an application; another one gets its item (A5, Q5)."""
    season.stage("A withdrawal gives its item to another", timeline.WITHDRAWAL)
    leaving, coming = (
        season.personas.by_edge_case(EdgeCase.WITHDRAWN),
        season.personas.by_edge_case(EdgeCase.RELEASED_ITEM),
    )
    path = f"/applications/{season.id_of(leaving)}/withdraw"
    await season.calls.as_person(unit(leaving)).post("applications", path, f"withdraw:{leaving.id}")
    await until(lambda: _has_room_for(season, coming), "the item is released")
    season.go_on_to(timeline.RELEASED_ITEM)
    await season.each([coming], lambda each: submit(season, each))
    season.go_on_to(timeline.LAST_OPINIONS)
    await give_opinions(season, [coming])


async def _has_room_for(season: Season, coming: Applicant) -> bool | None:
    if (await season.application(coming))["state"] != "draft":
        return True
    named = season.personas.assessor_of(EdgeCase.RELEASED_ITEM)
    quota = await season.calls.as_person(REGION).get("assessor-quota", f"/assessors/{named.uscc}/items", year=YEAR)
    return quota["used"] < quota_limit() or None
