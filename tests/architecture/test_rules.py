"""Each rule of the regulation that this release enforces has at least one test named by it."""

from __future__ import annotations

from rulebook import catalogue

from tests.architecture import rules


def test_each_rule_is_named_by_a_test_or_listed_as_not_built_yet() -> None:
    assert rules.bare(rules.tests_by_rule()) == set()


def test_what_is_listed_as_not_built_yet_is_a_rule_and_has_no_test() -> None:
    assert rules.NOT_BUILT - catalogue().keys() == set()
    assert rules.built(rules.tests_by_rule()) == set()


def test_a_rule_that_lost_its_last_test_is_noticed() -> None:
    without = {rule: held for rule, held in rules.tests_by_rule().items() if rule != "N3"}

    assert rules.bare(without) == {"N3"}
