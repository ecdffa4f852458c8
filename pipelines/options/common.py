"""Options that several commands share, each declared once."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from hushbeam.pipelines.options.ages import Age
from hushbeam.pipelines.options.arguments import Positional
from hushbeam.transforms.base.metavar import File, Folder, Metavar
from hushbeam.transforms.base.secrets import OFF, SecretReference, checked_reference

RunId = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", examples=["nightly-2026-11-23"]),
    Metavar("NAME"),
]
"""The name of a run, which is also a folder name."""

Inputs = Annotated[
    tuple[Annotated[str, Metavar("INPUT")], ...],
    Positional(),
    Field(
        description="recordings, and manifests of recordings: files, folders, globs in quotes, object-store URLs, "
        "https:// URLs of recordings, or - for standard input",
    ),
]
Output = Annotated[Folder, Field(min_length=1, description="folder or object-store URL for all outputs")]
PastOutput = Annotated[Folder, Field(min_length=1, description="folder or object-store URL that the runs wrote to")]
Manifests = Annotated[
    tuple[File, ...],
    Field(
        description="manifests of recordings: JSON Lines, CSV or Parquet; paths, globs in quotes, or object-store URLs",
    ),
]
Force = Annotated[bool, Field(description="redo recordings whose output is up to date")]
NewRunId = Annotated[
    RunId | None, Field(description="name of this run; must be new in this output; by default made from the time")
]
Captions = Annotated[
    bool | None,
    Field(
        description="also write SRT and VTT captions of the redacted words; by default only for recordings that have "
        "them, and --no-captions deletes those of recordings that are redacted again"
    ),
]
RulesFile = Annotated[
    File | None,
    Field(description="JSON file with patterns, terms to keep and substitutions: docs/rules.md"),
]


def _reference_or_off(text: str) -> str:
    return text if text == OFF else checked_reference(text)


CertificateKey = Annotated[
    Annotated[str, AfterValidator(_reference_or_off), Metavar("SECRET")] | None,
    Field(
        description="reference to the Ed25519 key (PEM) that signs certificates and lists of files, such as env:NAME; "
        "where earlier runs signed, this or `off` is required"
    ),
]
HashIdentities = Annotated[
    SecretReference | None,
    Field(
        description="reference to the HMAC key that replaces recording ids and URLs in all outputs, such as env:NAME; "
        "an output keeps its key"
    ),
]
OutputShards = Annotated[
    int | None,
    Field(ge=1, le=9999, description="files for each table and date; by default a file for each 64 MB"),
    Metavar("N"),
]
StoreKeys = Annotated[
    tuple[SecretReference, ...],
    Field(description="references to the keys of --store, such as env:NAME; each decrypts"),
]
PrintJson = Annotated[bool, Field(validation_alias="json", description="print the result as JSON on standard output")]
FailAbove = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="end with exit status 3 if more than this share of the attempted recordings failed or were "
        "quarantined, or of the notifications did not arrive; 0 tolerates none, 1 all",
    ),
    Metavar("SHARE"),
]
WaitForLock = Annotated[
    Age | None,
    Field(
        description="wait this long for another run that writes to the output, such as 90m or 2h; by default end at "
        "once with exit status 5"
    ),
]
Sample = Annotated[int | None, Field(ge=1, description="number of recordings to draw at random; by default all")]
Seed = Annotated[int, Field(description="number that decides which recordings are drawn"), Metavar("N")]
