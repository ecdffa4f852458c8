"""The queue of windows: full batches of one kind, bounded bytes, no thread left waiting (functions, threads)."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hushbeam.transforms.transcribe.batching import WindowQueue


def room_of(batch: int, limit_bytes: int = 1000) -> WindowQueue[int, str]:
    return WindowQueue(limit_bytes, lambda kind: batch)


def next_of(room: WindowQueue[int, str]) -> list[str]:
    """The next batch, once there is one; an empty one where the room closes."""
    return room.take() if room.wait_for_batch() else []


def test_a_batch_holds_entries_of_one_kind_only() -> None:
    room = room_of(2)
    room.producing(+1)
    for entry, kind in (("a", 1), ("b", 2), ("c", 1), ("d", 2), ("e", 1)):
        room.put(entry, kind=kind, size=1)
    room.producing(-1)
    assert [room.take(), room.take(), room.take()] == [["a", "c"], ["b", "d"], ["e"]]


def test_entries_keep_their_order() -> None:
    room = room_of(2)
    for entry, rank in (("second a", 2), ("first a", 1), ("second b", 2), ("first b", 1), ("third", 3)):
        room.put(entry, kind=1, size=1, rank=rank)
    assert [room.take(), room.take(), room.take()] == [["first a", "first b"], ["second a", "second b"], ["third"]]


def test_a_batch_that_is_not_full_waits_for_producers() -> None:
    room = room_of(3)
    room.producing(+1)
    room.put("a", kind=1, size=1)
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(next_of, room)
        room.put("b", kind=1, size=1)
        room.put("c", kind=1, size=1)
        assert taken.result(timeout=5) == ["a", "b", "c"]


def test_of_batches_that_are_not_full_the_fullest_goes_first() -> None:
    room = room_of(4)
    for entry, kind in (("a", 1), ("b", 2), ("c", 2), ("d", 3)):
        room.put(entry, kind=kind, size=1)
    assert [room.take(), room.take(), room.take()] == [["b", "c"], ["a"], ["d"]]


def test_entries_join_a_batch_until_it_is_taken() -> None:
    room = room_of(3)
    room.put("a", kind=1, size=1)
    assert room.wait_for_batch()
    room.put("b", kind=1, size=1)
    assert room.take() == ["a", "b"]


def test_a_thread_that_is_too_late_for_a_batch_gets_an_empty_one() -> None:
    room = room_of(3)
    room.put("a", kind=1, size=1)
    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(lambda _: room.wait_for_batch(), range(2)))
    assert [room.take(), room.take()] == [["a"], []]


def test_a_slow_producer_does_not_hold_others_up_for_long() -> None:
    room = room_of(3)
    room.producing(+1)
    room.put("a", kind=1, size=1)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(next_of, room).result(timeout=5) == ["a"]


def test_a_producer_waits_while_the_room_is_full() -> None:
    room = room_of(1, limit_bytes=10)
    room.producing(+1)
    room.put("a", kind=1, size=8)
    entered = threading.Event()

    def put() -> None:
        room.put("b", kind=1, size=8)
        entered.set()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(put)
        assert not entered.wait(0.1)
        assert room.take() == ["a"]
        assert entered.wait(5)


def test_an_entry_larger_than_the_room_is_let_in_alone() -> None:
    room = room_of(1, limit_bytes=10)
    assert room.put("a", kind=1, size=100)
    assert room.take() == ["a"]


def test_those_who_empty_the_room_never_wait() -> None:
    room = room_of(1, limit_bytes=10)
    room.put("a", kind=1, size=10)
    assert room.put("again", kind=2, size=10, wait=False)


def test_closing_lets_everybody_go() -> None:
    room = room_of(1, limit_bytes=10)
    room.producing(+1)
    room.put("a", kind=1, size=10)
    with ThreadPoolExecutor(2) as pool:
        putting = pool.submit(lambda: room.put("b", kind=1, size=10))
        room.close()
        assert putting.result(timeout=5) is False
        assert pool.submit(next_of, room).result(timeout=5) == []


def test_how_many_go_together_depends_on_their_kind() -> None:
    room: WindowQueue[int, str] = WindowQueue(1000, lambda kind: 4 // kind)
    for entry, kind in (("a", 1), ("b", 2), ("c", 2), ("d", 2), ("e", 1)):
        room.put(entry, kind=kind, size=1)
    assert [room.take(), room.take(), room.take()] == [["b", "c"], ["a", "e"], ["d"]]
