"""Redaction in a pipeline of your own: a PCollection of recordings in, findings and failures out.

python examples/own_pipeline.py --output redacted/ [options of Beam, such as --runner=FlinkRunner]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import apache_beam as beam

import hushbeam

CALLS = Path(__file__).parent / "calls"


def main(arguments: Sequence[str]) -> None:
    """Redacts two calls of different teams, and writes a line for each finding and each failure."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--output", default="redacted")
    parser.add_argument("--model", default="base")
    parser.add_argument("--verify", default="all")
    given, beam_arguments = parser.parse_known_args(arguments)

    with beam.Pipeline(argv=beam_arguments) as pipeline:
        # As from ReadFromBigQuery or ReadFromParquet: mappings with the keys of a manifest line, or only URLs.
        recordings = pipeline | beam.Create(
            [
                {"recording_id": "card", "audio_url": str(CALLS / "card-payment.mp3"), "redact_pii_policies": ["pci"]},
                str(CALLS / "password-reset.ogg"),
                str(CALLS / "missing.wav"),
            ]
        )
        redacted = recordings | hushbeam.RedactRecordings(
            given.output, policies=["default"], substitution="entity_name", model=given.model, verify=given.verify
        )
        found = redacted.published | "Findings" >> beam.FlatMap(findings)
        failed = redacted.failures | "Failures" >> beam.Map(lambda one: f"{one.recording_id}: {one.message}")
        found | "Write findings" >> beam.io.WriteToText(f"{given.output}/own/findings")
        failed | "Write failures" >> beam.io.WriteToText(f"{given.output}/own/failures")


def findings(recording: hushbeam.PublishedRecording) -> Iterator[str]:
    """A line for each redacted span: no value, only where it was."""
    for finding in recording.findings:
        yield f"{recording.recording_id} {finding.policy} {finding.start_s:.1f}-{finding.end_s:.1f} s"


if __name__ == "__main__":
    main(sys.argv[1:])
