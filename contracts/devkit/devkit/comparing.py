"""Answers compared: whether a caller can tell what belongs to others from what does not exist (P2)."""

from __future__ import annotations

import json
from typing import Any

from httpx2 import Response

_OF_ONE_REQUEST = ("instance", "correlation_id")


def comparable(answer: Response, *names: str) -> tuple[int, Any]:
    """Return status and body without what differs between any two requests, and without the names asked for."""
    text = answer.text
    for name in names:
        text = text.replace(name, "…")
    body = json.loads(text) if text else None
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key not in _OF_ONE_REQUEST}
    return answer.status_code, body
