"""A receiver that is down or slow costs the run some seconds at its end, and nothing else."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection


class NotReceivedError(Exception):
    """A receiver did not take what it was sent. The message names no place and nothing that was sent."""


class Outbox:
    """Sends to one receiver in the background, in order."""

    def __init__(self, receiver: str) -> None:
        """Starts its thread, which never keeps the process from ending.

        Args:
          receiver: What a person calls it.
        """
        self._receiver = receiver
        self._waiting: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._problem = ""
        self._thread = threading.Thread(target=self._send_all, name=f"to {receiver}", daemon=True)
        self._thread.start()

    def put(self, send: Callable[[], object]) -> None:
        """Has something sent, and returns at once."""
        self._waiting.put(send)

    def seal(self) -> None:
        """Nothing more will be put in: what is under way is sent, and the thread ends."""
        self._waiting.put(None)

    def problem(self, until_s: float) -> str:
        """Waits for what was put in before it was sealed, until `time.monotonic()` is `until_s`.

        Returns:
          What went wrong, for people; empty where everything arrived.
        """
        self._thread.join(max(0.0, until_s - time.monotonic()))
        if self._thread.is_alive():
            return f"{self._receiver} did not answer in time"
        return self._problem

    def _send_all(self) -> None:
        while (send := self._waiting.get()) is not None:
            try:
                send()
            except NotReceivedError as error:
                self._problem = f"{self._receiver}: {error}"
            except Exception as error:  # noqa: BLE001 - libraries raise what they like, and none of it may end the run
                # Without its message: it would name the receiver's URL, which may hold a password.
                self._problem = f"{self._receiver}: {type(error).__name__}"


def close(outboxes: Collection[Outbox], within_s: float) -> list[str]:
    """Waits for all receivers, together for no longer than `within_s`.

    Returns:
      What went wrong, a line for each receiver that was not told.
    """
    until_s = time.monotonic() + within_s
    for outbox in outboxes:
        outbox.seal()  # all of them first: one that hangs must not use up the time of the others
    return [problem for outbox in outboxes if (problem := outbox.problem(until_s))]
