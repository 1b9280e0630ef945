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
from rulebook.schemes.model import Group, Indicator, Scheme, Veto
from rulebook.schemes.scoring import (
    Score,
    ScoreProblems,
    panel_total,
    panel_values,
    panel_vetoes,
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
    "Veto",
    "panel_total",
    "panel_values",
    "panel_vetoes",
    "problems",
    "scheme_from",
    "scheme_of",
    "scheme_on",
    "schemes_from",
    "score",
]
