"""The report of an audit: counts, and what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

import apache_beam as beam

from schemas.audit import AuditedRecording, Problem
from schemas.failure import Failure
from transforms.audit.transform import Audited
from transforms.storage import files

_MOST_LISTED = 1000

Count = tuple[str, float]


class WriteReport(beam.PTransform):
    """Counts what an audit found and writes it to a URL, as JSON.

    {"recordings": n, "listened": n, "signed": n, "audio_s": …, "muted_s": …, "heard": {policy: n},
    "problems": {kind: n}, "list": [{"kind", "subject", "detail"}, …]}
    """

    def __init__(self, url: str) -> None:
        super().__init__("WriteReport")
        self._url = url

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
                totals=beam.pvalue.AsDict(totals | "Total" >> beam.CombinePerKey(sum)),
                problems=beam.pvalue.AsList(problems),
            )
        )


def summarise(totals: Mapping[str, float], problems: Iterable[Problem]) -> dict[str, object]:
    """The report from counts named `recordings`, `heard.POLICY`, `problems.KIND` and so on."""

    def group(prefix: str) -> dict[str, int]:
        return {name.removeprefix(prefix): int(n) for name, n in sorted(totals.items()) if name.startswith(prefix)}

    listed = sorted(problems, key=lambda problem: (problem.kind, problem.subject, problem.detail))
    return {
        "recordings": int(totals.get("recordings", 0)),
        "listened": int(totals.get("listened", 0)),
        "signed": int(totals.get("signed", 0)),
        "audio_s": round(totals.get("audio_s", 0.0), 3),
        "muted_s": round(totals.get("muted_s", 0.0), 3),
        "heard": group("heard."),
        "problems": group("problems."),
        "list": [asdict(problem) for problem in listed[:_MOST_LISTED]],
    }


def _write(url: str, totals: Mapping[str, float], problems: Sequence[Problem]) -> str:
    files.write_bytes(url, json.dumps(summarise(totals, problems), indent=1).encode())
    return url


def _counts(recording: AuditedRecording) -> Iterator[Count]:
    yield "recordings", 1
    yield "listened", recording.listened
    yield "signed", recording.signed
    yield "audio_s", recording.audio_s
    yield "muted_s", recording.muted_s
    for policy, count in recording.heard.items():
        yield f"heard.{policy}", count


def _count_problem(problem: Problem) -> Count:
    return f"problems.{problem.kind}", 1


def _not_audited(failure: Failure) -> Problem:
    return Problem("not_audited", failure.recording_id or "", f"{failure.error_class}: {failure.message}")
