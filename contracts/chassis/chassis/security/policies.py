"""Policies: one definition decides a single case and filters a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from messages.parties import Party
from messages.values import Role
from pydantic_core import to_jsonable_python

from chassis.persistence.query import and_filters, matches

MATCH_NONE: Mapping[str, object] = {"_id": {"$in": []}}
"""A filter that no document matches."""

Filter = Mapping[str, object]


@dataclass(frozen=True)
class Actor:
    """The caller, as named by the token."""

    subject: str
    roles: frozenset[str]
    organisation: str | None = None
    prefecture: str | None = None
    person_verified: bool = False
    """Whether the identity provider has verified who the person is."""

    def acts_as(self, role: str) -> bool:
        return role == Role.PUBLIC or role in self.roles

    def as_party(self, role: str, also: Iterable[str] = ()) -> Party:
        """Return the actor as a party in one of its roles; ``also``: organisations that count as its own."""
        return Party(role, self.subject, (self.organisation, *also))


ANONYMOUS = Actor(subject="anonymous", roles=frozenset({Role.PUBLIC}))
"""A caller without a token, who sees public data."""


class Scope(Protocol):
    """The resources that a rule reaches."""

    def filter(self, actor: Actor) -> Filter | None:
        """Return the filter of the resources that the actor reaches; None when there are none."""
        ...


@dataclass(frozen=True)
class Everything:
    """All resources."""

    def filter(self, actor: Actor) -> Filter | None:  # noqa: ARG002 - every actor reaches all
        return {}


@dataclass(frozen=True)
class Own:
    """Resources whose ``field`` (dotted path, through lists as in Mongo) holds the actor's ``attribute``."""

    attribute: str
    field: str

    def filter(self, actor: Actor) -> Filter | None:
        mine = getattr(actor, self.attribute)
        return None if mine is None else {self.field: mine}


@dataclass(frozen=True)
class Only:
    """Resources whose ``field`` holds one of ``values``, for every actor."""

    field: str
    values: tuple[str, ...]

    def filter(self, actor: Actor) -> Filter | None:  # noqa: ARG002 - the same for every actor
        return {self.field: {"$in": list(self.values)}}


@dataclass(frozen=True)
class VerifiedPerson:
    """All resources, for a person whom the identity provider has verified."""

    def filter(self, actor: Actor) -> Filter | None:
        return {} if actor.person_verified else None


@dataclass(frozen=True)
class AllOf:
    """Resources that all of the scopes reach."""

    parts: tuple[Scope, ...]

    def filter(self, actor: Actor) -> Filter | None:
        joined: Filter = {}
        for part in self.parts:
            if (scope := part.filter(actor)) is None:
                return None
            joined = and_filters(joined, scope)
        return joined


everything: Scope = Everything()
public: Scope = Everything()
"""The same scope, written where no token is needed: ``Rule(Role.PUBLIC, public)``."""
verified_person: Scope = VerifiedPerson()
"""With ``Role.PUBLIC``: anybody, but not without a token, and not as a person whom nobody has verified."""


def own_organisation(field: str) -> Scope:
    return Own("organisation", field)


def own_prefecture(field: str) -> Scope:
    return Own("prefecture", field)


def own_subject(field: str) -> Scope:
    return Own("subject", field)


def only(field: str, *values: str) -> Scope:
    return Only(field, values)


def all_of(*scopes: Scope) -> Scope:
    return AllOf(scopes)


@dataclass(frozen=True)
class Rule:
    role: str
    scope: Scope


@dataclass(frozen=True)
class Allowed:
    by: Rule


@dataclass(frozen=True)
class Denied:
    """The reason of a denial; the regulation adds the article.

    ``hidden``: the caller may not learn whether the resource exists, so the answer is the one for an absent one (404).
    """

    rule: str
    code: str
    text: str
    evidence: str | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Apart:
    """Whoever acts must be apart from the parties of the matter, which ``parties`` reads from the resource (P3)."""

    parties: Callable[[Any], Iterable[Party]]


@dataclass(frozen=True)
class NobodyApart:
    """No party of the matter must be apart from whoever acts, because of ``reason``."""

    reason: str


Duties = Apart | NobodyApart


@dataclass(frozen=True)
class Policy:
    """The rules for one action; any one of them is enough.

    ``duties``: from whom the actor must be apart; no command can be registered without it.
    ``readers``: the policy by which the resource is read; to those who read it, a denial says that it is one (403).
    ``protected``: every admitted request leaves an audit record.
    """

    name: str
    rules: tuple[Rule, ...]
    duties: Duties | None = None
    readers: Policy | None = None
    protected: bool = False

    @property
    def for_anybody(self) -> bool:
        """Whether it admits people whatever their role."""
        return any(rule.role == Role.PUBLIC for rule in self.rules)

    @property
    def open(self) -> bool:
        """Whether a caller without a token may be admitted."""
        return any(rule.role == Role.PUBLIC and not _needs_verified_person(rule.scope) for rule in self.rules)

    def allows_role(self, actor: Actor) -> Allowed | Denied:
        """Decide without a resource: whether the actor has one of the roles, and is verified where that is asked."""
        mine = list(self._rules_of(actor))
        if not mine:
            return self._denied("role-not-allowed", "您的角色无权进行此项操作", f"{self.name}: {_roles(actor)}")
        admitting = (rule for rule in mine if actor.person_verified or not _needs_verified_person(rule.scope))
        return self._first(admitting) or self._denied(
            "person-not-verified", "此项操作须实名办理，请先在统一身份认证平台完成本人实名认证", self.name
        )

    def authorize(self, actor: Actor, resource: object, *, stated: bool = False) -> Allowed | Denied:
        """Return Allowed when the filter of one of the actor's rules matches ``resource`` in its stored form.

        ``stated``: the caller has named all of it, so that a denial tells nothing that the caller does not know.
        """
        if isinstance(denied := self.allows_role(actor), Denied):
            return denied
        document = to_jsonable_python(resource, fallback=vars, bytes_mode="base64")
        if (admitted := self._first(self._matching(actor, document))) is not None:
            return admitted
        seen = stated or (self.readers is not None and any(self.readers._matching(actor, document)))  # noqa: SLF001 - one class
        return self._denied(
            "outside-own-scope", "该事项不在您的权限范围内", f"{self.name}: {_roles(actor)}", hidden=not seen
        )

    def parties_of(self, resource: object) -> Iterable[Party]:
        """Return the parties of the matter that the actor must be apart from."""
        return self.duties.parties(resource) if isinstance(self.duties, Apart) else ()

    def filter(self, actor: Actor) -> Filter:
        """Return the filter of exactly the resources that ``authorize`` allows the actor."""
        filters = [f for rule in self._rules_of(actor) if (f := rule.scope.filter(actor)) is not None]
        if any(not each for each in filters):
            return {}
        if not filters:
            return MATCH_NONE
        return filters[0] if len(filters) == 1 else {"$or": [dict(each) for each in filters]}

    def _matching(self, actor: Actor, document: Mapping[str, object]) -> Iterator[Rule]:
        return (rule for rule in self._rules_of(actor) if _admits(rule, actor, document))

    def _rules_of(self, actor: Actor) -> Iterator[Rule]:
        return (rule for rule in self.rules if actor.acts_as(rule.role))

    @staticmethod
    def _first(rules: Iterable[Rule]) -> Allowed | None:
        return next((Allowed(rule) for rule in rules), None)

    @staticmethod
    def _denied(code: str, text: str, evidence: str, *, hidden: bool = False) -> Denied:
        return Denied("P2", code, text, evidence, hidden)


def _admits(rule: Rule, actor: Actor, document: Mapping[str, object]) -> bool:
    scope = rule.scope.filter(actor)
    return scope is not None and matches(document, scope)


def _needs_verified_person(scope: Scope) -> bool:
    return isinstance(scope, VerifiedPerson) or (
        isinstance(scope, AllOf) and any(_needs_verified_person(part) for part in scope.parts)
    )


def _roles(actor: Actor) -> str:
    return ",".join(sorted(actor.roles))
