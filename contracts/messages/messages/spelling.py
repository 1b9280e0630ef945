"""Spellings: the one form of a name, a document number and a code, and what no text may hold.

The same name is written with full-width letters, other brackets, another middle dot or a blank, and may hold characters
that nobody sees. Every entry, look-up, comparison and index uses the forms of this module, so that one thing is one.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex

_IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")
_BLANK = regex.compile(r"[\p{White_Space}\u2800]")
"""White space, and the Braille pattern without dots, which looks like it."""
_UNSEEN = regex.compile(r"[\p{White_Space}\u2800\p{Default_Ignorable_Code_Point}\p{M}]")
_DASHES = regex.compile(r"[\p{Dash}\u2043]+")
_DOTS = regex.compile(r"[·•‧∙⋅・ᐧ᛫⸱⸳\uA78F\U00010101]")
_OPEN, _CLOSE = regex.compile(r"[\p{Ps}<]"), regex.compile(r"[\p{Pe}>]")
_YEAR_AND_NUMBER = regex.compile(r"\((\d{4})\)(?:第?0*([1-9]\d*|0)号)?")
_REFUSED = regex.compile(
    r"[\p{C}--\p{Cn}]|[\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]", regex.V1
)
_NEEDED = regex.compile(
    r"(?<=\p{Script=Mongolian})[\u180B-\u180F\u200C\u200D]+(?=\p{Script=Mongolian})"
    r"|(?<=\p{Script=Mongolian})[\u180B-\u180D\u180F]"
    r"|(?<=\p{Script=Han})[\uFE00-\uFE0F\U000E0100-\U000E01EF]"
)
"""Characters nobody sees that their script needs: Mongolian's selectors, separator and joiners, variants of a Han
character. They are kept and shown, and not compared."""
_BREAKS = "\n\t"
"""Control characters of a text of several lines."""


@lru_cache(maxsize=16_384)  # the same names are compared again and again
def normalized_name(name: str) -> str:
    """A name for comparison: NFKC without case, blanks and what nobody sees; brackets, middle dots and dashes alike."""
    found = _fold(_fold(name))
    return _CLOSE.sub(")", _OPEN.sub("(", _DOTS.sub("·", _DASHES.sub("-", found))))


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", _IGNORABLE.sub("", text)).casefold()
    return _BLANK.sub("", _IGNORABLE.sub("", unicodedata.normalize("NFKC", folded)))


def document_number_form(number: str) -> str:
    """The one spelling of a document number, as GB/T 9704 has it: 内工信函〔2026〕51号, no blanks, 第 or zeros."""
    plain = _DASHES.sub("-", _plain(number))
    plain = _CLOSE.sub(")", _OPEN.sub("(", plain))
    return _YEAR_AND_NUMBER.sub(lambda found: f"〔{found[1]}〕" + (f"{found[2]}号" if found[2] else ""), plain)


def code_form(code: str) -> str:
    """The one spelling of a code: half-width capitals without blanks, dashes and what nobody sees."""
    return _plain(_DASHES.sub("", _plain(code)).upper())


def _plain(text: str) -> str:
    """Return the text in NFKC without blanks and what nobody sees; again, since what is left may compose anew."""
    for _ in range(2):
        text = _BLANK.sub("", _IGNORABLE.sub("", unicodedata.normalize("NFKC", text)))
    return unicodedata.normalize("NFKC", text)


def character_problem(text: str, *, lines: bool = False) -> str | None:
    """Return why the text may not be entered, for people; ``lines``: it may have several lines."""
    if not _UNSEEN.sub("", text):
        return "没有可见的内容，请填写"
    if text.isascii() and text.isprintable():
        return None
    kept = {at for found in _NEEDED.finditer(text) for at in range(*found.span())}
    for found in _REFUSED.finditer(text):
        at, sign = found.start(), found[0]
        if at not in kept and not (lines and sign in _BREAKS):
            return f"第{at + 1}个字符U+{ord(sign):04X}不可见或不能使用，请删除"
    return None
