from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from chassis.persistence.codec import codec
from chassis.persistence.query import matches
from chassis.security.policies import (
    ANONYMOUS,
    Actor,
    Allowed,
    Apart,
    Denied,
    NobodyApart,
    Policy,
    Rule,
    all_of,
    and_filters,
    everything,
    only,
    own_organisation,
    own_prefecture,
    own_subject,
    public,
    verified_person,
)
from messages.parties import Party
from messages.values import Department, Prefecture, Role


@dataclass(frozen=True)
class Consultation:
    department: str


@dataclass(frozen=True)
class Case:
    applicant: str
    prefecture: Prefecture
    state: str = "open"
    experts: tuple[str, ...] = ()
    consultations: tuple[Consultation, ...] = field(default=())


READ_CASE = Policy(
    "read-case",
    (
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.APPLICANT, own_organisation("applicant")),
        Rule(Role.EXPERT, own_subject("experts")),
        Rule(
            Role.CONSULTED_DEPARTMENT,
            all_of(own_organisation("consultations.department"), own_prefecture("prefecture")),
        ),
        Rule(Role.PUBLIC, only("state", "announced")),
    ),
)

CASES = (
    Case("91150100MA0000001A", Prefecture.HOHHOT, experts=("wang", "li")),
    Case("91150200MA0000002B", Prefecture.BAOTOU, experts=("li",)),
    Case(
        "91150100MA0000003C",
        Prefecture.HOHHOT,
        consultations=(
            Consultation(Department.EMERGENCY_MANAGEMENT),
            Consultation(Department.MARKET_REGULATION),
        ),
    ),
    Case("91150200MA0000002B", Prefecture.BAOTOU, state="announced"),
)

ACTORS = {
    "region": Actor("r", frozenset({Role.REGIONAL_OFFICER})),
    "Hohhot": Actor("h", frozenset({Role.PREFECTURE_OFFICER}), prefecture="150100"),
    "officer of nowhere": Actor("n", frozenset({Role.PREFECTURE_OFFICER})),
    "applicant": Actor("a", frozenset({Role.APPLICANT}), organisation="91150200MA0000002B"),
    "expert": Actor("li", frozenset({Role.EXPERT})),
    "emergency management": Actor("e", frozenset({Role.CONSULTED_DEPARTMENT}), "emergency_management", "150100"),
    "assessor": Actor("s", frozenset({Role.ASSESSOR}), organisation="91150200MA0000002B"),
    "officer and expert": Actor("wang", frozenset({Role.PREFECTURE_OFFICER, Role.EXPERT}), prefecture="150200"),
    "anybody": ANONYMOUS,
}

VISIBLE = {
    "region": [0, 1, 2, 3],
    "Hohhot": [0, 2, 3],
    "officer of nowhere": [3],
    "applicant": [1, 3],
    "expert": [0, 1, 3],
    "emergency management": [2, 3],
    "assessor": [3],
    "officer and expert": [0, 1, 3],
    "anybody": [3],
}


@pytest.mark.rule("P2")
@pytest.mark.parametrize("who", ACTORS)
def test_actor_sees_exactly_the_resources_the_policy_covers(who: str) -> None:
    allowed = [at for at, case in enumerate(CASES) if isinstance(READ_CASE.authorize(ACTORS[who], case), Allowed)]

    assert allowed == VISIBLE[who]


@pytest.mark.rule("P2")
@pytest.mark.parametrize("who", ACTORS)
def test_list_filter_selects_exactly_the_readable_resources(who: str) -> None:
    stored = [codec(Case).dump(case) for case in CASES]
    listed = [at for at, document in enumerate(stored) if matches(document, READ_CASE.filter(ACTORS[who]))]

    assert listed == VISIBLE[who]


@pytest.mark.rule("P2")
def test_denial_names_its_rule_and_whether_role_or_scope_failed() -> None:
    act = Policy("forward-case", (Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),))

    role = act.authorize(ACTORS["assessor"], CASES[0])
    scope = act.authorize(ACTORS["Hohhot"], CASES[1])

    assert isinstance(role, Denied)
    assert isinstance(scope, Denied)
    assert (role.rule, role.code) == ("P2", "role-not-allowed")
    assert (scope.rule, scope.code) == ("P2", "outside-own-scope")


@pytest.mark.rule("P2")
def test_a_denial_is_hidden_unless_the_caller_reads_the_resource_or_has_stated_it() -> None:
    own = Rule(Role.PREFECTURE_OFFICER, all_of(own_prefecture("prefecture"), only("state", "announced")))
    act, told = Policy("forward-case", (own,)), Policy("forward-case", (own,), readers=READ_CASE)
    hohhot = ACTORS["Hohhot"]

    found = {
        "unseen": act.authorize(hohhot, CASES[1]),
        "stated": act.authorize(hohhot, CASES[1], stated=True),
        "seen": told.authorize(hohhot, CASES[0]),
        "not seen either": told.authorize(hohhot, CASES[1]),
        "role": act.authorize(ACTORS["assessor"], CASES[1]),
    }

    assert {name: isinstance(each, Denied) and each.hidden for name, each in found.items()} == {
        "unseen": True,
        "stated": False,
        "seen": False,
        "not seen either": True,
        "role": False,
    }


@pytest.mark.rule("P3")
def test_only_a_policy_that_says_apart_has_parties() -> None:
    (rule,) = (Rule(Role.REGIONAL_OFFICER, everything),)
    apart = Policy("decide", (rule,), duties=Apart(lambda case: [Party(Role.APPLICANT, None, (case.applicant,))]))

    assert [each.organisations for each in apart.parties_of(CASES[0])] == [(CASES[0].applicant,)]
    assert list(Policy("send", (rule,), duties=NobodyApart("it decides nothing")).parties_of(CASES[0])) == []
    assert list(Policy("read", (rule,)).parties_of(CASES[0])) == []


@pytest.mark.rule("P2")
def test_actor_without_the_role_lists_nothing() -> None:
    act = Policy("list-cases", (Rule(Role.REGIONAL_OFFICER, everything),))

    assert not matches({"_id": "x", "prefecture": "150100"}, act.filter(ACTORS["Hohhot"]))


def test_resource_without_the_scope_field_is_denied() -> None:
    act = Policy("read", (Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),))

    assert isinstance(act.authorize(ACTORS["Hohhot"], {"name": "no prefecture"}), Denied)
    assert isinstance(act.authorize(ACTORS["officer of nowhere"], {"prefecture": None}), Denied)


def test_only_a_policy_with_a_public_rule_is_open_without_token() -> None:
    assert Policy("read-list", (Rule(Role.PUBLIC, public),)).open
    assert not Policy("read-case", (Rule(Role.REGIONAL_OFFICER, everything),)).open


def test_a_policy_for_verified_persons_admits_no_caller_without_a_token_and_nobody_unverified() -> None:
    act = Policy("letter.lodge", (Rule(Role.PUBLIC, all_of(verified_person, own_subject("by"))),))
    stranger, known = Actor("li", frozenset()), Actor("li", frozenset(), person_verified=True)

    refused = act.allows_role(stranger)

    assert (act.for_anybody, act.open) == (True, False)
    assert isinstance(refused, Denied)
    assert refused.code == "person-not-verified"
    assert isinstance(act.authorize(known, {"by": "li"}), Allowed)
    assert isinstance(act.authorize(known, {"by": "wang"}), Denied)
    assert not matches({"by": "li"}, act.filter(stranger))


def test_filters_of_the_same_field_are_joined_with_and() -> None:
    mine, asked = {"prefecture": "150100"}, {"prefecture": "150200"}

    assert and_filters(mine, asked) == {"$and": [mine, asked]}
    assert and_filters({}, asked) == asked
    assert and_filters(mine, {"state": "open"}) == {"prefecture": "150100", "state": "open"}
