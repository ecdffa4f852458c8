"""Time limits and retries of requests to web servers, apart from the client, so that options load without it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """Limits of a request and of a file.

    Attributes:
      answer_s: From connecting to the last header of an answer.
      silence_s: Without any byte.
      total_s: For one file, with all attempts and waits.
      least_bytes_per_s: Of a file, measured over each `slow_s`.
      attempts: Failed ones in a row, at most. One that brought a MiB does not count.
      first_wait_s, longest_wait_s: Between attempts; doubled each time, with jitter.
      longest_asked_s: If a server asks for a longer wait (Retry-After), the file fails at once.
    """

    answer_s: float = 30.0
    silence_s: float = 60.0
    total_s: float = 3600.0
    least_bytes_per_s: float = 4096.0
    slow_s: float = 60.0
    attempts: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    longest_asked_s: float = 120.0


PATIENCE = Patience()
