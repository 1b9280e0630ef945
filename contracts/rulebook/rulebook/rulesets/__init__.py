"""Rule sets: every number and choice of the regulation, dated."""

from rulebook.rulesets.load import (
    RuleSetNotFoundError,
    RuleSets,
    load_rule_sets,
    rule_sets_from,
    rules_of,
    rules_on,
)
from rulebook.rulesets.ruleset import RuleSet

__all__ = [
    "RuleSet",
    "RuleSetNotFoundError",
    "RuleSets",
    "load_rule_sets",
    "rule_sets_from",
    "rules_of",
    "rules_on",
]
