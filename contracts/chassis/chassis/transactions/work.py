"""A work: one message or command on its way through a transaction, and the verdict its waiter gets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from messages.values import Reason
from pydantic_core import to_jsonable_python

from chassis.handling import Document, Refusal
from chassis.observability.tracing import Span
from chassis.outbox.entries import Causation
from chassis.persistence.unit_of_work import HandlerCall, HandlerOutcome, Key, RelatedKeys


class KeyReusedError(Exception):
    """The idempotency key was used for another request."""


class Reply(NamedTuple):
    """Reply to a waiter after the commit; a repeated work item gets the first one's reply."""

    value: object = None
    refusal: Refusal | None = None
    duplicate: bool = False


@dataclass(slots=True, eq=False)
class WorkItem:
    """One message or command.

    ``inbox_id`` is of ``command_inbox_id``, ``message_inbox_id`` or ``job_inbox_id``; ``digest`` tells two
    commands under the same key apart; ``reads`` is loaded ahead with the rest of the batch, and
    then what ``then`` names by it.
    """

    inbox_id: str
    run: HandlerCall
    cause: Causation
    consumer: str = ""
    event_type: str = ""
    prefetch: Iterable[Key] = ()
    prefetch_related: RelatedKeys | None = None
    digest: str | None = None
    span: Span | None = None
    """Of the trace, while tracing is on."""
    keys: frozenset[Key] = field(init=False)
    waiter: asyncio.Future[Reply] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = frozenset(self.prefetch)
        self.waiter = asyncio.get_running_loop().create_future()

    def answer(self, verdict: Reply) -> None:
        if not self.waiter.done():
            self.waiter.set_result(verdict)

    def fail(self, problem: Exception) -> None:
        if not self.waiter.done():
            self.waiter.set_exception(problem)


def command_inbox_id(subject: str, key: str) -> str:
    """Name a command in the inbox; each road has a space of its own, and no subject reaches into a key."""
    return f"http|{quote(subject, safe='', errors='surrogatepass')}|{key}"


def message_inbox_id(service: str, event_id: str) -> str:
    return f"bus|{service}|{event_id}"


def job_inbox_id(job: str, key: str) -> str:
    return f"job|{job}|{key}"


def inbox_row(work: WorkItem, outcome: HandlerOutcome, at: datetime) -> Document:
    """Map a work done to its inbox row; ``at`` is real time, since the server lets rows run out by its own clock."""
    row: Document = {"_id": work.inbox_id, "at": at}
    if work.digest is not None:
        row["digest"] = work.digest
    if outcome.value is not None:
        row["value"] = to_jsonable_python(outcome.value)
    if outcome.refusal is not None:
        row["refusal"] = _refusal_document(outcome.refusal)
    return row


def duplicate_reply(work: WorkItem, row: Document) -> Reply:
    """Answer a work the inbox knows; another body under the same key is refused."""
    if work.digest is not None and row.get("digest") != work.digest:
        raise KeyReusedError(work.inbox_id)
    return Reply(row.get("value"), _refusal(row.get("refusal")), duplicate=True)


def _refusal_document(refusal: Refusal) -> Document:
    return {
        "code": refusal.code,
        "status": refusal.status,
        "title": refusal.title,
        "reasons": [reason.model_dump(mode="json") for reason in refusal.reasons],
    }


def _refusal(document: dict[str, Any] | None) -> Refusal | None:
    if document is None:
        return None
    reasons = (Reason.model_validate(each) for each in document["reasons"])
    return Refusal(document["code"], *reasons, status=document["status"], title=document["title"])
