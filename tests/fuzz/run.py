"""The long fuzz run: damaged recordings and manifests until the time is over. Ends with 1 where anything got through.

python -m tests.fuzz.run --minutes 10 --seed 1
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz import manifests, media

_SHARE_OF_MANIFESTS = 0.15


def main() -> int:
    """Runs both, and prints what became of everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-out"), help="where an input that got through is kept")
    given = parser.parse_args()
    lines = Campaign(given.minutes * _SHARE_OF_MANIFESTS, given.seed, given.keep)
    lines.run(manifests.attempts)
    recordings = Campaign(given.minutes * (1 - _SHARE_OF_MANIFESTS), given.seed, given.keep)
    recordings.run(media.attempts)
    print(f"seed {given.seed}, {given.minutes:g} minutes")
    print(f"{lines.inputs} manifests: {lines.outcomes['recording']} lines read, {lines.outcomes['rejected']} rejected")
    print(media.summary(recordings.outcomes))
    print("recordings by reason:", dict(recordings.outcomes.most_common()))
    print(f"crashes of the job: {lines.crashes + recordings.crashes}")
    return 1 if lines.crashes + recordings.crashes else 0


class Campaign:
    """Attempts until the time is over; after an input that got through, with another seed."""

    def __init__(self, minutes: float, seed: int, kept: Path) -> None:
        self._minutes = minutes
        self._seed = seed
        self._kept = kept
        self.inputs = 0
        self.crashes = 0
        self.outcomes: Counter[str] = Counter()

    def run(self, attempts: Callable[[Path, int], Iterator[Counter[str]]]) -> None:
        """Takes attempts for as long as there is time."""
        end = time.monotonic() + 60 * self._minutes
        with TemporaryDirectory() as scratch:
            while time.monotonic() < end:
                found = attempts(Path(scratch), self._seed + 1_000 * self.crashes)
                while time.monotonic() < end:
                    try:
                        self.outcomes += next(found)
                    except Exception:  # noqa: BLE001 - it is what this looks for
                        self._report(Path(scratch))
                        break
                    finally:
                        self.inputs += 1

    def _report(self, scratch: Path) -> None:
        traceback.print_exc(limit=-3)
        self.crashes += 1
        self._kept.mkdir(exist_ok=True)
        for file in scratch.glob("damaged*"):
            shutil.copy(file, self._kept / f"{self.crashes}-{file.name}")


if __name__ == "__main__":
    sys.exit(main())
