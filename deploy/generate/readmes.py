"""The events of each service, listed in its README between two marks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chassis.inbox import Subscription
from messages.catalogue import EVENTS

from deploy.services import SERVICES, Service

FOLDER = Path(__file__).resolve().parents[2] / "services"
BEGIN, END = "<!-- events: written by make generate -->", "<!-- end of events -->"


def generate() -> dict[Path, str]:
    """Return file → text: the README as it is, with its list of events replaced, or added at the end."""
    return {FOLDER / service.name / "README.md": _with_events(service) for service in SERVICES}


def _with_events(service: Service) -> str:
    text = (FOLDER / service.name / "README.md").read_text(encoding="utf-8")
    before, mark, rest = text.partition(BEGIN)
    after = rest.partition(END)[2] if mark else "\n"
    return f"{before if mark else text + chr(10)}{BEGIN}\n{_events(service)}\n{END}{after}"


def _events(service: Service) -> str:
    published = [event.__name__ for event in EVENTS.values() if event.owner == service.name]
    return "\n\n".join(["**Subscribes to**", "\n".join(_table(service)), f"**Publishes** {_listed(published)}."])


def _table(service: Service) -> Iterator[str]:
    """Yield a row for each handler and publisher, in the order of the subscriptions."""
    yield "| published by | event | handler |"
    yield "| --- | --- | --- |"
    rows: dict[tuple[str, str], list[str]] = {}
    for each in service.subscriptions():
        rows.setdefault((each.event_type.owner, _handler(each)), []).append(each.event_type.__name__)
    for (owner, handler), events in rows.items():
        yield f"| {owner} | {_listed(events)} | `{handler}` |"


def _handler(subscription: Subscription[Any]) -> str:
    handler = subscription.handler
    return f"{handler.__module__.rpartition('.')[2]}.{handler.__name__}"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
