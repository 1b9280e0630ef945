"""One hop as every peer does it: insert a document as durably as the product does, then publish one message.

Only this folder's modules import it, in an environment of their own; the addresses come from the measuring process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from pymongo import AsyncMongoClient, MongoClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

AMQP, MONGO, DATABASE, QUEUE, NEXT_QUEUE = (
    os.environ[f"PEER_{name}"] for name in ("AMQP", "MONGO", "DATABASE", "QUEUE", "NEXT_QUEUE")
)
MAJORITY: dict[str, Any] = {"read_concern": ReadConcern("majority"), "write_concern": WriteConcern("majority", j=True)}
Body = dict[str, Any]


def case(number: int) -> Body:
    """The message: a case that was opened, as the product's own event says it."""
    unit = {"uscc": "911501000000000191", "name": "甲", "unit_type": "factory", "prefecture": "150100"}
    opened = {"level": "region", "batch_year": 2026, "opened_on": "2026-04-01", "rule_set": "2024-01-19"}
    return {"case_id": f"app-2026-{number:06}", "sequence": 1, "unit": unit, **opened}


def notice(body: Body) -> Body:
    """The document."""
    return {"_id": body["case_id"], "_version": 1, "_sequence": 1, "count": 1, "words": [""], "label": ""}


def delivered(body: Body) -> Body:
    """The message for the next service."""
    words = {"channel": "inbox", "role": "applicant", "template": "sample"}
    return {"sequence": 1, "notice_id": body["case_id"], **words}


def notices() -> Any:  # noqa: ANN401 - a collection of the driver
    return MongoClient(MONGO, maxPoolSize=100).get_database(DATABASE, **MAJORITY).notices


def async_client() -> Any:  # noqa: ANN401 - a client of the driver
    return AsyncMongoClient(MONGO, maxPoolSize=100)


def main(fill: Callable[[int], None], work: Callable[[], None] | None = None) -> None:
    """``fill N`` publishes the messages to be consumed; ``work`` consumes, where the library has no command for it."""
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]))
    elif work is not None:
        work()
