"""Deletes sources from a landing zone once their redacted recordings are published, verified and certified.

    hushbeam clean --output out/ --landing_zone landing/ --older_than 30d --list due.jsonl
    hushbeam clean --output out/ --landing_zone landing/ --older_than 30d --list due.jsonl --delete

The first command only writes the list. The second deletes what has been in the list for at least --grace and is still
due, and then writes the list anew: run it every night. Sources of recordings that failed, were quarantined, were not
verified, or changed since, stay. What was deleted cannot be redacted or rendered again.

Exit status: 0 done; 1 some sources could not be deleted; 2 wrong options or set-up; 5 a run is writing to the output.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from hushbeam.pipelines.options.ages import Age
from hushbeam.pipelines.options.arguments import CommandOptions
from hushbeam.pipelines.options.common import PastOutput, PrintJson, WaitForLock
from hushbeam.transforms.base.metavar import File, Folder
from hushbeam.transforms.base.secrets import SecretReference


class CleanOptions(CommandOptions):
    """All options of the command."""

    runs_pipeline: ClassVar[bool] = False

    output: PastOutput
    landing_zone: Folder = Field(
        min_length=1, description="folder or object-store URL; only sources in it are ever deleted"
    )
    older_than: Age = Field(description="only sources of recordings that were published longer ago, such as 30d")
    list_file: File = Field(
        validation_alias="list", description="file for the list of what will be deleted, as JSON Lines; path or URL"
    )
    delete: bool = Field(False, description="delete what has been in the list for --grace; without it, only list")
    grace: Age = Field("24h", description="time between the listing and the deletion of a source")
    certificate_public_key: SecretReference | None = Field(
        None,
        description="reference to the public Ed25519 key, such as env:NAME; sources without a validly signed "
        "certificate stay",
    )
    wait_for_lock: WaitForLock = None
    print_json: PrintJson = False
