from messages.values import Prefecture
from rulebook import PREFECTURES


def test_the_twelve_leagues_and_cities_have_their_codes() -> None:
    assert len(PREFECTURES) == 12
    assert list(PREFECTURES) == list(Prefecture)
    assert PREFECTURES["150100"] == "呼和浩特市"
    assert PREFECTURES["152900"] == "阿拉善盟"
    assert all(code.isdecimal() and len(code) == 6 and code.startswith("15") for code in PREFECTURES)
