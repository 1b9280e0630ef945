from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from chassis.clock import FixedClock
from chassis.testing.http import ApiStand, api_stand
from httpx2 import Response
from messages.values import Role

from . import plans, sending


@pytest.fixture
async def served() -> AsyncIterator[ApiStand]:
    async with api_stand("plans", sending.router, aggregates={}, clock=FixedClock(plans.NOW), body_max=500) as stand:
        yield stand


async def test_a_file_comes_with_its_name_its_bytes_and_what_was_sent_beside_it(served: ApiStand) -> None:
    answer = await served.as_(Role.APPLICANT).post(
        "/v1/uploads", files={"file": ("名单.xlsx", b"PK")}, data={"dry_run": "true", "year": "1"}, params={"year": "2"}
    )

    assert answer.json() == {"name": "名单.xlsx", "size": 2, "fields": {"dry_run": "true", "year": "2"}}


async def test_a_form_without_a_file_is_refused_with_the_reason_given(served: ApiStand) -> None:
    answer = await served.as_(Role.APPLICANT).post("/v1/uploads", files={"other": ("a", b"")})

    assert (answer.status_code, answer.json()["code"]) == (422, "file-missing")
    assert [each["text"] for each in answer.json()["reasons"]] == ["缺少文件"]


async def test_what_is_no_form_is_refused(served: ApiStand) -> None:
    assert (await served.as_(Role.APPLICANT).post("/v1/uploads", json={})).status_code == 415


async def test_a_file_over_the_routes_limit_is_refused_while_it_streams_in(served: ApiStand) -> None:
    sizes = [(await _sent(served, size)).status_code for size in (900, 1400)]

    assert sizes == [200, 413]


async def _sent(served: ApiStand, size: int) -> Response:
    return await served.as_(Role.APPLICANT).post("/v1/uploads", files={"file": ("a", b"x" * size)})


async def test_who_may_not_send_is_refused_before_the_form_is_read(served: ApiStand) -> None:
    answer = await served.as_(Role.EXPERT).post("/v1/uploads", content=b"no form", headers={"content-type": "x/y"})

    assert answer.status_code == 403
