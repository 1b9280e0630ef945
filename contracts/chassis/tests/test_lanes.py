from __future__ import annotations

from itertools import count

from chassis.outbox.ordering import InFlightDocument, OrderedDispatch
from chassis.persistence.unit_of_work import Document

NUMBERS = count()


def said(*lanes: str) -> Document:
    return {"_id": next(NUMBERS), "events": [{"a": lane} for lane in lanes]}


def entered(lanes: OrderedDispatch, document: Document) -> InFlightDocument:
    held = lanes.admit(document)
    assert held is not None
    return held


def sent(lanes: OrderedDispatch, held: InFlightDocument) -> None:
    lanes.complete(held, sent=True)
    lanes.release([held.document["_id"]])


def left(lanes: OrderedDispatch, held: InFlightDocument) -> None:
    for lane in held.lanes:
        lanes.block(held, lane)
    lanes.complete(held, sent=False)


async def test_a_document_waits_for_those_ahead_on_its_lanes_and_learns_what_they_left() -> None:
    lanes = OrderedDispatch()
    first, other, second = (entered(lanes, said(*names)) for names in (("a", "b"), ("c",), ("b", "c")))
    lanes.block(first, "b")
    lanes.complete(first, sent=False)
    sent(lanes, other)
    await second.wait_for_predecessors()

    assert second.stuck == {"b"}


async def test_what_enters_behind_a_stuck_lane_may_say_nothing_on_it() -> None:
    lanes = OrderedDispatch()
    left(lanes, entered(lanes, said("a")))

    assert entered(lanes, said("a", "b")).stuck == {"a"}
    assert entered(lanes, said("b")).stuck == set()


def swept(lanes: OrderedDispatch, *documents: Document) -> list[InFlightDocument]:
    taken = lanes.resume([(each, True) for each in documents])
    lanes.end_sweep()
    return taken


async def test_a_lane_opens_when_a_sweep_has_all_of_it_in_hand_again() -> None:
    lanes = OrderedDispatch()
    stuck = said("a")
    left(lanes, entered(lanes, stuck))
    lanes.begin_sweep()
    (again,) = swept(lanes, stuck)
    later = entered(lanes, said("a"))
    sent(lanes, again)
    await later.wait_for_predecessors()

    assert (again.stuck, later.stuck) == (set(), set())
    assert not lanes.needs_sweep


async def test_a_lane_stays_shut_while_anything_of_it_is_not_in_hand() -> None:
    lanes = OrderedDispatch()
    stuck, more = said("a"), said("a")
    for document in (stuck, more):
        left(lanes, entered(lanes, document))
    lanes.begin_sweep()
    meanwhile = entered(lanes, said("a"))
    older = swept(lanes, stuck, more)

    assert meanwhile.stuck == {"a"}
    assert [each.stuck for each in older] == [set(), set()]
    assert entered(lanes, said("a")).stuck == {"a"}


async def test_a_sweep_that_has_not_come_to_its_end_opens_nothing_and_sends_the_oldest() -> None:
    lanes = OrderedDispatch()
    stuck = said("a")
    left(lanes, entered(lanes, stuck))
    lanes.begin_sweep()
    (again,) = lanes.resume([(stuck, True)])

    assert again.stuck == set()
    assert entered(lanes, said("a")).stuck == {"a"}


async def test_what_another_relay_holds_keeps_back_what_was_found_behind_it() -> None:
    lanes = OrderedDispatch()
    lanes.begin_sweep()
    taken = lanes.resume([(said("a"), False), (said("a", "b"), True)])

    assert [held.stuck for held in taken] == [{"a"}]


async def test_what_is_left_while_a_sweep_asks_keeps_back_what_is_found_behind_it() -> None:
    lanes = OrderedDispatch()
    first, behind = said("a"), said("a")
    held = entered(lanes, first)
    lanes.begin_sweep()
    left(lanes, held)
    (found,) = lanes.resume([(behind, True)])

    assert found.stuck == {"a"}


async def test_what_is_in_hand_and_may_not_go_keeps_back_what_is_found_behind_it() -> None:
    lanes = OrderedDispatch()
    blocker = entered(lanes, said("b"))
    left(lanes, entered(lanes, said("a")))
    waiting = entered(lanes, said("a", "b"))
    behind = said("a")
    lanes.begin_sweep()
    (found,) = lanes.resume([(behind, True)])

    assert (waiting.stuck, waiting.ahead) == ({"a"}, [blocker.ended])
    assert found.stuck == {"a"}


async def test_beyond_its_bounds_the_entrance_is_shut_until_a_sweep_has_in_hand_what_was_outside_before_it() -> None:
    lanes = OrderedDispatch(held_max=10, stuck_max=1)
    documents = [said("a"), said("b")]
    for document in documents:
        left(lanes, entered(lanes, document))
    outside = said("c")
    assert lanes.admit(outside) is None

    lanes.begin_sweep()
    meanwhile = said("d")
    assert lanes.admit(meanwhile) is None
    swept(lanes, *documents, outside)

    assert [entered(lanes, said(each)).stuck for each in "abcd"] == [set(), set(), set(), {"d"}]


async def test_with_more_lanes_stuck_than_are_remembered_the_entrance_stays_shut() -> None:
    lanes = OrderedDispatch(held_max=10, stuck_max=1)
    for document in (said("a"), said("b")):
        left(lanes, entered(lanes, document))
    lanes.begin_sweep()
    for document in (said("c"), said("d")):
        assert lanes.admit(document) is None
    lanes.end_sweep()

    assert lanes.admit(said("e")) is None


async def test_an_error_leaves_every_lane_of_its_document_stuck() -> None:
    lanes = OrderedDispatch()
    lanes.complete(entered(lanes, said("a", "b")), sent=False)

    assert entered(lanes, said("a", "b", "c")).stuck == {"a", "b"}
