"""A recogniser of your own, and what it finds.

    python examples/own_recogniser.py
    PYTHONPATH=. hushbeam redact calls/ --policies default --recognisers examples.own_recogniser:StaffNumbers

On a cluster its module must be installed on each worker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import hushbeam


class StaffNumbers(hushbeam.Recogniser):
    """Staff numbers such as STF-20417, redacted where `account_number` is asked for."""

    name = "staff_numbers"
    policies = frozenset({"account_number"})

    def __init__(self, settings: hushbeam.DetectionSettings) -> None:
        """Takes the settings of the run; this one needs none."""

    def load(self) -> None:
        """Loads what it needs, once for each worker."""
        self._pattern = re.compile(r"\bSTF-?\d{5}\b")

    def recognise(self, conversation: hushbeam.Conversation) -> Iterator[hushbeam.Candidate]:
        """Yields what it finds in a whole conversation, by words."""
        for found in self._pattern.finditer(conversation.text):
            words = conversation.words_of(*found.span())
            yield hushbeam.Candidate("account_number", *words, 0.9, self.name)


def main() -> None:
    """Prints a redacted sentence."""
    text = "Please book it under STF-20417 for me."
    print(hushbeam.redact_text(text, ["account_number"], recognisers=[StaffNumbers]))


if __name__ == "__main__":
    main()
