"""`hushbeam unseal`: decrypts unredacted transcripts for people who have the key."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options.commands.unseal import UnsealOptions
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import printable, remarks
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_USAGE
from hushbeam.pipelines.running.leave import leave
from hushbeam.schemas.errors import ConfigurationError, RecordingError
from hushbeam.transforms.archive.unredacted import UnredactedOutput
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.private_memory import keep_memory_private
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.private_folders import PrivateFolder


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Decrypts as the command line does, and returns the exit status."""
    options = parse_without_pipeline(UnsealOptions, arguments)
    return execute(options, console)


def execute(options: UnsealOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or remarks()
    return exit_status_of(lambda: _unseal(options, console), console)


def _unseal(options: UnsealOptions, console: Console) -> int:
    try:
        keep_memory_private()
        root = urls.normalised(options.unredacted_output)
        sealed = UnredactedOutput(SealedRoot(root, options.unredacted_key))
        if next(files.iterate_files(root), None) is None:
            shown = urls.display(options.unredacted_output)
            raise ConfigurationError(f"--unredacted_output: no run has written anything in {shown}")
        with PrivateFolder(options.to, "--to", apart=((root, "--unredacted_output"),)) as folder:
            for recording_id in options.recording_id:
                folder.write(f"{urls.safe_name(recording_id)}.json", _transcript(sealed, recording_id))
    except (ConfigurationError, RecordingError) as error:
        console.print(f"[bold red]Cannot decrypt:[/] {escape(printable(str(error)))}", highlight=False)
        return EXIT_USAGE
    console.print(f"[bold]{counted(len(options.recording_id), 'transcript')} decrypted[/]", highlight=False)
    return EXIT_COMPLETED


def _transcript(sealed: UnredactedOutput, recording_id: str) -> bytes:
    try:
        return sealed.read(recording_id)
    except MissingFileError:
        raise ConfigurationError(
            f"--recording_id: --unredacted_output has no transcript of {recording_id}; check the id"
        ) from None


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
