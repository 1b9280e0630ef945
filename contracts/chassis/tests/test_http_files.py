from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from chassis.http.admission import AdmissionMiddleware
from chassis.http.files import Downloads, file_response, stored_file_response
from chassis.http.problems import install_problem_handlers
from chassis.observability.metrics import Metrics
from fastapi import FastAPI, Request, Response
from httpx2 import ASGITransport, AsyncClient
from starlette.types import Message, Receive

CONTENT = bytes(range(200))
TAG = f'"{"a" * 64}"'


@pytest.mark.parametrize(
    ("name", "ascii_name", "disposition"),
    [
        ("list.csv", None, 'attachment; filename="list.csv"'),
        ("名单2026.csv", None, "attachment; filename=\"2026.csv\"; filename*=UTF-8''%E5%90%8D%E5%8D%952026.csv"),
        ("名单.csv", None, "attachment; filename=\"csv\"; filename*=UTF-8''%E5%90%8D%E5%8D%95.csv"),
        ("名单.csv", "list-1.csv", "attachment; filename=\"list-1.csv\"; filename*=UTF-8''%E5%90%8D%E5%8D%95.csv"),
    ],
)
def test_file_name_is_sent_in_utf_8_beside_an_ascii_name(name: str, ascii_name: str | None, disposition: str) -> None:
    response = file_response(b"", "text/csv", name, ascii_name=ascii_name)

    assert response.headers["Content-Disposition"] == disposition


def test_quotes_in_an_ascii_name_end_no_parameter() -> None:
    response = file_response(b"", "text/csv", 'a"; filename="b.exe')

    assert response.headers["Content-Disposition"] == 'attachment; filename="a\\"; filename=\\"b.exe"'


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    app.state.downloads = Downloads()
    install_problem_handlers(app)

    async def read(start: int, stop: int) -> AsyncIterator[bytes]:
        for at in range(start, stop, 7):
            yield CONTENT[at : min(stop, at + 7)]

    @app.get("/")
    async def fetch(request: Request) -> Response:
        caller = request.headers.get("caller", "")
        about = {"digest": "a" * 64, "media_type": "application/pdf", "name": "证.pdf", "caller": caller}
        return stored_file_response(request, read, size=len(CONTENT), **about)

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://green.invalid") as opened:
        yield opened


async def test_files_that_are_read_slowly_are_few_and_shut_out_nobody(app: FastAPI) -> None:
    app.state.downloads = Downloads(at_once=4, of_one_caller=2)
    admission = AdmissionMiddleware(app, 1, Metrics())
    read, statuses = asyncio.Event(), []

    def receiving() -> Receive:
        messages = asyncio.Queue[Message]()
        messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        return messages.get  # and then the caller stays

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))
        if message.get("status") == 200:
            await read.wait()

    async def ask(caller: str) -> asyncio.Task[None]:
        scope = {"type": "http", "path": "/", "method": "GET", "query_string": b"", "root_path": ""}
        scope |= {"headers": [(b"caller", caller.encode())], "app": app, "scheme": "http", "server": ("green", 80)}
        asked = asyncio.create_task(admission(scope, receiving(), send))
        await asyncio.sleep(0.02)
        return asked

    asking = [await ask(caller) for caller in ("li", "li", "li", "wang", "wang", "zhao")]
    begun = [status for status in statuses if status]
    read.set()
    await asyncio.gather(*asking)

    assert begun == [200, 200, 503, 200, 200, 503]
    statuses.clear()
    await (await ask("zhao"))
    assert statuses[0] == 200


async def test_a_stored_file_is_sent_with_its_length_and_its_digest_as_the_tag(client: AsyncClient) -> None:
    answer = await client.get("/")

    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert (answer.headers["Content-Length"], answer.headers["ETag"]) == ("200", TAG)
    assert answer.headers["Content-Type"] == "application/pdf"


async def test_a_known_file_is_not_sent_again(client: AsyncClient) -> None:
    answer = await client.get("/", headers={"If-None-Match": TAG})

    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=190-", 190, 200),
        ("bytes=-5", 195, 200),
        ("bytes=-999", 0, 200),
        ("bytes=190-999", 190, 200),
    ],
)
async def test_a_range_of_a_stored_file_is_sent_alone(client: AsyncClient, asked: str, start: int, stop: int) -> None:
    answer = await client.get("/", headers={"Range": asked, "If-Range": TAG})

    assert (answer.status_code, answer.content) == (206, CONTENT[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/200"
    assert answer.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize(
    "asked", ["bytes=-", "bytes=5-4", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=" + "9" * 40]
)
async def test_what_is_not_one_range_gets_the_whole_file(client: AsyncClient, asked: str) -> None:
    answer = await client.get("/", headers={"Range": asked})

    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_a_range_of_another_version_gets_the_whole_file(client: AsyncClient) -> None:
    assert (await client.get("/", headers={"Range": "bytes=0-1", "If-Range": '"b"'})).status_code == 200


@pytest.mark.parametrize("asked", ["bytes=200-", "bytes=999-1000", "bytes=-0"])
async def test_a_range_after_the_end_is_refused_with_the_size(client: AsyncClient, asked: str) -> None:
    answer = await client.get("/", headers={"Range": asked})

    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */200")
