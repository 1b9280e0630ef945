"""Each alert's section of the runbook ends in a command that mends, and every command in it exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest
from chassis.__main__ import app
from click import Command, Group
from fastapi.routing import iter_route_contexts

from deploy.services import SERVICES
from tests.architecture.sources import ROOT

RUNBOOK = (ROOT / "deploy" / "runbook.md").read_text(encoding="utf-8")
SECTIONS = dict(section.split("\n", 1) for section in RUNBOOK.split("\n## ")[1:])
MAKE = re.compile(r"^([a-z-]+):", re.MULTILINE)
ROLES = {"api", "worker", "jobs"}
NAMES = {service.name for service in SERVICES}
OF_OTHERS = ("mongorestore", "rabbitmq-diagnostics", "rs.stepDown()")
"""Commands of the servers' own tools, which this repository cannot check."""


def commands(text: str) -> list[str]:
    """Return what stands between backquotes and is a command or a call of an API."""
    quoted = re.findall(r"`([^`]+)`", re.sub(r"\s*\n\s+", " ", text))
    return [each for each in quoted if re.match(r"(make|kubectl|GET|POST|CMD=) ?", each) or each.startswith(OF_OTHERS)]


@cache
def routes() -> frozenset[tuple[str, str]]:
    """Return method and path of every route of every service."""
    return frozenset(
        (method, context.path or "")
        for service in SERVICES
        for context in iter_route_contexts(import_module(f"{service.package}.api").router.routes)
        for method in context.methods or ()
    )


def problems(command: str) -> Iterator[str]:
    """Yield what is wrong with one command of the runbook."""
    if command.startswith(("GET ", "POST ")):
        method, path = command.split(maxsplit=1)
        if (method, path.partition("?")[0]) not in routes():
            yield f"no service has {command}"
    elif command.startswith(("make ", "CMD=")):
        words = shlex.split(command)
        if words[0] == "make" and words[1] not in MAKE.findall((ROOT / "Makefile").read_text(encoding="utf-8")):
            yield f"the Makefile has no {words[1]}"
        given = dict(word.split("=", 1) for word in words if "=" in word)
        if "SERVICE" in given and given["SERVICE"] not in {*NAMES, "broker", "mongod", "prometheus"}:
            yield f"no part is named {given['SERVICE']}"
        if "CMD" in given:
            yield from problems_of_chassis(shlex.split(given["CMD"]))
    elif command.startswith("kubectl "):
        for name in re.findall(r"deploy/(\S+)", command):
            service, _, role = name.rpartition("-")
            if service not in NAMES or role not in ROLES:
                yield f"the manifests have no deployment {name}"


def problems_of_chassis(words: list[str]) -> Iterator[str]:
    command: Command | None = app
    rest = list(words)
    while isinstance(command, Group) and rest:
        command = command.commands.get(rest.pop(0))
    if command is None or isinstance(command, Group):
        yield f"python -m chassis has no {' '.join(words)}"
        return
    options = {option for parameter in command.params for option in parameter.opts}
    yield from (f"{words}: no option {each}" for each in rest if each.startswith("--") and each not in options)


@pytest.mark.parametrize("alert", SECTIONS)
def test_section_ends_in_a_command_that_mends(alert: str) -> None:
    do = SECTIONS[alert].partition("- **Do**")[2]

    assert commands(do), "the part Do names no command"
    sentences = [each for each in re.split(r"(?<=[.:]) ", " ".join(do.split())) if "`" in each]
    assert commands(sentences[-1]), f"the last sentence with code holds none: {sentences[-1]}"


@pytest.mark.parametrize("alert", SECTIONS)
def test_commands_of_the_runbook_exist(alert: str) -> None:
    assert [problem for command in commands(SECTIONS[alert]) for problem in problems(command)] == []


@pytest.mark.parametrize(
    "command",
    [
        "make mend SERVICE=review",
        "make start SERVICE=ledger",
        'make ops SERVICE=review CMD="parked mend"',
        'make ops SERVICE=review CMD="parked list --kind x"',
        "kubectl rollout restart -n green deploy/review-web",
        "POST /v1/mendings",
    ],
)
def test_command_that_does_not_exist_is_noticed(command: str) -> None:
    assert commands(f"`{command}`") == [command]
    assert list(problems(command))
