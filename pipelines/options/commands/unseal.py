"""Decrypts unredacted transcripts for people who have the key.

    hushbeam unseal --unredacted_output private/ --unredacted_key env:KEY --recording_id call-4711 --to here/

Writes NAME.json for each recording, readable by you only; delete it when you are done. The folder is created with
mode 0700. An existing folder must be yours, closed to others, and outside of all outputs.

Exit status: 0 done; 1 the store failed; 2 wrong options or folder, or a recording is missing or cannot be decrypted.
Nothing is written unless all are decrypted.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.transforms.base.metavar import Folder, Metavar
from hushbeam.transforms.base.secrets import SecretReference


class UnsealOptions(CommandOptions):
    """All options of the command."""

    runs_pipeline: ClassVar[bool] = False

    unredacted_output: Folder = Field(min_length=1, description="the --unredacted_output of the runs")
    unredacted_key: tuple[SecretReference, ...] = Field(
        min_length=1, description="references to the keys of --unredacted_output, such as env:NAME; each decrypts"
    )
    recording_id: tuple[Annotated[str, Metavar("ID")], ...] = Field(
        min_length=1, description="ids of the recordings whose transcripts to decrypt"
    )
    to: Folder = Field(min_length=1, description="folder on this machine for the transcripts, closed to other users")
