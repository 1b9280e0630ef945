"""Queries that may read more than they return, and collections that never hold ten thousand documents."""

from __future__ import annotations

from collections.abc import Mapping

FEW_DOCUMENTS: Mapping[tuple[str, str], str] = {
    ("assessor-quota", "rate_totals"): "thirty-six for each year: one for each prefecture and unit type",
    ("review", "acts"): "some acts on a batch in each year",
    ("review", "experts"): "the experts of the region, some hundreds: a panel is drawn from all of them",
    ("review", "revealed_draws"): "one seed for each public notice",
    ("review", "notices"): "some public notices in each year",
}
"""(service, collection) that stays small by its nature, with the reason: any query reads all of it at once."""

_SWEEP = (
    "the sweep's own question: unpublished documents are few unless the broker is away, and then each is to be read;"
    " the time is the server's own, so no literal stands in the filter"
)
_OF_ANOTHER = (
    "a department asks for another prefecture and is shown the assessors of both; those of one, some hundreds, are read"
)
_EXPIRED = "$expr: {'$lt': ['$lease_until', {'$add': ['$$NOW', 0]}]}, lease_until: $exists True"
EXCEPTED: Mapping[tuple[str, str, str], str] = {
    (
        "chassis",
        "outbox",
        "find {_id: $gte, events.aggregate: $in} by _id up limited",
    ): "an operator's trace of one subject: an index by aggregate would cost every commit, and this is asked seldom",
    ("chassis", "outbox", f"find {{{_EXPIRED}, sent: = False}} by _id up limited"): _SWEEP,
    (
        "chassis",
        "outbox",
        f"find {{$or: [{{{_EXPIRED}}}, {{_id: $nin, lease_holder: =}}], sent: = False}} by _id up limited",
    ): _SWEEP,
    (
        "review",
        "cases",
        "find {forwarded_on: $ne None} by _id up limited",
    ): "most cases are forwarded: one that is not waits until 31 May or has ended before",
    (
        "assessor-quota",
        "items",
        "find {reserved_at: $ne None, state: =} by reserved_at up, _id up limited",
    ): "asked of reserved items alone, and an index has those",
    (
        "assessor-quota",
        "assessors",
        "find {prefectures: =, sanctioned_until: $gte, scope: =} by sanctioned_until up, _id up limited",
    ): "assessors under sanction are few, and no index may hold both lists, the prefectures and the scope",
    ("assessor-quota", "assessors", "find {$and: [{prefectures: =}]} by _id up limited"): _OF_ANOTHER,
    (
        "assessor-quota",
        "assessors",
        "find {$and: [{prefectures: =}], sanctioned_until: $gte} by sanctioned_until up, _id up limited",
    ): _OF_ANOTHER,
}
"""(service, collection, shape) of a query, with the reason."""
