"""Each rule of the regulation that this release enforces has at least one test named by it."""

from __future__ import annotations

from tests.architecture import rules


def test_each_enforced_rule_is_named_by_a_test() -> None:
    assert rules.ENFORCED - set(rules.tests_by_rule()) == set()
