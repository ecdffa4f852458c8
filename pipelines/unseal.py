"""Opens unredacted transcripts for those who have their key.

    hushbeam unseal --unredacted_output private/ --unredacted_key env:KEY --recording_id call-4711 --to here/

Writes `NAME.json` for each recording, which you alone may read: remove it when you are done. The folder is made with
mode 0700; one that is there must be yours and closed to others, and lie apart from all outputs.
Ends with 0, or with 2 where the folder will not do, or a recording is not there or does not open.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.running.exit_status import EXIT_USAGE, finished
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.speaking import remarks
from hushbeam.schemas.errors import ConfigurationError, RecordingError
from hushbeam.transforms.base.private_memory import keep_memory_private
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.base.secrets import SecretReference
from hushbeam.transforms.keep_unredacted import UnredactedOutput
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.private_folders import PrivateFolder

EXIT_DONE = 0


class UnsealOptions(BaseModel):
    """All options of the job."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unredacted_output: str = Field(min_length=1, description="what hushbeam redact was given under that name")
    unredacted_key: tuple[SecretReference, ...] = Field(min_length=1, description="where its keys are kept: all open")
    recording_id: tuple[str, ...] = Field(min_length=1, description="whose transcripts to open")
    to: str = Field(min_length=1, description="folder of this machine for the opened transcripts: yours alone")


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Opens as the command line does, and gives the exit status."""
    console = console or remarks()
    options, _ = parse(UnsealOptions, __doc__ or "", arguments)
    return finished(lambda: _unseal(options, console), console)


def _unseal(options: UnsealOptions, console: Console) -> int:
    try:
        keep_memory_private()
        root = urls.normalised(options.unredacted_output)
        sealed = UnredactedOutput(SealedRoot(root, options.unredacted_key))
        with PrivateFolder(options.to, "--to", apart=((root, "--unredacted_output"),)) as folder:
            for recording_id in options.recording_id:
                folder.write(f"{urls.safe_name(recording_id)}.json", sealed.read(recording_id))
    except (ConfigurationError, RecordingError) as error:
        console.print(f"[bold red]Cannot open:[/] {escape(str(error))}", highlight=False)
        return EXIT_USAGE
    console.print(f"[bold]{len(options.recording_id)} transcripts opened[/]", highlight=False)
    return EXIT_DONE


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
