"""Removes every trace of recordings from an output root, and sees to it that no later run brings them back.

    hushbeam erase --output out/ --recording_id call-4711
    hushbeam erase --output out/ --recording_ids erase.txt --store kept/

Recordings that were made from the same sources are erased with them. It may be interrupted and repeated. The sources
themselves, manifests, logs and what receivers were told are not Hushbeam's: docs/retention.md says what is left to do.
Ends with 0, with 1 where files cannot be read that may still hold something of them, and with 2 where the options or
the set-up are wrong.
"""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console

from hushbeam.pipelines.options.parsing import parse
from hushbeam.pipelines.running.alone import alone
from hushbeam.pipelines.running.exit_status import finished, incomplete
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.speaking import remarks
from hushbeam.pipelines.running.terminal import print_for_machines
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.kept_elsewhere import kept_elsewhere
from hushbeam.transforms.base.secrets import SecretReference
from hushbeam.transforms.read_manifest.pseudonyms import Pseudonyms
from hushbeam.transforms.retention.erase import Eraser
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.private_roots import private_root

EXIT_DONE = 0

_PSEUDONYM = re.compile(r"id-[0-9a-f]{32}")


class EraseOptions(BaseModel):
    """All options of the job."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: str = Field(min_length=1, description="folder or object-store URL that the runs wrote to")
    print_json: bool = Field(False, alias="json", description="print the counts as JSON on standard output")
    recording_id: tuple[str, ...] = Field((), description="whom to erase")
    recording_ids: str | None = Field(None, description="a file of more, one in a line")
    hash_identities: SecretReference | None = Field(None, description="where the runs' key is kept, if they had one")
    hmac: tuple[str, ...] = Field((), description="whom to erase, as ids stand in outputs that --hash_identities made")
    store: str | None = Field(None, description="what hushbeam redact --store names: erased there too")
    unredacted_output: str | None = Field(None, description="what it was given under that name: erased there too")
    certificate_key: SecretReference | None = Field(
        None, description="signs the lists of runs' files that change, as the runs did"
    )


def named_recordings(options: EraseOptions) -> frozenset[str]:
    """Whom to erase, by the ids that stand in the outputs.

    Raises:
      ConfigurationError: Nobody is named, or the file cannot be read.
    """
    named = set(options.recording_id)
    published = set(options.hmac)
    if options.recording_ids is not None:
        try:
            named |= {line.rstrip("\r") for line in files.read_text(options.recording_ids).split("\n")}
        except StorageError as error:
            raise ConfigurationError(f"--recording_ids: {error}") from None
    named.discard("")
    for one in published:
        if _PSEUDONYM.fullmatch(one) is None:
            raise ConfigurationError("--hmac: give ids as outputs have them, id- and 32 hexadecimal digits")
    if options.hash_identities:
        pseudonyms = Pseudonyms(options.hash_identities)
        named = {pseudonyms.of_id(one) for one in named}
    if not named | published:
        raise ConfigurationError("--recording_id: name at least one recording, here or in the file --recording_ids")
    return frozenset(named | published)


def prepare(options: EraseOptions) -> Eraser:
    """Checks that all places are named in which something may be.

    Raises:
      ConfigurationError: Something is kept in a place that is not named.
    """
    output = urls.normalised(options.output)
    if not files.list_names(output):
        raise ConfigurationError("--output: no run has written anything there")
    given = {
        option: private_root(root, output, option)
        for option, root in (("--store", options.store), ("--unredacted_output", options.unredacted_output))
        if root is not None
    }
    for option in sorted(kept_elsewhere(output) - given.keys()):
        raise ConfigurationError(f"{option}: runs of this output kept recordings there too; name it, to erase all")
    key = read_private_key(options.certificate_key) if options.certificate_key else None
    return Eraser(output, given.get("--store"), given.get("--unredacted_output"), key)


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Erases as the command line does, and gives the exit status."""
    console = console or remarks()
    options, _ = parse(EraseOptions, __doc__ or "", arguments)
    return finished(lambda: _erase(options, console), console)


def _erase(options: EraseOptions, console: Console) -> int:
    recordings = named_recordings(options)
    eraser = prepare(options)
    with alone(eraser.output, f"erase-{uuid.uuid4().hex[:6]}", console) as lock:
        files.remove_incomplete(eraser.output)
        erased = eraser.erase(recordings)
        lock.check()
    others = len(erased.recordings - recordings)
    if options.print_json:
        counts = {"recordings": len(erased.recordings), "of_the_same_sources": others}
        print_for_machines(counts | {"files": erased.files, "rows": erased.rows})
    else:
        console.print(
            f"[bold]{len(erased.recordings)} recordings erased[/] ({others} of them of the same sources as those "
            f"named): {erased.files} files, {erased.rows} rows",
            highlight=False,
        )
    return incomplete(erased.damaged, console) if erased.damaged else EXIT_DONE


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
