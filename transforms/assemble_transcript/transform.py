"""AssembleTranscript: joins the transcripts of each long recording's spans, which cross the shuffle encrypted."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam

from hushbeam.schemas.recording import Recording
from hushbeam.schemas.stages import FromRecording, SealedSpan, TranscribedRecording, TranscribedSpan
from hushbeam.transforms.assemble_transcript.join import join
from hushbeam.transforms.assemble_transcript.sealing import SpanSealer
from hushbeam.transforms.base.each_recording import Outcome, RecordingStage, each_recording


class AssembleTranscript(beam.PTransform):
    """Gives each recording of which all spans were transcribed; a recording with a missing span fails as a whole.

    Args:
      key: Secret reference of `--shuffle_key`, which every worker must be able to read.
    """

    def __init__(self, key: str) -> None:
        super().__init__("AssembleTranscript")
        self._key = key

    def expand(self, spans: beam.PCollection[TranscribedSpan]) -> Outcome[TranscribedRecording]:
        return (
            spans
            | "Seal" >> beam.ParDo(_SealFn(self._key)).with_output_types(tuple[str, SealedSpan])
            | "By recording" >> beam.GroupByKey()
            | "Gather" >> beam.Map(_GatheredSpans.of).with_output_types(_GatheredSpans)
            | each_recording(_JoinStage(self._key), TranscribedRecording)
        )


class _SealFn(beam.DoFn):
    def __init__(self, key: str) -> None:
        self._key = key

    def setup(self) -> None:
        self._sealer = SpanSealer(self._key)

    def process(self, element: TranscribedSpan) -> Iterable[tuple[str, SealedSpan]]:
        yield element.recording_id, self._sealer.seal(element)


class _GatheredSpans(FromRecording):
    """The sealed spans of one recording, which `each_recording` can name in an error."""

    def __init__(self, spans: list[SealedSpan]) -> None:
        self.spans = spans

    @classmethod
    def of(cls, grouped: tuple[str, Iterable[SealedSpan]]) -> _GatheredSpans:
        return cls(list(grouped[1]))

    @property
    def recording(self) -> Recording:
        return self.spans[0].recording


class _JoinStage(RecordingStage[_GatheredSpans, TranscribedRecording]):
    name = "AssembleTranscript"

    def __init__(self, key: str) -> None:
        self._key = key

    def setup(self) -> None:
        self._sealer = SpanSealer(self._key)

    def process(self, recording: _GatheredSpans) -> TranscribedRecording:
        return join(self._sealer.open(span) for span in recording.spans)
