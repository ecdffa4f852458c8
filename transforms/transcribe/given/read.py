"""Reader of given transcripts: from a recording and its transcript file to a transcribed recording."""

from __future__ import annotations

from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.stages import PendingRecording, TranscribedRecording
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.sources.read import Sources
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import SourceChangedError, StorageError
from hushbeam.transforms.storage.urls import is_web
from hushbeam.transforms.storage.web.client import TooManyBytesError
from hushbeam.transforms.transcribe.given.errors import WrongTranscriptError
from hushbeam.transforms.transcribe.given.fit import fitted
from hushbeam.transforms.transcribe.given.formats import LARGEST_BYTES, check_size, parsed
from hushbeam.transforms.transcribe.given.records import GivenTranscript
from hushbeam.transforms.transcribe.recording_audio import RecordingAudio
from hushbeam.transforms.transcribe.spoken_audio import SpokenAudio


def read_given(
    recording: PendingRecording, transcript: SourceIdentity, limits: MediaLimits, sources: Sources
) -> TranscribedRecording:
    """The recording with the words of its given transcript.

    The audio is decoded and searched for speech as for transcription, so that speech without words is noticed.

    Raises:
      UnusableTranscriptError: The transcript cannot be read.
      WrongTranscriptError: It does not fit the recording.
      RecordingError: The audio cannot be read.
    """
    given = parsed(_content(recording, transcript, sources))
    asked = recording.recording
    if given.channels is not None and asked.multichannel is False:
        raise WrongTranscriptError(
            "the transcript tells channels apart, and multichannel: false mixes them; remove multichannel"
        )
    audio = RecordingAudio(recording, limits, sources, mix=given.channels is None)
    spoken = SpokenAudio(audio.blocks)
    for _ in spoken.windows():
        pass
    if audio.info is None or audio.identity is None:
        raise RuntimeError("the audio was not read to its end")
    _check_mix(given, audio, multichannel=asked.multichannel)
    whole = fitted(given, spoken.speech, spoken.length_s, spoken.channels, asked.language_code)
    return TranscribedRecording(
        audio.taken(), whole, audio.info, audio.identity, audio.is_mixed, given_by=given.service
    )


def _check_mix(given: GivenTranscript, audio: RecordingAudio, *, multichannel: bool | None) -> None:
    if audio.is_mixed and multichannel:
        raise WrongTranscriptError(
            f"the {given.service} transcript does not tell channels apart, and multichannel: true asks for it; remove "
            "multichannel, or transcribe each channel by itself"
        )


def _content(recording: PendingRecording, transcript: SourceIdentity, sources: Sources) -> bytes:
    check_size(transcript.size_bytes)
    url = recording.recording.transcript_url
    try:
        if url is not None and is_web(url):
            return sources.read_transcript(url, transcript, LARGEST_BYTES)
        with TemporaryFolder() as folder:
            path = files.fetch(transcript.url, folder)
            if files.stat_guessable(transcript.url) != transcript:
                raise SourceChangedError(
                    "the file was replaced after the job had looked at it: run the job again", retryable=True
                )
            with files.open_local(path) as file:
                return file.read()
    except TooManyBytesError:
        check_size(LARGEST_BYTES + 1)
        raise
    except StorageError as error:
        raise type(error)(f"transcript_url: {error}", retryable=error.retryable) from None
