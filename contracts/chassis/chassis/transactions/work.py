"""Work items: a message, command or job item to be committed, and the reply to its waiter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
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
    """Reply to a waiter after the commit; a duplicate gets the reply of the first."""

    value: object = None
    refusal: Refusal | None = None
    duplicate: bool = False


def never() -> bool:
    """Return False: the caller of a message or a job does not go away."""
    return False


@dataclass(slots=True, eq=False)
class WorkItem:
    """One message, command or job item.

    ``inbox_id`` comes from ``command_inbox_id``, ``message_inbox_id`` or ``job_inbox_id``. ``digest`` distinguishes two
    commands with the same key, or two contents of an event with the same id. ``prefetch`` is loaded together with the
    keys of the whole batch, then the keys that ``prefetch_related`` finds in those documents. ``abandoned`` says that
    the caller has gone: an item not begun is dropped then.
    """

    inbox_id: str
    run: HandlerCall
    cause: Causation
    consumer: str = ""
    event_type: str = ""
    prefetch: Iterable[Key] = ()
    prefetch_related: RelatedKeys | None = None
    digest: str | None = None
    abandoned: Callable[[], bool] = never
    span: Span | None = None
    """The span of the item, while tracing is on."""
    keys: frozenset[Key] = field(init=False)
    saved_unread: frozenset[Key] = field(init=False, default=frozenset())
    """Documents that an attempt which ended in a conflict took for new; the next attempt loads them."""
    waiter: asyncio.Future[Reply] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = frozenset(self.prefetch)
        self.waiter = asyncio.get_running_loop().create_future()

    @property
    def is_message(self) -> bool:
        """Whether it came from a queue; else a caller or a job waits for it."""
        return bool(self.event_type)

    @property
    def dropped(self) -> bool:
        """Whether nobody waits for the reply any more."""
        return self.waiter.done() or self.abandoned()

    def answer(self, reply: Reply) -> None:
        if not self.waiter.done():
            self.waiter.set_result(reply)

    def fail(self, problem: Exception) -> None:
        if not self.waiter.done():
            self.waiter.set_exception(problem)


def command_inbox_id(subject: str, organisation: str, prefecture: str, key: str) -> str:
    """Return the inbox id of a command; the prefix separates kinds, and quoting keeps the caller out of the key."""
    caller = (quote(each, safe="", errors="surrogatepass") for each in (subject, organisation, prefecture))
    return "|".join(("http", *caller, key))


def message_inbox_id(service: str, event_id: str) -> str:
    return f"bus|{service}|{event_id}"


def job_inbox_id(job: str, key: str) -> str:
    return f"job|{job}|{key}"


def inbox_row(item: WorkItem, outcome: HandlerOutcome, at: datetime) -> Document:
    """Return the inbox row of a handled item; ``at`` is real time, because the server expires rows by its own clock."""
    row: Document = {"_id": item.inbox_id, "at": at}
    if item.digest is not None:
        row["digest"] = item.digest
    if outcome.value is not None:
        row["value"] = to_jsonable_python(outcome.value)
    if outcome.refusal is not None:
        row["refusal"] = _refusal_document(outcome.refusal)
    return row


def duplicate_reply(item: WorkItem, row: Document) -> Reply:
    """Return the reply for an item in the inbox; raise KeyReusedError for another request under the same key."""
    if item.digest is not None and row.get("digest") != item.digest:
        raise KeyReusedError(item.inbox_id)
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
