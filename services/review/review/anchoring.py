"""The records of review that are anchored outside its database: of cases, objections and rankings (V14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.anchoring import PAGE, Documents, Link, Recorder
from messages.review import CaseRecordHeadsPublished

from review.domain.record import seal
from review.store import Store

CHANGED = "was changed after it was written"


@dataclass(frozen=True)
class CaseRecords:
    """The records of cases; each case names the end of its own."""

    name: str = "case-records"
    page: int = PAGE

    async def links(self, store: Store, after: str, /) -> Sequence[Link]:
        found = await store.records.entries({"_id": {"$gt": after}}, limit=self.page)
        return [
            Link(
                each.key,
                each.value.case_id,
                each.value.number,
                each.value.previous,
                each.value.digest,
                None if (each.value.key, each.value.digest) == (each.key, seal(each.value)) else CHANGED,
            )
            for each in found
        ]

    async def heads(self, store: Store, chains: Sequence[str], /) -> Mapping[str, str]:
        cases = await store.cases.find({"_id": {"$in": [*chains]}})
        return {case.case_id: case.head.digest for case in cases}


RECORDER = Recorder(
    "review",
    (
        CaseRecords(),
        Documents(
            "objections",
            lambda store: store.objections,
            ("objection_id", "notice_id", "case_id", "facts", "name", "contact", "lodged_on", "lodged_by"),
        ),
        Documents("rankings", lambda store: store.rankings),
    ),
    CaseRecordHeadsPublished,
)
"""Of an objection, its words are anchored; how it was decided is in the record of its case."""
