"""Rates of the commands that are open to anybody: by caller, and by network address."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from math import ceil

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from chassis.clock import SystemClock
from chassis.handling import Refusal
from chassis.settings import OPEN_COMMANDS_BY_ADDRESS, OPEN_COMMANDS_BY_CALLER

BUCKETS = 16_384
"""Callers and addresses are counted in so many places by a keyed digest: whoever invents addresses fills no memory."""
_IPV6_NETWORK_BYTES = 8


class RateExceededError(Refusal):
    """The caller, or the address, has sent as many open commands as it may; the answer says when the next one may."""

    def __init__(self, seconds: int) -> None:
        super().__init__("rate-exceeded", status=429, title="Too many of these commands from one caller or address")
        self.headers = {"Retry-After": str(seconds)}


class OpenCommandRates:
    """Counts the open commands of one process."""

    def __init__(self, by_caller: str = OPEN_COMMANDS_BY_CALLER, by_address: str = OPEN_COMMANDS_BY_ADDRESS) -> None:
        self._by_caller = parse_many(by_caller)
        self._by_address = parse_many(by_address)
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._key = secrets.token_bytes(16)

    def take(self, caller: str | None, address: str) -> None:
        """Count one command; raise ``RateExceededError``. Without a token the address alone tells callers apart."""
        asked = [(limit, self._bucket("address", _network(address))) for limit in self._by_address]
        if caller is not None:
            asked += [(limit, self._bucket("caller", caller)) for limit in self._by_caller]
        if waits := [self._seconds(limit, bucket) for limit, bucket in asked if not self._limiter.test(limit, bucket)]:
            raise RateExceededError(max(waits))
        for limit, bucket in asked:
            self._limiter.hit(limit, bucket)

    @property
    def counted(self) -> int:
        """The number of counts held in memory."""
        return len(self._storage.storage)

    def _seconds(self, limit: RateLimitItem, bucket: str) -> int:
        now = SystemClock().now().timestamp()
        return max(1, ceil(self._limiter.get_window_stats(limit, bucket).reset_time - now))

    def _bucket(self, kind: str, text: str) -> str:
        digest = blake2b(text.encode(), digest_size=8, key=self._key).digest()
        return f"{kind}:{int.from_bytes(digest) % BUCKETS}"


def _network(address: str) -> str:
    """Return the address; of IPv6 the network of 64 bits, because one subscriber has all addresses in it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return parsed.packed[:_IPV6_NETWORK_BYTES].hex() if isinstance(parsed, IPv6Address) else address
