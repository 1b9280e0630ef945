"""Seed data: each service has consumed the released sample of every event it subscribes to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from chassis.handling import PoisonMessageError, Refusal, TransientError
from devkit.api_harness import ApiClient, ApiHarness
from messages.envelope import decode
from messages.values import Role, UnitType
from rulebook import scheme_on

from deploy.services import Service
from tests.architecture.sources import ROOT

NOW = datetime(2026, 4, 20, 2, tzinfo=UTC)
SAMPLES = ROOT / "contracts" / "messages" / "samples"
ASSESSORS = ("911501000000000191", "911502000000000271", "911503000000000351")
FREE = "911505000000000511"
"""Codes that pass the check of GB 32100; the last one is not registered at the beginning."""
NUMBER = "15010219800101113X"


async def seed(service: Service, harness: ApiHarness[Any]) -> Mapping[str, tuple[str, ...]]:
    """Register assessors, then consume the samples; the basis of a sample may be missing.

    Returns the known values by field.
    """
    registered = await _register(harness.client_as(Role.REGIONAL_OFFICER)) if service.name == "assessor-quota" else {}
    for each in service.subscriptions():
        sample = _sample(each.event_type.type)
        event = decode(sample["headers"], json.dumps(sample["body"]).encode()).event
        try:
            await harness.api.commands.execute(f"sample-{event.type}", "", each.call(event, harness.api.store))
        except (Refusal, TransientError, PoisonMessageError):
            continue
    return known_values() | registered


async def _register(officer: ApiClient) -> dict[str, tuple[str, ...]]:
    for uscc in ASSESSORS:
        await officer.post("/v1/assessors", json=registration(uscc))
    decision = {
        "decided_on": "2026-04-20",
        "document_number": "一号",
        "reasons": [{"text": "评价报告数据造假", "evidence": "核查记录"}],
    }
    await officer.post(f"/v1/assessors/{ASSESSORS[-1]}/sanctions", json=decision)
    assessor = (await officer.get(f"/v1/assessors/{ASSESSORS[0]}")).json()
    return {"digest": (assessor["representative"]["digest"],), "year": (str(NOW.year),)}


def registration(uscc: str) -> Mapping[str, object]:
    return {
        "uscc": uscc,
        "name": f"评价机构{uscc[3:6]}",
        "representative": {"document_number": NUMBER, "name": "王某"},
        "scope": ["factory", "park", "supply_chain"],
        "staff": [{"name": "赵某", "qualification": "注册环保工程师", "from": "2024-01-01"}],
    }


def known_values() -> dict[str, tuple[str, ...]]:
    """Field → values of the samples, for paths and bodies."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for file in sorted(SAMPLES.glob("*.json")):
        for name, value in _texts(json.loads(file.read_text(encoding="utf-8"))["body"]):
            found[name][value] = None
    codes = (*ASSESSORS, FREE)
    return {**{name: tuple(values)[:4] for name, values in found.items()}, "uscc": codes, "document_number": (NUMBER,)}


def _texts(node: object) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, value in node.items():
            if isinstance(value, str):
                yield name, value
            yield from _texts(value)
    elif isinstance(node, list):
        for each in node:
            yield from _texts(each)


def _sample(name: str) -> dict[str, Any]:
    """A released sample with the scheme in force instead of its invented one."""
    sample: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    if "scheme" in sample["body"]:
        scheme = scheme_on(UnitType.FACTORY, NOW.date())
        sample["body"]["scheme"] = {"id": scheme.id, "version": scheme.version}
    return sample
