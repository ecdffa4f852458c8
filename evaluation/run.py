"""Redacts the labelled calls with the main job, and scores the files that come out: `make evaluate`.

python -m evaluation.run [--calls dev telephone] [--asr tiny.en] [options of hushbeam redact]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from evaluation.score import WhisperRecogniser, details, score_run, summarise
from hushbeam.pipelines.redact import run
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.transforms.transcribe.model import resolve

_HERE = Path(__file__).parent
_RESULTS = _HERE / "results"


def main() -> int:
    """Runs the job on each folder of labelled calls, prints the scores, and keeps them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", nargs="+", default=["dev", "telephone"], help="folders with truth.jsonl")
    parser.add_argument(
        "--asr", help="second recogniser (`tiny.en`, or a model folder) that transcribes the redacted audio"
    )
    parser.add_argument("--details", action="store_true", help="name what was missed (the labelled calls are invented)")
    parser.add_argument("--keep", type=Path, help="folder for the runs' outputs, otherwise removed")
    given, job_options = parser.parse_known_args()
    console = Console()
    recogniser = WhisperRecogniser(resolve(given.asr).path) if given.asr else None
    results = {}
    for name in given.calls:
        folder = _HERE / name if (_HERE / name).is_dir() else Path(name)
        with TemporaryDirectory() as scratch:
            output = given.keep / folder.name if given.keep else Path(scratch)
            started = time.monotonic()
            status = run(["--manifest", str(folder / "manifest.jsonl"), "--output", str(output), *job_options])
            seconds = time.monotonic() - started
            if status not in (EXIT_COMPLETED, EXIT_INCOMPLETE):
                return status
            scores = score_run(folder, output, recogniser)
        results[folder.name] = summarise(scores, recogniser is not None) | {"wall_s": round(seconds, 1)}
        console.rule(folder.name)
        if given.details:
            console.print(*details(scores), sep="\n", highlight=False, markup=False)
        console.print_json(data=results[folder.name])
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / "calls.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
