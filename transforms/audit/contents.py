"""Content of an audit report, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from hushbeam.schemas.policies import CATALOGUE
from hushbeam.transforms.archive.claims import Problem
from hushbeam.transforms.audit.facts import AuditedRun, SignatureState, of_run, sums_by_run
from hushbeam.transforms.audit.records import AudiblePlace

_MOST_LISTED = 1000

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.+-]{0,63}$")]
Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Identity = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,300}$")]
_RunId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_. -]{0,127}$")]
_Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class About(_Part):
    """When and with what an audit was made.

    Attributes:
      key: Fingerprint of the public key that was given; None if no signature was checked.
      sample: Share of the recordings that were transcribed with `model`.
      version: Of this software.
    """

    audited_at: datetime
    key: Fingerprint | None
    sample: Annotated[float, Field(ge=0, le=1)]
    model: _Identity
    version: _Identity


class _Canaries(_Part):
    items: _Count
    recall: _Number
    floor: _Number
    missed: dict[Name, _Count]


class _OfRun(_Part):
    """One run: its small files, and sums over the certificates of its recordings."""

    run_id: _RunId
    started_at: datetime | None
    counted: dict[Name, _Count] | None
    canaries: _Canaries | None
    listed_files: _Count | None
    list_signature: SignatureState
    list_key: Fingerprint | None
    recordings: _Count
    certified: _Count
    corrected: _Count
    audio_s: _Number
    channel_s: _Number
    muted_s: _Number
    signatures: dict[SignatureState, _Count]
    keys: dict[Fingerprint, _Count]
    models: dict[Name, dict[_Identity, _Count]]
    configurations: dict[_Identity, _Count]
    findings: dict[Name, _Count]
    muted_s_by_policy: dict[Name, _Number]
    verification: dict[Name, _Count]


_ABOUT, _RUNS = TypeAdapter(About | None), TypeAdapter(list[_OfRun])


def summarise(
    totals: Mapping[str, float],
    problems: Iterable[Problem],
    places: Iterable[AudiblePlace] = (),
    runs: Iterable[AuditedRun] = (),
    about: Mapping[str, Any] | None = None,
) -> dict[str, object]:
    """A report from counts named `recordings`, `audible.POLICY`, `problems.KIND` and so on."""

    def group(prefix: str) -> dict[str, int]:
        return {name.removeprefix(prefix): int(n) for name, n in sorted(totals.items()) if name.startswith(prefix)}

    sums = sums_by_run(totals)
    known = {run.run_id: run for run in runs}
    listed = sorted(problems, key=lambda problem: (problem.kind, problem.subject, problem.detail))
    return {
        "recordings": int(totals.get("recordings", 0)),
        "verified": int(totals.get("verified", 0)),
        "signed": int(totals.get("signed", 0)),
        "audio_s": round(totals.get("audio_s", 0.0), 3),
        "muted_s": round(totals.get("muted_s", 0.0), 3),
        "audible": group("audible."),
        "audible_places": [asdict(place) for place in sorted(places)[:_MOST_LISTED]],
        "problems": group("problems."),
        "list": [asdict(problem) for problem in listed[:_MOST_LISTED]],
        "runs": [
            of_run(known.get(run_id, AuditedRun(run_id)), sums.get(run_id)) for run_id in sorted(known.keys() | sums)
        ],
        "about": about,
    }


def is_report(content: bytes) -> bool:
    """Whether a file is what `summarise` returns, or returned in an earlier version, and nothing else."""
    try:
        report = json.loads(content)
        parts = {field.name for field in fields(Problem)}
        listed = [(part, text) for problem in report["list"] for part, text in problem.items()]
        counts = [report.get(name, 0) for name in ("recordings", "verified", "signed", "audio_s", "muted_s")]
        counts += [*report.get("audible", {}).values(), *report.get("problems", {}).values()]
        _ABOUT.validate_json(json.dumps(report.get("about")), strict=True)
        _RUNS.validate_json(json.dumps(report.get("runs", [])), strict=True)
        return (
            report.keys() <= summarise({}, ()).keys()
            and all(isinstance(count, int | float) for count in counts)
            and all(part in parts and isinstance(text, str) for part, text in listed)
            and all(_is_place(place) for place in report.get("audible_places", []))
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def _is_place(place: Mapping[str, object]) -> bool:
    times = [place[name] for name in ("channel", "start_s", "end_s")]
    return (
        place.keys() == {field.name for field in fields(AudiblePlace)}
        and isinstance(place["recording_id"], str)
        and place["policy"] in CATALOGUE
        and all(isinstance(time, int | float) for time in times)
    )
