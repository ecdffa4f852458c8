"""WriteReport: writes the report of an audit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam

from hushbeam.schemas.failure import Failure
from hushbeam.transforms.archive.claims import Problem
from hushbeam.transforms.audit.contents import About, summarise
from hushbeam.transforms.audit.facts import AuditedRun
from hushbeam.transforms.audit.records import AudiblePlace, AuditedRecording
from hushbeam.transforms.audit.transform import Audited
from hushbeam.transforms.storage import files

Count = tuple[str, float]


class WriteReport(beam.PTransform):
    """Writes the counts and problems of an audit to a URL, as JSON.

    {"recordings": n, "verified": n, "signed": n, "audio_s": …, "muted_s": …, "audible": {policy: n},
    "audible_places": [{"recording_id", "channel", "start_s", "end_s", "policy"}, …],
    "problems": {kind: n}, "list": [{"kind", "subject", "detail"}, …], "runs": […], "about": {…}}

    Args:
      about: When and with what the audit was made.
    """

    def __init__(self, url: str, about: About) -> None:
        super().__init__("WriteReport")
        self._url = url
        self._about = about.model_dump(mode="json")

    def expand(self, audited: Audited) -> beam.PCollection[str]:
        problems = (
            audited.problems,
            audited.recordings | "Their problems" >> beam.FlatMap(lambda recording: recording.problems),
            audited.failures | "Not audited" >> beam.Map(_not_audited),
        ) | "All problems" >> beam.Flatten().with_output_types(Problem)
        totals = (
            audited.recordings | "Count recordings" >> beam.FlatMap(_counts).with_output_types(Count),
            problems | "Count problems" >> beam.Map(_count_problem).with_output_types(Count),
        ) | "All counts" >> beam.Flatten()
        return (
            audited.recordings.pipeline
            | "Once" >> beam.Create([self._url])
            | "Write"
            >> beam.Map(
                _write,
                self._about,
                totals=beam.pvalue.AsDict(totals | "Total" >> beam.CombinePerKey(sum)),
                problems=beam.pvalue.AsList(problems),
                places=beam.pvalue.AsList(
                    audited.recordings
                    | "Audible places"
                    >> beam.FlatMap(lambda recording: recording.places).with_output_types(AudiblePlace)
                ),
                runs=beam.pvalue.AsList(audited.runs),
            )
        )


def _write(
    url: str,
    about: Mapping[str, Any],
    *,
    totals: Mapping[str, float],
    problems: Sequence[Problem],
    places: Sequence[AudiblePlace],
    runs: Sequence[AuditedRun],
) -> str:
    content = json.dumps(summarise(totals, problems, places, runs, about), indent=1).encode()
    files.undisturbed(lambda: files.write_bytes(url, content))
    return url


def _counts(recording: AuditedRecording) -> Iterator[Count]:
    yield "recordings", 1
    yield "verified", recording.verified
    yield "signed", recording.signed
    yield "audio_s", recording.audio_s
    yield "muted_s", recording.muted_s
    for policy, count in recording.audible.items():
        yield f"audible.{policy}", count
    yield from recording.facts.items()


def _count_problem(problem: Problem) -> Count:
    return f"problems.{problem.kind}", 1


def _not_audited(failure: Failure) -> Problem:
    return Problem("not_audited", failure.recording_id or "", f"{failure.error_class}: {failure.message}")
