"""Evaluation schemes: indicator sets as dated data, and their points."""

from rulebook.schemes.load import (
    SchemeNotFoundError,
    Schemes,
    scheme_from,
    scheme_of,
    scheme_on,
    schemes_from,
)
from rulebook.schemes.model import Group, Indicator, MandatoryItem, Scheme
from rulebook.schemes.scoring import (
    Score,
    ScoreError,
    panel_mandatory_items,
    panel_values,
    problems,
    score,
)

__all__ = [
    "Group",
    "Indicator",
    "MandatoryItem",
    "Scheme",
    "SchemeNotFoundError",
    "Schemes",
    "Score",
    "ScoreError",
    "panel_mandatory_items",
    "panel_values",
    "problems",
    "scheme_from",
    "scheme_of",
    "scheme_on",
    "schemes_from",
    "score",
]
