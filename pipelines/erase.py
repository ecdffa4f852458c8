"""`hushbeam erase`: removes every trace of recordings from an output, so that no later run brings them back."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Collection, Sequence

from rich.console import Console
from rich.markup import escape

from hushbeam.pipelines.options.commands.erase import EraseOptions
from hushbeam.pipelines.options.given import read_text_of
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of, incomplete
from hushbeam.pipelines.running.consoles import printable, remarks
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.locked import locked
from hushbeam.pipelines.running.outputs import (
    check_root_writable,
    check_writable,
    folder_of,
    output_of_runs,
    signing_key,
)
from hushbeam.pipelines.running.terminal import print_for_machines, waiting
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.ledger import similar_ids
from hushbeam.transforms.archive.runs.private_roots import recorded_private_roots
from hushbeam.transforms.archive.runs.table_format import recorded_format
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.begin_run import check_hashed_with_same_key, check_signed_as_before
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms, is_pseudonym
from hushbeam.transforms.retention.erase import Erased, Eraser
from hushbeam.transforms.retention.superseded import erase_superseded
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.private_roots import lies_in_outputs, private_root
from hushbeam.transforms.table_formats import check_format, update_tables

_MOST_NAMED = 10


def named_recordings(options: EraseOptions) -> frozenset[str]:
    """The recordings to erase, by their ids in the outputs.

    Raises:
      ConfigurationError: No recording is named, or the file of ids cannot be read.
    """
    named = set(options.recording_id)
    published = set(options.hmac)
    if options.recording_ids is not None:
        try:
            lines = read_text_of("--recording_ids", options.recording_ids).split("\n")
        except ConfigurationError as error:
            raise ConfigurationError(f"{error}; to give ids themselves, use --recording_id") from None
        named |= {line.rstrip("\r") for line in lines}
    named.discard("")
    for one in published:
        if not is_pseudonym(one):
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
      ConfigurationError: Runs wrote to a place that the options do not name, or a place cannot be changed.
    """
    output = output_of_runs(options.output)
    check_writable(options.output)
    given = {
        option: private_root(root, output, option)
        for option, root in (("--store", options.store), ("--unredacted_output", options.unredacted_output))
        if root is not None
    }
    recorded = recorded_private_roots(output)
    for option in sorted(recorded - given.keys()):
        raise ConfigurationError(
            f"{option}: runs of this output also kept recordings there; give this option to erase them there too"
        )
    for option in sorted(recorded & given.keys()):
        # Mistyped, it would leave the recordings where they are, and say that they are erased.
        folder_of(
            option,
            given[option],
            "name the one in which runs of this output kept recordings; if it was deleted, or no run kept any, make an "
            "empty folder there",
            lambda path: path.is_dir() and not lies_in_outputs(str(path)),
        )
        check_root_writable(given[option], option)
    check_format(output, recorded_format(output))
    check_hashed_with_same_key(output, options.hash_identities)  # with another one it would find nothing to erase
    key = signing_key(output, options.certificate_key)
    return Eraser(output, given.get("--store"), given.get("--unredacted_output"), key)


def _warn_of_untouched(erased: Erased, eraser: Eraser, named: frozenset[str], console: Console) -> None:
    """Says where nothing was found, and with which ids the command is to be repeated if that is the wrong place."""
    others = sorted(erased.recordings - named)
    for option, root in _places(eraser).items():
        if root not in erased.untouched:
            continue
        found = "nothing of these recordings was there"
        if root in erased.of_other_outputs:
            found = f"{urls.display(root)} has recordings, but none of this output; nothing was erased there"
        again = "If runs of this output kept recordings elsewhere, these stay: repeat the command with that place"
        if others:
            hashed = " (with --hmac)" if is_pseudonym(others[0]) else ""
            more = f" and {len(others) - _MOST_NAMED} more, which --json lists" if len(others) > _MOST_NAMED else ""
            again += f", and name these ids too{hashed}: {', '.join(map(printable, others[:_MOST_NAMED]))}{more}"
        console.print(
            f"[bold yellow]Warning:[/] {option}: {escape(f'{found}. {again}')}", highlight=False, soft_wrap=True
        )


def _places(eraser: Eraser) -> dict[str, str]:
    """The private roots by the options that name them."""
    given = {"--store": eraser.store, "--unredacted_output": eraser.unredacted}
    return {option: root for option, root in given.items() if root is not None}


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Erases as the command line does, and returns the exit status."""
    options = parse_without_pipeline(EraseOptions, arguments)
    return execute(options, console)


def execute(options: EraseOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or remarks()
    return exit_status_of(lambda: _erase(options, console), console)


def _erase(options: EraseOptions, console: Console) -> int:
    if options.superseded:
        return _erase_superseded(options, console)
    recordings = named_recordings(options)
    eraser = prepare(options)
    run_id = f"erase-{uuid.uuid4().hex[:6]}"
    with locked(eraser.output, run_id, console, wait=options.wait_for_lock) as lock:
        # Again: the first run may have ended meanwhile.
        check_signed_as_before(eraser.output, options.certificate_key)
        check_hashed_with_same_key(eraser.output, options.hash_identities)
        files.remove_incomplete(eraser.output)
        with waiting(console, "erasing"):
            erased = eraser.erase(recordings)
            update_tables(eraser.output, run_id, forget=True)
        lock.check()
    others = len(erased.recordings - recordings)
    if options.print_json:
        counts = {"recordings": len(erased.recordings), "of_the_same_sources": others}
        counts |= {"already_erased": len(erased.earlier), "unknown": len(erased.unknown)}
        places = {
            key: [option for option, root in _places(eraser).items() if root in roots]
            for key, roots in (("nothing_in", erased.untouched), ("of_other_outputs", erased.of_other_outputs))
        }
        ids = {"recording_ids": sorted(erased.recordings)}
        print_for_machines(counts | {"files": erased.files, "rows": erased.rows} | places | ids)
    else:
        more = f" ({others} of them not named, but from the same source as a named one)" if others else ""
        more += f", {len(erased.earlier)} already erased" if erased.earlier else ""
        console.print(
            f"[bold]{counted(len(erased.recordings), 'recording')} erased[/]{more}: {counted(erased.files, 'file')}, "
            f"{counted(erased.rows, 'row')}",
            highlight=False,
        )
    _warn_of_untouched(erased, eraser, recordings, console)
    _name_unknown(eraser.output, erased.unknown, console)
    if erased.damaged:
        return incomplete(erased.damaged, console)
    return EXIT_INCOMPLETE if erased.unknown or erased.of_other_outputs else EXIT_COMPLETED


def _erase_superseded(options: EraseOptions, console: Console) -> int:
    if options.recording_id or options.recording_ids or options.hmac:
        raise ConfigurationError(
            "--superseded: it erases no recording; leave out the ids, or run the command once for each"
        )
    output = output_of_runs(options.output)
    check_writable(options.output)
    check_format(output, recorded_format(output))
    key = signing_key(output, options.certificate_key)
    run_id = f"erase-{uuid.uuid4().hex[:6]}"
    with locked(output, run_id, console, wait=options.wait_for_lock) as lock:
        check_signed_as_before(output, options.certificate_key)
        files.remove_incomplete(output)
        with waiting(console, "erasing earlier rows"):
            erased = erase_superseded(output, key)
            update_tables(output, run_id, forget=True)
        lock.check()
    if options.print_json:
        print_for_machines({"recordings": len(erased.recordings), "rows": erased.rows})
    else:
        of = f" of {counted(len(erased.recordings), 'recording')}" if erased.rows else ""
        console.print(f"[bold]{counted(erased.rows, 'earlier row')}{of} erased[/]", highlight=False)
    return incomplete(erased.damaged, console) if erased.damaged else EXIT_COMPLETED


def _name_unknown(output: str, recording_ids: Collection[str], console: Console) -> None:
    """Names the ids of which the output had nothing, and recordings that may have been meant."""
    shown = sorted(recording_ids)[:_MOST_NAMED]
    plain = [one for one in shown if not is_pseudonym(one)]  # hashes are close to other hashes by chance
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
