from __future__ import annotations

import base64
import inspect
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from chassis.__main__ import app
from chassis.handling import TransientError
from chassis.security import tokens
from chassis.security.dev_issuer import AUDIENCE, ISSUER, DevelopmentIssuer, DevelopmentIssuerError
from chassis.security.tokens import MAX_CLAIM_LENGTH, PERSON_VERIFIED, InvalidTokenError, TokenVerifier, decode_token
from chassis.settings import Mode
from click.testing import CliRunner
from devkit.clock import FixedClock
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import OctKey
from messages.values import Role

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def issuer(tmp_path: Path, clock: FixedClock) -> DevelopmentIssuer:
    return DevelopmentIssuer(tmp_path, Mode.LOCAL, clock=clock)


@pytest.fixture
def verifier(issuer: DevelopmentIssuer, clock: FixedClock) -> TokenVerifier:
    return TokenVerifier(issuer.jwks_file, ISSUER, AUDIENCE, clock)


def test_token_names_subject_roles_and_scope(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    token = issuer.mint(role=Role.PREFECTURE_OFFICER, prefecture="150100", subject="officer-7")

    actor = verifier.actor(token)

    assert (actor.subject, actor.roles, actor.prefecture) == ("officer-7", {"prefecture_officer"}, "150100")
    assert actor.organisation is None
    assert not actor.person_verified


@pytest.mark.parametrize("claim", ["true", 1, [True], None])
def test_only_the_value_true_says_that_a_person_is_verified(forger: Forger, claim: object) -> None:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "li", "exp": int(NOW.timestamp()) + 60, "roles": ["public"]}

    verified, other = (
        forger.verifier.actor(forger.sign(json.dumps({**claims, PERSON_VERIFIED: value}))) for value in (True, claim)
    )

    assert (verified.person_verified, other.person_verified) == (True, False)


def test_cached_token_expires(issuer: DevelopmentIssuer, verifier: TokenVerifier, clock: FixedClock) -> None:
    token = issuer.mint(role=Role.OPERATOR, lifetime=timedelta(minutes=10))
    assert verifier.actor(token).acts_as(Role.OPERATOR)

    clock.advance(timedelta(minutes=12))

    with pytest.raises(InvalidTokenError):
        verifier.actor(token)


@pytest.mark.parametrize("wrong", [{"issuer": "https://elsewhere.example"}, {"audience": "another system"}])
def test_token_of_another_issuer_or_audience_is_refused(
    tmp_path: Path, clock: FixedClock, verifier: TokenVerifier, wrong: dict[str, str]
) -> None:
    same_keys = DevelopmentIssuer(tmp_path, Mode.LOCAL, clock=clock, **wrong)  # type: ignore[arg-type]

    with pytest.raises(InvalidTokenError):
        verifier.actor(same_keys.mint(role=Role.OPERATOR))


def test_a_token_signed_with_another_key_is_refused(tmp_path: Path, clock: FixedClock, verifier: TokenVerifier) -> None:
    stranger = DevelopmentIssuer(tmp_path / "other", Mode.LOCAL, clock=clock)

    with pytest.raises(InvalidTokenError):
        verifier.actor(stranger.mint(role=Role.REGIONAL_OFFICER))


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(
    issuer: DevelopmentIssuer, verifier: TokenVerifier
) -> None:
    public = OctKey.import_key(issuer.jwks_file.read_bytes())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "roles": ["operator"], "exp": 2**31}
    forged = jwt.encode({"alg": "HS256"}, claims, public)

    with pytest.raises(InvalidTokenError):
        verifier.actor(forged)


@pytest.mark.parametrize("token", ["", "not a token", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_malformed_token_is_refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(InvalidTokenError):
        verifier.actor(token)


def test_token_without_roles_is_refused(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "exp": 2**31}
    token = jwt.encode({"alg": "ES256", "kid": issuer._key.kid}, claims, issuer._key)

    with pytest.raises(InvalidTokenError, match="names no roles"):
        verifier.actor(token)


def test_replaced_key_file_is_read_again(
    tmp_path: Path, clock: FixedClock, issuer: DevelopmentIssuer, verifier: TokenVerifier
) -> None:
    old = issuer.mint(role=Role.OPERATOR)
    verifier.actor(old)
    rotated = DevelopmentIssuer(tmp_path / "rotated", Mode.LOCAL, clock=clock)
    rotated.jwks_file.replace(issuer.jwks_file)

    assert verifier.actor(rotated.mint(role=Role.OPERATOR)).acts_as(Role.OPERATOR)
    with pytest.raises(InvalidTokenError):
        verifier.actor(old)


@pytest.mark.parametrize("content", [None, "", "{}", '{"keys": [{"kty": "EC"}]}'])
async def test_unreadable_keys_refuse_every_token_and_make_the_service_not_ready(
    issuer: DevelopmentIssuer, verifier: TokenVerifier, content: str | None
) -> None:
    token = issuer.mint(role=Role.OPERATOR)
    issuer.jwks_file.unlink()
    if content is not None:
        issuer.jwks_file.write_text(content, encoding="utf-8")

    with pytest.raises(TransientError):
        verifier.actor(token)
    with pytest.raises(TransientError):
        await verifier.ping()


def test_development_issuer_keeps_its_key_private(
    tmp_path: Path, issuer: DevelopmentIssuer, verifier: TokenVerifier, clock: FixedClock
) -> None:
    again = DevelopmentIssuer(tmp_path, Mode.LOCAL, clock=clock)

    assert verifier.actor(again.mint(role=Role.OPERATOR)).acts_as(Role.OPERATOR)
    assert (tmp_path / "issuer-key.json").stat().st_mode & 0o077 == 0
    assert "d" not in json.loads(issuer.jwks_file.read_text(encoding="utf-8"))["keys"][0]


def test_development_issuer_refuses_to_work_in_production(tmp_path: Path) -> None:
    with pytest.raises(DevelopmentIssuerError):
        DevelopmentIssuer(tmp_path / "keys", Mode.PRODUCTION)

    assert not (tmp_path / "keys").exists()


def test_token_command_prints_a_token_and_refuses_in_production(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["token", "--keys", str(tmp_path), "--role", "expert", "--subject", "li"]

    printed = CliRunner().invoke(app, asked)
    verifier = TokenVerifier(tmp_path / "jwks.json", ISSUER, AUDIENCE)
    assert verifier.actor(printed.output.strip()).subject == "li"
    verified = CliRunner().invoke(app, [*asked, "--person-verified"])
    assert verifier.actor(verified.output.strip()).person_verified

    monkeypatch.setenv("GREEN_MODE", "production")
    refused = CliRunner().invoke(app, asked)
    assert refused.exit_code == 1
    assert "production" in refused.output


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5u", "x5c", "cty", "zip", "enc", "p2c"])
HEADERS = JSON | st.dictionaries(NAMES | st.text(max_size=5), JSON | st.just("ES256"), max_size=6)
CLAIMS = ("iss", "aud", "sub", "exp", "nbf", "iat", "roles", "organisation", "prefecture", PERSON_VERIFIED)
DEEP = ("[" * 20_000 + "]" * 20_000, '{"a":' * 20_000 + "1" + "}" * 20_000)


class Forger:
    """Signs any text with the issuer's own key: what a library raises about the content must not escape either."""

    def __init__(self, folder: Path) -> None:
        clock = FixedClock(NOW)
        self.issuer = DevelopmentIssuer(folder, Mode.LOCAL, clock=clock)
        self.verifier = TokenVerifier(self.issuer.jwks_file, ISSUER, AUDIENCE, clock)
        self.header = {"alg": "ES256", "kid": self.issuer._key.kid}

    def sign(self, payload: str) -> str:
        return jws.serialize_compact(self.header, payload.encode("utf-8", "surrogatepass"), self.issuer._key)


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory) -> Forger:
    return Forger(tmp_path_factory.mktemp("issuer"))


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).rstrip(b"=").decode()


@given(header=HEADERS, payload=JSON, signature=st.text("Aa0_-", max_size=90))
@settings(max_examples=300, deadline=None)
def test_token_with_any_header_is_invalid(forger: Forger, header: object, payload: object, signature: str) -> None:
    with pytest.raises(InvalidTokenError):
        forger.verifier.actor(f"{encoded(json.dumps(header))}.{encoded(json.dumps(payload))}.{signature}")


@given(payload=JSON)
@settings(max_examples=150, deadline=None)
def test_signed_token_with_any_payload_is_invalid(forger: Forger, payload: object) -> None:
    with pytest.raises(InvalidTokenError):
        forger.verifier.actor(forger.sign(json.dumps(payload)))


@given(claim=st.sampled_from(CLAIMS), value=JSON)
@settings(max_examples=300, deadline=None)
def test_signed_token_with_any_value_of_one_claim_names_an_actor_or_is_invalid(
    forger: Forger, claim: str, value: object
) -> None:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "li", "exp": int(NOW.timestamp()) + 60, "roles": ["expert"]}
    try:
        actor = forger.verifier.actor(forger.sign(json.dumps({**claims, claim: value})))
    except InvalidTokenError:
        return
    for text in (actor.subject, *actor.roles, actor.organisation or "", actor.prefecture or ""):
        assert len(text) <= MAX_CLAIM_LENGTH
        assert text.encode().decode() == text


@pytest.mark.parametrize(
    "header", ['{"alg":"ES256","crit":5}', '{"alg":["ES256"]}', '{"alg":"ES256","kid":{}}', "5", "[]", *DEEP]
)
def test_token_whose_header_upsets_the_library_is_invalid(forger: Forger, header: str) -> None:
    with pytest.raises(InvalidTokenError):
        forger.verifier.actor(f"{encoded(header)}.e30.AAAA")


@pytest.mark.parametrize("payload", DEEP)
def test_deep_payload_is_invalid(forger: Forger, payload: str) -> None:
    token = forger.sign(payload)

    with pytest.raises(InvalidTokenError):
        forger.verifier.actor(token)
    with pytest.raises(InvalidTokenError):
        decode_token(token, forger.verifier._keys, issuer=ISSUER, audience=AUDIENCE, now=int(NOW.timestamp()))


@pytest.mark.parametrize("character", ["\ud800", "é", "名", "\x00", " "])
def test_token_of_any_characters_is_invalid(forger: Forger, character: str) -> None:
    with pytest.raises(InvalidTokenError):
        forger.verifier.actor(f"{character}.{character}.{character}")


def test_every_claim_that_is_read_is_told_to_those_who_set_up_an_identity_provider() -> None:
    source = inspect.getsource(tokens.decode_token) + inspect.getsource(tokens._actor)
    read = set(re.findall(r'claims(?:\.get\(|\[)"(\w+)"', source)) | set(re.findall(r'(\w+)=\{"essential"', source))
    read |= {tokens.PERSON_VERIFIED} if "claims.get(PERSON_VERIFIED)" in source else set()
    page = Path(__file__).parents[2] / "architecture" / "security.md"

    assert read == tokens.CLAIMS.keys()
    assert {name for name in read if f"`{name}`" not in page.read_text(encoding="utf-8")} == set()
