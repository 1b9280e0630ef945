"""One thing is one, however written; what nobody sees is refused or makes no difference."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from messages.lookalikes import visually_alike
from messages.spelling import character_problem, code_form, document_number_form, normalized_name

IGNORABLE = [sign for code in range(0x110000) if regex.match(r"\p{Default_Ignorable_Code_Point}", sign := chr(code))]
"""Every code point that Unicode lets a display ignore; more than four thousand."""
PLAIN = "内蒙古示例有限公司"
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


def test_every_ignorable_character_is_refused_at_entry_and_makes_no_other_name() -> None:
    assert len(IGNORABLE) > 4000
    for sign in IGNORABLE:
        inside, before, after = f"内蒙古{sign}示例有限公司", sign + PLAIN, PLAIN + sign
        variant = "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef"
        assert {normalized_name(each) for each in (inside, before, after)} == {normalized_name(PLAIN)}
        assert character_problem(before) is not None
        assert (character_problem(inside) is None) == variant, f"U+{ord(sign):04X}"
        assert f"U+{ord(sign):04X}" in str(character_problem(before))


@pytest.mark.parametrize(
    "needed",
    [
        "ᠮᠣᠩᠭᠣᠯ\u180eᠠ",  # the vowel separator
        "ᠠ\u180bᠨ",
        "ᠨ\u180d",
        "ᠰ\u200dᠠ",
        "ᠰ\u200cᠠ",
        "葛\U000e0100城",
        "芦\ufe00屋",
    ],
)
def test_a_character_its_script_needs_is_kept_and_not_compared(needed: str) -> None:
    assert character_problem(needed) is None
    bare = "".join(each for each in needed if each not in IGNORABLE)
    assert normalized_name(needed) == normalized_name(bare)


@pytest.mark.parametrize("refused", ["ᠠ\u200b", "内\u180b", "a\ufe0f", "葛\u200d城", "\u180bᠠ"])
def test_the_same_character_elsewhere_is_refused(refused: str) -> None:
    assert character_problem(refused) is not None


@pytest.mark.parametrize("blank", ["", " ", "\u200b", "\u3000", "\u3164", "\uffa0", "\u2800", "\u0301", "\ufeff\u00a0"])
def test_a_text_with_nothing_visible_is_refused(blank: str) -> None:
    assert character_problem(blank) == "没有可见的内容，请填写"
    assert character_problem(blank, lines=True) is not None


@pytest.mark.parametrize(
    "sign", ["\ufffe", "\U0010ffff", "\ufdd0", "\x00", "\x1b", "\x7f", "\ud800", "\ue000", "\u2028", "\ufff9"]
)
def test_a_sign_that_is_no_character_for_people_is_refused_with_its_place(sign: str) -> None:
    assert character_problem(f"内蒙古{sign}公司") == f"第4个字符U+{ord(sign):04X}不可见或不能使用，请删除"
    assert character_problem(f"内蒙古{sign}公司", lines=True) is not None


def test_only_a_text_of_several_lines_has_lines() -> None:
    assert character_problem("甲\n乙") is not None
    assert character_problem("甲\n\t乙", lines=True) is None


@pytest.mark.parametrize("good", ["𬭚业", "\U0002ebf0", "ᠮᠣᠩᠭᠣᠯ ᠤᠯᠤᠰ", "Ⅲ期", "①", "ñ", "n\u0303", "A&B（中国）·甲—乙"])
def test_names_of_all_scripts_and_the_newest_characters_are_taken(good: str) -> None:
    assert character_problem(good) is None


@pytest.mark.parametrize(
    "spelling",
    [
        "示例•河套(工业)园区-Ａ区",
        "示例‧河套（工业）园区—a区",
        "示例・河套〔工业〕园区——A区",
        "示例･河套［工业］园区－Ａ区",
        "示例∙河套【工业】园区–A区",
        " 示例 · 河套 （工业）\u3000园区 ‐ A区 ",
        "示例·河\u200b套（工业）园区\u2060-A区",
    ],
)
def test_dots_brackets_dashes_case_and_blanks_make_no_other_name(spelling: str) -> None:
    assert normalized_name(spelling) == normalized_name("示例·河套（工业）园区-A区")


@pytest.mark.parametrize(("one", "other"), [("示例1号", "示例2号"), ("示例·甲", "示例甲"), ("甲（乙）", "甲乙")])
def test_other_names_stay_apart(one: str, other: str) -> None:
    assert normalized_name(one) != normalized_name(other)


@given(TEXTS)
def test_a_form_of_a_form_is_the_same_form(text: str) -> None:
    for form in (normalized_name, document_number_form, code_form):
        assert form(form(text)) == form(text)


@given(TEXTS, st.integers(0, 30), st.sampled_from(IGNORABLE))
def test_what_is_taken_looks_as_it_is_compared(text: str, at: int, sign: str) -> None:
    changed = text[:at] + sign + text[at:]
    assert character_problem(changed) is not None or normalized_name(changed) == normalized_name(text)


@pytest.mark.parametrize(
    "spelling",
    [
        "[2027]1号",
        "［2027］1号",
        "(2027)1号",
        "（2027）1号",
        "【2027】 1 号",
        "〔２０２７〕第01号",
        " 〔2027〕\u200b1号",
        "﹝2027﹞1号",
    ],
)
def test_a_document_number_has_one_form_as_the_standard_writes_it(spelling: str) -> None:
    assert document_number_form(spelling) == "〔2027〕1号"


def test_other_parts_of_a_document_number_stay() -> None:
    assert document_number_form("内工信函（甲）〔2026〕51号") == "内工信函(甲)〔2026〕51号"
    assert document_number_form("DOC-2026-7") == "DOC-2026-7"
    assert document_number_form("第3号公告") == "第3号公告"


def test_names_that_only_visually_alike_are_found() -> None:
    assert visually_alike("内蒙古АВС有限公司", "内蒙古ABC有限公司")
    assert visually_alike("口福食品", "ロ福食品")
    assert not visually_alike("内蒙古ABC", "内蒙古abc")  # the same name, not only alike
    assert not visually_alike("甲公司", "乙公司")
