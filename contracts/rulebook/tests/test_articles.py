import pytest
from rulebook import Basis, UnknownRuleError, basis, catalogue


def numbered(letter: str, last: int) -> list[str]:
    return [f"{letter}{n}" for n in range(1, last + 1)]


EVERY_RULE = [
    *numbered("G", 4),
    *numbered("T", 7),
    *numbered("C", 7),
    *numbered("E", 13),
    *numbered("A", 7),
    *numbered("V", 16),
    "V18",
    *numbered("L", 6),
    *("R1", "R17a", "R17b", "R17c", "R18", "R19", "R20", "R21", "R22", "R23", "R26", "R33", "R34", "R35"),
    *numbered("D", 6),
    *numbered("B", 2),
    *numbered("Q", 7),
    *numbered("S", 7),
    *numbered("N", 4),
    *numbered("X", 3),
    *numbered("P", 3),
]


@pytest.mark.rule("G3")
def test_every_rule_names_the_article_it_rests_on() -> None:
    assert sorted(catalogue()) == sorted(EVERY_RULE)
    assert all(entry.article for entry in catalogue().values())


@pytest.mark.rule("G3")
@pytest.mark.parametrize(
    ("rule", "article"),
    [
        ("E4", "第十二条第（五）项"),
        ("E5", "第十三条第（一）项"),
        ("V4", "第十四条第（二）项"),
        ("V9", "第十四条第（三）项"),
        ("R23", "第二十三条"),
        ("D4", "第二十四条第（四）项"),
        ("B1", "第二十五条"),
        ("S1", "第三十一条"),
        ("Q1", "第三十二条"),
    ],
)
def test_a_basis_names_rule_and_article(rule: str, article: str) -> None:
    assert basis(rule) == Basis(rule=rule, article=article)


def test_an_unknown_rule_is_named_in_the_error() -> None:
    with pytest.raises(UnknownRuleError, match="Z9"):
        basis("Z9")
