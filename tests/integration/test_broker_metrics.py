"""A real broker exports every metric that the alerts use, at the addresses that Prometheus scrapes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest
from devkit.private_servers import PrivateServers

from deploy.generate.broker_definitions import composed
from deploy.local.paths import StackPaths
from deploy.local.servers import broker_scrape_configs, own
from tests.architecture.promql import OF_THE_BROKER

pytestmark = pytest.mark.connected


async def test_broker_exports_every_metric_that_alerts_use(servers: PrivateServers, tmp_path: Path) -> None:
    vhost = await servers.vhost(composed())
    jobs = broker_scrape_configs(own(StackPaths(tmp_path, 1)).broker)
    length = f'rabbitmq_detailed_queue_messages_ready{{vhost="{vhost}",queue="review.applications"}}'

    async with httpx2.AsyncClient(trust_env=False) as client, asyncio.timeout(30):
        while length not in (text := await scrape(client, servers, jobs, vhost)):  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.5)  # a queue reports its length at its next tick

    assert OF_THE_BROKER - {line.partition("{")[0].partition(" ")[0] for line in text.splitlines()} == set()


async def scrape(client: httpx2.AsyncClient, servers: PrivateServers, jobs: list[dict[str, Any]], vhost: str) -> str:
    answers = [await client.get(metrics_url(servers, job), params=parameters_of(job, vhost)) for job in jobs]
    return "\n".join(each.text for each in answers)


def metrics_url(servers: PrivateServers, job: dict[str, Any]) -> str:
    assert servers.broker.prometheus_url is not None
    return servers.broker.prometheus_url.replace("/metrics", job.get("metrics_path", "/metrics"))


def parameters_of(job: dict[str, Any], vhost: str) -> dict[str, str]:
    """The parameters of the job, for the vhost of this test."""
    parameters: dict[str, list[str]] = job.get("params", {})
    return {name: vhost if name == "vhost" else value for name, (value,) in parameters.items()}
