"""September to November: public notice, objections, the annual list."""

from __future__ import annotations

from deploy.demo import timeline
from deploy.demo.actors import CITIZEN, OPERATOR, REGION
from deploy.demo.calls import Json, until
from deploy.demo.personas import YEAR, Applicant, EdgeCase
from deploy.demo.season import Season

DOCUMENT = f"内工信绿色字〔{YEAR}〕52号"
OBJECTIONS = {
    EdgeCase.OBJECTION_UPHELD: "该企业电解液车间未取得环评批复即投入生产，现场照片和监测数据附后。",
    EdgeCase.OBJECTION_DISMISSED: "该企业夜间排放异味，影响周边居民。",
}
FOUND = {
    EdgeCase.OBJECTION_UPHELD: "经会同生态环境部门核查，异议反映的未批先建情况属实。",
    EdgeCase.OBJECTION_DISMISSED: "经核查，连续三个月监测数据均达标，异议不成立。",
}


async def publish(season: Season) -> None:
    """Publish for five working days, a make-up Sunday among them; two objections come in."""
    season.stage("Public notice and objections", timeline.NOTICE)
    await _notice(season)
    season.go_on_to(timeline.OBJECTIONS)
    await season.each(OBJECTIONS, lambda case: _lodge(season, case))
    season.go_on_to(timeline.RECEIPT)
    await season.each(OBJECTIONS, lambda case: _receive(season, case))
    season.go_on_to(timeline.UPHELD)
    await _resolve(season, EdgeCase.OBJECTION_UPHELD, upheld=True)


async def _notice(season: Season) -> str:
    """Return the id of the batch's notice; repeating the command returns the same one."""

    async def shown() -> str | None:
        answer = await season.calls.as_person(REGION).post("review", f"/batches/{YEAR}/notice", "notice")
        return None if answer.body["notice"] is None else str(answer.body["notice"]["notice_id"])

    return await until(shown, "the notice is public")


async def _lodge(season: Season, case: EdgeCase) -> str:
    body = {
        "case_id": season.id_of(season.personas.by_edge_case(case)),
        "facts": OBJECTIONS[case],
        "name": "示例居民",
        "contact": "示例街道1号",
    }
    path = f"/notices/{await _notice(season)}/objections"
    answer = await season.calls.as_person(CITIZEN).post("review", path, f"objection:{case}", body)
    return str(answer.body["objection_id"])


async def _receive(season: Season, case: EdgeCase) -> None:
    """Receive the objection: from here on its unit waits (V18)."""
    path = f"/notices/{await _notice(season)}/objections/{await _lodge(season, case)}/receipt"
    await season.calls.as_person(REGION).post("review", path, f"receipt:{case}", {"received": True})


async def _resolve(season: Season, case: EdgeCase, *, upheld: bool) -> None:
    path = f"/notices/{await _notice(season)}/objections/{await _lodge(season, case)}/resolution"
    body = {"upheld": upheld, "text": FOUND[case]}
    await season.calls.as_person(REGION).post("review", path, f"resolution:{case}", body)


async def conclude(season: Season) -> None:
    """Wait until a job ends the notice; only the case with an open objection waits on."""
    season.stage("The notice is over, cases are cleared", timeline.NOTICE_OVER)
    notice = await _notice(season)

    async def over() -> Json | None:
        found: Json = await season.calls.anonymous.get("review", f"/notices/{notice}")
        return found if found["state"] == "concluded" else None

    await until(over, "the notice is concluded")
    season.go_on_to(timeline.DISMISSED)
    await _resolve(season, EdgeCase.OBJECTION_DISMISSED, upheld=False)


async def announce(season: Season) -> None:
    season.stage("The annual list is closed and announced", timeline.CLOSING)
    cleared = [case for case in (await season.cases()).values() if case["state"] in ("cleared", "listed")]
    await until(lambda: _all_in_draft(season, len(cleared)), "every cleared case is on the draft list")
    await season.calls.as_person(REGION).post("registry", f"/lists/{YEAR}/close", "close")
    season.go_on_to(timeline.ANNOUNCEMENT)
    body = {"document_number": DOCUMENT}
    await season.calls.as_person(REGION).post("registry", f"/lists/{YEAR}/announce", "announce", body)
    await _all_notified(season, {case["case_id"] for case in cleared})


async def _all_in_draft(season: Season, number: int) -> bool | None:
    if await season.calls.anonymous.all("registry", "/lists", year=YEAR):
        return True
    draft = await season.calls.as_person(REGION).get("registry", f"/lists/{YEAR}/draft", limit=200)
    return len(draft["lines"]) >= number or None


async def _all_notified(season: Season, cleared: set[str]) -> None:
    """Wait until the applicants' status and the public board show the list."""
    listed: list[Applicant] = [each for each in season.personas.applicants if season.id_of(each) in cleared]
    await season.until_cases(listed, lambda case: case["state"] == "listed", "review knows who is listed")

    async def shown() -> bool | None:
        found = await season.calls.as_person(REGION).all("applications", "/applications", batch_year=YEAR)
        return sum(each["stage"] == "listed" for each in found) >= len(listed) or None

    await until(shown, "applicants are told that they are listed")
    await until(lambda: _on_board(season), "the board shows the list")
    await until(lambda: _nothing_to_send(season), "every e-mail is sent")


async def _on_board(season: Season) -> bool | None:
    board = await season.calls.anonymous.get("notify", "/board", limit=200)
    return any(DOCUMENT in str(notice) for notice in board["items"]) or None


async def _nothing_to_send(season: Season) -> bool | None:
    waiting = await season.calls.as_person(OPERATOR).get("notify", "/deliveries", state="waiting", limit=1)
    return not waiting["items"] or None
