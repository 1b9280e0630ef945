"""Every route of the service by role and by owner: who gets in, who is refused, and what is recorded (P1, P2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from devkit.comparing import comparable
from httpx2 import Response
from messages.values import Department, Prefecture, Role
from notify.domain.notification import MAX_ATTEMPTS, Attempt
from notify.handlers.contacts import ConfirmContact, SetContact, confirm_contact, set_contact
from notify.handlers.deliveries import record_attempt
from notify.handlers.notifications import notify
from notify.store import Store

from .api_calls import CONTACT
from .builders import APPLICANT, CODE, DAIRY, OTHER, STEEL, application_refused

CALLERS: dict[str, dict[str, Any]] = {
    "applicant": {"role": Role.APPLICANT, "organisation": STEEL},
    "other applicant": {"role": Role.APPLICANT, "organisation": OTHER},
    "assessor": {"role": Role.ASSESSOR, "organisation": DAIRY},
    "other assessor": {"role": Role.ASSESSOR, "organisation": STEEL},
    "officer": {"role": Role.PREFECTURE_OFFICER, "prefecture": Prefecture.BAOTOU},
    "other officer": {"role": Role.PREFECTURE_OFFICER, "prefecture": Prefecture.WUHAI},
    "department": {
        "role": Role.CONSULTED_DEPARTMENT,
        "organisation": Department.MARKET_REGULATION,
        "prefecture": Prefecture.BAOTOU,
    },
    "expert": {"role": Role.EXPERT, "subject": "expert-1"},
    "review organisation": {"role": Role.REVIEW_ORGANISATION, "organisation": "示例评审机构"},
    "region": {"role": Role.REGIONAL_OFFICER},
    "agency": {"role": Role.AGENCY, "organisation": "taxation"},
    "operator": {"role": Role.OPERATOR},
}
"""By name, with their tokens; the last column of the table is for a caller without a token."""

OPERATOR_ONLY = "403 403 403 403 403 403 403 403 403 403 403 {} 401"
CONTACT_OWNERS = "{0} {0} {0} {0} {0} {0} {0} {0} {0} {0} 403 403 401"

TABLE: dict[tuple[str, str], str] = {
    ("GET", "/v1/inbox"): "200=2 200=0 200=1 200=0 200=2 200=0 200=0 200=0 200=0 200=0 403 403 401",
    ("POST", "/v1/inbox/{notice_id}/read"): "200 404 404 404 404 404 404 404 404 404 403 403 401",
    ("GET", "/v1/board"): " ".join(["200=1"] * (len(CALLERS) + 1)),
    ("GET", "/v1/contacts/{role}"): "200 404 404 404 404 404 404 404 404 404 403 403 401",
    ("PUT", "/v1/contacts/{role}"): CONTACT_OWNERS.format(200),
    ("DELETE", "/v1/contacts/{role}"): CONTACT_OWNERS.format(204),
    ("POST", "/v1/contacts/{role}/confirmation"): "200 404 404 404 404 404 404 404 404 404 403 403 401",
    ("GET", "/v1/deliveries"): OPERATOR_ONLY.format("200=1"),
    ("POST", "/v1/deliveries/{delivery_id}/resend"): OPERATOR_ONLY.format(200),
    ("GET", "/v1/audit-log"): OPERATOR_ONLY.format(200),
}
"""The answer to each caller about the applicant's notice and e-mail, or about the contact of the caller's own role.

Of a list ``=`` is followed by how many items it shows.
"""
CONTACTS = [route for route in TABLE if "contacts" in route[1]]


@dataclass(frozen=True)
class Resources:
    """The applicant's notice, and its e-mail that could not be delivered."""

    notice_id: str
    delivery_id: str


@pytest.fixture
async def resources(api: ApiHarness[Store]) -> Resources:
    """The applicant wants e-mail, and has one more notice, whose delivery has failed."""
    await api.perform(set_contact, SetContact(APPLICANT, "office@example.invalid", "zh", CODE))
    await api.perform(confirm_contact, ConfirmContact(APPLICANT, CODE))
    await api.perform(notify, application_refused(sequence=2))
    (delivery,) = await api.store().deliveries.find()
    await api.perform(record_attempt, Attempt(delivery.delivery_id, MAX_ATTEMPTS, "timeout"))
    return Resources(delivery.notice_id, delivery.delivery_id)


async def request(
    caller: ApiClient, route: tuple[str, str], resources: Resources, role: str = Role.APPLICANT
) -> Response:
    method, path = route[0], route[1].format(**vars(resources), role=role)
    json = CONTACT if method == "PUT" else {"code": CODE} if path.endswith("/confirmation") else None
    return await caller.request(method, path, json=json)


def answer_of(response: Response, expected: str) -> str:
    if "=" not in expected:
        return str(response.status_code)
    return f"{response.status_code}={len(response.json().get('items', ()))}"


@pytest.mark.rule("P1", "P2")
def test_every_route_has_its_row(api: ApiHarness[Store]) -> None:
    assert set(api.policies) == set(TABLE)


@pytest.mark.rule("P1", "P2")
@pytest.mark.parametrize("route", TABLE, ids=" ".join)
async def test_each_caller_gets_what_its_part_is_and_nothing_else(
    api: ApiHarness[Store], resources: Resources, route: tuple[str, str]
) -> None:
    *expected, anonymous = TABLE[route].split()
    for (name, token), answer in zip(CALLERS.items(), expected, strict=True):
        response = await request(api.client_as(**token), route, resources, token["role"])
        assert answer_of(response, answer) == answer, (name, response.text)
    assert answer_of(await request(api.anonymous(), route, resources), anonymous) == anonymous


@pytest.mark.rule("P1")
@pytest.mark.parametrize("route", CONTACTS, ids=" ".join)
async def test_nobody_reaches_the_contact_of_a_role_not_held(
    api: ApiHarness[Store], resources: Resources, route: tuple[str, str]
) -> None:
    for name, token in CALLERS.items():
        for role in set(Role) - {token["role"]}:
            response = await request(api.client_as(**token), route, resources, role)
            assert response.status_code == 403, (name, role, response.text)


@pytest.mark.rule("P2")
@pytest.mark.parametrize("route", [each for each in TABLE if each[1] != "/v1/board"], ids=" ".join)
async def test_a_refusal_of_any_route_leaves_a_record(
    api: ApiHarness[Store], resources: Resources, route: tuple[str, str]
) -> None:
    before = len(api.memory.collections.get("audit_denials", {}))

    refused = await request(api.client_as(Role.AGENCY, organisation="taxation"), route, resources)

    assert refused.status_code == 403
    assert len(api.memory.collections["audit_denials"]) == before + 1


@pytest.mark.rule("P2")
async def test_of_what_is_read_here_only_the_audit_log_leaves_a_record(api: ApiHarness[Store]) -> None:
    """Readers see their own inbox, and operators neither texts nor addresses."""
    assert {path for (_, path), policy in api.policies.items() if policy.protected} == {"/v1/audit-log"}


ABSENT = Resources("notice-" + "0" * 32, "notice-" + "0" * 32 + ":email")


@pytest.mark.rule("P2")
@pytest.mark.parametrize("route", [each for each in TABLE if "_id}" in each[1]], ids=" ".join)
async def test_whoever_may_not_see_it_cannot_tell_it_from_what_does_not_exist(
    api: ApiHarness[Store], resources: Resources, route: tuple[str, str]
) -> None:
    for name, token in CALLERS.items():
        caller = api.client_as(**token)
        foreign, absent = [await request(caller, route, each) for each in (resources, ABSENT)]
        if foreign.status_code in {403, 404}:
            found = comparable(foreign, *vars(resources).values())
            assert found == comparable(absent, *vars(ABSENT).values()), name
