"""A client generated from the documents works: all of it can be imported, and a real service answers it."""

from __future__ import annotations

import asyncio
import json
import pkgutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import uvicorn
from chassis.persistence.mongo import open_database
from chassis.runtime.connections import listen
from devkit.api_harness import ApiHarness, api_harness
from devkit.clock import FixedClock
from devkit.private_servers import PrivateServers
from devkit.servers import free_ports
from messages.values import Role

from deploy.generate.documents.service_instances import instantiate
from deploy.services import SERVICES, Service
from tests.architecture.sources import ROOT
from tests.contracts.seed import ASSESSORS, NOW, registration

FILES = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",)
"""Kinds of content that the generator is told to take as bytes."""
GENERATOR = Path(sys.executable).with_name("openapi-python-client")
OPTIONS = ("--meta", "none", "--fail-on-warning")
SETTINGS = {"post_hooks": [], "content_type_overrides": dict.fromkeys(FILES, "application/octet-stream")}
SECONDS = 120
"""For one client; it takes some seconds."""
every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


def package_of(service: Service) -> str:
    return f"client_of_{service.package}"


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder with a client of each document, generated once; anything the generator leaves out is an error."""
    folder = tmp_path_factory.mktemp("clients")
    for service in SERVICES:
        config = folder / f"{service.name}.json"
        config.write_text(json.dumps(SETTINGS | {"package_name_override": package_of(service)}), "utf-8")
        document = ROOT / "contracts" / "openapi" / f"{service.name}.json"
        made = folder / package_of(service)
        done = subprocess.run(
            [GENERATOR, "generate", "--path", document, "--config", config, "--output-path", made, *OPTIONS],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{service.name}: {done.stdout}{done.stderr}"
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@asynccontextmanager
async def serve(service: Service, servers: PrivateServers) -> AsyncIterator[tuple[str, ApiHarness[Any]]]:
    """Serve the API of ``service`` on a port, with its documents in a real database."""
    name, url = await servers.database(service.name)
    database = open_database(url, name)
    (port,) = free_ports(1)
    with TemporaryDirectory() as folder, listen("127.0.0.1", port) as socket:
        made = instantiate(service, Path(folder))
        assert made.router is not None
        await database.prepare(made.layout.collections, made.layout.indexes)
        async with api_harness(
            made.name,
            made.router,
            made.store,
            aggregates=made.aggregates,
            clock=FixedClock(NOW),
            state=made.state,
            database=database,
        ) as harness:
            server = uvicorn.Server(uvicorn.Config(harness.app, lifespan="off", log_config=None))
            running = asyncio.create_task(server._serve([socket]))
            while not server.started:  # noqa: ASYNC110 - the server has no event for this
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{port}", harness
            server.should_exit = True
            await running
    await database.close()


@every_service
def test_every_part_of_a_generated_client_can_be_imported(clients: Path, service: Service) -> None:
    package = import_module(package_of(service))
    modules = [
        import_module(each.name)
        for each in pkgutil.walk_packages([str(clients / package.__name__)], f"{package.__name__}.")
    ]
    document = json.loads((ROOT / "contracts" / "openapi" / f"{service.name}.json").read_text(encoding="utf-8"))
    titles = {each["title"].lower() for each in document["components"]["schemas"].values() if "properties" in each}
    calls = {each.__name__.rpartition(".")[2] for each in modules if hasattr(each, "asyncio_detailed")}

    assert titles <= {name.lower() for name in import_module(f"{package.__name__}.models").__all__}
    assert calls == {each["operationId"] for verbs in document["paths"].values() for each in verbs.values()}


@pytest.mark.usefixtures("clients")
async def test_generated_client_commands_lists_and_is_refused(servers: PrivateServers) -> None:
    service = next(each for each in SERVICES if each.name == "assessor-quota")
    package = package_of(service)
    register = import_module(f"{package}.api.assessors.register_assessor")
    listing = import_module(f"{package}.api.assessors.list_assessors")
    models = import_module(f"{package}.models")

    async with serve(service, servers) as (address, harness):
        token = harness.issuer.mint(role=Role.REGIONAL_OFFICER)
        client = import_module(f"{package}.client")
        body = models.Registration.from_dict(registration(ASSESSORS[0]))

        async with client.AuthenticatedClient(address, token) as caller, client.Client(address) as anybody:
            made = await register.asyncio_detailed(client=caller, body=body, idempotency_key="first")
            again = await register.asyncio_detailed(client=caller, body=body, idempotency_key="second")
            listed = await listing.asyncio_detailed(client=anybody, limit=10)

    assert (made.status_code, made.parsed.uscc) == (201, ASSESSORS[0])
    assert made.headers["Location"] == f"/v1/assessors/{ASSESSORS[0]}"
    assert (again.status_code, str(again.parsed.code)) == (409, "assessor-already-registered")
    assert again.parsed.reasons[0].rule == "S7"
    assert [each.uscc for each in listed.parsed.items] == [ASSESSORS[0]]
    assert isinstance(listed.parsed, models.PageAssessorEntry)
