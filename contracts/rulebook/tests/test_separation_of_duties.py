from collections import Counter
from itertools import combinations

import pytest
from messages.parties import Party
from messages.values import Role
from rulebook import (
    IDEMPOTENCY_KEY_REUSED,
    ROLE_NAMES,
    ROLE_PAIRS,
    RolePair,
    Separation,
    basis,
    duties_not_apart,
    incompatible_roles,
    roles_apart_from,
)

IN_ONE_TOKEN = [each for each in ROLE_PAIRS if each.separation is Separation.IN_ONE_TOKEN]
ON_ONE_MATTER = [each for each in ROLE_PAIRS if each.separation is Separation.ON_ONE_MATTER]
TOGETHER = [each for each in ROLE_PAIRS if each.separation is Separation.NONE]
STEEL, COPPER = "911502000000000271", "911504000000000431"


def name_of(pair: RolePair) -> str:
    return f"{pair.one} and {pair.other}"


@pytest.mark.rule("P3")
def test_every_pair_of_roles_is_decided_once_with_its_reason() -> None:
    decided = Counter(frozenset((each.one, each.other)) for each in ROLE_PAIRS)

    assert decided == Counter(frozenset(pair) for pair in combinations(Role, 2))
    assert all(each.text.strip() for each in ROLE_PAIRS)
    assert set(ROLE_NAMES) == set(Role)


@pytest.mark.rule("P3")
def test_only_the_public_and_a_departments_machine_stand_beside_another_role() -> None:
    """Whoever decides, is decided about or runs the system has one part."""
    machine = frozenset((Role.CONSULTED_DEPARTMENT, Role.AGENCY))

    beside = {frozenset((each.one, each.other)) for each in (*TOGETHER, *ON_ONE_MATTER)}

    assert beside == {machine} | {frozenset((role, Role.PUBLIC)) for role in Role if role is not Role.PUBLIC}


@pytest.mark.rule("P3", "V18")
def test_nobody_who_objects_judges_the_matter() -> None:
    judges = {Role.PREFECTURE_OFFICER, Role.CONSULTED_DEPARTMENT, Role.EXPERT}
    judges |= {Role.REVIEW_ORGANISATION, Role.REGIONAL_OFFICER}

    assert {frozenset((each.one, each.other)) for each in ON_ONE_MATTER} == {
        frozenset((judge, Role.PUBLIC)) for judge in judges
    }


@pytest.mark.rule("P3")
@pytest.mark.parametrize("pair", IN_ONE_TOKEN, ids=name_of)
def test_two_incompatible_roles_are_refused_with_their_reason_beside_any_other(pair: RolePair) -> None:
    for roles in ({pair.one, pair.other}, {Role.PUBLIC, pair.other, pair.one}):
        found = incompatible_roles(roles)
        assert found is not None
        assert (found.rule, found.article, found.code) == ("P3", basis("P3").article, "roles-not-apart")
        assert (found.text, found.evidence) == (pair.text, f"{pair.one}, {pair.other}")


@pytest.mark.rule("P3")
@pytest.mark.parametrize("pair", [*TOGETHER, *ON_ONE_MATTER], ids=name_of)
def test_roles_that_may_be_held_together_are_not_refused(pair: RolePair) -> None:
    assert incompatible_roles({pair.one, pair.other}) is None


@pytest.mark.rule("P3")
@pytest.mark.parametrize("role", Role)
def test_one_role_alone_is_never_refused(role: Role) -> None:
    assert incompatible_roles({role}) is None


@pytest.mark.rule("P3")
@pytest.mark.parametrize("pair", [*IN_ONE_TOKEN, *ON_ONE_MATTER], ids=name_of)
def test_nobody_acts_on_a_matter_in_two_roles_apart_nor_on_one_of_the_own_organisation(pair: RolePair) -> None:
    for mine, other in ((pair.one, pair.other), (pair.other, pair.one)):
        person = duties_not_apart(Party(mine, "wang"), [Party(other, "li"), Party(other, "wang")])
        organisation = duties_not_apart(
            Party(mine, "wang", (STEEL,)), [Party(other, None, (None, f" {STEEL.lower()} "))]
        )

        assert person is not None
        assert organisation is not None
        assert (person.rule, person.code, person.evidence) == ("P3", "duties-not-apart", f"{mine}, {other}")
        assert (organisation.code, organisation.evidence) == ("own-matter", f"{mine}, {other}")
        assert ROLE_NAMES[Role(other)] in person.text
        assert ROLE_NAMES[Role(other)] in organisation.text


@pytest.mark.rule("P3")
@pytest.mark.parametrize("pair", [*IN_ONE_TOKEN, *ON_ONE_MATTER], ids=name_of)
def test_others_and_whoever_acts_again_in_the_same_role_stand_in_nobodys_way(pair: RolePair) -> None:
    acting = Party(pair.one, "wang", (STEEL, None))

    assert duties_not_apart(acting, []) is None
    assert duties_not_apart(acting, [Party(pair.one, "wang", (STEEL,)), Party(pair.other, "li", (COPPER,))]) is None
    assert duties_not_apart(Party(pair.one), [Party(pair.other), Party(pair.other, None, (None, ""))]) is None


@pytest.mark.rule("P3")
@pytest.mark.parametrize("pair", TOGETHER, ids=name_of)
def test_roles_together_act_on_one_matter(pair: RolePair) -> None:
    assert duties_not_apart(Party(pair.one, "wang", (STEEL,)), [Party(pair.other, "wang", (STEEL,))]) is None


@pytest.mark.rule("P3")
@pytest.mark.parametrize("role", Role)
def test_the_roles_apart_from_one_are_those_of_its_pairs(role: Role) -> None:
    pairs = [each for each in (*IN_ONE_TOKEN, *ON_ONE_MATTER) if role in {each.one, each.other}]

    assert set(roles_apart_from(role)) == {each.one if each.other is role else each.other for each in pairs}


@pytest.mark.rule("P3")
def test_a_service_that_acts_by_itself_is_nobodys_party() -> None:
    assert duties_not_apart(Party(Role.EXPERT, "review"), [Party("service", "review")]) is None


@pytest.mark.rule("P3")
def test_a_group_is_one_organisation_however_its_name_is_written() -> None:
    group = Party(Role.APPLICANT, None, (STEEL, "示例（集团）公司"))

    assert duties_not_apart(Party(Role.REGIONAL_OFFICER, "li", ("示例(集团) 公司",)), [group]) is not None
    assert duties_not_apart(Party(Role.REGIONAL_OFFICER, "li", ("示例公司",)), [group]) is None


@pytest.mark.rule("A4")
def test_reuse_of_a_key_for_another_request_is_refused_by_its_rule() -> None:
    assert (IDEMPOTENCY_KEY_REUSED.rule, IDEMPOTENCY_KEY_REUSED.code) == ("A4", "idempotency-key-reused")
    assert IDEMPOTENCY_KEY_REUSED.article == basis("A4").article
