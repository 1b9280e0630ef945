import base64

import pytest
from chassis.persistence.unit_of_work import DocumentStore
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.values import Role

from . import sample_api
from .sample_api import post_plan


async def test_pages_of_a_list_hold_each_item_once(applicant: ApiClient, officer: ApiClient) -> None:
    titles = [f"plan {number}" for number in (3, 1, 4, 1, 5, 9, 2)]
    for title in titles:
        await post_plan(applicant, title)

    seen: list[str] = []
    cursor: str | None = None
    while True:
        asked = {"limit": "3"} | ({"after": cursor} if cursor else {})
        page = (await officer.get("/v1/plans", params=asked)).json()
        seen += [item["title"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break

    assert seen == sorted(titles, reverse=True)


async def test_list_omits_what_reading_refuses(api: ApiHarness, applicant: ApiClient) -> None:
    await post_plan(applicant)
    elsewhere = api.client_as(Role.PREFECTURE_OFFICER, prefecture="150200")

    asked_for_another = await elsewhere.get("/v1/plans", params={"prefecture": "150100"})

    assert asked_for_another.json() == {"items": [], "next": None}


@pytest.mark.parametrize("asked", [{"limit": "0"}, {"limit": "201"}, {"after": "nonsense"}, {"after": "W10="}])
async def test_invalid_limit_or_cursor_is_refused(officer: ApiClient, asked: dict[str, str]) -> None:
    assert (await officer.get("/v1/plans", params=asked)).status_code == 422


async def test_cursor_with_an_unstorable_number_is_refused(document_store: DocumentStore) -> None:
    cursor = base64.urlsafe_b64encode(b"[9223372036854775808, 1]").decode()
    async with api_harness(
        "plans",
        sample_api.router,
        sample_api.Store,
        aggregates={},
        clock=FixedClock(sample_api.NOW),
        database=document_store,
    ) as harness:
        answer = await harness.client_as(Role.REGIONAL_OFFICER).get("/v1/plans", params={"after": cursor})

    assert answer.status_code == 422
    assert [each["code"] for each in answer.json()["reasons"]] == ["number-out-of-range"]
