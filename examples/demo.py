"""`make demo`: the main job on three sample calls, with a receiver of notifications on this machine.

python -m examples.demo [--output FOLDER] [options of hushbeam redact]

What was said is shown beside what was published: the run keeps it encrypted, under a key that only this process has,
in a folder that is removed at the end.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import shlex
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.dataset
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from examples.webhook_receiver import SECRET_VARIABLE, Receiver
from hushbeam.pipelines.command_line import main as hushbeam
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.schemas.redacted import spaced_words

_HERE = Path(__file__).parent
_KEY_VARIABLE = "HUSHBEAM_DEMO_KEY"
_COMPARED = "password-reset"
"""The call whose text is shown before and after."""


def main(arguments: Sequence[str]) -> int:
    """Redacts the sample calls into `demo-out/`, and shows what came out, and where to hear and see it."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--output", type=Path, default=_HERE.parent / "demo-out", help="where everything goes")
    given, others = parser.parse_known_args(arguments)
    output: Path = given.output.absolute()
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    os.environ[SECRET_VARIABLE] = secret
    os.environ[_KEY_VARIABLE] = base64.b64encode(secrets.token_bytes(32)).decode()
    with Receiver(secret, announce=False) as receiver, tempfile.TemporaryDirectory(prefix="demo-") as private:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        status = hushbeam(
            [
                "redact",
                "--manifest", str(_HERE / "calls.jsonl"),
                "--output", str(output),
                "--force",
                "--webhook_url", receiver.url,
                "--webhook_signing_secrets", f"env:{SECRET_VARIABLE}",
                "--webhook_allowed_networks", "127.0.0.0/8",
                "--webhook_allow_http",
                "--unredacted_output", private,
                "--unredacted_key", f"env:{_KEY_VARIABLE}",
                *others,
            ]
        )  # fmt: skip
        receiver.shutdown()
        if status != EXIT_COMPLETED:
            return status
        said = _said(private)
    # Imported when the command has run, which imports Beam while models load.
    from hushbeam.transforms.report_run import newest_run, report_url  # noqa: PLC0415

    console = Console()
    run = newest_run(str(output))
    calls = _calls(output, run)
    (compared,) = [call for call in calls if call.recording_id == _COMPARED]
    console.print(f"\n[bold]What was said in {_COMPARED}, and what is published[/]")
    console.print(_side_by_side([utterance["text"] for utterance in said["utterances"]], compared))
    console.print("\n[bold]Notifications received[/]")
    for line in receiver.lines.values():
        console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)
    console.print("\n[bold]Hear them[/]")
    for call in calls:
        console.print(f"  before  {escape(_shown(call.before))}", highlight=False, soft_wrap=True)
        console.print(f"  after   {escape(_shown(call.after))}", highlight=False, soft_wrap=True)
    console.print("\n[bold]See them[/]")
    report = report_url(str(output), run)
    review = shlex.join([_shown(sys.executable), "-m", "hushbeam", "review", "--output", _shown(str(output))])
    console.print(f"  report  {escape(_shown(report))}", highlight=False, soft_wrap=True)
    console.print(f"  review  {escape(review)}", highlight=False, soft_wrap=True)
    if _may_open_a_browser():
        answer = console.input("\nOpen the report in a browser? \\[y/N] ")
        if answer.strip().lower().startswith("y"):
            webbrowser.open(Path(report).as_uri())
    return status


def _may_open_a_browser() -> bool:
    """Whether a person is at this terminal, and a browser with windows: not in CI, in a pipe or over SSH."""
    if os.environ.get("CI") or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _said(private: str) -> dict[str, Any]:
    """The unredacted transcript of the call that is shown."""
    from hushbeam.transforms.archive.unredacted import UnredactedOutput  # noqa: PLC0415 - as above
    from hushbeam.transforms.base.sealed_files import SealedRoot  # noqa: PLC0415

    transcript: dict[str, Any] = json.loads(
        UnredactedOutput(SealedRoot(private, (f"env:{_KEY_VARIABLE}",))).read(_COMPARED)
    )
    return transcript


class _Call(NamedTuple):
    """What came of a call.

    Attributes:
      utterances: As they are published.
      before, after: Paths of the recordings.
    """

    recording_id: str
    utterances: tuple[dict[str, Any], ...]
    before: str
    after: str


def _calls(output: Path, run: str) -> list[_Call]:
    """The calls of one run: the tables also have the rows of the demos before."""
    columns = ["recording_id", "utterances", "audio_url", "redacted_audio_url"]
    transcripts = pyarrow.dataset.dataset(output / "transcripts", format="parquet")
    table = transcripts.to_table(columns, filter=pyarrow.dataset.field("run_id") == run)
    return [
        _Call(
            row["recording_id"],
            tuple(row["utterances"]),
            row["audio_url"],
            str(output / row["redacted_audio_url"]),
        )
        for row in table.to_pylist()
    ]


def _side_by_side(said: Sequence[str], call: _Call) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("", "before", "after"):
        table.add_column(heading)
    for before, after in zip(said, call.utterances, strict=True):
        published = Text()
        for word, text in zip(after["words"], spaced_words(after), strict=True):
            published.append(text, "bold green" if word["redacted"] else "")
        table.add_row(after["speaker"], Text(before), published)
    return table


def _shown(path: str) -> str:
    """As it can be typed from here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
