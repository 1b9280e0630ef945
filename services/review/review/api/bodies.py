"""Parts that the bodies of several routes share."""

from __future__ import annotations

from messages.entries import OptionalParagraphs

ShortText = OptionalParagraphs
