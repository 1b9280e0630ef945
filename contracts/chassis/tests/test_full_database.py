"""A database without room is "not now", and the process is not ready until it has some again."""

from __future__ import annotations

import pytest
from chassis.handling import StorageFullError
from chassis.observability.health import Health
from chassis.persistence.mongo import Database, DatabaseUnavailableError
from chassis.persistence.mongo.errors import translate_errors
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

OUT_OF_DISK_SPACE = 14031
REFUSALS = {
    "of a command": OperationFailure("no space left", OUT_OF_DISK_SPACE),
    "of one write of many": BulkWriteError({"writeErrors": [{"code": OUT_OF_DISK_SPACE, "errmsg": "no space left"}]}),
    "of all of them": BulkWriteError({"code": OUT_OF_DISK_SPACE, "writeErrors": []}),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_a_refusal_for_want_of_room_waits_for_the_database(refusal: PyMongoError) -> None:
    with pytest.raises(StorageFullError) as raised:
        async with translate_errors():
            raise refusal

    assert isinstance(raised.value, DatabaseUnavailableError)


async def test_after_a_refused_write_the_database_is_asked_for_room_before_it_is_ready(database: Database) -> None:
    health = Health(pings={"database": database.ping})
    with pytest.raises(StorageFullError):
        async with database._writing():
            raise REFUSALS["of a command"]
    asked = database.update

    async def refused(*_args: object, **_options: object) -> int:
        async with database._writing():
            raise REFUSALS["of a command"]

    database.update = refused  # type: ignore[method-assign]
    full = await health.ready()
    database.update = asked  # type: ignore[method-assign]
    again = await health.ready()

    assert (full.ok, full.checks["database"], again.ok) == (False, "DatabaseFullError", True)
    assert not database._full
