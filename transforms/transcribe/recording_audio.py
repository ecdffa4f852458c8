"""Audio of a recording or a span: fetched and decoded when it is read, then removed."""

from __future__ import annotations

from collections.abc import Iterator

from hushbeam.schemas.media import MediaInfo, SampleIdentity
from hushbeam.schemas.stages import PendingRecording
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import RecogniserAudio
from hushbeam.transforms.media.samples import FloatSamples
from hushbeam.transforms.storage import files


class RecordingAudio:
    """The audio of a recording, or of a range of it, at the recogniser's rate.

    Args:
      mix: Whether several channels become one.

    Attributes:
      info, identity: As in `RecogniserAudio`, once the blocks were read.
    """

    def __init__(
        self,
        recording: PendingRecording,
        limits: MediaLimits,
        *,
        mix: bool,
        start_s: float = 0.0,
        end_s: float | None = None,
    ) -> None:
        self._recording = recording
        self._limits = limits
        self._start_s = start_s
        self._end_s = end_s
        self._mix = mix
        self.info: MediaInfo | None = None
        self.identity: SampleIdentity | None = None

    @property
    def is_mixed(self) -> bool:
        """Whether several channels were read as one."""
        return self._mix and self.info is not None and self.info.channels > 1

    def blocks(self) -> Iterator[FloatSamples]:
        """Float32 blocks of shape (channels, frames), in order. Call it once."""
        self._limits.check_size(self._recording.source.size_bytes)
        with TemporaryFolder() as folder:
            source = files.fetch(self._recording.recording.audio_url, folder, expected=self._recording.source)
            recogniser_audio = RecogniserAudio(
                source, start_s=self._start_s, end_s=self._end_s, mix=self._mix, limits=self._limits
            )
            yield from recogniser_audio
        self.info, self.identity = recogniser_audio.info, recogniser_audio.identity
