"""Listens to a redacted recording again, mutes what can still be heard, and gives up what cannot be muted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from hushbeam.schemas.failure import QuarantineError
from hushbeam.schemas.finding import Finding, personal_words
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import MutedRecording, StagedAudio, Verification
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.mute_audio.edges import merge_spans
from hushbeam.transforms.mute_audio.redaction import in_file_channels
from hushbeam.transforms.verify_audio.innocent_speech import InnocentSpeech, InnocentWord
from hushbeam.transforms.verify_audio.known_values import KnownValue, known_values
from hushbeam.transforms.verify_audio.leaks import Leak, find_leaks
from hushbeam.transforms.verify_audio.listen import Listen, Ranges, speech_around
from hushbeam.transforms.verify_audio.sentinels import choose_sentinels, count_heard
from hushbeam.transforms.verify_audio.settings import VerifySettings

DETECTOR = "second_recogniser"

Render = Callable[[Sequence[TimeSpan]], StagedAudio]
"""Renders the redacted copy from the source once more, with these spans of the file's channels muted."""


class AudibleLeakError(QuarantineError):
    """Something that was found can still be heard, however much of its surroundings is muted."""


class DeafCheckError(QuarantineError):
    """The second recogniser does not hear what it must: that it hears no leak says nothing."""


def verify(
    recording: MutedRecording, source: Callable[[], Path], listen: Listen, render: Render, settings: VerifySettings
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
        ranges, sentinels = check.where_to_listen(audio)
        verification = Verification(
            "passed",
            listened_s=check.listened_s(ranges, audio),
            values=len(check.known),
            sentinels=len(sentinels),
        )
        again = Conversation(listen(audio.path, ranges))
        heard = count_heard(sentinels, again, settings.sentinels)
        if not check.is_proved(len(sentinels), heard):
            check.require_control(len(sentinels), Conversation(listen(source(), ranges)))
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
            again = Conversation(listen(audio.path, ranges))
    except BaseException:
        Path(audio.path).unlink(missing_ok=True)
        raise
    return replace(
        recording,
        audio=audio,
        sound_findings=(*recording.sound_findings, *map(_finding, repaired)),
        verification=replace(verification, sentinels_heard=heard, leaks=len(repaired)),
    )


class _Check:
    """What is known of one recording: what must not be heard, and what must."""

    def __init__(self, recording: MutedRecording, settings: VerifySettings) -> None:
        detected = recording.redacted.detected
        conversation = Conversation(detected.heard.transcript)
        self._heard = detected.heard
        self._policies = recording.recording.policies
        self._settings = settings
        self._innocent = InnocentSpeech(conversation, personal_words(detected.findings))
        self.known: tuple[KnownValue, ...] = known_values(conversation, detected.findings)

    def where_to_listen(self, audio: StagedAudio) -> tuple[Ranges | None, tuple[InnocentWord, ...]]:
        """Speech around what is muted, and the sentinels in it; all of a recording with few innocent words."""
        settings = self._settings
        muted = self._in_heard_channels(audio.muted)
        ranges: Ranges | None = self.around(audio.muted)
        sentinels = choose_sentinels(self._innocent, ranges, muted, settings.sentinels)
        if len(sentinels) < settings.sentinels.fewest:
            ranges = None
            sentinels = choose_sentinels(self._innocent, ranges, muted, settings.sentinels)
        return ranges, sentinels

    def around(self, spans: Sequence[TimeSpan]) -> Ranges:
        """The speech around spans of the file's channels."""
        settings, speech = self._settings, self._heard.transcript.speech
        return speech_around(self._in_heard_channels(spans), speech, settings.around_s, settings.beside_s)

    def listened_s(self, ranges: Ranges | None, audio: StagedAudio) -> float:
        """Seconds of sound, summed over the channels that are heard by themselves."""
        if ranges is None:
            return round(audio.duration_s * self._heard.transcript.channels, 3)
        return round(sum(span.end_s - span.start_s for span in ranges), 3)

    def _in_heard_channels(self, spans: Sequence[TimeSpan]) -> Sequence[TimeSpan]:
        return [replace(span, channel=0) for span in spans] if self._heard.mixed else spans

    def is_proved(self, sentinels: int, heard: int) -> bool:
        """Whether the recogniser hears well enough. False where there are too few sentinels to tell.

        Raises:
          DeafCheckError: It does not.
        """
        settings = self._settings.sentinels
        if sentinels < settings.fewest:
            return False
        if heard < settings.least_share * sentinels:
            raise DeafCheckError(
                f"the second recogniser heard {heard} of {sentinels} innocent words again, too few to trust that it "
                "would hear a leak; name another model with --verify_model"
            )
        return True

    def require_control(self, sentinels: int, source: Conversation) -> None:
        """Where there is too little innocent speech: the recogniser must hear the values in the source itself.

        Raises:
          DeafCheckError: It hears none of them.
        """
        if not self.leaks(source):
            raise DeafCheckError(
                f"there are only {sentinels} innocent words to hear again, and the second recogniser hears none of the "
                "values in the source either; name another model with --verify_model"
            )

    def leaks(self, again: Conversation) -> tuple[Leak, ...]:
        """What of the recording's personal data was heard."""
        return find_leaks(self.known, again, self._innocent, self._policies, self._settings.leaks)

    def spans_of(self, leaks: Iterable[Leak], pad_s: float) -> tuple[TimeSpan, ...]:
        """What to mute for leaks, in the channels of the file."""
        places = [
            replace(leak.place, start_s=leak.place.start_s - pad_s, end_s=leak.place.end_s + pad_s) for leak in leaks
        ]
        return in_file_channels(self._heard, places)


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
