"""Messages between worker and child: they arrive as sent, and all other bytes are refused (functions)."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.media.isolation import wire
from hushbeam.transforms.media.isolation.wire import MessageKind, WireError

FIELDS = st.dictionaries(
    st.text(max_size=9), st.none() | st.booleans() | st.integers() | st.text(max_size=9), max_size=5
)


def received(content: bytes) -> wire.Message:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(content)
        return wire.receive(ours, time.monotonic() + 10)


@given(st.sampled_from(MessageKind), FIELDS, st.binary(max_size=5000))
def test_a_message_arrives(kind: MessageKind, fields: dict[str, Any], data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(theirs, kind, fields, data)
        assert wire.receive(ours) == (kind, fields, data)


def test_a_long_message_arrives_in_pieces() -> None:
    data = bytes(range(256)) * 20_000
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=wire.send, args=(theirs, MessageKind.BLOCK, None, data))
        sender.start()
        assert wire.receive(ours).data == data
        sender.join()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_an_error(content: bytes) -> None:
    try:
        message = received(content)
    except WireError:
        return
    assert isinstance(message.kind, MessageKind)
    assert isinstance(message.fields, dict)


@pytest.mark.parametrize(
    "content",
    [
        b"\x02\x00\x00\x00\x00\xff\xff\xff\xff",
        b"\x01\xff\xff\xff\xff\x00\x00\x00\x00",
        b"\x01\x00\x00\x00\x02\x00\x00\x00\x00[]",
        b"\x01" + (60_000).to_bytes(4, "big") + bytes(4) + b"[" * 60_000,
    ],
    ids=["endless bytes", "endless fields", "no object", "deep"],
)
def test_an_invalid_message_is_refused_without_taking_its_memory(content: bytes) -> None:
    with pytest.raises(WireError):
        received(content)


def test_a_message_that_drips_does_not_hold_up_its_reader() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"\x02\x00\x00\x00\x00\x00\x00\x00\x09dripping"[:-1])
        with pytest.raises(TimeoutError):
            wire.receive(ours, time.monotonic() + 0.05)
