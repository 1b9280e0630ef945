"""Responses that a browser saves as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import Response


def file_response(content: bytes, media_type: str, name: str, *, ascii_name: str | None = None) -> Response:
    """Return ``content`` as a download called ``name``; a Chinese name goes in UTF-8 (RFC 6266, RFC 8187).

    Clients that do not know RFC 8187 take ``ascii_name``; left out, it is what ``name`` has in ASCII.
    """
    stripped = name.encode("ascii", "ignore").decode().replace('"', "").strip(" -_.") or "file"
    disposition = f'attachment; filename="{name if name.isascii() else ascii_name or stripped}"'
    if not name.isascii():
        disposition += f"; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})


def file_responses(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description (``responses=``) of a download."""
    return {200: {"content": {media_type: {} for media_type in media_types}}}
