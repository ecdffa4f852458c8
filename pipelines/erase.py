"""Removes every trace of recordings from an output, so that no later run brings them back.

    hushbeam erase --output out/ --recording_id call-4711
    hushbeam erase --output out/ --recording_ids erase.txt --store kept/

Other recordings of the same sources are erased too. The command may be interrupted and repeated. It does not touch
sources, manifests, logs or receivers of notifications: docs/retention.md says what you must delete there.

Exit status: 0 done; 1 some files cannot be read and may still hold traces; 2 wrong options or set-up; 3 the output had
nothing of a given id, which later runs skip nevertheless; 5 another run works on the output.
"""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Collection, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options.common import CertificateKey, HashIdentities, PastOutput, PrintJson
from hushbeam.pipelines.options.given import read_text_of
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of, incomplete
from hushbeam.pipelines.running.consoles import counted, remarks
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.locked import locked
from hushbeam.pipelines.running.outputs import check_writable, output_of_runs
from hushbeam.pipelines.running.terminal import print_for_machines, printable
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.ledger import similar_ids
from hushbeam.transforms.archive.runs.private_roots import recorded_private_roots
from hushbeam.transforms.base.metavar import File, Folder, Metavar
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from hushbeam.transforms.retention.erase import Eraser
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.private_roots import private_root

_PSEUDONYM = re.compile(r"id-[0-9a-f]{32}")
_MOST_NAMED = 10


class EraseOptions(BaseModel):
    """All options of the command."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: PastOutput
    print_json: PrintJson = False
    recording_id: tuple[Annotated[str, Metavar("ID")], ...] = Field((), description="ids of the recordings to erase")
    recording_ids: File | None = Field(None, description="file with more ids of recordings to erase, one a line")
    hash_identities: HashIdentities = None
    hmac: tuple[Annotated[str, Metavar("HASH")], ...] = Field(
        (), description="hashed ids of recordings to erase, as outputs of runs with --hash_identities show them"
    )
    store: Folder | None = Field(None, description="the --store of the runs; recordings are erased there too")
    unredacted_output: Folder | None = Field(
        None, description="the --unredacted_output of the runs; recordings are erased there too"
    )
    certificate_key: CertificateKey = None


def named_recordings(options: EraseOptions) -> frozenset[str]:
    """The recordings to erase, by their ids in the outputs.

    Raises:
      ConfigurationError: No recording is named, or the file of ids cannot be read.
    """
    named = set(options.recording_id)
    published = set(options.hmac)
    if options.recording_ids is not None:
        lines = read_text_of("--recording_ids", options.recording_ids).split("\n")
        named |= {line.rstrip("\r") for line in lines}
    named.discard("")
    for one in published:
        if _PSEUDONYM.fullmatch(one) is None:
            raise ConfigurationError("--hmac: give hashed ids as outputs show them, id- and 32 hexadecimal digits")
    if options.hash_identities:
        pseudonyms = Pseudonyms(options.hash_identities)
        named = {pseudonyms.of_id(one) for one in named}
    if not named | published:
        raise ConfigurationError("--recording_id: name at least one recording, here or in the file of --recording_ids")
    return frozenset(named | published)


def prepare(options: EraseOptions) -> Eraser:
    """Checks that the options name every place that may hold the recordings.

    Raises:
      ConfigurationError: Runs wrote to a place that the options do not name, or the output cannot be changed.
    """
    output = output_of_runs(options.output)
    check_writable(options.output)
    given = {
        option: private_root(root, output, option)
        for option, root in (("--store", options.store), ("--unredacted_output", options.unredacted_output))
        if root is not None
    }
    for option in sorted(recorded_private_roots(output) - given.keys()):
        raise ConfigurationError(
            f"{option}: runs of this output also kept recordings there; give this option to erase them there too"
        )
    key = read_private_key(options.certificate_key)
    return Eraser(output, given.get("--store"), given.get("--unredacted_output"), key)


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Erases as the command line does, and returns the exit status."""
    console = console or remarks()
    options = parse_without_pipeline(EraseOptions, __doc__ or "", arguments)
    return exit_status_of(lambda: _erase(options, console), console)


def _erase(options: EraseOptions, console: Console) -> int:
    recordings = named_recordings(options)
    eraser = prepare(options)
    with locked(eraser.output, f"erase-{uuid.uuid4().hex[:6]}", console) as lock:
        files.remove_incomplete(eraser.output)
        erased = eraser.erase(recordings)
        lock.check()
    others = len(erased.recordings - recordings)
    if options.print_json:
        counts = {"recordings": len(erased.recordings), "of_the_same_sources": others}
        counts |= {"already_erased": len(erased.earlier), "unknown": len(erased.unknown)}
        print_for_machines(counts | {"files": erased.files, "rows": erased.rows})
    else:
        more = f" ({others} of them not named, but from the same source as a named one)" if others else ""
        more += f", {len(erased.earlier)} already erased" if erased.earlier else ""
        console.print(
            f"[bold]{counted(len(erased.recordings), 'recording')} erased[/]{more}: {counted(erased.files, 'file')}, "
            f"{counted(erased.rows, 'row')}",
            highlight=False,
        )
    _name_unknown(eraser.output, erased.unknown, console)
    if erased.damaged:
        return incomplete(erased.damaged, console)
    return EXIT_INCOMPLETE if erased.unknown else EXIT_COMPLETED


def _name_unknown(output: str, recording_ids: Collection[str], console: Console) -> None:
    """Names the ids of which the output had nothing, and recordings that may have been meant."""
    shown = sorted(recording_ids)[:_MOST_NAMED]
    plain = [one for one in shown if _PSEUDONYM.fullmatch(one) is None]  # hashes are close to other hashes by chance
    similar = similar_ids(output, plain) if plain else {}
    for one in shown:
        near = " or ".join(map(printable, similar.get(one, ())))
        console.print(
            f"[bold yellow]Nothing to erase:[/] the output has nothing of {escape(printable(one))}"
            + (f"; did you mean {escape(near)}?" if near else "; check the id.")
            + " Later runs will skip it",
            highlight=False,
            soft_wrap=True,
        )
    if len(recording_ids) > len(shown):
        console.print(f"and {counted(len(recording_ids) - len(shown), 'more id')} of which it has nothing")


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
