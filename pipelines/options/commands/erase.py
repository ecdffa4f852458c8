"""Removes every trace of recordings from an output, so that no later run brings them back.

    hushbeam erase --output out/ --recording_id call-4711
    hushbeam erase --output out/ --recording_ids erase.txt --store kept/
    hushbeam erase --output out/ --superseded

Other recordings of the same sources are erased too. `--superseded` erases no recording, only the rows of earlier runs
of recordings that were redacted again. The command may be interrupted and repeated. It does not touch sources,
manifests, logs or receivers of notifications: docs/retention.md says what you must delete there.

Exit status: 0 done; 1 some files cannot be read and may still hold traces; 2 wrong options or set-up; 3 the output had
nothing of a given id, which later runs skip nevertheless; 5 another run works on the output.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.common import CertificateKey, HashIdentities, PastOutput, PrintJson, WaitForLock
from hushbeam.transforms.base.metavar import File, Folder, Metavar


class EraseOptions(CommandOptions):
    """All options of the command."""

    runs_pipeline: ClassVar[bool] = False

    output: PastOutput
    print_json: PrintJson = False
    recording_id: tuple[Annotated[str, Metavar("ID")], ...] = Field((), description="ids of the recordings to erase")
    recording_ids: File | None = Field(None, description="file with more ids of recordings to erase, one a line")
    superseded: bool = Field(False, description="remove the rows of tables that are not current, instead of recordings")
    hash_identities: HashIdentities = None
    hmac: tuple[Annotated[str, Metavar("HASH")], ...] = Field(
        (), description="hashed ids of recordings to erase, as outputs of runs with --hash_identities show them"
    )
    store: Folder | None = Field(None, description="the --store of the runs; recordings are erased there too")
    unredacted_output: Folder | None = Field(
        None, description="the --unredacted_output of the runs; recordings are erased there too"
    )
    certificate_key: CertificateKey = None
    wait_for_lock: WaitForLock = None
