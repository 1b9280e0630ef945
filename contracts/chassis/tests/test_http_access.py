import pytest
from chassis.http.endpoint import Authorize
from chassis.http.routing import APIRouter
from chassis.security.policies import Policy, Rule, everything
from devkit.api_harness import ApiClient, ApiHarness
from fastapi import Depends
from messages.values import Role
from rulebook import ROLE_PAIRS, RolePair, Separation, basis

from .sample_api import USCC, post_plan

APART = [each for each in ROLE_PAIRS if each.separation is Separation.IN_ONE_TOKEN]


async def test_request_without_a_valid_token_is_unauthorized(api: ApiHarness) -> None:
    missing = await api.anonymous().get("/v1/plans")
    forged = await api.anonymous().get("/v1/plans", headers={"Authorization": "Bearer a.b.c"})

    assert (missing.status_code, missing.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert missing.json()["code"] == "token-missing"
    assert (forged.status_code, forged.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')


async def test_public_route_needs_no_token_but_refuses_a_wrong_one(api: ApiHarness) -> None:
    assert (await api.anonymous().get("/v1/announced")).json() == "anonymous"
    for header in ("Bearer a.b.c", "Basic dXNlcjpwYXNz"):
        wrong = await api.anonymous().get("/v1/announced", headers={"Authorization": header})
        assert wrong.status_code == 401


@pytest.mark.rule("P2")
async def test_officer_of_another_prefecture_is_refused_and_recorded(api: ApiHarness, applicant: ApiClient) -> None:
    plan = await post_plan(applicant)

    answer = await api.client_as(Role.PREFECTURE_OFFICER, prefecture="150200", subject="o-2").get(f"/v1/plans/{plan}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    (recorded,) = api.memory.collections["audit_denials"].values()
    assert (recorded["subject"], recorded["policy"], recorded["path"]) == ("o-2", "read-plan", f"/v1/plans/{plan}")
    assert recorded["correlation_id"] == answer.headers["X-Correlation-ID"]


@pytest.mark.rule("P2")
async def test_denied_read_looks_like_not_found(api: ApiHarness, applicant: ApiClient) -> None:
    plan = await post_plan(applicant)
    stranger = api.client_as(Role.PREFECTURE_OFFICER, prefecture="150200")

    refused = await stranger.get(f"/v1/plans/{plan}")
    absent = await stranger.get("/v1/plans/none")

    def without_ids(answer: object) -> dict[str, object]:
        return {**answer.json(), "instance": "", "correlation_id": ""}  # type: ignore[attr-defined]

    assert refused.status_code == absent.status_code == 404
    assert without_ids(refused) == without_ids(absent)
    assert len(api.memory.collections["audit_denials"]) == 1


@pytest.mark.rule("P2")
async def test_role_without_permission_is_refused_before_anything_is_read(api: ApiHarness) -> None:
    answer = await api.client_as(Role.EXPERT).get("/v1/plans/none")

    assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (403, "role-not-allowed")


@pytest.mark.rule("P2")
async def test_command_on_a_foreign_resource_changes_nothing(api: ApiHarness, applicant: ApiClient) -> None:
    plan = await post_plan(applicant)
    stranger = api.client_as(Role.APPLICANT, organisation="91150200MA0000002B", prefecture="150200")

    answer = await stranger.put(f"/v1/plans/{plan}", json={"title": "Mine"}, headers={"If-Match": '"1"'})

    assert answer.status_code == 404
    assert (await api.store().plans.require(plan)).title == "Less coal"


@pytest.mark.rule("P3")
@pytest.mark.parametrize("pair", APART, ids=lambda pair: f"{pair.one} and {pair.other}")
async def test_token_with_incompatible_roles_is_refused_on_every_route(api: ApiHarness, pair: RolePair) -> None:
    token = api.issuer.mint(role=[pair.one, pair.other], subject="both", organisation=USCC, prefecture="150100")
    both = ApiClient(api.client, token)

    answers = [await both.get(path) for path in ("/v1/plans", "/v1/protected/none", "/v1/announced")]

    assert [answer.status_code for answer in answers] == [403] * 3
    (reason,) = answers[0].json()["reasons"]
    assert (reason["rule"], reason["article"], reason["code"]) == ("P3", basis("P3").article, "roles-not-apart")
    assert reason["text"] == pair.text
    recorded = api.memory.collections["audit_denials"].values()
    assert [(each["subject"], each["code"]) for each in recorded] == [("both", "roles-not-apart")] * 3


@pytest.mark.rule("P3")
async def test_applicant_who_is_also_an_officer_decides_nothing(api: ApiHarness, applicant: ApiClient) -> None:
    plan = await post_plan(applicant)
    roles = [Role.APPLICANT, Role.PREFECTURE_OFFICER]
    both = ApiClient(api.client, api.issuer.mint(role=roles, organisation=USCC, prefecture="150100"))

    assert (await both.put(f"/v1/plans/{plan}", json={"title": "Mine"})).status_code == 403
    assert (await api.store().plans.require(plan)).title == "Less coal"


@pytest.mark.rule("P3")
@pytest.mark.parametrize(
    ("organisation", "subject", "code"),
    [(USCC.lower(), "o-1", "own-matter"), ("另一单位", "Less coal", "duties-not-apart"), (None, "o-1", None)],
)
async def test_whoever_takes_part_in_a_matter_decides_nothing_in_it_in_another_role(
    api: ApiHarness, applicant: ApiClient, organisation: str | None, subject: str, code: str | None
) -> None:
    plan = await post_plan(applicant)
    officer = api.client_as(Role.REGIONAL_OFFICER, organisation=organisation, subject=subject)

    answer = await officer.put(f"/v1/plans/{plan}", json={"title": "Mine"}, headers={"If-Match": '"1"'})

    if code is None:
        assert answer.status_code == 200
        return
    (reason,) = answer.json()["reasons"]
    assert (answer.status_code, reason["rule"], reason["code"]) == (403, "P3", code)
    assert (await api.store().plans.require(plan)).title == "Less coal"
    (recorded,) = api.memory.collections["audit_denials"].values()
    assert (recorded["subject"], recorded["code"]) == (subject, code)


@pytest.mark.rule("P3")
async def test_a_command_that_forgets_to_compare_the_parties_is_not_executed(
    api: ApiHarness, applicant: ApiClient
) -> None:
    plan = await post_plan(applicant)

    answer = await applicant.put(f"/v1/unasked/{plan}", json={"title": "Mine"})

    assert answer.status_code == 500
    assert (await api.store().plans.require(plan)).title == "Less coal"


@pytest.mark.rule("P3")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_command_is_registered_whose_policy_does_not_say_from_whom_its_actor_is_apart(method: str) -> None:
    async def decide() -> None:
        """Decide nothing."""

    silent = Policy("decide", (Rule(Role.REGIONAL_OFFICER, everything),))
    router = APIRouter()
    with pytest.raises(TypeError, match="the policy decide does not say"):
        router.add_api_route("/cases", decide, methods=[method], dependencies=[Depends(Authorize(silent))])
    with pytest.raises(TypeError, match="no policy does not say"):
        router.add_api_route("/cases", decide, methods=[method])
    router.add_api_route("/cases", decide, methods=["GET"], dependencies=[Depends(Authorize(silent))])


@pytest.mark.rule("A4")
@pytest.mark.parametrize(
    "other", [{"organisation": "91150200MA0000002B"}, {"prefecture": "150200"}], ids=["organisation", "prefecture"]
)
async def test_the_same_key_of_one_person_for_another_organisation_is_another_command(
    api: ApiHarness, other: dict[str, str]
) -> None:
    first = {"organisation": USCC, "prefecture": "150100"}
    answers = [
        await api.client_as(Role.APPLICANT, subject="agent", **parts).post(
            "/v1/plans", json={"title": "Less coal"}, key="monday"
        )
        for parts in (first, first | other, first)
    ]

    assert [answer.status_code for answer in answers] == [201] * 3
    plans = [answer.json()["plan"] for answer in answers]
    assert plans[0] == plans[2] != plans[1]
    assert len(api.memory.collections["plans"]) == 2


async def test_other_origins_get_no_cors_headers(api: ApiHarness) -> None:
    answer = await api.anonymous().get("/v1/announced", headers={"Origin": "https://elsewhere.example"})

    assert not [name for name in answer.headers if name.startswith("access-control")]
