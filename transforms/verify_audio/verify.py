"""Verification of one redacted recording: finds leaks, mutes them, and quarantines the recording if some remain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.finding import FLAGGED, Finding, personal_words
from hushbeam.schemas.spans import TimeSpan, merged_spans
from hushbeam.schemas.stages import MutedRecording, StagedAudio, Verification
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.mute_audio.redaction import in_file_channels
from hushbeam.transforms.verify_audio.control_words import ControlWordSettings, choose_control_words, count_found
from hushbeam.transforms.verify_audio.kept_speech import KeptSpeech, KeptWord
from hushbeam.transforms.verify_audio.known_values import KnownValue, known_values
from hushbeam.transforms.verify_audio.leaks import Leak, LeakSettings, find_leaks
from hushbeam.transforms.verify_audio.second_recogniser import Ranges, TranscribeParts, speech_around
from hushbeam.transforms.verify_audio.settings import VerifySettings

DETECTOR = "second_recogniser"

_CONTROL_WORDS = ControlWordSettings()
_LEAKS = LeakSettings()
_WIDER = (1, 2, 4)
"""How many times as far from muted spans is verified, one after the other until there are enough control words."""

Render = Callable[[Sequence[TimeSpan]], StagedAudio]
"""Renders the redacted copy from the source again, with these spans of the file's channels muted."""


class AudibleLeakError(QuarantineError):
    """Personal data is still recognised after its surroundings were muted."""

    remedy = "Try `--caution high`, or a larger `--model`."


class UnreliableVerificationError(QuarantineError):
    """The second recogniser finds too few control words, so it would not find a leak either."""

    remedy = "Name a larger `--verify_model`, or `--verify off` for recordings that no model transcribes well."


def verify(
    recording: MutedRecording,
    source: Callable[[], Path],
    transcribe_parts: TranscribeParts,
    render: Render,
    settings: VerifySettings,
) -> MutedRecording:
    """Returns the recording with audio in which the second recogniser finds none of the known values.

    The staged file is replaced if leaks had to be muted, and removed if the recording does not pass.

    Args:
      source: Returns the source as a local file; called only if the redacted copy is not enough.

    Raises:
      AudibleLeakError: Leaks remain after `most_repairs` repairs.
      UnreliableVerificationError: The recogniser finds too few control words.
      RecordingError: A file cannot be decoded or written, or the recogniser does not know the language.
    """
    check = _Check(recording, settings)
    audio = recording.audio
    if audio is None or not check.known:
        return replace(recording, verification=Verification("nothing_to_verify"))
    repaired: list[Leak] = []
    try:
        ranges, control_words = check.ranges_to_verify(audio)
        verification = Verification(
            "passed",
            verified_s=check.verified_s(ranges, audio),
            values=len(check.known),
            control_words=len(control_words),
        )
        second_transcript = Conversation(transcribe_parts(audio.path, ranges))
        found = count_found(control_words, second_transcript, _CONTROL_WORDS)
        if not check.proves_recogniser(len(control_words), found):
            check.require_known_values(len(control_words), Conversation(transcribe_parts(source(), ranges)))
        while leaks := check.leaks(second_transcript):
            verification = replace(verification, repairs=verification.repairs + 1)
            if verification.repairs > settings.most_repairs:
                raise AudibleLeakError(
                    f"{len(leaks)} findings can still be heard after {settings.most_repairs} repairs"
                )
            spans = check.spans_of(leaks, settings.pad_s * verification.repairs)
            replaced, audio = audio, render(merged_spans([*audio.muted, *spans], audio.duration_s, settings.pad_s))
            Path(replaced.path).unlink(missing_ok=True)
            repaired += leaks
            # Speech that only the second recogniser found lies in no range.
            ranges = None if ranges is None else check.around(spans) or None
            second_transcript = Conversation(transcribe_parts(audio.path, ranges))
    except BaseException:
        Path(audio.path).unlink(missing_ok=True)
        raise
    return replace(
        recording,
        audio=audio,
        audio_findings=(*recording.audio_findings, *map(_finding, repaired)),
        verification=replace(verification, control_words_found=found, leaks=len(repaired)),
    )


class _Check:
    """The known values and the kept words of one recording, and the search for them in its redacted copy."""

    def __init__(self, recording: MutedRecording, settings: VerifySettings) -> None:
        detected = recording.detected
        conversation = Conversation(detected.transcribed.transcript)
        self._transcribed = detected.transcribed
        self._policies = recording.recording.policies
        self._settings = settings
        self._flagged = [
            TimeSpan(finding.channel, finding.start_s, finding.end_s)
            for finding in recording.audio_findings
            if finding.detector == FLAGGED
        ]
        self._kept = KeptSpeech(conversation, personal_words(detected.findings))
        self.known: tuple[KnownValue, ...] = known_values(conversation, detected.findings)

    def ranges_to_verify(self, audio: StagedAudio) -> tuple[Ranges | None, tuple[KeptWord, ...]]:
        """The speech around muted spans with its control words, and flagged speech. More of it if the control words
        are too few, at last the whole recording (None).
        """
        muted = self._in_transcribed_channels(audio.muted)
        for times in _WIDER:
            ranges = self.around(audio.muted, times)
            control_words = choose_control_words(self._kept, ranges, muted, _CONTROL_WORDS)
            if len(control_words) >= _CONTROL_WORDS.fewest:
                # Control words are not chosen in flagged speech: the first recogniser wrote none there.
                return self.around([*audio.muted, *self._flagged], times) if self._flagged else ranges, control_words
        return None, choose_control_words(self._kept, None, muted, _CONTROL_WORDS)

    def around(self, spans: Sequence[TimeSpan], times: int = 1) -> Ranges:
        """The speech around spans of the file's channels, so many times as far as the settings say."""
        settings, speech = self._settings, self._transcribed.transcript.speech
        around_s, beside_s = times * settings.around_s, times * settings.beside_s
        return speech_around(self._in_transcribed_channels(spans), speech, around_s, beside_s)

    def verified_s(self, ranges: Ranges | None, audio: StagedAudio) -> float:
        """Seconds of audio to verify, summed over the channels that are transcribed separately."""
        if ranges is None:
            return round(audio.duration_s * self._transcribed.transcript.channels, 3)
        return round(sum(span.end_s - span.start_s for span in ranges), 3)

    def _in_transcribed_channels(self, spans: Sequence[TimeSpan]) -> Sequence[TimeSpan]:
        return [replace(span, channel=0) for span in spans] if self._transcribed.mixed else spans

    def proves_recogniser(self, control_words: int, found: int) -> bool:
        """Whether enough control words were found. False if the recording has too few to tell.

        Raises:
          UnreliableVerificationError: Too few were found.
        """
        if control_words < _CONTROL_WORDS.fewest:
            return False
        if found < _CONTROL_WORDS.least_share * control_words:
            raise UnreliableVerificationError(
                f"the second recogniser found {found} of {control_words} control words: too few to trust that it would "
                "find a leak; name another model with --verify_model"
            )
        return True

    def require_known_values(self, control_words: int, source: Conversation) -> None:
        """For recordings with too few control words: the recogniser must find the values in the source.

        Raises:
          UnreliableVerificationError: It finds none of them.
        """
        if not self.leaks(source):
            raise UnreliableVerificationError(
                f"there are only {control_words} control words, and the second recogniser finds none of the values in "
                "the source either; name another model with --verify_model"
            )

    def leaks(self, second_transcript: Conversation) -> tuple[Leak, ...]:
        """The recording's personal data in a transcript of the second recogniser."""
        return find_leaks(self.known, second_transcript, self._kept, self._policies, _LEAKS)

    def spans_of(self, leaks: Iterable[Leak], pad_s: float) -> tuple[TimeSpan, ...]:
        """What to mute for leaks, in the channels of the file."""
        places = [
            replace(leak.place, start_s=leak.place.start_s - pad_s, end_s=leak.place.end_s + pad_s) for leak in leaks
        ]
        return in_file_channels(self._transcribed, places)


def _finding(leak: Leak) -> Finding:
    return Finding(
        policy=leak.policy,
        label=leak.label,
        channel=leak.place.channel,
        start_s=leak.place.start_s,
        end_s=leak.place.end_s,
        score=1.0,
        detector=DETECTOR,
    )
