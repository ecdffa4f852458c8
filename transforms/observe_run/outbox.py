"""Background sender to one receiver: a receiver that is down or slow delays the end of a run by seconds at most."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection


class NotReceivedError(Exception):
    """A receiver did not accept a message. The text of this error contains neither its address nor the content."""


class Outbox:
    """Queue of one receiver, sent in the background and in order."""

    def __init__(self, receiver: str) -> None:
        """Starts a daemon thread, which does not keep the process alive.

        Args:
          receiver: Name of the receiver in messages.
        """
        self._receiver = receiver
        self._waiting: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._problem = ""
        self._thread = threading.Thread(target=self._send_all, name=f"to {receiver}", daemon=True)
        self._thread.start()

    def put(self, send: Callable[[], object]) -> None:
        """Queues a call that sends something, and returns at once."""
        self._waiting.put(send)

    def seal(self) -> None:
        """Closes the queue: the thread sends what is queued, then ends."""
        self._waiting.put(None)

    def problem(self, until_s: float) -> str:
        """Waits for the queued calls until `time.monotonic()` is `until_s`.

        Returns:
          A message for people; empty if the receiver got everything.
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
            except Exception as error:  # noqa: BLE001 - libraries may raise anything, which must not end the run
                # Not the message: it would name the receiver's URL, which may contain a password.
                self._problem = f"{self._receiver}: {type(error).__name__}"


def close(outboxes: Collection[Outbox], within_s: float) -> list[str]:
    """Waits for all receivers, `within_s` seconds at most in total.

    Returns:
      A message for each receiver that did not get everything.
    """
    until_s = time.monotonic() + within_s
    for outbox in outboxes:
        outbox.seal()  # all of them first, so that a slow receiver does not use up the time of the others
    return [problem for outbox in outboxes if (problem := outbox.problem(until_s))]
