"""Pseudonyms: a keyed digest and a masked form in place of a person's document number."""

from __future__ import annotations

import hmac
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from messages.errors import InvalidFileError

from chassis.security.person_numbers import normal_form

_KEY_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")
_KEY = re.compile(r"^[0-9a-f]{64}$")
_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """The pseudonym of a document number: ``digest`` and ``masked`` may be stored and published."""

    digest: str
    masked: str
    key_id: str
    """The key of the digest."""
    earlier: tuple[str, ...] = ()
    """Digests of the same number with earlier keys, to find documents stored with them."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The secret keys by id; new digests use the current one.

    After a rotation the older keys stay: a digest cannot be recomputed without its number, so a person stored with an
    older key is found by ``Pseudonym.earlier`` and keeps that digest.
    """

    current: str
    _secrets: Mapping[str, bytes] = field(repr=False)

    def identify(self, number: str) -> Pseudonym:
        """Return the pseudonym; raise InvalidPersonNumberError, without the number, when it is no document number."""
        plain = normal_form(number)
        digests = {key_id: hmac.new(key, plain.encode(), sha256).hexdigest() for key_id, key in self._secrets.items()}
        newest = digests.pop(self.current)
        return Pseudonym(newest, mask(plain), self.current, tuple(digests.values()))


def mask(number: str) -> str:
    """Show at most two characters at each end, and never more than half of the number."""
    shown = min(_SHOWN, len(number) // 4)
    return number[:shown] + "*" * (len(number) - 2 * shown) + number[len(number) - shown :]


def load_keys(file: Path) -> KeyRing:
    """Read a key file: ``current = "<id>"`` and a table ``[keys]`` of id = 64 hexadecimal digits.

    Raises InvalidFileError with every problem of the file; the text never contains a key.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InvalidFileError([f"{file} cannot be read: {type(problem).__name__}"]) from None
    keys = content.get("keys")
    found = list(_problems(content.get("current"), keys))
    if found or not isinstance(keys, dict):
        raise InvalidFileError(f"{file}: {each}" for each in found)
    return KeyRing(content["current"], {key_id: bytes.fromhex(key) for key_id, key in keys.items()})


def add_key(file: Path, key_id: str) -> KeyRing:
    """Add a new random key and make it current; a new file is readable by its owner only."""
    if not _KEY_ID.match(key_id):
        raise ValueError(f"{key_id!r} is not a key id")
    older = dict(load_keys(file)._secrets) if file.exists() else {}  # noqa: SLF001 - this module owns the keys
    if key_id in older:
        raise ValueError(f"{key_id!r} is in use: a key is never replaced under its id")
    _write(file, KeyRing(key_id, {key_id: secrets.token_bytes(32), **older}))
    return load_keys(file)


def _write(file: Path, keys: KeyRing) -> None:
    lines = [f'{key_id} = "{key.hex()}"' for key_id, key in keys._secrets.items()]  # noqa: SLF001 - as above
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text("\n".join([f'current = "{keys.current}"', "", "[keys]", *lines, ""]), encoding="utf-8")
    draft.replace(file)


def _problems(current: object, keys: object) -> list[str]:
    if not isinstance(keys, dict) or not keys:
        return ["the table [keys] is missing or empty"]
    found = [f"{key_id!r} is not a key id" for key_id in keys if not _KEY_ID.match(key_id)]
    found += [
        f"key {key_id!r} is not 64 hexadecimal digits" for key_id, key in keys.items() if not _KEY.match(str(key))
    ]
    if current not in keys:
        found.append("'current' names none of the keys")
    return found
