"""A whole season on the real broker and database: January to the announced list, through the services' APIs."""

import re
from collections.abc import AsyncIterator
from io import StringIO

import httpx2
import pytest
from devkit.servers import free_ports
from messages.values import Role
from rich.console import Console

from deploy.demo import personas, run
from deploy.demo.actors import REGION, unit
from deploy.demo.calls import calling
from deploy.demo.personas import CLEARED, EdgeCase
from deploy.demo.progress import StageLines
from deploy.demo.results import SeasonResult, collect_results
from deploy.demo.samples import make
from deploy.demo.season import Season
from deploy.demo.stack import Stack
from deploy.demo.stages import STAGES, submitting
from deploy.demo.stages.sanctioning import FIRST, REVERSAL
from deploy.local.console import Screen
from deploy.local.launcher import Launcher
from deploy.local.paths import StackPaths
from deploy.local.processes import database_access
from deploy.local.trace import texts, trace
from tests.scenarios.crawler import OTHERS_ROUTES, STAGES_CRAWLED, Crawler

pytestmark = [pytest.mark.connected, pytest.mark.timeout(400), pytest.mark.xdist_group("season")]

PERSONAS = personas.load()
UNTIL_THE_WITHDRAWAL = STAGES.index(submitting.release_an_item) + 1
PORTS = 20


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> StackPaths:
    return StackPaths(tmp_path_factory.mktemp("season"), free_ports(1)[0] // PORTS * PORTS)


@pytest.fixture(scope="module")
async def stack(places: StackPaths) -> AsyncIterator[Stack]:
    """The local stack as `make run` starts it, on ports and in a folder of its own."""
    launcher = Launcher(places, Screen(quiet()))
    try:
        await launcher.start()
        yield Stack.read(places.stack)
    finally:
        await launcher.stop()


@pytest.fixture(scope="module")
def crawler(stack: Stack) -> Crawler:
    return Crawler(stack)


@pytest.fixture(scope="module")
async def shown(stack: Stack, places: StackPaths, crawler: Crawler) -> str:
    """Output of the season at its end, after an interruption following the withdrawal."""
    samples = make(places.folder / "samples", PERSONAS)
    async with calling(stack) as calls:
        with StageLines(quiet()) as lines:
            season = Season(PERSONAS, samples, calls, stack.clock, lines, stack.mail)
            for stage in STAGES[:UNTIL_THE_WITHDRAWAL]:
                await stage(season)
                await crawler.visit(season, stage.__name__)
    console = quiet()
    assert await run(stack, places.folder / "samples", console, crawler.visit) == []
    return console.export_text()


@pytest.fixture(scope="module")
async def account(stack: Stack, shown: str) -> SeasonResult:
    assert shown
    async with calling(stack) as calls:
        return await collect_results(calls, PERSONAS)


def quiet() -> Console:
    return Console(record=True, width=200, file=StringIO())


async def metrics(stack: Stack, service: str) -> str:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return (await client.get(f"{stack.monitoring[service]}/metrics")).text


def test_the_announced_list_shows_every_unit_that_came_through(shown: str, account: SeasonResult) -> None:
    listed = [each.applicant.unit.name for each in account.applications if each.ending == "listed"]
    assert len(listed) == 60
    assert all(name in shown for name in listed)


@pytest.mark.rule("G3")
def test_every_refusal_is_shown_with_rule_article_and_reason(shown: str, account: SeasonResult) -> None:
    others = [each for each in account.applications if each.ending != "listed"]
    assert len(others) == 13
    for result in others:
        assert result.reasons
        assert all(re.search(rf"{why.rule} +{re.escape(why.article[:6])}", shown) for why in result.reasons)


@pytest.mark.rule("E1")
def test_seven_things_wrong_are_told_in_one_answer(account: SeasonResult) -> None:
    reasons = account.of(EdgeCase.SEVERAL_FAULTS).reasons
    assert len(reasons) == len({each.rule for each in reasons}) == 7


@pytest.mark.rule("Q5")
def test_the_withdrawn_item_went_to_another_application(account: SeasonResult) -> None:
    holders = {item["unit"]["uscc"]: item["state"] for item in account.quota["items"]}
    assert holders[PERSONAS.by_edge_case(EdgeCase.RELEASED_ITEM).unit.uscc] == "confirmed"
    assert PERSONAS.by_edge_case(EdgeCase.WITHDRAWN).unit.uscc not in holders
    assert PERSONAS.by_edge_case(EdgeCase.QUOTA_EXHAUSTED).unit.uscc not in holders


@pytest.mark.rule("Q1")
def test_the_sixteenth_is_shown_the_fifteen_items(shown: str, account: SeasonResult) -> None:
    assert len(account.shown_in_refusal) == 15
    table = shown[shown.index("第16项不予受理") :]
    assert all(holder.unit.name in table for holder in account.shown_in_refusal)


@pytest.mark.rule("S2", "V4")
async def test_the_open_application_of_a_sanctioned_assessor_is_suspended_until_it_is_late_and_its_unit_is_told(
    stack: Stack, account: SeasonResult
) -> None:
    suspended = account.of(EdgeCase.REPORT_SUSPENDED)
    assert suspended.ending == "late"
    async with calling(stack) as calls:
        inbox = await calls.as_person(unit(suspended.applicant)).get("notify", "/inbox")
    assert any(FIRST in notice["body"] for notice in inbox["items"])


@pytest.mark.rule("S2")
def test_a_listed_unit_is_flagged_when_its_assessor_is_sanctioned_later(shown: str, account: SeasonResult) -> None:
    later = account.of(EdgeCase.SANCTIONED_LATER)
    assert later.ending == "listed"
    assert [title["name"] for title in account.decisions.flagged] == [later.applicant.unit.name]
    assert f"列入监督：{later.applicant.unit.name}" in shown


@pytest.mark.rule("S3")
def test_reviewers_of_the_sisters_case_see_the_sanction(account: SeasonResult) -> None:
    assert [each["document_number"] for each in account.decisions.affiliates] == [FIRST]


@pytest.mark.rule("S4")
def test_a_decision_taken_back_stays_on_record_and_stops_nobody(account: SeasonResult) -> None:
    (taken_back,) = account.decisions.revoked
    assert taken_back["sanction"]["revocation_document"] == REVERSAL
    cleared = PERSONAS.assessor(CLEARED)
    assert any(each.applicant.assessor == cleared and each.ending == "listed" for each in account.applications)


@pytest.mark.rule("L3")
async def test_a_season_that_is_over_is_shown_again_and_changes_nothing(
    stack: Stack, places: StackPaths, account: SeasonResult
) -> None:
    assert await run(stack, places.folder / "samples", quiet()) == []
    async with calling(stack) as calls:
        again = await collect_results(calls, PERSONAS)
    assert again == account


@pytest.mark.rule("N1")
async def test_a_refused_unit_finds_the_reasons_in_its_inbox_and_in_its_mail(
    stack: Stack, places: StackPaths, account: SeasonResult
) -> None:
    refused = account.of(EdgeCase.SEVERAL_FAULTS).applicant
    async with calling(stack) as calls:
        inbox = await calls.as_person(unit(refused)).get("notify", "/inbox")
    assert any("第十二条第（五）项" in notice["body"] for notice in inbox["items"])
    assert any(f"contact@{refused.id}.example" in mail.read_text() for mail in places.mail.glob("*.eml"))


@pytest.mark.rule("P2", "V9", "V14", "N4")
def test_no_route_shows_a_secret_to_a_role_that_may_not_see_it_at_any_stage(shown: str, crawler: Crawler) -> None:
    assert shown
    leaks = sorted({str(each) for each in crawler.leaks})
    assert not leaks, "\n".join(leaks)


@pytest.mark.rule("V7")
async def test_no_answer_before_the_notice_holds_the_seed_of_the_lots(
    stack: Stack, shown: str, crawler: Crawler
) -> None:
    assert shown
    async with calling(stack) as calls:
        seed, told = await crawler.seed_of_the_lots(calls)
    assert len(seed) == 64
    assert len(crawler.digests) > 20
    assert told is None


def test_the_crawler_asks_as_every_role_at_every_stage_and_finds_what_it_searches_for(
    shown: str, crawler: Crawler
) -> None:
    assert shown
    assert {stage for _, _, stage in crawler.asked} == set(STAGES_CRAWLED)
    assert {role for _, role, _ in crawler.asked} == set(Role)
    found = {each.secret for each in crawler.shown}
    assert found == {
        "a draft application",
        "a sheet that is not signed",
        "an e-mail address",
        "an expert of the panel",
        "the ground of a visit",
        "the objector",
        "the place",
        "the score",
    }
    answered = {route for route, _, _ in crawler.asked}
    never = {f"{each.service} GET {each.path}" for each in crawler.routes} - answered
    assert never == OTHERS_ROUTES


@pytest.mark.rule("V14")
async def test_the_record_of_a_listed_case_is_intact(stack: Stack, account: SeasonResult) -> None:
    line = account.lines[0]
    async with calling(stack) as calls:
        record = await calls.as_person(REGION).get("review", f"/cases/{line['source']}/record")
    assert record["intact"]
    assert [entry["action"] for entry in record["entries"]][-1] == "listed"


async def test_nothing_is_parked_and_nothing_waits_to_be_sent(stack: Stack, account: SeasonResult) -> None:
    assert account.undelivered == 0
    for service in stack.services:
        text = await metrics(stack, service)
        assert "green_parked_messages 0.0" in text
        assert "green_outbox_oldest_pending_seconds 0.0" in text


@pytest.mark.usefixtures("shown")
async def test_application_is_followed_through_the_five_services_in_order(stack: Stack, places: StackPaths) -> None:
    async with calling(stack) as calls:
        found = await calls.as_person(unit(PERSONAS.applicants[0])).all("applications", "/applications")
    application = found[0]["application_id"]

    lines = await trace(application, await database_access(places))

    steps = [(line.service, line.kind, line.event_id.rpartition(":")[2]) for line in lines]
    submitted, opened = (
        next(at for at, step in enumerate(steps) if step[1:] == ("published", fact)) for fact in ("submitted", "opened")
    )
    assert submitted < opened
    assert {step[0] for step in steps} == {"applications", "assessor-quota", "review", "registry", "notify"}
    assert {"published", "consumed", "version", "record", "notice"} <= {step[1] for step in steps}
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert lines[submitted].detail.startswith("by a command or a job, correlation ")
    # Each published event is heard at least by notify, and stands right behind its publication.
    heard = {line.event_id for line in lines if line.kind == "consumed" and line.service == "notify"}
    assert {line.event_id for line in lines if line.kind == "published"} <= heard
    assert all(text.startswith("2026-") for text in texts(lines))
