"""Commands open to anybody have a rate by caller and by address."""

from __future__ import annotations

import pytest
from chassis.http.rates import BUCKETS, OpenCommandRates, RateExceededError

FEW, MANY = "2/hour", "100000/hour"


def taken(rates: OpenCommandRates, caller: str | None, address: str) -> bool:
    try:
        rates.take(caller, address)
    except RateExceededError:
        return False
    return True


def test_caller_is_counted_wherever_it_sends_from() -> None:
    rates = OpenCommandRates(FEW, MANY)

    assert [taken(rates, "li", f"10.0.0.{number}") for number in range(3)] == [True, True, False]
    assert taken(rates, "wang", "10.0.0.1")


def test_address_is_counted_whoever_sends_from_it() -> None:
    rates = OpenCommandRates(MANY, FEW)

    assert [taken(rates, caller, "10.0.0.1") for caller in ("li", None, "wang")] == [True, True, False]
    assert taken(rates, "li", "10.0.0.2")


def test_addresses_of_one_network_are_one_caller() -> None:
    rates = OpenCommandRates(MANY, FEW)

    assert [taken(rates, None, f"2001:db8::{number}") for number in range(3)] == [True, True, False]
    assert taken(rates, None, "2001:db8:0:1::1")


def test_refusal_says_when_the_next_one_may_come() -> None:
    rates = OpenCommandRates(MANY, "1/minute; 2/day")
    rates.take(None, "10.0.0.1")

    with pytest.raises(RateExceededError) as refused:
        rates.take(None, "10.0.0.1")

    assert refused.value.status == 429
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 61


def test_invented_addresses_fill_no_memory() -> None:
    rates = OpenCommandRates(MANY, MANY)
    for number in range(int(1.2 * BUCKETS)):
        rates.take(None, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")

    assert rates.counted <= BUCKETS
