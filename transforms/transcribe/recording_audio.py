"""Audio of a recording or a span: fetched and decoded when it is read, then removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hushbeam.schemas.media import MediaInfo, SampleIdentity
from hushbeam.schemas.stages import PendingRecording
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import RecogniserAudio
from hushbeam.transforms.media.samples import FloatSamples
from hushbeam.transforms.sources.read import Sources


class RecordingAudio:
    """The audio of a recording, or of a range of it, at the recogniser's rate.

    Args:
      mix: Whether several channels become one.
      opened: Called with the duration that the file states, or None, when the first block was read.

    Attributes:
      info, identity: As in `RecogniserAudio`, once the blocks were read.
    """

    def __init__(
        self,
        recording: PendingRecording,
        limits: MediaLimits,
        sources: Sources,
        *,
        mix: bool,
        start_s: float = 0.0,
        end_s: float | None = None,
        opened: Callable[[float | None], None] | None = None,
    ) -> None:
        self._recording = recording
        self._opened = opened
        self._limits = limits
        self._sources = sources
        self._with_copy: PendingRecording | None = None
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
        with self._sources.opened(self._recording) as (source, with_copy):
            recogniser_audio = RecogniserAudio(
                source, start_s=self._start_s, end_s=self._end_s, mix=self._mix, limits=self._limits
            )
            for block in recogniser_audio:
                if self._opened is not None and recogniser_audio.info is not None:
                    self._opened(recogniser_audio.info.duration_s)
                    self._opened = None
                yield block
        self._with_copy = with_copy
        self.info, self.identity = recogniser_audio.info, recogniser_audio.identity

    def taken(self) -> PendingRecording:
        """The recording with the copy of its source, once the blocks were read. This object forgets the copy."""
        taken, self._with_copy = self._with_copy or self._recording, None
        return taken
