"""``make bench``: one hop and HTTP submits, alternating in one run; writes RESULTS.md beside this file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from chassis.servers import Broker, Mongod

from tests.bench.report import written
from tests.bench.rounds import hop_rounds
from tests.bench.submit import submit_rounds

RESULTS = Path(__file__).with_name("RESULTS.md")


async def main() -> None:
    with TemporaryDirectory(prefix="green-bench-") as folder:
        broker = await Broker.start(Path(folder) / "broker")
        mongod = await Mongod.start(Path(folder) / "mongod")
        try:
            hops = await hop_rounds(broker, mongod)
            submits = await submit_rounds(broker, mongod, Path(folder))
        finally:
            await broker.stop()
            await mongod.stop()
    text = written(hops, submits)
    RESULTS.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    asyncio.run(main())
