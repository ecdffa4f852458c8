"""Listens to a redacted recording again, mutes what can still be heard, and gives up what cannot be muted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.finding import Finding, personal_words
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import MutedRecording, StagedAudio, Verification
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.mute_audio.edges import merge_spans
from hushbeam.transforms.mute_audio.redaction import in_file_channels
from hushbeam.transforms.verify_audio.control_words import choose_control_words, count_found
from hushbeam.transforms.verify_audio.kept_speech import KeptSpeech, KeptWord
from hushbeam.transforms.verify_audio.known_values import KnownValue, known_values
from hushbeam.transforms.verify_audio.leaks import Leak, find_leaks
from hushbeam.transforms.verify_audio.second_recogniser import Ranges, TranscribeParts, speech_around
from hushbeam.transforms.verify_audio.settings import VerifySettings

DETECTOR = "second_recogniser"

Render = Callable[[Sequence[TimeSpan]], StagedAudio]
"""Renders the redacted copy from the source once more, with these spans of the file's channels muted."""


class AudibleLeakError(QuarantineError):
    """Something that was found can still be heard, however much of its surroundings is muted."""


class DeafCheckError(QuarantineError):
    """The second recogniser does not hear what it must: that it hears no leak says nothing."""


def verify(
    recording: MutedRecording,
    source: Callable[[], Path],
    transcribe_parts: TranscribeParts,
    render: Render,
    settings: VerifySettings,
) -> MutedRecording:
    """Returns the recording with sound in which the second recogniser hears none of the known values.

    The staged file is replaced where leaks had to be muted, and removed where the recording does not pass.

    Args:
      source: Gives the recording as a local file; called only where the redacted one does not do.

    Raises:
      AudibleLeakError: Leaks remain after `most_repairs` repairs.
      DeafCheckError: The recogniser proved deaf.
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
        again = Conversation(transcribe_parts(audio.path, ranges))
        transcribed = count_found(control_words, again, settings.control_words)
        if not check.is_proved(len(control_words), transcribed):
            check.require_control(len(control_words), Conversation(transcribe_parts(source(), ranges)))
        while leaks := check.leaks(again):
            verification = replace(verification, repairs=verification.repairs + 1)
            if verification.repairs > settings.most_repairs:
                raise AudibleLeakError(
                    f"{len(leaks)} findings can still be heard after {settings.most_repairs} repairs: not published"
                )
            spans = check.spans_of(leaks, settings.pad_s * verification.repairs)
            replaced, audio = audio, render(merge_spans([*audio.muted, *spans], audio.duration_s, settings.pad_s))
            Path(replaced.path).unlink(missing_ok=True)
            repaired += leaks
            # Speech that only the second recogniser knows of lies in no range.
            ranges = None if ranges is None else check.around(spans) or None
            again = Conversation(transcribe_parts(audio.path, ranges))
    except BaseException:
        Path(audio.path).unlink(missing_ok=True)
        raise
    return replace(
        recording,
        audio=audio,
        audio_findings=(*recording.audio_findings, *map(_finding, repaired)),
        verification=replace(verification, control_words_found=transcribed, leaks=len(repaired)),
    )


class _Check:
    """What is known of one recording: what must not be heard, and what must."""

    def __init__(self, recording: MutedRecording, settings: VerifySettings) -> None:
        detected = recording.detected
        conversation = Conversation(detected.transcribed.transcript)
        self._transcribed = detected.transcribed
        self._policies = recording.recording.policies
        self._settings = settings
        self._kept = KeptSpeech(conversation, personal_words(detected.findings))
        self.known: tuple[KnownValue, ...] = known_values(conversation, detected.findings)

    def ranges_to_verify(self, audio: StagedAudio) -> tuple[Ranges | None, tuple[KeptWord, ...]]:
        """Speech around what is muted, and the sentinels in it; all of a recording with few innocent words."""
        settings = self._settings
        muted = self._in_transcribed_channels(audio.muted)
        ranges: Ranges | None = self.around(audio.muted)
        control_words = choose_control_words(self._kept, ranges, muted, settings.control_words)
        if len(control_words) < settings.control_words.fewest:
            ranges = None
            control_words = choose_control_words(self._kept, ranges, muted, settings.control_words)
        return ranges, control_words

    def around(self, spans: Sequence[TimeSpan]) -> Ranges:
        """The speech around spans of the file's channels."""
        settings, speech = self._settings, self._transcribed.transcript.speech
        return speech_around(self._in_transcribed_channels(spans), speech, settings.around_s, settings.beside_s)

    def verified_s(self, ranges: Ranges | None, audio: StagedAudio) -> float:
        """Seconds of sound, summed over the channels that are heard by themselves."""
        if ranges is None:
            return round(audio.duration_s * self._transcribed.transcript.channels, 3)
        return round(sum(span.end_s - span.start_s for span in ranges), 3)

    def _in_transcribed_channels(self, spans: Sequence[TimeSpan]) -> Sequence[TimeSpan]:
        return [replace(span, channel=0) for span in spans] if self._transcribed.mixed else spans

    def is_proved(self, control_words: int, transcribed: int) -> bool:
        """Whether the recogniser hears well enough. False where there are too few sentinels to tell.

        Raises:
          DeafCheckError: It does not.
        """
        settings = self._settings.control_words
        if control_words < settings.fewest:
            return False
        if transcribed < settings.least_share * control_words:
            raise DeafCheckError(
                f"the second recogniser transcribed {transcribed} of {control_words} control words: too few to trust "
                "that it would find a leak; name another model with --verify_model"
            )
        return True

    def require_control(self, control_words: int, source: Conversation) -> None:
        """Where there is too little innocent speech: the recogniser must hear the values in the source itself.

        Raises:
          DeafCheckError: It hears none of them.
        """
        if not self.leaks(source):
            raise DeafCheckError(
                f"there are only {control_words} control words, and the second recogniser transcribes none of the "
                "values in the source either; name another model with --verify_model"
            )

    def leaks(self, again: Conversation) -> tuple[Leak, ...]:
        """What of the recording's personal data was heard."""
        return find_leaks(self.known, again, self._kept, self._policies, self._settings.leaks)

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
