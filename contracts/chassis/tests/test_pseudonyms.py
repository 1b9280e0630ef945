from __future__ import annotations

import hmac
import stat
from hashlib import sha256
from pathlib import Path

import pytest
from chassis.security.person_numbers import InvalidPersonNumberError, normal_form
from chassis.security.pseudonyms import KeyRing, add_key, load_keys, mask
from messages.errors import InvalidFileError

NUMBER = "15010219800101113X"
SECRET = bytes(range(32))
KEYS = KeyRing("k1", {"k1": SECRET})


def test_digest_is_hmac_sha256_of_the_number_under_the_current_key() -> None:
    assert KEYS.identify(NUMBER).digest == hmac.new(SECRET, NUMBER.encode(), sha256).hexdigest()
    assert KEYS.identify(NUMBER).key_id == "k1"


@pytest.mark.parametrize(
    "spelling", ["15010219800101113x", " 150102 19800101 113X ", "１５０１０２１９８００１０１１１３Ｘ"]
)
def test_one_person_has_one_digest_however_the_number_is_spelled(spelling: str) -> None:
    assert KEYS.identify(spelling) == KEYS.identify(NUMBER)


def test_another_key_gives_another_digest() -> None:
    other = KeyRing("k2", {"k2": bytes(32)})
    assert other.identify(NUMBER).digest != KEYS.identify(NUMBER).digest


@pytest.mark.parametrize(
    ("number", "masked"), [(NUMBER, "15**************3X"), ("E12345678", "E1*****78"), ("12345", "1***5")]
)
def test_masked_form_shows_at_most_two_characters_at_each_end(number: str, masked: str) -> None:
    assert mask(number) == masked


@pytest.mark.parametrize("wrong", ["", "1234", "1501021980010112三X", "x" * 41, "'; drop"])
def test_invalid_document_number_is_refused_without_being_repeated(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a document number") as refused:
        normal_form(wrong)
    assert not wrong or wrong not in str(refused.value)


def test_digest_under_the_older_key_is_found_after_a_rotation(tmp_path: Path) -> None:
    file = tmp_path / "person.toml"
    before = add_key(file, "k1").identify(NUMBER)
    after = add_key(file, "k2").identify(NUMBER)
    assert after.key_id == "k2"
    assert after.digest != before.digest
    assert after.earlier == (before.digest,)


def test_key_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "person.toml"
    add_key(file, "k1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_key_is_never_replaced_under_its_id(tmp_path: Path) -> None:
    file = tmp_path / "person.toml"
    add_key(file, "k1")
    with pytest.raises(ValueError, match="in use"):
        add_key(file, "k1")


def test_keys_do_not_appear_in_repr() -> None:
    assert SECRET.hex() not in repr(KEYS)
    assert repr(SECRET) not in repr(KEYS)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("current = 'k1'", "missing or empty"),
        ("current = 'k9'\n[keys]\nk1 = 'short'", "not 64 hexadecimal digits"),
        ("current = 'k9'\n[keys]\nk1 = 'short'", "names none of the keys"),
        ("no toml", "cannot be read"),
    ],
)
def test_invalid_key_file_is_refused_with_every_problem(tmp_path: Path, content: str, named: str) -> None:
    file = tmp_path / "person.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidFileError, match=named):
        load_keys(file)


def test_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError, match=r"absent\.toml"):
        load_keys(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("spelling", "form"),
    [
        ("150102800101123", "150102198001011236"),
        ("15010219800101113x", NUMBER),
        ("USA110059010102", "USA110059010102"),
        ("E1234-5678", "E12345678"),
        ("830000198001010018", "830000198001010018"),
    ],
)
def test_a_citizens_number_of_fifteen_digits_is_that_of_eighteen_and_others_stay(spelling: str, form: str) -> None:
    assert normal_form(spelling) == form


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("150102190001011071", "GB 11643"),
        ("15O102198001011236", "字母O"),
        ("1501021980010112A6", "格式不正确"),
        ("150102198002301236", "出生日期"),
        ("150102801301123", "出生日期"),
        ("15O102800101123", "字母O"),
        ("1" * 100_000, "过长"),
    ],
)
def test_a_typing_error_makes_no_other_person(wrong: str, text: str) -> None:
    with pytest.raises(InvalidPersonNumberError, match="not a document number") as refused:
        normal_form(wrong)
    assert text in refused.value.text
    assert wrong not in str(refused.value)


def test_every_other_last_character_of_a_citizens_number_is_refused() -> None:
    taken = [last for last in "0123456789X" if _is_taken(NUMBER[:-1] + last)]
    assert taken == ["X"]


def _is_taken(number: str) -> bool:
    try:
        return normal_form(number) == number
    except InvalidPersonNumberError:
        return False
