"""A batch through the API: its ranking and its public notice."""

from __future__ import annotations

import pytest
from httpx2 import Response

from .api_calls import AFTER_FORWARDING, Participants
from .builders import COPPER, SCHEME, STEEL, at
from .harness import ACTS


@pytest.mark.rule("V9")
async def test_an_objectors_name_and_contact_are_shown_to_the_region_only(participants: Participants) -> None:
    await participants.open()
    await participants.forward()
    await participants.review()
    notice = await participants.publish()
    words = {"case_id": "app-1", "facts": "夜间排放异味", "name": "王某某", "contact": "13800000000"}

    lodged = await participants.citizen.post(f"/v1/notices/{notice}/objections", json=words)

    assert lodged.status_code == 201
    assert set(lodged.json()) == {"objection_id", "notice_id", "case_id", "state"}
    shown = (await participants.region.get(f"/v1/notices/{notice}/objections")).json()["items"]
    assert [(each["name"], each["contact"]) for each in shown] == [("王某某", "13800000000")]
    for reader, path in (
        (participants.public, f"/v1/notices/{notice}"),
        (participants.officer, "/v1/cases/app-1"),
        (participants.officer, "/v1/cases/app-1/record"),
        (participants.applicant, "/v1/cases/app-1"),
    ):
        answer = await reader.get(path)
        assert answer.status_code == 200
        assert "王某某" not in answer.text
        assert "13800000000" not in answer.text
    kept = [document for document in participants.api.memory.collections["inbox"].values() if "王某某" in str(document)]
    assert kept == []

    resolution = {"upheld": True, "text": "经核实，异议成立"}
    objection = lodged.json()["objection_id"]
    received = await participants.region.post(
        f"/v1/notices/{notice}/objections/{objection}/receipt", json={"received": True}
    )
    assert received.json()["state"] == "received"
    resolved = await participants.region.post(
        f"/v1/notices/{notice}/objections/{objection}/resolution", json=resolution
    )
    assert resolved.json()["state"] == "upheld"
    closed = (await participants.applicant.get("/v1/cases/app-1")).json()
    assert (closed["state"], closed["outcome"]) == ("closed", "objection_upheld")
    assert closed["reasons"][0]["article"] == "第十四条第（三）项"


@pytest.mark.rule("V8")
async def test_the_ranking_is_shown_with_the_proof_that_it_comes_out_again(participants: Participants) -> None:
    await participants.open()
    await participants.open("app-2", COPPER)
    await participants.forward()
    await participants.forward("app-2")
    await participants.review()

    assert (await participants.region.get("/v1/batches/2026/ranking")).status_code == 404
    dry = await participants.region.post("/v1/batches/2026/ranking", json={"dry_run": True}, key="")
    assert await participants.state() in {"scored", "site_recorded"}
    participants.clock.move_to(at(AFTER_FORWARDING))
    made = await participants.act("/v1/batches/2026/ranking")
    (kept,) = (await participants.region.get("/v1/batches/2026/ranking")).json()
    lines = (await participants.region.get("/v1/batches/2026/ranking/1/lines")).json()["items"]
    checked = (await participants.region.get("/v1/batches/2026/ranking/1/check")).json()

    assert dry.json()["ranking"]["groups"] == made.json()["ranking"]["groups"] == kept["groups"]
    assert dry.json()["act"] is None
    assert (made.json()["act"]["state"], made.json()["act"]["applied"]) == ("done", 2)
    assert made.json()["lines"] == lines
    assert kept["reproducible"] is True
    assert checked == {"ranking_id": "region-2026-1", "lines": 2, "reproducible": True}
    assert [(line["uscc"], line["rank"], line["outcome"]) for line in lines] == [
        (STEEL, 1, "selected"),
        (COPPER, 2, "selected"),
    ]
    assert kept["groups"][0]["scheme"] == f"{SCHEME.id}@{SCHEME.version}"


@pytest.mark.rule("V8")
async def test_a_caller_who_does_not_wait_is_told_where_the_progress_is_shown(participants: Participants) -> None:
    await participants.open()
    await participants.forward()
    await participants.review()
    participants.clock.move_to(at(AFTER_FORWARDING))

    async def command() -> Response:
        at_once = {"Prefer": "wait=0"}
        return await participants.region.post("/v1/batches/2026/ranking", headers=at_once, key="ranking")

    begun, again = await command(), await command()
    other = await participants.region.post("/v1/batches/2026/ranking", headers={"Prefer": "wait=0"})
    shown = (await participants.region.get(begun.headers["Location"])).json()
    await participants.api.run_jobs(ACTS)
    done = (await participants.region.get(begun.headers["Location"])).json()
    ended = await command()

    assert (begun.status_code, begun.json()["ranking"], begun.json()["act"]) == (202, None, shown)
    assert again.json() == begun.json()
    assert (other.status_code, other.json()["code"]) == (409, "act-under-way")
    assert (shown["state"], shown["total"], shown["decided"]) == ("collecting", 1, False)
    assert (done["state"], done["applied"], done["decided"]) == ("done", 1, True)
    assert (ended.status_code, ended.json()["lines"][0]["case_id"]) == (200, "app-1")


@pytest.mark.rule("A7", "G3")
async def test_a_second_evaluation_is_answered_with_its_article_and_made_with_the_regions_decision(
    participants: Participants,
) -> None:
    await participants.open()
    await participants.forward()
    await participants.review()
    early = await participants.act("/v1/batches/2026/ranking", early_reason="首批企业急需公布")
    await participants.open("app-2", COPPER)
    await participants.forward("app-2")
    await participants.review()
    participants.clock.move_to(at(AFTER_FORWARDING))

    refused = await participants.region.post("/v1/batches/2026/ranking")
    wordless = {"decision": {"document_number": " ", "decided_on": "2026-05-30"}}
    malformed = await participants.region.post("/v1/batches/2026/ranking", json=wordless)
    decision = {"document_number": "内工信〔2026〕6号", "decided_on": "2026-05-30"}
    made = await participants.act("/v1/batches/2026/ranking", decision=decision)

    assert early.status_code == 200, early.text
    assert (refused.status_code, refused.json()["code"]) == (409, "evaluated-already")
    assert refused.json()["reasons"][0]["article"] == "第十六条"
    assert malformed.json()["reasons"][0]["pointer"] == "/decision/document_number"
    assert (made.status_code, made.json()["ranking"]["decision"]) == (200, decision)


@pytest.mark.rule("V8", "G3")
async def test_a_ranking_before_the_end_of_forwarding_is_answered_with_its_last_day_and_made_with_a_reason(
    participants: Participants,
) -> None:
    await participants.open()
    await participants.forward()
    await participants.review()

    early = await participants.region.post("/v1/batches/2026/ranking")
    made = await participants.act("/v1/batches/2026/ranking", early_reason="上报已全部完成")

    assert (early.status_code, early.json()["code"]) == (409, "forwarding-open")
    assert "2026-05-31" in early.json()["detail"]
    assert (made.status_code, made.json()["ranking"]["early_reason"]) == (200, "上报已全部完成")
