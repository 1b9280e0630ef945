"""A private broker listens on the loopback interface only, also when its monitor has run, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import psutil
import pytest
from devkit.servers import Broker, free_ports
from devkit.servers.processes import HOST

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

SECONDS = float(os.environ.get("PORT_MAPPER_SECONDS", "90"))
"""The node's monitor runs a minute after the start of its application."""


def listeners() -> set[tuple[int, str, int]]:
    """Return process, address and port of everything that listens on this machine."""
    found = psutil.net_connections("tcp")
    return {(each.pid or 0, *each.laddr[:2]) for each in found if each.laddr and each.status == "LISTEN"}


def of_folder(folder: Path) -> dict[int, str]:
    """Return the processes whose home is the node's folder, as that of whatever the node starts is."""
    found = {}
    for each in psutil.process_iter(["name"]):
        try:
            if each.environ().get("HOME") == str(folder):
                found[each.pid] = each.info["name"]
        except psutil.Error:
            continue
    return found


async def test_nothing_listens_elsewhere_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mapper,) = free_ports(1)
    monkeypatch.setenv("ERL_EPMD_PORT", str(mapper))
    broker = await Broker.start(tmp_path / "broker")
    ports = {broker.amqp_port, broker.management_port, broker.prometheus_port, broker.dist_port}

    await asyncio.sleep(SECONDS)
    processes, opened = of_folder(broker.folder), listeners()
    await broker.stop()

    assert {(ip, port) for pid, ip, port in opened if pid in processes} == {(HOST, port) for port in ports}
    assert mapper not in {port for _, _, port in opened}
    assert "epmd" not in processes.values()
    assert of_folder(broker.folder) == {}
    assert (ports | {mapper}) & {port for _, _, port in listeners()} == set()
