"""Bearer tokens (OIDC): verifies a signed token and returns the actor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from messages.values import Role, normalized_code

from chassis.clock import Clock, SystemClock
from chassis.handling import TransientError
from chassis.security.policies import Actor

ALGORITHMS = ("ES256", "RS256", "Ed25519")
"""Asymmetric only: a verifier must not be able to create tokens."""
LEEWAY_SECONDS = 60
MAX_CACHED_TOKENS = 4096
MAX_TOKEN_LENGTH = 8192
"""Characters; those of the identity provider have fewer than a thousand."""
MAX_CLAIM_LENGTH = 255
"""Characters of a subject (OIDC, section 2), and here of each text that is taken from a token."""
MAX_ROLES = 20
PERSON_VERIFIED = "person_verified"
"""The claim, ``true`` where the identity provider has verified the person's real name against a document."""
CLAIMS = {
    "iss": "the issuer that this deployment names",
    "aud": "the audience that this deployment names",
    "exp": "the instant until which the token holds, in seconds since 1970",
    "sub": "who calls, the same in every token of one person or program",
    "roles": "list of: " + ", ".join(Role),
    "organisation": "for whom the caller acts: the unified social credit code (统一社会信用代码) of an applicant or "
    "assessor, the name of a department, agency or review organisation",
    "prefecture": "six digits of GB/T 2260 (盟市), for officers and departments of a prefecture and for applicants",
    PERSON_VERIFIED: "`true` where the provider has verified the person's real name against a document (实名)",
}
"""Claims that a token must or may carry, for those who set up an identity provider."""
CLAIMS_TEXT = "An access token of the identity provider (OIDC), a JWT signed with ES256, RS256 or Ed25519. Claims: " + (
    "; ".join(f"`{name}`: {text}" for name, text in CLAIMS.items()) + "."
)


class InvalidTokenError(Exception):
    """The token was not signed by the issuer, has expired, or names no subject."""


@dataclass(frozen=True)
class _CachedToken:
    actor: Actor
    expires_at: int


class TokenVerifier:
    """Verifies tokens with the keys in a file, which it reads again when the file is replaced.

    Tokens expire in real time even under the simulated clock. A verified token is cached until it expires or the keys
    change.
    """

    def __init__(self, jwks_file: Path, issuer: str, audience: str, clock: Clock | None = None) -> None:
        self._file = jwks_file
        self._issuer = issuer
        self._audience = audience
        self._clock = clock or SystemClock()
        self._file_version: tuple[int, int] | None = None
        self._keys = KeySet([])
        self._cache: dict[str, _CachedToken] = {}

    def actor(self, token: str) -> Actor:
        """Return the actor that ``token`` names; raise ``InvalidTokenError`` with the reason."""
        self._reload_keys()
        now = int(self._clock.now().timestamp())
        cached = self._cache.get(token)
        if cached is None:
            if len(token) > MAX_TOKEN_LENGTH:
                raise InvalidTokenError("the token is too long")
            cached = decode_token(token, self._keys, issuer=self._issuer, audience=self._audience, now=now)
            self._store(token, cached)
        if now >= cached.expires_at + LEEWAY_SECONDS:
            raise InvalidTokenError("the token has expired")
        return cached.actor

    def _store(self, token: str, cached: _CachedToken) -> None:
        if len(self._cache) >= MAX_CACHED_TOKENS:
            self._cache.clear()
        self._cache[token] = cached

    async def ping(self) -> None:
        """Raise TransientError while the keys cannot be read."""
        self._reload_keys()

    def _reload_keys(self) -> None:
        try:
            status = self._file.stat()
            version = (status.st_ino, status.st_mtime_ns)
            if version != self._file_version:
                self._keys = KeySet.import_key_set(json.loads(self._file.read_text(encoding="utf-8")))
                self._cache.clear()
                self._file_version = version
        except (OSError, ValueError, KeyError, JoseError) as problem:
            raise TransientError(f"the identity provider's keys cannot be read: {type(problem).__name__}") from problem


def decode_token(token: str, keys: KeySet, *, issuer: str, audience: str, now: int) -> _CachedToken:
    """Return the actor; whatever a library raises about a stranger's text means that the token is invalid."""
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
        return _CachedToken(_actor(decoded.claims), int(decoded.claims["exp"]))
    except InvalidTokenError:
        raise
    except Exception as problem:  # noqa: BLE001 - see above
        raise InvalidTokenError(type(problem).__name__) from None


def _actor(claims: dict[str, object]) -> Actor:
    roles = claims.get("roles")
    if not isinstance(roles, list) or len(roles) > MAX_ROLES:
        raise InvalidTokenError("the token names no roles, or too many")
    return Actor(
        subject=_required(claims["sub"]),
        roles=frozenset(map(_required, roles)),
        organisation=_organisation(claims.get("organisation")),
        prefecture=_text(claims.get("prefecture")),
        person_verified=claims.get(PERSON_VERIFIED) is True,
    )


def _organisation(claim: object) -> str | None:
    """Return a code as every service compares it; a department or an agency as it is named."""
    return normalized_code(named) if (named := _text(claim)) else None


def _text(claim: object) -> str | None:
    return _required(claim) if isinstance(claim, str) and claim else None


def _required(claim: object) -> str:
    if not isinstance(claim, str) or not claim or len(claim) > MAX_CLAIM_LENGTH:
        raise InvalidTokenError("a claim is not a text of the expected length")
    claim.encode()  # text that is not Unicode can be neither stored nor compared
    return claim
