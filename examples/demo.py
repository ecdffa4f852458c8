"""`make demo`: the main job on three sample calls, with a receiver of notifications on this machine.

python -m examples.demo [--output FOLDER] [options of hushbeam redact]
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import shlex
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.dataset
from rich.console import Console
from rich.markup import escape

from examples.webhook_receiver import SECRET_VARIABLE, Receiver
from hushbeam.pipelines.redact import run
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.transforms.report_run import newest_run, report_url

_HERE = Path(__file__).parent


def main(arguments: Sequence[str]) -> int:
    """Redacts the sample calls into `demo-out/`, and shows what came out, and where to hear and see it."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--output", type=Path, default=_HERE.parent / "demo-out", help="where everything goes")
    given, others = parser.parse_known_args(arguments)
    output: Path = given.output.absolute()
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    os.environ[SECRET_VARIABLE] = secret
    with Receiver(secret, announce=False) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        status = run(
            [
                "--manifest", str(_HERE / "calls.jsonl"),
                "--output", str(output),
                "--force",
                "--webhook_url", receiver.url,
                "--webhook_signing_secrets", f"env:{SECRET_VARIABLE}",
                "--webhook_allowed_networks", "127.0.0.0/8",
                "--webhook_allow_http",
                *others,
            ]
        )  # fmt: skip
        receiver.shutdown()
    if status != EXIT_COMPLETED:
        return status
    console = Console()
    console.print("\n[bold]Notifications received[/]")
    for line in receiver.lines.values():
        console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)
    calls = _calls(output)
    console.print("\n[bold]One redacted utterance of each call[/]")
    for call in calls:
        console.print(f"  {escape(call.recording_id)}: {escape(call.utterance)}", highlight=False, soft_wrap=True)
    console.print("\n[bold]Hear them[/]")
    for call in calls:
        console.print(f"  before  {escape(_shown(call.before))}", highlight=False, soft_wrap=True)
        console.print(f"  after   {escape(_shown(call.after))}", highlight=False, soft_wrap=True)
    console.print("\n[bold]See them[/]")
    report = report_url(str(output), newest_run(str(output)))
    review = shlex.join([_shown(sys.executable), "-m", "hushbeam", "review", "--output", _shown(str(output))])
    console.print(f"  report  {escape(_shown(report))}", highlight=False, soft_wrap=True)
    console.print(f"  review  {escape(review)}", highlight=False, soft_wrap=True)
    return status


class _Call(NamedTuple):
    """What came of a call.

    Attributes:
      utterance: The one in which the most words were redacted; empty where nobody spoke.
      before, after: Paths of the recordings.
    """

    recording_id: str
    utterance: str
    before: str
    after: str


def _calls(output: Path) -> list[_Call]:
    columns = ["recording_id", "utterances", "audio_url", "redacted_audio_url"]
    table = pyarrow.dataset.dataset(output / "transcripts", format="parquet").to_table(columns)
    return [
        _Call(
            row["recording_id"],
            max(row["utterances"], key=_redacted_words, default={"text": ""})["text"],
            row["audio_url"],
            row["redacted_audio_url"],
        )
        for row in table.to_pylist()
    ]


def _redacted_words(utterance: dict[str, Any]) -> int:
    return sum(word["redacted"] for word in utterance["words"])


def _shown(path: str) -> str:
    """As it can be typed from here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
