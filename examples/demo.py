"""`make demo`: the main job on three sample calls, with a receiver of notifications on this machine.

python -m examples.demo [--output FOLDER] [options of pipelines.redact]
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pyarrow.dataset
from rich.console import Console
from rich.markup import escape

from examples.webhook_receiver import SECRET_VARIABLE, Receiver
from pipelines.redact import EXIT_COMPLETED, run

_HERE = Path(__file__).parent


def main(arguments: Sequence[str]) -> int:
    """Redacts the sample calls into `demo-out/`, and shows what came out."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--output", type=Path, default=_HERE.parent / "demo-out", help="where everything goes")
    given, others = parser.parse_known_args(arguments)
    output: Path = given.output
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
    console.print("\n[bold]One redacted utterance of each call[/]")
    for recording_id, utterance in _examples(output):
        console.print(f"  {escape(recording_id)}: {escape(utterance)}", highlight=False, soft_wrap=True)
    return status


def _examples(output: Path) -> list[tuple[str, str]]:
    """The utterance of each recording in which the most words were redacted."""
    table = pyarrow.dataset.dataset(output / "transcripts", format="parquet").to_table(["recording_id", "utterances"])
    return [
        (row["recording_id"], max(row["utterances"], key=_redacted_words)["text"])
        for row in table.to_pylist()
        if row["utterances"]
    ]


def _redacted_words(utterance: dict[str, list[dict[str, bool]]]) -> int:
    return sum(word["redacted"] for word in utterance["words"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
