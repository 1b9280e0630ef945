"""Evaluation schemes: indicator sets as dated data, and their points."""

from rulebook.schemes.load import (
    NoScheme,
    SchemeProblems,
    Schemes,
    scheme_from,
    scheme_of,
    scheme_on,
    schemes_from,
)
from rulebook.schemes.model import Group, Indicator, Scheme, MandatoryItem
from rulebook.schemes.scoring import (
    Score,
    ScoreProblems,
    panel_total,
    panel_values,
    panel_mandatory_items,
    problems,
    score,
)

__all__ = [
    "Group",
    "Indicator",
    "NoScheme",
    "Scheme",
    "SchemeProblems",
    "Schemes",
    "Score",
    "ScoreProblems",
    "MandatoryItem",
    "panel_total",
    "panel_values",
    "panel_mandatory_items",
    "problems",
    "scheme_from",
    "scheme_of",
    "scheme_on",
    "schemes_from",
    "score",
]
