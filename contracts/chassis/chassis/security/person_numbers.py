"""Document numbers of persons: one form each, the check character of GB 11643 compared."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from messages.spelling import code_form
from stdnum.cn import ric

_SHORTEST, _LONGEST = 5, 40
_OLD, _PRESENT = 15, 18
"""Digits of a citizen's number until 1999 and since."""
_CENTURY = "19"
_MEANT = str.maketrans("OIL", "011")
"""Letters typed for the figures they look like."""
_PERMIT = re.compile(r"[A-Z]{3}[0-9]{12}")
"""A foreigner's permit of permanent residence before 2023: as long as an old citizen's number."""
_FIGURES = re.compile(r"[0-9]+")


class InvalidPersonNumberError(ValueError):
    """No document number, or one with a typing error; ``text`` says so to people, and neither repeats the number."""

    def __init__(self, text: str) -> None:
        super().__init__(f"not a document number: {text}")
        self.text = text


def normal_form(number: str) -> str:
    """Return one spelling of each number, hence one digest: half-width capitals, no blanks or dashes.

    A citizen's number of 15 digits becomes the same person's of 18; one whose check character is wrong is refused.
    """
    if len(unicodedata.normalize("NFKC", number[: 2 * _LONGEST + 1])) > 2 * _LONGEST:
        raise InvalidPersonNumberError("过长")
    plain = code_form(number)
    if not (_SHORTEST <= len(plain) <= _LONGEST and plain.isascii() and plain.isalnum()):
        raise InvalidPersonNumberError(f"应为{_SHORTEST}至{_LONGEST}位字母和数字")
    if len(plain) == _PRESENT:
        return _citizen(plain)
    if len(plain) == _OLD and not _PERMIT.fullmatch(plain):
        return _citizen(_as_present(plain))
    return plain


def _as_present(old: str) -> str:
    """Return the number of 18 that was given for one of 15 digits, without its check character where it has letters."""
    front = old[:6] + _CENTURY + old[6:]
    return front + (ric.calc_check_digit(front + "0") if _FIGURES.fullmatch(front) else "0")


def _citizen(number: str) -> str:
    front, check = number[:-1], number[-1]
    if not _FIGURES.fullmatch(front):
        meant = _FIGURES.fullmatch(front.translate(_MEANT)) is not None
        raise InvalidPersonNumberError("中有字母，应为数字：请核对数字0、1与字母O、I" if meant else "格式不正确")
    if not _is_day(front[6:14]):
        raise InvalidPersonNumberError("中的出生日期不存在，请核对")
    if ric.calc_check_digit(number) != check:
        raise InvalidPersonNumberError("末位校验码不符（GB 11643），请核对")
    return number


def _is_day(figures: str) -> bool:
    try:
        date(int(figures[:4]), int(figures[4:6]), int(figures[6:]))
    except ValueError:
        return False
    return True
