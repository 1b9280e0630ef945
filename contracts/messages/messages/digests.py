"""Digests that anyone can compute again from what is published."""

from __future__ import annotations

import json
from hashlib import sha256


def canonical_digest(content: object) -> str:
    """SHA-256 of canonical JSON: keys sorted, no spaces, UTF-8. ``content`` holds plain JSON values only."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()
