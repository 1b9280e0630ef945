"""Bearer tokens (OIDC): a signed token in, an actor out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis.clock import Clock, SystemClock
from chassis.handling import TransientError
from chassis.security.policies import Actor

ALGORITHMS = ("ES256", "RS256", "Ed25519")
"""Asymmetric only: who can verify a token must not be able to make one."""
LEEWAY_SECONDS = 60
REMEMBERED = 4096


class InvalidTokenError(Exception):
    """The token is not one of ours, has run out, or names nobody."""


@dataclass(frozen=True)
class _CachedToken:
    actor: Actor
    until: int


class TokenVerifier:
    """Verifies tokens against the keys in a file, which is read again when it was replaced.

    Tokens live in real time, also where the business runs on the simulated clock: they guard the machine, not the
    season. A verified token is remembered until it runs out or the keys change.
    """

    def __init__(self, jwks_file: Path, issuer: str, audience: str, clock: Clock | None = None) -> None:
        self._file = jwks_file
        self._issuer = issuer
        self._audience = audience
        self._clock = clock or SystemClock()
        self._seen: tuple[int, int] | None = None
        self._keys = KeySet([])
        self._known: dict[str, _CachedToken] = {}

    def actor(self, token: str) -> Actor:
        """The actor that ``token`` names; raises ``InvalidTokenError`` with the reason."""
        self._read_again_when_replaced()
        now = int(self._clock.now().timestamp())
        known = self._known.get(token)
        if known is None:
            known = decode_token(token, self._keys, issuer=self._issuer, audience=self._audience, now=now)
            self._remember(token, known)
        if now >= known.until + LEEWAY_SECONDS:
            raise InvalidTokenError("the token has run out")
        return known.actor

    def _remember(self, token: str, known: _CachedToken) -> None:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[token] = known

    async def ping(self) -> None:
        """Raises TransientError while the keys cannot be read."""
        self._read_again_when_replaced()

    def _read_again_when_replaced(self) -> None:
        try:
            status = self._file.stat()
            seen = (status.st_ino, status.st_mtime_ns)
            if seen != self._seen:
                self._keys = KeySet.import_key_set(json.loads(self._file.read_text(encoding="utf-8")))
                self._known.clear()
                self._seen = seen
        except (OSError, ValueError, KeyError, JoseError) as problem:
            raise TransientError(f"the identity provider's keys cannot be read: {type(problem).__name__}") from problem


def decode_token(token: str, keys: KeySet, *, issuer: str, audience: str, now: int) -> _CachedToken:
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        registry = jwt.JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        registry.validate(decoded.claims)
    except (JoseError, ValueError) as problem:
        raise InvalidTokenError(str(problem)) from None
    return _CachedToken(_actor(decoded.claims), int(decoded.claims["exp"]))


def _actor(claims: dict[str, object]) -> Actor:
    roles = claims.get("roles")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise InvalidTokenError("the token names no roles")
    return Actor(
        subject=str(claims["sub"]),
        roles=frozenset(roles),
        organisation=_text(claims.get("organisation")),
        prefecture=_text(claims.get("prefecture")),
    )


def _text(claim: object) -> str | None:
    return claim if isinstance(claim, str) and claim else None
