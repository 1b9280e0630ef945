"""Each rule of the regulation has at least one test named by it, or is listed as not built yet."""

from __future__ import annotations

import re

from messages.values import Role
from rulebook import catalogue

from tests.architecture import rules
from tests.architecture.sources import ROOT


def test_each_rule_is_named_by_a_test_or_listed_as_not_built_yet() -> None:
    assert rules.rules_without_tests(rules.tests_by_rule()) == set()


def test_what_is_listed_as_not_built_yet_is_a_rule() -> None:
    assert rules.NOT_BUILT - catalogue().keys() == set()


def test_a_rule_that_lost_its_last_test_is_noticed() -> None:
    without = {rule: held for rule, held in rules.tests_by_rule().items() if rule != "N3"}

    assert rules.rules_without_tests(without) == {"N3"}


def test_what_is_not_built_yet_is_named_among_the_limits() -> None:
    assert {each for each in rules.NOT_BUILT if each.rstrip("abc") not in named_limits()} == set()


def test_the_readme_shows_a_token_of_each_role() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert set(re.findall(r"make -s token ROLE=(\w+)", readme)) == {role.value for role in Role}


def named_limits() -> set[str]:
    """Rules in the README's limits: ``V15``, and every one of ``C1–C7``."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    limits = readme.partition("## Limits")[2].partition("\n## ")[0]
    spans = re.findall(r"\b([A-Z])(\d+)(?:–[A-Z](\d+))?", limits)
    return {f"{letter}{n}" for letter, first, last in spans for n in range(int(first), int(last or first) + 1)}
