"""Which rule set was in force on a day."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from itertools import combinations
from pathlib import Path

from messages.errors import InvalidFileError

from rulebook.documents import read_all, read_documents
from rulebook.rulesets.ruleset import RuleSet


class RuleSetNotFoundError(LookupError):
    """No rule set for the day or version; load one, or correct the date asked for."""


class RuleSets:
    """All known rule sets, free of overlaps."""

    def __init__(self, rule_sets: tuple[RuleSet, ...]) -> None:
        self.all = tuple(sorted(rule_sets, key=lambda rules: rules.in_force_from))

    def on(self, day: date) -> RuleSet:
        for rules in self.all:
            if rules.covers(day):
                return rules
        raise RuleSetNotFoundError(f"no rule set was in force on {day}")

    def version(self, version: str) -> RuleSet:
        """The set a case has kept since it began, whatever is in force today."""
        for rules in self.all:
            if rules.version == version:
                return rules
        raise RuleSetNotFoundError(f"no rule set has the version {version}")


def rule_sets_from(documents: Mapping[str, str]) -> RuleSets:
    """Rule sets from TOML texts by name; raises InvalidFileError with all that is wrong in any of them."""
    good, problems = read_all(documents, RuleSet)
    problems += [
        f"{one}, {other}: both are in force on {max(good[one].in_force_from, good[other].in_force_from)}"
        for one, other in combinations(good, 2)
        if good[one].overlaps(good[other])
    ]
    if problems:
        raise InvalidFileError(problems)
    return RuleSets(tuple(good.values()))


def load_rule_sets(extra: Path | None = None) -> RuleSets:
    """The packaged rule sets; files in `extra` are added, or replace the packaged ones of their name."""
    return rule_sets_from(read_documents("rulesets", extra))


@cache
def _packaged() -> RuleSets:
    return load_rule_sets()


def rules_on(day: date) -> RuleSet:
    return _packaged().on(day)


def rules_of(version: str) -> RuleSet:
    return _packaged().version(version)
