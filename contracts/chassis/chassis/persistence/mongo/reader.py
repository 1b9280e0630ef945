"""Queries on one database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.handling import Document, Filter, Sort
from chassis.persistence.mongo.errors import translate_errors


class Reader:
    """Runs queries, each by itself or all in one session."""

    def __init__(self, database: Any, session: Any = None) -> None:  # noqa: ANN401 - two drivers, one shape
        self._database = database
        self._session = session

    async def load(self, collection: str, keys: Sequence[str]) -> Sequence[Document]:
        async with translate_errors():
            where = {"_id": {"$in": list(keys)}}
            return await self._list(self._database[collection].find(where, session=self._session))

    async def find(
        self, collection: str, where: Filter, sort: Sort = (), limit: int = 0, fields: Sequence[str] | None = None
    ) -> Sequence[Document]:
        cursor = self._database[collection].find(where, fields, limit=limit, session=self._session)
        async with translate_errors():
            return await self._list(cursor.sort(list(sort)) if sort else cursor)

    async def count(self, collection: str, where: Filter) -> int:
        async with translate_errors():
            return int(await self._database[collection].count_documents(where, session=self._session))

    async def total(self, collection: str, where: Filter, field: str) -> int:
        """Return the sum of a numeric field over the matching documents."""
        steps = [{"$match": where}, {"$group": {"_id": None, "total": {"$sum": f"${field}"}}}]
        async with translate_errors():
            found = self._database[collection].aggregate(steps, session=self._session)
            rows = await self._list(await found if hasattr(found, "__await__") else found)
        return int(rows[0]["total"]) if rows else 0

    @staticmethod
    async def _list(cursor: Any) -> list[Document]:  # noqa: ANN401
        found: list[Document] = await cursor.to_list(None)
        return found
