from __future__ import annotations

from itertools import count

from chassis.handling import Document
from chassis.outbox.ordering import InFlightDocument, OrderedDispatch

NUMBERS = count()


def outbox_document(*keys: str) -> Document:
    return {"_id": next(NUMBERS), "events": [{"aggregate": key} for key in keys]}


def admit(dispatch: OrderedDispatch, document: Document) -> InFlightDocument:
    in_flight = dispatch.admit(document)
    assert in_flight is not None
    return in_flight


def complete(dispatch: OrderedDispatch, in_flight: InFlightDocument) -> None:
    dispatch.complete(in_flight, sent=True)
    dispatch.release([in_flight.document["_id"]])


def leave_blocked(dispatch: OrderedDispatch, in_flight: InFlightDocument) -> None:
    for key in in_flight.keys:
        dispatch.block(in_flight, key)
    dispatch.complete(in_flight, sent=False)


async def test_document_waits_for_its_predecessors_and_inherits_their_blocked_keys() -> None:
    dispatch = OrderedDispatch()
    first, other, second = (admit(dispatch, outbox_document(*names)) for names in (("a", "b"), ("c",), ("b", "c")))
    dispatch.block(first, "b")
    dispatch.complete(first, sent=False)
    complete(dispatch, other)
    await second.wait_for_predecessors()

    assert second.blocked == {"b"}


async def test_document_admitted_behind_a_blocked_key_is_blocked_on_it() -> None:
    dispatch = OrderedDispatch()
    leave_blocked(dispatch, admit(dispatch, outbox_document("a")))

    assert admit(dispatch, outbox_document("a", "b")).blocked == {"a"}
    assert admit(dispatch, outbox_document("b")).blocked == set()


def sweep(dispatch: OrderedDispatch, *documents: Document) -> list[InFlightDocument]:
    taken = dispatch.resume([(each, True) for each in documents])
    dispatch.end_sweep()
    return taken


async def test_key_is_unblocked_when_a_sweep_has_all_its_documents_in_flight() -> None:
    dispatch = OrderedDispatch()
    stuck = outbox_document("a")
    leave_blocked(dispatch, admit(dispatch, stuck))
    dispatch.begin_sweep()
    (again,) = sweep(dispatch, stuck)
    later = admit(dispatch, outbox_document("a"))
    complete(dispatch, again)
    await later.wait_for_predecessors()

    assert (again.blocked, later.blocked) == (set(), set())
    assert not dispatch.needs_sweep


async def test_key_stays_blocked_while_one_of_its_documents_is_not_in_flight() -> None:
    dispatch = OrderedDispatch()
    stuck, more = outbox_document("a"), outbox_document("a")
    for document in (stuck, more):
        leave_blocked(dispatch, admit(dispatch, document))
    dispatch.begin_sweep()
    meanwhile = admit(dispatch, outbox_document("a"))
    older = sweep(dispatch, stuck, more)

    assert meanwhile.blocked == {"a"}
    assert [each.blocked for each in older] == [set(), set()]
    assert admit(dispatch, outbox_document("a")).blocked == {"a"}


async def test_unfinished_sweep_unblocks_nothing_but_sends_the_oldest() -> None:
    dispatch = OrderedDispatch()
    stuck = outbox_document("a")
    leave_blocked(dispatch, admit(dispatch, stuck))
    dispatch.begin_sweep()
    (again,) = dispatch.resume([(stuck, True)])

    assert again.blocked == set()
    assert admit(dispatch, outbox_document("a")).blocked == {"a"}


async def test_document_of_another_relay_blocks_later_ones_of_the_same_key() -> None:
    dispatch = OrderedDispatch()
    dispatch.begin_sweep()
    taken = dispatch.resume([(outbox_document("a"), False), (outbox_document("a", "b"), True)])

    assert [in_flight.blocked for in_flight in taken] == [{"a"}]


async def test_document_left_during_a_sweep_blocks_later_ones_of_the_same_key() -> None:
    dispatch = OrderedDispatch()
    first, behind = outbox_document("a"), outbox_document("a")
    in_flight = admit(dispatch, first)
    dispatch.begin_sweep()
    leave_blocked(dispatch, in_flight)
    (found,) = dispatch.resume([(behind, True)])

    assert found.blocked == {"a"}


async def test_blocked_in_flight_document_blocks_later_ones_of_the_same_key() -> None:
    dispatch = OrderedDispatch()
    blocker = admit(dispatch, outbox_document("b"))
    leave_blocked(dispatch, admit(dispatch, outbox_document("a")))
    waiting = admit(dispatch, outbox_document("a", "b"))
    behind = outbox_document("a")
    dispatch.begin_sweep()
    (found,) = dispatch.resume([(behind, True)])

    assert (waiting.blocked, waiting.predecessors) == ({"a"}, [blocker.done])
    assert found.blocked == {"a"}


async def test_saturated_relay_admits_nothing_until_a_full_sweep() -> None:
    dispatch = OrderedDispatch(max_in_flight=10, max_blocked_keys=1)
    documents = [outbox_document("a"), outbox_document("b")]
    for document in documents:
        leave_blocked(dispatch, admit(dispatch, document))
    outside = outbox_document("c")
    assert dispatch.admit(outside) is None

    dispatch.begin_sweep()
    meanwhile = outbox_document("d")
    assert dispatch.admit(meanwhile) is None
    sweep(dispatch, *documents, outside)

    assert [admit(dispatch, outbox_document(each)).blocked for each in "abcd"] == [set(), set(), set(), {"d"}]


async def test_relay_with_too_many_blocked_keys_admits_nothing() -> None:
    dispatch = OrderedDispatch(max_in_flight=10, max_blocked_keys=1)
    for document in (outbox_document("a"), outbox_document("b")):
        leave_blocked(dispatch, admit(dispatch, document))
    dispatch.begin_sweep()
    for document in (outbox_document("c"), outbox_document("d")):
        assert dispatch.admit(document) is None
    dispatch.end_sweep()

    assert dispatch.admit(outbox_document("e")) is None


async def test_failed_document_blocks_all_its_keys() -> None:
    dispatch = OrderedDispatch()
    dispatch.complete(admit(dispatch, outbox_document("a", "b")), sent=False)

    assert admit(dispatch, outbox_document("a", "b", "c")).blocked == {"a", "b"}


async def test_room_is_what_the_documents_in_flight_leave_and_an_empty_dispatch_has_room_for_any_page() -> None:
    dispatch = OrderedDispatch(max_in_flight=3)
    assert [dispatch.room_for(count) for count in (1, 3, 4, 99)] == [True] * 4
    admit(dispatch, outbox_document("a"))
    assert [dispatch.room_for(count) for count in (1, 2, 3, 99)] == [True, True, False, False]
    admit(dispatch, outbox_document("b"))
    assert [dispatch.room_for(count) for count in (1, 2)] == [True, False]
    admit(dispatch, outbox_document("c"))
    assert not dispatch.room_for(1)
    assert dispatch.admit(outbox_document("d")) is None
