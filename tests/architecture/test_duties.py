"""Separation of duties in all services: no command without it, and few that need none (P3)."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest
from chassis.http.endpoint import Authorize
from chassis.http.idempotency import COMMAND_METHODS
from chassis.security import NobodyApart, Policy
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from deploy.services import SERVICES, Service

NOBODY_APART = {
    "applications": {"file.send"},
    "assessor-quota": {"ledger.repair"},
    "review": {"expert.declare", "objection.lodge"},
    "registry": set[str](),
    "notify": {"contact.manage", "delivery.oversee", "inbox.read"},
}
"""The commands by which nobody decides about anybody else; a new one is entered here with its reason in the policy."""


def policies_in(dependant: Dependant) -> Iterator[Policy]:
    if isinstance(dependant.call, Authorize):
        yield dependant.call.policy
    for each in dependant.dependencies:
        yield from policies_in(each)


def commands(package: str) -> Iterator[tuple[str, Policy | None]]:
    for context in iter_route_contexts(import_module(f"{package}.api").router.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and not frozenset(COMMAND_METHODS).isdisjoint(context.methods or ()):
            yield f"{sorted(context.methods or ())} {context.path}", next(policies_in(route.dependant), None)


@pytest.mark.rule("P3")
@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_every_command_says_from_whom_its_actor_is_apart(service: Service) -> None:
    found = dict(commands(service.package))

    assert found
    assert {name for name, policy in found.items() if policy is None or policy.duties is None} == set()


@pytest.mark.rule("P3")
@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_only_commands_that_decide_about_nobody_else_need_no_separation(service: Service) -> None:
    policies = {policy for _, policy in commands(service.package) if policy is not None}

    exempt = {each.name: each.duties.reason for each in policies if isinstance(each.duties, NobodyApart)}

    assert set(exempt) == NOBODY_APART[service.name]
    assert all(len(reason.split()) > 5 for reason in exempt.values())
