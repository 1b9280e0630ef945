from itertools import combinations

import pytest
from messages.values import Role
from rulebook import IDEMPOTENCY_KEY_REUSED, SEPARATION_OF_DUTIES, IncompatibleRoles, basis, incompatible_roles

JUDGES = {Role.PREFECTURE_OFFICER, Role.REGIONAL_OFFICER, Role.REVIEW_ORGANISATION, Role.EXPERT}


@pytest.mark.rule("P3")
@pytest.mark.parametrize("pair", SEPARATION_OF_DUTIES, ids=lambda pair: f"{pair.one} and {pair.other}")
def test_two_incompatible_roles_are_refused_with_their_reason_beside_any_other(pair: IncompatibleRoles) -> None:
    for roles in ({pair.one, pair.other}, {Role.PUBLIC, pair.other, pair.one}):
        found = incompatible_roles(roles)
        assert found is not None
        assert (found.rule, found.article, found.code) == ("P3", basis("P3").article, "roles-not-apart")
        assert (found.text, found.evidence) == (pair.text, f"{pair.one}, {pair.other}")


@pytest.mark.rule("P3")
def test_applicants_and_assessors_are_apart_from_all_who_judge_them_and_no_other_roles_are() -> None:
    apart = {frozenset({Role.APPLICANT, other}) for other in (*JUDGES, Role.CONSULTED_DEPARTMENT)}
    apart |= {frozenset({Role.ASSESSOR, other}) for other in JUDGES}

    assert {frozenset(pair) for pair in combinations(Role, 2) if incompatible_roles(pair)} == apart
    assert len(SEPARATION_OF_DUTIES) == len(apart)


@pytest.mark.rule("P3")
@pytest.mark.parametrize("role", Role)
def test_one_role_alone_is_never_refused(role: Role) -> None:
    assert incompatible_roles({role}) is None


@pytest.mark.rule("A4")
def test_reuse_of_a_key_for_another_request_is_refused_by_its_rule() -> None:
    assert (IDEMPOTENCY_KEY_REUSED.rule, IDEMPOTENCY_KEY_REUSED.code) == ("A4", "idempotency-key-reused")
    assert IDEMPOTENCY_KEY_REUSED.article == basis("A4").article
