"""All that domain and handlers use of the chassis: refusals, errors, results and the protocol of a collection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

from messages.event import Event
from messages.values import Reason

Document: TypeAlias = dict[str, Any]
"""A stored document: ``_id``, ``_version``, ``_sequence`` (of its last event) and the fields of its value."""
T = TypeVar("T")
M = TypeVar("M")
S = TypeVar("S")


class Refusal(Exception):  # noqa: N818 - the field's word: the answer to a caller is a refusal
    """An answer to the caller; nothing that its handler did is saved.

    ``code`` is stable and kebab-case; ``status`` is the HTTP status (404 unknown, 403 not allowed, 409 state or rule,
    412 stale If-Match, 422 malformed, 428 If-Match missing).
    """

    def __init__(self, code: str, *reasons: Reason, status: int = 409, title: str = "") -> None:
        super().__init__(code, *reasons)
        self.code = code
        self.reasons = reasons
        self.status = status
        self.title = title or code.replace("-", " ")

    def __str__(self) -> str:
        return ": ".join([self.code, *(reason.text for reason in self.reasons)])


def require_current_version(seen: int | None, present: int, stale: Reason) -> None:
    """Raise a Refusal (412) with the reason ``stale`` when the caller read another version than the present one."""
    if seen is not None and seen != present:
        why = stale.model_copy(update={"evidence": f"{seen}, {present}"})
        raise Refusal("version-stale", why, status=412, title="Somebody has changed it in the meantime")


class TransientError(Exception):
    """Not yet: deferred, without counting an attempt (for example an event that overtook the one it depends on)."""


class StorageFullError(TransientError):
    """A disk has no room left: nothing is saved until there is."""


class PoisonMessageError(Exception):
    """Retrying cannot help: the message is parked at once."""


@dataclass(frozen=True, slots=True)
class Done:
    """Events of a handler together with a reply or a recorded refusal.

    ``value`` is the reply to the caller, stored with the idempotency key: a pydantic model, a dataclass or plain JSON.
    With ``refusal`` the changes are committed nevertheless (a recorded decision) and an HTTP caller gets the refusal.
    """

    events: Sequence[Event] = ()
    value: object = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class PendingUpload:
    """Bytes that lie in the database and are nobody's yet: the commit of the row that names them removes this one."""

    begun_at: datetime
    """Real time."""
    abandoned: bool = False
    """The bytes are being removed: no commit may name them any more."""


HandlerResult: TypeAlias = Sequence[Event] | Done
Handler: TypeAlias = Callable[[M, S, datetime], Awaitable[HandlerResult]]
"""(message or command, store, now in UTC) → the events it causes."""

Filter: TypeAlias = Mapping[str, object]
"""A subset of MongoDB's filters: dotted path → value or $in, $nin, $lt, $lte, $gt, $gte, $ne, $exists; $and, $or."""

Sort: TypeAlias = Sequence[tuple[str, int]]


class Collection(Protocol[T]):
    """One collection as a handler sees it, including the changes of earlier messages of the same batch."""

    async def get(self, key: str, /) -> T | None: ...

    async def require(self, key: str, /) -> T:
        """Return the value or raise Refusal("not-found", status=404)."""

    async def find(self, where: Filter | None = None, *, sort: Sort = (), limit: int = 0) -> list[T]:
        """Return the matching values, sorted by ``sort`` and then by id; limit 0 means all."""

    async def count(self, where: Filter | None = None) -> int:
        """Count the values that ``find`` would return, without reading them."""

    def save(self, key: str, value: T, /) -> None:
        """Insert or replace; the version is checked at commit."""

    def remove(self, key: str, /) -> None:
        """Remove the document; one that has published events must stay."""

    def version(self, key: str, /) -> int:
        """Return the version of a document read or saved in this unit of work; 0: not stored yet."""
