"""The development issuer: creates keys and tokens for one machine; refuses production mode."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey

from chassis.clock import Clock, SystemClock
from chassis.security.tokens import PERSON_VERIFIED
from chassis.settings import Mode, Settings

PRIVATE, PUBLIC = "issuer-key.json", "jwks.json"
ISSUER = str(Settings.model_fields["issuer"].default)
AUDIENCE = str(Settings.model_fields["audience"].default)


class DevelopmentIssuerError(Exception):
    """The development issuer was opened in production mode."""


class DevelopmentIssuer:
    """Signs tokens with a key in ``folder``, created at first use, readable by its owner only."""

    def __init__(
        self,
        folder: Path,
        mode: Mode,
        *,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        clock: Clock | None = None,
    ) -> None:
        if mode is Mode.PRODUCTION:
            raise DevelopmentIssuerError("the development issuer does not work in production mode")
        self._issuer = issuer
        self._audience = audience
        self._clock = clock or SystemClock()
        self.jwks_file = folder / PUBLIC
        self._key = _key(folder)

    def mint(  # noqa: PLR0913 - the claims of a token
        self,
        *,
        role: str | Iterable[str],
        subject: str | None = None,
        organisation: str | None = None,
        prefecture: str | None = None,
        person_verified: bool = False,
        lifetime: timedelta = timedelta(hours=12),
    ) -> str:
        """Return a signed token; the default subject is derived from role, organisation and prefecture."""
        roles = [role] if isinstance(role, str) else sorted(role)
        parts = [part for part in (*roles, prefecture, organisation) if part]
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject or ":".join(parts),
            "roles": roles,
            "organisation": organisation,
            "prefecture": prefecture,
            PERSON_VERIFIED: person_verified or None,
            "iat": now,
            "exp": now + int(lifetime.total_seconds()),
            "jti": uuid.uuid4().hex,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": self._key.kid}, present, self._key)


def _key(folder: Path) -> ECKey:
    file = folder / PRIVATE
    if file.exists():
        return ECKey.import_key(json.loads(file.read_text(encoding="utf-8")))
    folder.mkdir(parents=True, exist_ok=True)
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(key.as_dict(private=True)), encoding="utf-8")
    public = json.dumps({"keys": [key.as_dict(private=False)]})
    (folder / PUBLIC).write_text(public, encoding="utf-8")
    return key
