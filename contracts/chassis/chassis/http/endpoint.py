"""From an HTTP route to its handler: authentication, authorization, and one command for each request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, Generic, TypeAlias, TypeVar, overload

from fastapi import Depends, Query, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import TypeAdapter

from chassis.handling import Filter, Handler, Refusal, Sort
from chassis.http import idempotency
from chassis.http.admission import caller_of
from chassis.http.api_context import ApiContext, denial_of
from chassis.http.conditional import PUBLIC, version_in
from chassis.http.entries import refuse_wrong_entries
from chassis.http.pagination import DEFAULT_LIMIT, MAX_LIMIT, Page, as_page, page
from chassis.http.problems import PROBLEMS, refuses
from chassis.persistence.collections import DocumentCollection
from chassis.persistence.files import FileStore
from chassis.persistence.unit_of_work import Key, UnitOfWork, read_only_unit
from chassis.security.policies import ANONYMOUS, Actor, Allowed, Apart, Denied, Policy
from chassis.security.tokens import CLAIMS_TEXT, InvalidTokenError
from chassis.transactions.work import command_inbox_id

__all__ = ["PROBLEMS", "ApiContext", "Authorize", "Limit", "Page", "RequestContext", "refuses"]

C = TypeVar("C")
R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")

Limit: TypeAlias = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
"""The query parameter for the page size of a list: ``limit: Limit = DEFAULT_LIMIT``."""
_ADMITTED = "green.admitted"
_BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", description=CLAIMS_TEXT)


class Authorize:
    """A dependency of a route: ``Annotated[RequestContext[Store], Depends(Authorize(POLICY))]``.

    Returns the request context of an actor whom ``policy`` admits, else raises a Refusal (401, 403, 404).
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    async def __call__(
        self,
        request: Request,
        response: Response,
        _token: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> RequestContext[Any]:
        actor = await self.admit(request)
        return RequestContext(request.app.state.api, self.policy, actor, request, response)

    async def admit(self, request: Request) -> Actor:
        """Return the actor whom the policy admits; asked before the body is read, and not twice for one request."""
        admitted = request.scope.setdefault(_ADMITTED, {})
        if self.policy.name not in admitted:
            admitted[self.policy.name] = await self._admit(request, await _BEARER(request))
        actor: Actor = admitted[self.policy.name]
        if actor is ANONYMOUS and request.method == "GET":
            request.scope[PUBLIC] = True
        return actor

    async def _admit(self, request: Request, token: HTTPAuthorizationCredentials | None) -> Actor:
        api: ApiContext = request.app.state.api
        actor = self._actor(api, request, token)
        if self.policy.for_anybody and request.method in idempotency.COMMAND_METHODS:
            api.rates.take(None if actor is ANONYMOUS else actor.subject, address_of(request))
        if (reason := api.regulation.incompatible_roles(actor.roles)) is not None:
            raise await api.audit_denial(actor, self.policy, denial_of(reason), request)
        if isinstance(denied := self.policy.allows_role(actor), Denied):
            raise await api.audit_denial(actor, self.policy, denied, request)
        if self.policy.protected:
            await api.audit_read(actor, self.policy, request)
        return actor

    def _actor(self, api: ApiContext, request: Request, token: HTTPAuthorizationCredentials | None) -> Actor:
        if token is None:
            if self.policy.open and "authorization" not in request.headers:
                return ANONYMOUS
            raise self._unauthenticated(api, "token-missing", "Bearer")
        try:
            return api.verifier.actor(token.credentials)
        except InvalidTokenError:
            raise self._unauthenticated(api, "token-invalid", 'Bearer error="invalid_token"') from None

    def _unauthenticated(self, api: ApiContext, code: str, challenge: str) -> Refusal:
        api.metrics.access_denied.labels(self.policy.name, "401").inc()
        return UnauthenticatedError(code, challenge)


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


class UnauthenticatedError(Refusal):
    """The token is missing or invalid; the response carries the challenge that HTTP requires (RFC 6750)."""

    def __init__(self, code: str, challenge: str) -> None:
        super().__init__(code, status=401, title="A valid bearer token is needed")
        self.headers = {"WWW-Authenticate": challenge}


class RequestContext(Generic[S]):
    """A request of an actor whom the policy admits, with the service's store."""

    def __init__(self, api: ApiContext, policy: Policy, actor: Actor, request: Request, response: Response) -> None:
        self._api = api
        self._policy = policy
        self.metrics = api.metrics
        self.actor = actor
        self.request = request
        self.response = response
        self.now = api.clock.now()
        self._evaluates_if_match = False
        self._apart = not isinstance(policy.duties, Apart)

    @property
    def store(self) -> S:
        """A read-only store outside any transaction; saves are discarded."""
        opened: S = self.open(self._api.store)
        return opened

    @property
    def files(self) -> FileStore:
        """The service's files."""
        return FileStore(self._api.database)

    def open(self, store: Callable[[UnitOfWork], T]) -> T:
        """Return another store than the service's own, read-only."""
        return store(read_only_unit(self._api.database))

    @overload
    async def execute(
        self,
        handler: Handler[C, S],
        command: C,
        *,
        resource: object = None,
        private: bool = False,
        prefetch: Iterable[Key] = (),
        prefetch_related: Callable[[C, S], Awaitable[Iterable[Key]]] | None = None,
    ) -> Any: ...  # noqa: ANN401 - the reply's type is the handler's

    @overload
    async def execute(
        self,
        handler: Handler[C, S],
        command: C,
        *,
        resource: object = None,
        private: bool = False,
        prefetch: Iterable[Key] = (),
        prefetch_related: Callable[[C, S], Awaitable[Iterable[Key]]] | None = None,
        reply: type[R],
    ) -> R: ...

    async def execute(  # noqa: PLR0913 - a command and its options
        self,
        handler: Handler[C, S],
        command: C,
        *,
        resource: object = None,
        private: bool = False,
        prefetch: Iterable[Key] = (),
        prefetch_related: Callable[[C, S], Awaitable[Iterable[Key]]] | None = None,
        reply: type[Any] | None = None,
    ) -> Any:
        """Execute a command once and return its reply after the commit.

        The same Idempotency-Key with the same request returns the same reply without a second effect; with another
        request it raises a Refusal (409). ``resource`` is what the caller states, authorized first; a resource that was
        read is authorized before (``authorize``), and the handler must check its state again. With ``reply`` the value
        is parsed as that type, else it is plain JSON. ``private`` is for a body with values that may not be stored: the
        digest is then made of the command.
        ``prefetch`` names the documents that the handler will read, so that a batch of commands asks for all at once;
        ``prefetch_related`` those it reads next, found in the documents of the first.
        """
        self._refuse_condition_not_evaluated()
        await self.check_entries(command)
        if resource is not None:
            await self.authorize(resource, stated=True)
        if not self._apart:
            raise TypeError(f"{self._policy.name}: the parties of the matter were not compared with the actor (P3)")
        key = command_inbox_id(*self._caller, self._key)
        digest = await idempotency.request_digest(self.request, command if private else None)
        store, caller = self._api.store, caller_of(self.request.scope)
        try:
            value = await self._api.commands.execute(
                key,
                digest,
                lambda unit, now: handler(command, store(unit), now),
                prefetch=prefetch,
                prefetch_related=prefetch_related and (lambda unit: prefetch_related(command, store(unit))),
                abandoned=caller.gone,
            )
        finally:
            await caller.turn()
        return value if reply is None else TypeAdapter(reply).validate_python(value, from_attributes=True)

    async def check_entries(self, command: object) -> None:
        """Refuse what no command may hold; ``execute`` does so too, a dry run asks by itself."""
        await refuse_wrong_entries(command, self._api.regulation, self.store, self.now)

    def _refuse_condition_not_evaluated(self) -> None:
        """Refuse a condition that the route does not look at: a caller who names a version relies on it (RFC 9110)."""
        if not self._evaluates_if_match and self.request.headers.get("If-Match", "*").strip() != "*":
            raise Refusal("version-not-compared", status=412, title="This command compares no version (If-Match)")

    def new_id(self, prefix: str = "", part: str = "") -> str:
        """Return an id for a document that this command creates: the same when the command is repeated."""
        return f"{prefix}{idempotency.derived_id(*self._caller, self._key, prefix, part)}"

    @property
    def _caller(self) -> tuple[str, str, str]:
        """The person, and for whom they act: the same key for another organisation or prefecture is another command."""
        return self.actor.subject, self.actor.organisation or "", self.actor.prefecture or ""

    @property
    def _key(self) -> str:
        return idempotency.key_of(self.request)

    async def authorize(
        self, resource: object, *, stated: bool = False, also: Iterable[str] = (), absent: Refusal | None = None
    ) -> Allowed:
        """Return by which rule the actor is admitted to a resource that was read, apart from its parties.

        Raises the policy's Refusal after recording the attempt: outside the actor's scope the one for an absent
        resource (404, or ``absent``), for what the caller ``stated`` itself 403, and for a party of the matter 403
        (P3). ``also``: organisations that count as the actor's own.
        """
        decision = self._policy.authorize(self.actor, resource, stated=stated)
        if isinstance(decision, Denied):
            raise await self._api.audit_denial(self.actor, self._policy, decision, self.request, absent)
        acting = self.actor.as_party(decision.by.role, also)
        if (reason := self._api.regulation.duties_not_apart(acting, self._policy.parties_of(resource))) is not None:
            raise await self._api.audit_denial(self.actor, self._policy, denial_of(reason), self.request)
        self._apart = True
        return decision

    def set_etag(self, version: int) -> None:
        """Send the version of the representation as the ETag."""
        self.response.headers["ETag"] = f'"{version}"'

    async def audit_denial(self, policy: Policy, denied: Denied) -> Refusal:
        """Record a denial by another policy than the route's, for a part of the request; return the refusal."""
        return await self._api.audit_denial(self.actor, policy, denied, self.request)

    def filter(self) -> Filter:
        """Return the filter for lists: it matches the documents that ``authorize`` admits."""
        return self._policy.filter(self.actor)

    async def page(
        self,
        documents: DocumentCollection[T],
        where: Filter | None = None,
        sort: Sort = (("_id", 1),),
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[T]:
        """Return a page of the documents that match ``where``; combine it with ``filter()`` by ``and_filters``."""
        return as_page(await page([documents], where or {}, sort, limit, after), self.metrics)

    def if_match(self, *, required: bool = False) -> int | None:
        """Return the version in If-Match; None for ``*`` or without the header (a Refusal, 428, when required)."""
        self._evaluates_if_match = True
        header = self.request.headers.get("If-Match")
        if header is None and required:
            raise Refusal("if-match-missing", status=428, title="Name the version you change (If-Match)")
        if header is None or header.strip() == "*":
            return None
        if (version := version_in(header)) is None:
            raise Refusal("if-match-invalid", status=400, title='If-Match is one strong ETag, for example "3"')
        return version
