"""Subscriptions: each event with its handler and the documents it needs."""

from __future__ import annotations

from typing import Any

from chassis.inbox import Subscription, subscribe
from messages.applications import CodeRecorded, UnitMoved
from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.review import CaseCleared, CaseClosed, PublicNoticeConcluded, PublicNoticeEntered

from registry.handlers import assessors, cases, codes, moves


def _keys_of_move(event: UnitMoved) -> list[tuple[str, str]]:
    return [("locations", event.uscc), ("ban_records", event.uscc)]


SUBSCRIPTIONS: tuple[Subscription[Any], ...] = (
    subscribe(PublicNoticeEntered, cases.record_showing, prefetch=lambda event: [("showings", event.case_id)]),
    subscribe(PublicNoticeConcluded, cases.record_conclusion, prefetch=lambda event: [("notices", event.notice_id)]),
    subscribe(
        CaseCleared,
        cases.weigh_clearance,
        prefetch=lambda event: [
            ("clearances", event.case_id),
            ("showings", event.case_id),
            ("notices", event.notice_id),
        ],
    ),
    subscribe(CaseClosed, cases.drop_line, prefetch=lambda event: [("clearances", event.case_id)]),
    subscribe(CodeRecorded, codes.keep_code, prefetch=codes.keys_of_code),
    subscribe(UnitMoved, moves.follow_move, prefetch=_keys_of_move),
    subscribe(AssessorSanctioned, assessors.record_sanction),
    subscribe(SanctionRevoked, assessors.lift_sanction),
)
