"""Responses that a browser saves as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import Response


def file_response(content: bytes, media_type: str, name: str) -> Response:
    """Return ``content`` as a download called ``name``; a Chinese name goes in UTF-8 (RFC 6266, RFC 8187)."""
    plain = name.encode("ascii", "ignore").decode().replace('"', "").strip(" -_.") or "file"
    ascii_name = name if name.isascii() else plain
    disposition = f'attachment; filename="{ascii_name}"'
    if not name.isascii():
        disposition += f"; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})


def file_responses(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Describe such a response for OpenAPI (``responses=``)."""
    return {200: {"content": {media_type: {} for media_type in media_types}}}
