"""Requests that several tests of the API make."""

from __future__ import annotations

from devkit.api_harness import ApiClient

CONTACT = {"email": "office@steel.example", "language": "en"}


async def own_unread_notice(client: ApiClient) -> str:
    """Return the identifier of the only unread notice in the client's inbox."""
    (notice,) = (await client.get("/v1/inbox?unread=true")).json()["items"]
    return str(notice["notice_id"])
