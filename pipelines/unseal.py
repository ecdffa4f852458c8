"""Opens unredacted transcripts for those who have their key.

    python -m pipelines.unseal --unredacted_output private/ --unredacted_key env:KEY --recording_id call-4711 --to here/

Writes `NAME.json` for each recording, readable by everybody who may read the folder: remove it when you are done.
Ends with 0, or with 2 where a recording is not there or does not open.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.markup import escape

from pipelines.exit_status import EXIT_USAGE
from pipelines.leave import leave
from pipelines.options import parse
from schemas.failure import ConfigurationError, RecordingError
from transforms.keep_unredacted import UnredactedOutput
from transforms.private_memory import keep_memory_private
from transforms.sealed_files import SealedRoot
from transforms.secrets import SecretReference
from transforms.storage import files, urls

EXIT_DONE = 0


class UnsealOptions(BaseModel):
    """All options of the job."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unredacted_output: str = Field(min_length=1, description="what pipelines.redact was given under that name")
    unredacted_key: tuple[SecretReference, ...] = Field(min_length=1, description="where its keys are kept: all open")
    recording_id: tuple[str, ...] = Field(min_length=1, description="whose transcripts to open")
    to: str = Field(min_length=1, description="folder for the opened transcripts")


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Opens as the command line does, and gives the exit status."""
    console = console or Console(stderr=True)
    options, _ = parse(UnsealOptions, __doc__ or "", arguments)
    try:
        keep_memory_private()
        sealed = UnredactedOutput(SealedRoot(urls.normalised(options.unredacted_output), options.unredacted_key))
        for recording_id in options.recording_id:
            target = urls.join(urls.normalised(options.to), f"{urls.safe_name(recording_id)}.json")
            files.write_bytes(target, sealed.read(recording_id))
    except (ConfigurationError, RecordingError) as error:
        console.print(f"[bold red]Cannot open:[/] {escape(str(error))}", highlight=False)
        return EXIT_USAGE
    console.print(f"[bold]{len(options.recording_id)} transcripts opened[/]", highlight=False)
    return EXIT_DONE


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
