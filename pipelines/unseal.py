"""`hushbeam unseal`: decrypts unredacted transcripts for people who have the key."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches

from rich.console import Console

from hushbeam.pipelines.options.commands.unseal import UnsealOptions
from hushbeam.pipelines.options.given import meant
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import remarks
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.outputs import location_of
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.unredacted import UnredactedOutput, kept_names
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.private_memory import keep_memory_private
from hushbeam.transforms.base.sealed_files import SealedRoot
from hushbeam.transforms.base.sealing import SealedFileError
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import AccessDeniedError, MissingFileError
from hushbeam.transforms.storage.private_folders import PrivateFolder

_MOST_NAMED = 5


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Decrypts as the command line does, and returns the exit status."""
    options = parse_without_pipeline(UnsealOptions, arguments)
    return execute(options, console)


def execute(options: UnsealOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or remarks()
    return exit_status_of(lambda: _unseal(options, console), console)


def _unseal(options: UnsealOptions, console: Console) -> int:
    keep_memory_private()
    root = location_of("--unredacted_output", options.unredacted_output)
    sealed = UnredactedOutput(SealedRoot(root, options.unredacted_key))
    transcripts = _read(sealed, root, options)  # all of them, before one is written
    with PrivateFolder(options.to, "--to", apart=((root, "--unredacted_output"),)) as folder:
        for recording_id, transcript in transcripts.items():
            folder.write(f"{urls.safe_name(recording_id)}.json", transcript)
    console.print(f"[bold]{counted(len(transcripts), 'transcript')} decrypted[/]", highlight=False)
    return EXIT_COMPLETED


def _read(sealed: UnredactedOutput, root: str, options: UnsealOptions) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    missing: list[str] = []
    for recording_id in options.recording_id:
        try:
            found[recording_id] = sealed.read(recording_id)
        except MissingFileError:
            missing.append(recording_id)
        except SealedFileError as error:
            raise ConfigurationError(f"--recording_id: {recording_id}: {error}. {SealedFileError.remedy}") from None
        except AccessDeniedError as error:
            raise ConfigurationError(f"--unredacted_output: {error}") from None
    if missing:
        raise ConfigurationError(_without_transcript(missing, root, options.unredacted_output))
    return found


def _without_transcript(missing: Sequence[str], root: str, given: str) -> str:
    """What is wrong with ids that have no transcript: perhaps not they, but the root."""
    known = kept_names(root)
    if not known:
        return f"--unredacted_output: no run has written an unredacted transcript in {urls.display(given)}" + (
            meant(given) or "; name the --unredacted_output of the runs"
        )
    said = []
    for recording_id in missing[:_MOST_NAMED]:
        near = get_close_matches(urls.safe_name(recording_id), known, n=1)
        said.append(recording_id + (f" (did you mean {near[0]}?)" if near else ""))
    if more := len(missing) - len(said):
        said.append(f"{counted(more, 'other')}")
    return f"--recording_id: --unredacted_output has no transcript of {', '.join(said)}; check the ids"


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
