"""VerifyAudio: a second recogniser checks redacted recordings before they are published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import apache_beam as beam
from apache_beam.utils.shared import Shared

from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import MutedRecording, StagedAudio, TranscribedRecording, Verification
from hushbeam.transforms.base import progress
from hushbeam.transforms.base.each_recording import Outcome, ThreadedStage, each_recording
from hushbeam.transforms.base.progress import VERIFIED, AudioDone
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio.redaction import stage_audio
from hushbeam.transforms.mute_audio.settings import MuteSettings
from hushbeam.transforms.storage import files
from hushbeam.transforms.transcribe.settings import TranscriptionSettings
from hushbeam.transforms.verify_audio.second_recogniser import SecondRecogniser
from hushbeam.transforms.verify_audio.settings import VerifySettings
from hushbeam.transforms.verify_audio.verify import verify

_RECOGNISERS = Shared()


class VerifyAudio(beam.PTransform):
    """Transcribes redacted recordings with a second recogniser and searches them for the values that were muted.

    Values that can still be heard are muted, and the recording is verified again. A recording is quarantined if they
    cannot be muted, or if the recogniser finds too few control words to be trusted. The known values stay in the memory
    of the worker that transcribed them.

    Args:
      first: The recogniser that transcribed; the second one runs where it does.
    """

    def __init__(
        self,
        settings: VerifySettings,
        first: TranscriptionSettings,
        mute_settings: MuteSettings,
        limits: MediaLimits,
    ) -> None:
        super().__init__("VerifyAudio")
        self._stage = _VerifyStage(settings, settings.recogniser(first), mute_settings, limits)

    def expand(self, recordings: beam.PCollection[MutedRecording]) -> Outcome[MutedRecording]:
        return recordings | each_recording(self._stage, MutedRecording)


_THREADS = {"cpu": 8, "cuda": 24}
"""By the second recogniser's device: enough for the windows of several recordings to fill a batch."""


class _VerifyStage(ThreadedStage[MutedRecording, MutedRecording]):
    name = "VerifyAudio"

    def __init__(
        self,
        settings: VerifySettings,
        recogniser: TranscriptionSettings,
        mute_settings: MuteSettings,
        limits: MediaLimits,
    ) -> None:
        super().__init__(_THREADS[recogniser.device])
        self._settings = settings
        self._recogniser_settings = recogniser
        self._mute_settings = mute_settings
        self._limits = limits

    def setup(self) -> None:
        super().setup()
        self._folder = TemporaryFolder()
        if self._settings.enabled:
            self._recogniser = _RECOGNISERS.acquire(
                self._start, tag=repr((self._settings, self._recogniser_settings, self._limits))
            )

    def _start(self) -> SecondRecogniser:
        recogniser = SecondRecogniser(
            self._recogniser_settings, self._settings.other_languages, self._limits.of_outputs
        )
        with progress.doing("loading models"):
            recogniser.load()
        return recogniser

    def teardown(self) -> None:
        super().teardown()
        self._folder.cleanup()

    def size(self, recording: MutedRecording) -> int:
        return 0 if recording.audio is None else recording.audio.size_bytes

    def process(self, recording: MutedRecording) -> MutedRecording:
        done = AudioDone(VERIFIED)
        try:
            return self._verified(recording, done)
        finally:
            done.to(recording.transcribed.transcript.duration_s)

    def _verified(self, recording: MutedRecording, done: AudioDone) -> MutedRecording:
        transcribed = recording.transcribed
        if not self._settings.includes(recording.recording_id):
            outcome = "not_sampled" if self._settings.enabled else "off"
            return replace(recording, verification=_not_verified(outcome, transcribed))
        language = transcribed.transcript.language_code
        transcribe_parts = partial(
            self._recogniser.transcribe_parts,
            language=language,
            mix=transcribed.mixed,
            progress=done.to,
            tone_hz=self._mute_settings.tone_hz if recording.recording.muting == "tone" else None,
        )
        audio_source = transcribed.audio_source
        with TemporaryFolder(within=self._folder.name) as fetched:
            # The source is needed only if something must be muted again, which is rare.
            source = cache(partial(files.fetch, audio_source.url, fetched, expected=audio_source))
            verified = verify(
                recording, source, transcribe_parts, partial(self._render, recording, source), self._settings
            )
        if not verified.verification.verified_s:
            return replace(verified, verification=_not_verified(verified.verification.outcome, transcribed))
        identity = self._recogniser.identity(language)
        return replace(verified, verification=replace(verified.verification, recogniser=identity))

    def _render(self, recording: MutedRecording, source: Callable[[], Path], spans: Sequence[TimeSpan]) -> StagedAudio:
        folder = Path(self._folder.name)
        return stage_audio(recording.redacted, source(), spans, folder, self._mute_settings, limits=self._limits)

    def measure(self, output: MutedRecording) -> dict[str, int]:
        verification = output.verification
        return {
            f"verification.{verification.outcome}": 1,
            "verification.control_words": verification.control_words,
            "verification.control_words_found": verification.control_words_found,
            "verification.leaks_muted": verification.leaks,
            "verification.verified_milliseconds": round(verification.verified_s * 1000),
        }


def _not_verified(outcome: str, transcribed: TranscribedRecording) -> Verification:
    """The verification of a recording that is not verified now. That of a published recording stays valid."""
    return Verification(outcome) if transcribed.published is None else transcribed.published.verification
