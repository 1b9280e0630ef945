"""Queries that may read more than they return, and collections that never hold ten thousand documents."""

from __future__ import annotations

from collections.abc import Mapping

FEW_DOCUMENTS: Mapping[tuple[str, str], str] = {
    ("assessor-quota", "rate_totals"): "thirty-six for each year: one for each prefecture and unit type",
    ("notify", "received_anchors"): "one row for each service that publishes anchors",
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
_OF_ONE_STEP = "the heads of one page of records, or of the one anchor that a step bound them in: a step is bounded"
EXCEPTED: Mapping[tuple[str, str, str], str] = {
    **{
        (service, "anchored_heads", shape): _OF_ONE_STEP
        for service in ("applications", "assessor-quota", "registry", "review")
        for shape in ("find {_id: $gt $lt} by _id up", "find {anchor: =} by _id up")
    },
    ("review", "anchored_heads", "find {_id: $gt $lte} by _id up"): _OF_ONE_STEP,
    (
        "assessor-quota",
        "items",
        "find {next_on: $lte, state: =} by next_on up, _id up limited",
    ): "asked of items that await a word alone, and an index has those",
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
    ("assessor-quota", "assessors", "find {$and: [{prefectures: =}]} by _id up limited"): _OF_ANOTHER,
    (
        "assessor-quota",
        "assessors",
        "find {$and: [{prefectures: =}], sanctioned_until: $gte} by sanctioned_until up, _id up limited",
    ): _OF_ANOTHER,
}
"""(service, collection, shape) of a query, with the reason."""
