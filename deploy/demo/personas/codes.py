"""Codes of people and organisations that do not exist, each with a valid check character."""

from __future__ import annotations

from stdnum.cn import ric, uscc

_COMPANY, _INSTITUTION = "91", "12"
_LETTERLESS_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11714-1997: weights of the eight digits of an organisation code."""


def organisation_code(registered: str, number: int, *, institution: bool = False) -> str:
    """Return a unified social credit code (GB 32100) for the ``number``-th invented organisation.

    Its organisation code begins with zeros, as no registered one does.
    """
    body = f"{number:08d}"
    head = (_INSTITUTION if institution else _COMPANY) + registered + body + _check_of(body)
    return str(head + uscc.calc_check_digit(head))


def _check_of(body: str) -> str:
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(body, _LETTERLESS_WEIGHTS, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def document_number(registered: str, order: int) -> str:
    """Return a number of an identity document; its holder, born in 1900, cannot be a living person."""
    head = f"{registered}19000101{order % 1000:03d}"
    return head + str(ric.calc_check_digit(head + "0"))
