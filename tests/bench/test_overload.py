"""The load generator sends when requests are due and gives up; overload and flood are shown as measured."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bench import report_chain, report_overload
from tests.bench.chain_rounds import ROLES, ChainRun
from tests.bench.flood_rounds import KINDS, Flood, Responsiveness
from tests.bench.load_process import Answer, LoadProcess, LoadResult, load_process, request, write_requests
from tests.bench.measure import PROCESSES, Run
from tests.bench.overload_rounds import Overload, Overloads

RATE, PATIENCE = 50.0, 0.4
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Answers by the path; ``/silent`` never, ``/busy`` 503 at first, ``/broken`` by closing at first."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split()[1].decode()
                first = path not in self.paths
                self.paths.append(path)
                if first and path == "/broken":
                    break
                if path != "/silent":
                    writer.write(BUSY if first and path == "/busy" else OK)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, int]]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    yield server, listening.sockets[0].getsockname()[1]
    listening.close()


@pytest.fixture
async def load() -> AsyncIterator[LoadProcess]:
    async with load_process() as load:
        yield load


async def run(load: LoadProcess, port: int, folder: Path, *paths: str) -> LoadResult:
    file = write_requests(folder / "requests", [request("POST", path, "token", path) for path in paths])
    return await load.run_open(port, file, [(RATE, len(paths) / RATE)], PATIENCE)


async def test_requests_are_sent_when_due_though_earlier_ones_wait(
    server: tuple[Server, int], load: LoadProcess, tmp_path: Path
) -> None:
    result = await run(load, server[1], tmp_path, "/silent", *(f"/{number}" for number in range(19)))
    silent, *others = result.answers

    assert [each.line for each in result.answers] == list(range(20))
    assert all(each.sent >= each.due for each in result.answers)
    assert result.answers[-1].due == pytest.approx(19 / RATE)
    assert [each.succeeded for each in others] == [True] * 19
    assert (silent.status, silent.answered) == (0, None)
    assert result.opened < 20


async def test_refused_request_is_sent_again_with_the_same_key_and_counts_each_time(
    server: tuple[Server, int], load: LoadProcess, tmp_path: Path
) -> None:
    file = write_requests(tmp_path / "requests", [request("POST", path, "t", path) for path in ("/busy", "/other")])
    result = await load.run_open(server[1], file, [(RATE, 3 / RATE)], PATIENCE)

    assert [(each.line, each.status, each.retry_after) for each in result.answers] == [
        (0, 503, True),
        (1, 200, False),
        (0, 200, False),
    ]
    assert server[0].paths == ["/busy", "/other", "/busy"]


async def test_connection_that_ends_as_the_next_request_comes_is_replaced(
    server: tuple[Server, int], load: LoadProcess, tmp_path: Path
) -> None:
    result = await run(load, server[1], tmp_path, "/alone", "/first", "/broken")

    assert [each.status for each in result.answers] == [200, 200, 200]
    assert server[0].paths == ["/alone", "/first", "/broken", "/broken"]


async def test_closed_loop_answers_every_request_once(
    server: tuple[Server, int], load: LoadProcess, tmp_path: Path
) -> None:
    paths = [f"/{number}" for number in range(40)]
    file = write_requests(tmp_path / "requests", [request("GET", path, "t") for path in paths])
    result = await load.run_closed([server[1]], file, 4, 30)

    assert sorted(server[0].paths) == sorted(paths)
    assert [each.succeeded for each in result.answers] == [True] * 40


def answers(phase: int, status: int, number: int, waited: float, begin: float = 0.0) -> list[Answer]:
    return [
        Answer(line, phase, begin + line / 100, begin + line / 100, begin + line / 100 + waited, status, status == 503)
        for line in range(number)
    ]


def measured(offered: float = 1.5) -> Overload:
    load = [*answers(0, 200, 900, 0.5), *answers(0, 503, 500, 0.01), *answers(1, 200, 300, 0.02, begin=10.0)]
    memory = [(each / 10, (100 + each // 10) << 20) for each in range(150)]
    return Overload(offered, 100.0, 10.0, LoadResult(load, 50, 0.1), memory, 0.9, 0, 7)


def test_overload_counts_what_is_answered_in_time_and_what_comes_after() -> None:
    run = measured()

    assert run.share_in_time() == pytest.approx(0.9)
    assert (len(run.refused()), run.without_retry_after(), len(run.unanswered())) == (500, 0, 0)
    assert len(run.after()) == 100
    assert run.growth() == 6 << 20


def test_report_of_overload_shows_aims_and_figures() -> None:
    lines = report_overload.overload(Overloads([measured(), measured(3.0)]))
    text = " ".join(each.strip() for each in lines)

    assert "- At 1.5 times capacity **90%** of it is answered in time (aim: at least 85%)" in text
    assert "the accepted within **500 ms**" in text
    assert "500 answers are 503, 0 of them without Retry-After, p99 10 ms" in text
    assert "100 of 100 requests are answered" in text
    assert "| 1.5 × | 100 | 90 | 0.90 | 500 / 500 | 50 | 10 / 10 | 0 | 100 to 114 | 0.90 / 0.10 | 0 |" in lines


def test_report_of_a_flood_shows_what_others_wait() -> None:
    idle = Responsiveness(dict.fromkeys(KINDS, [0.01] * 10), 0.8, {})
    flooded = Responsiveness(dict.fromkeys(KINDS, [0.02] * 10), 1.2, {"a command: 503": 2})
    lines = report_overload.flood(Flood(20_000, 20.0, idle, flooded))

    assert "| idle | 10 / 10 | 10 / 10 | 10 / 10 | 0.8 | – |" in lines
    assert "| flooded | 20 / 20 | 20 / 20 | 20 / 20 | 1.2 | 2 a command: 503 |" in lines


def test_report_of_the_chain_shows_cpu_by_role() -> None:
    cpu = {**dict.fromkeys(PROCESSES, 1.0), **{" ".join(role): 0.25 for role in ROLES}}
    runs = {each: ChainRun(Run(1_000, 10 / each, cpu), 200.0, 1.9, 3, 0.05) for each in (1, 2)}
    lines = report_chain.lines(runs)

    assert "| 2 | 200 | 2.00 | 200 | 1,000 / 1,000 / 1,000 | 250 | 250 | 250 | 250 | 1.90 | 3 |" in lines
