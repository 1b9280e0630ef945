"""Queries that may read more than they return, and collections that never hold ten thousand documents."""

from __future__ import annotations

from collections.abc import Mapping

FEW_DOCUMENTS: Mapping[tuple[str, str], str] = {
    ("review", "experts"): "the experts of the region, some hundreds: a panel is drawn from all of them",
}
"""(service, collection) that stays small by its nature, with the reason: any query reads all of it at once."""

EXCEPTED: Mapping[tuple[str, str, str], str] = {}
"""(service, collection, shape) of a query, with the reason."""
