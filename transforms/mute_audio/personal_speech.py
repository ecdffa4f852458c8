"""Untranscribed speech that may hold personal data: beside findings, where it was asked for, or long.

In 27 minutes of recordings of people, 15 of 18 stretches of untranscribed speech hold none; 3 of these are muted, and
all that touch some. In labelled calls and recordings of people, the words of each entity in turn were taken from the
transcript: of 486 entities in speech that then had no words, 480 are muted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import TimeSpan, merged
from hushbeam.schemas.transcript import Transcript, Utterance
from hushbeam.transforms.detect_pii.exchanges import Question, find_questions
from hushbeam.transforms.detect_pii.languages import UnsupportedLanguageError
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.mute_audio.untranscribed import UntranscribedSettings


@dataclass(frozen=True)
class PersonalSpeechSettings:
    """Which untranscribed speech may hold personal data.

    Attributes:
      beside_s: So near to a finding in its channel: the rest of it, or the next part of a number.
      in_exchange_s, repeated_s: So near to a finding in any channel, if it is so long: the same value said again. What
        is shorter may be a backchannel.
      pause_s: Untranscribed speech with shorter pauses and no word between is one turn, muted as a whole.
      long_s: So much in a turn is a sentence that was passed over. In recordings of people, laughs, backchannels and
        speech of several people at once last 0.6 to 3.1 s.
      answer_s: An answer begins at most so long after the turn with the question.
      answer_words: An answer with more words before the untranscribed speech was transcribed.
      backchannel_words: A turn of the asker with no more words does not end the answer.
      question_words: Who says more words after a question, in the same turn, did not wait for an answer: "stay on the
        phone with me, and then".
      announced_s, announced_words: A value that its speaker names before it follows so soon: "my name is".
      most_untranscribed: In a channel of which more is untranscribed, or that has no word, the recogniser failed.
      least_confidence: Words of lower confidence do not count as transcribed.
    """

    beside_s: float = 3.0
    in_exchange_s: float = 5.0
    repeated_s: float = 1.4
    pause_s: float = 0.8
    long_s: float = 3.0
    answer_s: float = 10.0
    answer_words: int = 8
    backchannel_words: int = 3
    question_words: int = 20
    announced_s: float = 2.0
    announced_words: int = 3
    most_untranscribed: float = 0.75
    least_confidence: float = UntranscribedSettings.least_confidence


def of_failed_channels(
    untranscribed: Sequence[Finding], transcript: Transcript, settings: PersonalSpeechSettings
) -> set[Finding]:
    """The untranscribed speech of channels in which the recogniser failed."""
    missed: dict[int, float] = {}
    spoken: dict[int, float] = {}
    for places, seconds in ((untranscribed, missed), (transcript.speech, spoken)):
        for place in places:
            seconds[place.channel] = seconds.get(place.channel, 0.0) + place.end_s - place.start_s
    with_words = {word.channel for word in transcript.iter_words() if word.confidence >= settings.least_confidence}
    most_s = {channel: settings.most_untranscribed * spoken.get(channel, 0.0) for channel in with_words}
    return {one for one in untranscribed if missed[one.channel] > most_s.get(one.channel, 0.0)}


def personal_speech(
    untranscribed: Sequence[Finding],
    transcript: Transcript,
    findings: Iterable[Finding],
    policies: Collection[str],
    settings: PersonalSpeechSettings,
) -> set[Finding]:
    """The untranscribed speech that may hold data under these policies.

    Args:
      untranscribed: Findings of `find_untranscribed`.
      findings: Findings of words are what other speech is beside; those of audio alone are passed over.
    """
    if not untranscribed:
        return set()
    try:
        asked = list(_asked(Conversation(transcript), policies, settings))
    except UnsupportedLanguageError:
        return set(untranscribed)
    found = [finding for finding in findings if finding.first_word is not None]
    suspected = _by_channel([*_around(found, settings.beside_s), *asked])
    channels = range(transcript.channels)
    in_exchange = _by_channel(
        replace(span, channel=channel) for span in _around(found, settings.in_exchange_s) for channel in channels
    )
    personal = of_failed_channels(untranscribed, transcript, settings)
    for turn in _turns(untranscribed, transcript, settings.pause_s):
        length_s = sum(part.end_s - part.start_s for part in turn)
        if (
            length_s >= settings.long_s
            or _overlap(turn, suspected)
            or (length_s >= settings.repeated_s and _overlap(turn, in_exchange))
        ):
            personal.update(turn)
    return personal


def _around(findings: Iterable[Finding], reach_s: float) -> Iterator[TimeSpan]:
    return (TimeSpan(one.channel, one.start_s - reach_s, one.end_s + reach_s) for one in findings)


def _turns(untranscribed: Sequence[Finding], transcript: Transcript, pause_s: float) -> Iterator[list[Finding]]:
    """Untranscribed speech of one channel without a word or a long pause between its parts."""
    words: dict[int, list[float]] = {}
    for word in transcript.iter_words():
        words.setdefault(word.channel, []).append((word.start_s + word.end_s) / 2)
    for middles in words.values():
        middles.sort()
    ordered = sorted(untranscribed, key=lambda one: (one.channel, one.start_s))
    breaks = [
        number
        for number, (one, other) in enumerate(pairwise(ordered), 1)
        if one.channel != other.channel
        or other.start_s - one.end_s > pause_s
        or _lies_between(words.get(one.channel, ()), one.end_s, other.start_s)
    ]
    for start, end in pairwise([0, *breaks, len(ordered)]):
        yield ordered[start:end]


def _lies_between(moments: Sequence[float], start_s: float, end_s: float) -> bool:
    return bisect_right(moments, start_s) < bisect_left(moments, end_s)


def _asked(
    conversation: Conversation, policies: Collection[str], settings: PersonalSpeechSettings
) -> Iterator[TimeSpan]:
    """Where answers to questions for personal data may be, and values after their names."""
    utterances = conversation.utterances
    # In one channel nobody knows who speaks, so the asker's channel may have the answer too.
    is_one_channel = conversation.is_one_channel
    for question in find_questions(conversation, policies):
        asker = utterances[question.turn].channel
        for channel in range(conversation.transcript.channels):
            if channel != asker or is_one_channel:
                end_s = _end_of_answer(utterances, question, channel, is_one_channel, settings)
            else:
                said = [word.start_s for word in utterances[question.turn].words if word.start_s >= question.end_s]
                end_s = min([question.end_s + settings.announced_s, *said[settings.announced_words :]])
            yield TimeSpan(channel, question.end_s, end_s)


def _end_of_answer(
    utterances: Sequence[Utterance],
    question: Question,
    channel: int,
    is_one_channel: bool,
    settings: PersonalSpeechSettings,
) -> float:
    """When the answer must have been transcribed, or the asker goes on."""
    turn = utterances[question.turn]
    end_s = (question.end_s if is_one_channel else turn.end_s) + settings.answer_s
    said = [word.start_s for word in turn.words if word.start_s >= question.end_s]
    if not is_one_channel and len(said) > settings.question_words:
        end_s = min(end_s, said[settings.question_words])
    words: list[float] = []
    for utterance in islice(utterances, question.turn, None):
        if utterance.start_s >= end_s:
            break
        if utterance.channel == channel:
            words += [
                word.start_s
                for word in utterance.words
                if word.start_s >= question.end_s and word.confidence >= settings.least_confidence
            ]
        elif utterance is not turn and utterance.channel == turn.channel:
            is_backchannel = len(utterance.words) <= settings.backchannel_words
            end_s = end_s if is_backchannel else min(end_s, utterance.start_s)
    return min([end_s, *words[settings.answer_words :]])


def _by_channel(spans: Iterable[TimeSpan]) -> dict[int, list[tuple[float, float]]]:
    ranges: dict[int, list[tuple[float, float]]] = {}
    for span in spans:
        ranges.setdefault(span.channel, []).append((span.start_s, span.end_s))
    return {channel: merged(of_channel) for channel, of_channel in ranges.items()}


def _overlap(turn: Iterable[Finding], ranges: Mapping[int, Sequence[tuple[float, float]]]) -> bool:
    """Whether part of a turn overlaps one of the ranges of its channel, which are as `merged` returns them."""
    for part in turn:
        of_channel = ranges.get(part.channel, ())
        first = bisect_right(of_channel, part.start_s, key=lambda span: span[1])
        if first < len(of_channel) and of_channel[first][0] < part.end_s:
            return True
    return False
