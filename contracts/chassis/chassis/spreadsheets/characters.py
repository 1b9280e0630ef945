"""Characters of texts on their way into a spreadsheet and out of one: those nobody sees, and those no file can hold."""

from __future__ import annotations

import re
import unicodedata

IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Unicode's Default_Ignorable_Code_Point: shown as nothing."""
_PASTED = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
"""Of those, the ones that come with copied text and that no script needs."""
_BEFORE_TEXT = re.compile(rf"[\s{IGNORABLE}]*")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters outside XML 1.0; one of them makes a whole workbook unreadable."""


def without_ignorables(text: str) -> str:
    """Return the text without what came with it unseen from another program; Mongolian keeps what it needs."""
    return text if text.isascii() else _PASTED.sub("", text)


def storable(text: str) -> str:
    """Return the text without characters that a file cannot hold."""
    return _NOT_IN_XML.sub("", text)


def first_visible(text: str) -> str:
    """Return the first character that is seen, in half width; an empty text where there is none."""
    at = _BEFORE_TEXT.match(text)
    rest = text[at.end() :] if at else text
    return unicodedata.normalize("NFKC", rest[:1])[:1]
