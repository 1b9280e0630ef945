from __future__ import annotations

from itertools import count

from chassis.outbox.ordering import Held, Lanes
from chassis.persistence.unit_of_work import Document

NUMBERS = count()


def said(*lanes: str) -> Document:
    return {"_id": next(NUMBERS), "events": [{"a": lane} for lane in lanes]}


def entered(lanes: Lanes, document: Document) -> Held:
    held = lanes.enter(document)
    assert held is not None
    return held


def sent(lanes: Lanes, held: Held) -> None:
    lanes.end(held, sent=True)
    lanes.forget([held.document["_id"]])


def left(lanes: Lanes, held: Held) -> None:
    for lane in held.lanes:
        lanes.stick(held, lane)
    lanes.end(held, sent=False)


async def test_a_document_waits_for_those_ahead_on_its_lanes_and_learns_what_they_left() -> None:
    lanes = Lanes()
    first, other, second = (entered(lanes, said(*names)) for names in (("a", "b"), ("c",), ("b", "c")))
    lanes.stick(first, "b")
    lanes.end(first, sent=False)
    sent(lanes, other)
    await second.turn()

    assert second.stuck == {"b"}


async def test_what_enters_behind_a_stuck_lane_may_say_nothing_on_it() -> None:
    lanes = Lanes()
    left(lanes, entered(lanes, said("a")))

    assert entered(lanes, said("a", "b")).stuck == {"a"}
    assert entered(lanes, said("b")).stuck == set()


def swept(lanes: Lanes, *documents: Document) -> list[Held]:
    taken = lanes.take_up([(each, True) for each in documents])
    lanes.open()
    return taken


async def test_a_lane_opens_when_a_sweep_has_all_of_it_in_hand_again() -> None:
    lanes = Lanes()
    stuck = said("a")
    left(lanes, entered(lanes, stuck))
    lanes.look()
    (again,) = swept(lanes, stuck)
    later = entered(lanes, said("a"))
    sent(lanes, again)
    await later.turn()

    assert (again.stuck, later.stuck) == (set(), set())
    assert not lanes.behind


async def test_a_lane_stays_shut_while_anything_of_it_is_not_in_hand() -> None:
    lanes = Lanes()
    stuck, more = said("a"), said("a")
    for document in (stuck, more):
        left(lanes, entered(lanes, document))
    lanes.look()
    meanwhile = entered(lanes, said("a"))
    older = swept(lanes, stuck, more)

    assert meanwhile.stuck == {"a"}
    assert [each.stuck for each in older] == [set(), set()]
    assert entered(lanes, said("a")).stuck == {"a"}


async def test_a_sweep_that_has_not_come_to_its_end_opens_nothing_and_sends_the_oldest() -> None:
    lanes = Lanes()
    stuck = said("a")
    left(lanes, entered(lanes, stuck))
    lanes.look()
    (again,) = lanes.take_up([(stuck, True)])

    assert again.stuck == set()
    assert entered(lanes, said("a")).stuck == {"a"}


async def test_what_another_relay_holds_keeps_back_what_was_found_behind_it() -> None:
    lanes = Lanes()
    lanes.look()
    taken = lanes.take_up([(said("a"), False), (said("a", "b"), True)])

    assert [held.stuck for held in taken] == [{"a"}]


async def test_what_is_left_while_a_sweep_asks_keeps_back_what_is_found_behind_it() -> None:
    lanes = Lanes()
    first, behind = said("a"), said("a")
    held = entered(lanes, first)
    lanes.look()
    left(lanes, held)
    (found,) = lanes.take_up([(behind, True)])

    assert found.stuck == {"a"}


async def test_what_is_in_hand_and_may_not_go_keeps_back_what_is_found_behind_it() -> None:
    lanes = Lanes()
    blocker = entered(lanes, said("b"))
    left(lanes, entered(lanes, said("a")))
    waiting = entered(lanes, said("a", "b"))
    behind = said("a")
    lanes.look()
    (found,) = lanes.take_up([(behind, True)])

    assert (waiting.stuck, waiting.ahead) == ({"a"}, [blocker.ended])
    assert found.stuck == {"a"}


async def test_beyond_its_bounds_the_entrance_is_shut_until_a_sweep_has_in_hand_what_was_outside_before_it() -> None:
    lanes = Lanes(held_max=10, stuck_max=1)
    documents = [said("a"), said("b")]
    for document in documents:
        left(lanes, entered(lanes, document))
    outside = said("c")
    assert lanes.enter(outside) is None

    lanes.look()
    meanwhile = said("d")
    assert lanes.enter(meanwhile) is None
    swept(lanes, *documents, outside)

    assert [entered(lanes, said(each)).stuck for each in "abcd"] == [set(), set(), set(), {"d"}]


async def test_with_more_lanes_stuck_than_are_remembered_the_entrance_stays_shut() -> None:
    lanes = Lanes(held_max=10, stuck_max=1)
    for document in (said("a"), said("b")):
        left(lanes, entered(lanes, document))
    lanes.look()
    for document in (said("c"), said("d")):
        assert lanes.enter(document) is None
    lanes.open()

    assert lanes.enter(said("e")) is None


async def test_an_error_leaves_every_lane_of_its_document_stuck() -> None:
    lanes = Lanes()
    lanes.end(entered(lanes, said("a", "b")), sent=False)

    assert entered(lanes, said("a", "b", "c")).stuck == {"a", "b"}
