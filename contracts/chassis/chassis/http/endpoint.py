"""HTTP to handler: what an API room gets to build its router.

An API room is a function ``router(gate) -> APIRouter``; its module goes without ``from __future__ import annotations``,
because FastAPI evaluates ``Annotated[Call, Depends(gate.call(POLICY))]`` where ``gate`` is no global name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol, TypeAlias, TypeVar, overload

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import TypeAdapter
from starlette.routing import compile_path

from chassis.clock import Clock
from chassis.handling import Filter, Handler, Refusal, Sort
from chassis.http import idempotency
from chassis.http.middleware import BodySize
from chassis.http.pagination import DEFAULT_LIMIT, MAX_LIMIT, Page, page
from chassis.http.problems import PROBLEMS, refuses
from chassis.observability.metrics import Metrics
from chassis.persistence.collections import DocumentCollection
from chassis.persistence.unit_of_work import DocumentStore, HandlerCall, UnitOfWork, read_only_unit
from chassis.security.audit import COLLECTIONS, audit_record_of, document
from chassis.security.policies import ANONYMOUS, Actor, Denied, Policy
from chassis.security.separation_of_duties import check_separation_of_duties
from chassis.security.tokens import InvalidTokenError, TokenVerifier
from chassis.transactions.work import command_inbox_id

__all__ = ["PROBLEMS", "ApiContext", "Limit", "Page", "RequestContext", "Road", "etag", "refuses"]

C = TypeVar("C")
R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")

Limit: TypeAlias = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
"""How many items a page of a list may have: ``limit: Limit = USUAL``."""
_ETAG = re.compile(r'"(\d{1,18})"')
_BEARER = HTTPBearer(auto_error=False, description="An access token of the identity provider (OIDC)")


class Road(Protocol):
    """The committer as HTTP sees it."""

    async def perform(self, key: str, digest: str, run: HandlerCall) -> object:
        """Run once under ``key`` and commit; answer a known key with the reply it had.

        Raises the work's ``Refusal``; one with the code ``idempotency-key-reused`` when ``digest`` differs.
        """
        ...


@dataclass
class ApiContext:
    """What every call of one service passes through."""

    verifier: TokenVerifier
    road: Road
    backing: DocumentStore
    clock: Clock
    metrics: Metrics
    wider_bodies: list[tuple[re.Pattern[str], BodySize]] = field(default_factory=list)

    def authorize(self, policy: Policy) -> Authorize:
        """A FastAPI dependency that gives the ``Call`` of an actor whom ``policy`` admits, or refuses (401, 403)."""
        return Authorize(self, policy)

    def allow_body_size(self, path: str, size: int, rule: str | None = None, article: str | None = None) -> None:
        """Let bodies of up to ``size`` bytes through to the route ``path``, for uploads; the rest rests on ``rule``."""
        self.wider_bodies.append((compile_path(path)[0], BodySize(size, rule, article)))

    async def audit_read(self, actor: Actor, policy: Policy, request: Request, denied: Denied | None = None) -> None:
        """Keep a record of the call; what cannot be recorded is not answered (Transient, 503).

        By itself and not on the road of the commands: nobody repeats it, so that it needs no row in the inbox, and a
        single write was measured to take a third of the time of a transaction.
        """
        record = audit_record_of(actor, policy.name, request, self.clock.now(), denied)
        await self.backing.insert(COLLECTIONS[record.kind], document(record))

    async def audit_denial(self, actor: Actor, policy: Policy, denied: Denied, request: Request) -> Refusal:
        """Record the refused attempt and give the refusal that answers it."""
        await self.audit_read(actor, policy, request, denied)
        hidden = policy.hidden and not denied.open
        status = 404 if hidden else 403
        self.metrics.access_denied.labels(policy.name, str(status)).inc()
        return Refusal("not-found", status=404) if hidden else _not_allowed(denied)


class Authorize:
    """The dependency of one route; ``policy`` is open to the test that every route names its authorisation."""

    def __init__(self, gate: ApiContext, policy: Policy) -> None:
        self.gate = gate
        self.policy = policy

    async def __call__(
        self, request: Request, token: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> RequestContext:
        actor = self._actor(request, token)
        if isinstance(denied := check_separation_of_duties(actor) or self.policy.allows_role(actor), Denied):
            raise await self.gate.audit_denial(actor, self.policy, denied, request)
        if self.policy.protected:
            await self.gate.audit_read(actor, self.policy, request)
        return RequestContext(self.gate, self.policy, actor, request)

    def _actor(self, request: Request, token: HTTPAuthorizationCredentials | None) -> Actor:
        if token is None:
            if self.policy.open and "authorization" not in request.headers:
                return ANONYMOUS
            raise self._unknown("token-missing", "Bearer")
        try:
            return self.gate.verifier.actor(token.credentials)
        except InvalidTokenError:
            raise self._unknown("token-invalid", 'Bearer error="invalid_token"') from None

    def _unknown(self, code: str, challenge: str) -> Refusal:
        self.gate.metrics.access_denied.labels(self.policy.name, "401").inc()
        return UnauthenticatedError(code, challenge)


class UnauthenticatedError(Refusal):
    """Nobody we know; the answer carries the challenge that HTTP asks for (RFC 6750)."""

    def __init__(self, code: str, challenge: str) -> None:
        super().__init__(code, status=401, title="A valid bearer token is needed")
        self.headers = {"WWW-Authenticate": challenge}


class RequestContext:
    """One request of an actor whom the policy admits."""

    def __init__(self, gate: ApiContext, policy: Policy, actor: Actor, request: Request) -> None:
        self._gate = gate
        self._policy = policy
        self.actor = actor
        self.request = request
        self.now = gate.clock.now()

    @overload
    async def execute(
        self,
        handler: Handler[C, S],
        command: C,
        store: Callable[[UnitOfWork], S],
        *,
        resource: object = None,
        private: bool = False,
    ) -> Any: ...  # noqa: ANN401 - the reply's type is the handler's

    @overload
    async def execute(
        self,
        handler: Handler[C, S],
        command: C,
        store: Callable[[UnitOfWork], S],
        *,
        resource: object = None,
        private: bool = False,
        reply: type[R],
    ) -> R: ...

    async def execute(  # noqa: PLR0913 - the parts of a command, each a word of its own
        self,
        handler: Handler[C, S],
        command: C,
        store: Callable[[UnitOfWork], S],
        *,
        resource: object = None,
        private: bool = False,
        reply: type[Any] | None = None,
    ) -> Any:
        """Perform a command once and answer after its commit.

        The same Idempotency-Key with the same request gets the same answer without a second effect; with another
        request a Refusal (409). ``resource`` is checked against the policy first; with ``reply`` the value is read
        back as that type, else it is plain JSON. ``private`` is for a body that holds what may not be kept: two
        requests are then told apart by their commands.
        """
        if resource is not None:
            await self.authorize(resource)
        key = command_inbox_id(self.actor.subject, self._key)
        digest = await idempotency.request_digest(self.request, command if private else None)
        value = await self._gate.road.perform(key, digest, lambda unit, now: handler(command, store(unit), now))
        return value if reply is None else TypeAdapter(reply).validate_python(value, from_attributes=True)

    def new_id(self, prefix: str = "", part: str = "") -> str:
        """An identifier for what this command makes: the same again when the command is repeated."""
        return f"{prefix}{idempotency.derived_id(self.actor.subject, self._key, prefix, part)}"

    @property
    def _key(self) -> str:
        return idempotency.key_of(self.request)

    def read_store(self, store: Callable[[UnitOfWork], S]) -> S:
        """A store for reading, outside the committer: nothing saved on it goes anywhere."""
        return store(read_only_unit(self._gate.backing))

    async def authorize(self, resource: object) -> None:
        """Raise the policy's Refusal (403, or 404 where existence is not public) and record the attempt."""
        decided = self._policy.authorize(self.actor, resource)
        if isinstance(decided, Denied):
            raise await self._gate.audit_denial(self.actor, self._policy, decided, self.request)

    def filter(self) -> Filter:
        """The filter of what ``authorize`` lets through, for lists."""
        return self._policy.filter(self.actor)

    async def page(
        self,
        documents: DocumentCollection[T],
        where: Filter | None = None,
        sort: Sort = (("_id", 1),),
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[T]:
        """A page of what matches ``where``; combine it with ``filter()`` by ``access.both``."""
        entries, following = await page([documents], where or {}, sort, limit, after)
        return Page(items=[each.value for each in entries], next=following)

    def if_match(self, *, required: bool = False) -> int | None:
        """The version the caller has seen; none when not named (a Refusal, 428, when required) or for ``*``."""
        given = self.request.headers.get("If-Match")
        if given is None and required:
            raise Refusal("if-match-missing", status=428, title="Name the version you change (If-Match)")
        if given is None or given.strip() == "*":
            return None
        if (known := _ETAG.fullmatch(given.strip())) is None:
            raise Refusal("if-match-invalid", status=400, title='If-Match is one strong ETag, for example "3"')
        return int(known[1])


def etag(version: int) -> str:
    return f'"{version}"'


def _not_allowed(denied: Denied) -> Refusal:
    return Refusal("not-allowed", denied.reason, status=403, title="Not allowed")
