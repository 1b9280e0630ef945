from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from chassis.clock import FixedClock
from devkit.api_harness import ApiHarness, api_harness
from httpx2 import Response
from messages.values import Role

from . import plans, sending


@pytest.fixture
async def served() -> AsyncIterator[ApiHarness]:
    async with api_harness("plans", sending.router, aggregates={}, clock=FixedClock(plans.NOW), body_max=500) as stand:
        yield stand


async def test_a_file_comes_with_its_name_its_bytes_and_what_was_sent_beside_it(served: ApiHarness) -> None:
    answer = await served.client_as(Role.APPLICANT).post(
        "/v1/uploads", files={"file": ("名单.xlsx", b"PK")}, data={"dry_run": "true", "year": "1"}, params={"year": "2"}
    )

    assert answer.json() == {"name": "名单.xlsx", "size": 2, "fields": {"dry_run": "true", "year": "2"}}


async def test_a_form_without_a_file_is_refused_with_the_reason_given(served: ApiHarness) -> None:
    answer = await served.client_as(Role.APPLICANT).post("/v1/uploads", files={"other": ("a", b"")})

    assert (answer.status_code, answer.json()["code"]) == (422, "file-missing")
    assert [each["text"] for each in answer.json()["reasons"]] == ["缺少文件"]


async def test_what_is_no_form_is_refused(served: ApiHarness) -> None:
    assert (await served.client_as(Role.APPLICANT).post("/v1/uploads", json={})).status_code == 415


async def test_a_file_over_the_routes_limit_is_refused_while_it_streams_in(served: ApiHarness) -> None:
    answers = [await _sent(served, size) for size in (900, 2400)]

    assert [answer.status_code for answer in answers] == [200, 413]
    (reason,) = answers[1].json()["reasons"]
    assert (reason["rule"], reason["article"], reason["evidence"]) == ("A3", "第十四条", "2048")
    assert reason["text"] == "提交的内容超过大小上限（2 KB）"


async def test_a_file_whose_length_is_not_announced_is_refused_with_the_same_reason(served: ApiHarness) -> None:
    async def streamed() -> AsyncIterator[bytes]:
        yield b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n"
        for _ in range(3):
            yield b"x" * 1000

    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = await served.client_as(Role.APPLICANT).post("/v1/uploads", content=streamed(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert [each["text"] for each in answer.json()["reasons"]] == ["提交的内容超过大小上限（2 KB）"]


async def _sent(served: ApiHarness, size: int) -> Response:
    return await served.client_as(Role.APPLICANT).post("/v1/uploads", files={"file": ("a", b"x" * size)})


async def test_who_may_not_send_is_refused_before_the_form_is_read(served: ApiHarness) -> None:
    answer = await served.client_as(Role.EXPERT).post(
        "/v1/uploads", content=b"no form", headers={"content-type": "x/y"}
    )

    assert answer.status_code == 403
