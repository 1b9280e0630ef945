"""Names and document numbers are one in any spelling; a slip in a day or a version is refused."""

from __future__ import annotations

from datetime import date

import pytest
from chassis.handling import Refusal
from devkit.api_harness import ApiHarness
from messages.values import Role
from review.domain.expert import conflicts, may_conflict
from review.domain.notice import require_lawful_end
from review.handlers.applications import open_case
from review.store import Store

from .api_calls import NOTICE_DAY, Participants
from .builders import COPPER, DEPARTMENTS, RULES, SCAN, STEEL, accepted, expert, opened_case, unit

CASE = opened_case(unit=unit(name="内蒙古示例·钢铁（集团）有限公司ABC"))


@pytest.mark.rule("V5")
@pytest.mark.parametrize(
    "employer",
    [
        "内蒙古示例·钢铁（集团）有限公司ABC",
        "内蒙古\u200b示例·钢铁（集团）有限公司ABC",
        "内蒙古示例•钢铁(集团)有限公司abc",
        "内蒙古示例・钢铁［集团］ 有限公司ＡＢＣ",
        STEEL.lower(),
    ],
)
def test_an_employer_written_otherwise_is_the_same_conflict(employer: str) -> None:
    assert conflicts(expert(employer=employer), CASE, 3, NOTICE_DAY)
    assert not may_conflict(expert(employer=employer), CASE)


@pytest.mark.rule("V5")
def test_a_name_that_only_looks_alike_is_shown_and_refuses_nothing() -> None:
    lookalike = expert(employer="内蒙古示例·钢铁（集团）有限公司АВС")  # Cyrillic letters

    assert not conflicts(lookalike, CASE, 3, NOTICE_DAY)
    assert may_conflict(lookalike, CASE)
    assert not may_conflict(expert(employer="内蒙古示例大学"), CASE)


@pytest.mark.rule("V5")
async def test_the_region_is_shown_the_possible_conflict_on_a_panel(
    api: ApiHarness[Store], participants: Participants
) -> None:
    await api.perform(open_case, accepted("app-1", unit(name="ABC公司")))
    await participants.forward()
    for number, employer in enumerate(("内蒙古示例大学", "АВС公司", "内蒙古另一大学")):
        entry = {"expert_id": f"expert-{number}", "employer": employer}
        assert (await participants.reviewers.post("/v1/experts", json=entry)).status_code == 201
    await participants.reviewers.post("/v1/batches/2026/panels")

    shown = (await participants.region.get("/v1/cases/app-1")).json()
    hidden = (await participants.expert("expert-0").get("/v1/cases/app-1")).json()

    assert (len(shown["panel"]["experts"]), shown["possible_conflicts"]) == (3, ["expert-1"])
    assert hidden["possible_conflicts"] is None


@pytest.mark.rule("V5")
@pytest.mark.parametrize("employer", ["内蒙古\u200b示例", "\u3164", "内\ufffe蒙古", "示例\u202e"])
async def test_an_expert_is_not_registered_under_a_name_nobody_can_read(
    participants: Participants, employer: str
) -> None:
    answer = await participants.reviewers.post("/v1/experts", json={"expert_id": "expert-1", "employer": employer})

    assert (answer.status_code, answer.json()["reasons"][0]["pointer"]) == (422, "/employer")


@pytest.mark.rule("V3")
@pytest.mark.parametrize(
    "spelling", ["包工信[2026] 1号", "包工信（2026）1号", "包工信〔２０２６〕第01号", "包 工 信〔2026〕1号"]
)
async def test_an_opinion_number_is_unique_in_any_spelling(participants: Participants, spelling: str) -> None:
    answers = []
    for case_id, uscc, number in (("app-1", STEEL, "包工信〔2026〕1号"), ("app-2", COPPER, spelling)):
        await participants.open(case_id, uscc)
        for each in DEPARTMENTS:
            opinion = {"department": each, "opinion": "agree"}
            await participants.department(each).post(f"/v1/cases/{case_id}/opinions", json=opinion)
        await participants.officer.post(f"/v1/cases/{case_id}/initial-review", json={"decision": "accept"})
        document = {"number": number, "conclusion": "recommended", "attachments": [SCAN.model_dump()]}
        answers.append(await participants.officer.post(f"/v1/cases/{case_id}/opinion-document", json=document))

    assert [each.status_code for each in answers] == [200, 409]
    assert answers[1].json()["code"] == "document-number-taken"


@pytest.mark.rule("V9")
@pytest.mark.parametrize("end", [date(2062, 3, 12), date(2026, 9, 30)])
def test_a_notice_that_nobody_could_shorten_is_bounded(end: date) -> None:
    with pytest.raises(Refusal) as refused:
        require_lawful_end(end, RULES, NOTICE_DAY)
    assert (refused.value.status, refused.value.reasons[0].code) == (422, "notice-too-long")
    assert refused.value.reasons[0].evidence == end.isoformat()


@pytest.mark.rule("V9")
async def test_the_end_of_a_notice_in_another_century_is_refused(participants: Participants) -> None:
    answer = await participants.region.post("/v1/batches/2026/notice", json={"published_end": "2062-03-12"})

    assert (answer.status_code, answer.json()["code"]) == (422, "day-out-of-bounds")
    assert answer.json()["reasons"][0]["pointer"] == "/published_end"


async def test_an_expert_registered_anew_under_an_old_version_overwrites_nothing(
    api: ApiHarness[Store], participants: Participants
) -> None:
    entry = {"expert_id": "expert-1", "employer": "内蒙古示例大学"}
    await participants.reviewers.post("/v1/experts", json=entry)
    seen = (await participants.reviewers.get("/v1/experts/expert-1")).headers["ETag"]

    first = await participants.reviewers.post(
        "/v1/experts", json=entry | {"employer": "甲"}, headers={"If-Match": seen}
    )
    stale = await participants.reviewers.post(
        "/v1/experts", json=entry | {"employer": "乙"}, headers={"If-Match": seen}
    )

    shown = await api.client_as(Role.REGIONAL_OFFICER).get("/v1/experts/expert-1")
    assert (first.status_code, stale.status_code, shown.json()["employer"]) == (201, 412, "甲")
