"""Videos with text beside their pictures: closed captions, encoders' notes, and codecs that may hide anything."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from tests.faults.scenarios import Night, Scenario, problems, published, rows, run_job, write_manifest
from tests.pipelines.tampering import change_status, digest
from tests.transforms.media.captioned import CAPTIONED, Captioned, caption_again, frames_of, hidden_text, plain_frames

_VIDEOS = ("h264.mp4", "hevc.mp4", "mpeg2.ts")


@contextmanager
def _manifest(night: Night, recipes: Sequence[Captioned]) -> Iterator[Path]:
    """Videos of some kinds, beside their manifest."""
    with tempfile.TemporaryDirectory(dir=night.folder) as folder:
        manifest = Path(folder) / "manifest.jsonl"
        videos = [recipe.write(Path(folder), None if recipe in CAPTIONED else plain_frames()) for recipe in recipes]
        write_manifest(manifest, [{"recording_id": video.name, "audio_url": str(video)} for video in videos])
        yield manifest


def _of(*names: str) -> list[Captioned]:
    return [recipe for recipe in CAPTIONED if recipe.name in names]


def _published_file(output: Path, recording_id: str) -> Path:
    status = json.loads((output / "status" / f"{recording_id}.json").read_text())
    return output / "audio" / status["redacted_audio_url"].rsplit("/", 1)[-1]


def captions(*names: str) -> Callable[[Night], str]:
    """Videos whose every picture carries captions, and notes where the codec has room for them."""

    def check(night: Night) -> str:
        with _manifest(night, _of(*names)) as manifest, night.output() as output:
            sources = {name: manifest.parent / name for name in names}
            assert all(hidden_text(source) >= {"A53_CC", "captions"} for source in sources.values())
            assert run_job(manifest, output) == EXIT_COMPLETED
            assert problems(output) == {}
            for name, source in sources.items():
                copy = _published_file(output, name)
                assert hidden_text(copy) == set(), name
                assert [picture for picture, _ in frames_of(copy)] == [picture for picture, _ in frames_of(source)]
            return f"{len(names)} published, no caption and no note in them, the same pictures"

    return check


def unknown_codec(night: Night) -> str:
    """A video in a codec that nobody looked at, beside one that can be cleaned."""
    lossless = Captioned("lossless.mkv", "matroska", "ffv1")
    with _manifest(night, [lossless, *_of("h264.mkv")]) as manifest, night.output() as output:
        assert run_job(manifest, output) == EXIT_INCOMPLETE
        assert problems(output) == {}
        assert set(published(output)) == {"h264.mkv"}
        (error,) = rows(output, "errors")
        assert error["recording_id"] == "lossless.mkv"
        assert "captions_inside" in error["message"]
        assert "audio without video" in error["message"]
        assert not error["retryable"]
        # What the message says helps.
        assert run_job(manifest, output, "--audio_quality", "flac") == EXIT_COMPLETED
        assert problems(output) == {}
        assert set(published(output)) == {"h264.mkv", "lossless.mkv"}
        return "refused with captions_inside, the other is public; as audio alone it is published"


def published_before(night: Night) -> str:
    """A video with captions was published, as by earlier versions, and is what its certificate says."""
    with _manifest(night, _of("h264.mp4")) as manifest, night.output() as output:
        assert run_job(manifest, output) == EXIT_COMPLETED
        copy = _published_file(output, "h264.mp4")
        caption_again(copy)
        assert hidden_text(copy) >= {"A53_CC", "captions"}
        audio = {"sha256": digest(copy), "size_bytes": copy.stat().st_size}
        change_status(output, "h264.mp4", lambda status: status["certificate"]["audio"].update(audio))
        found = problems(output)
        assert found == {"captions_in_pictures": 1}, found
        return "the audit finds captions_in_pictures"


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("closed captions in H.264", captions("h264.mp4")),
    Scenario("closed captions in H.264, HEVC and MPEG-2", captions(*_VIDEOS)),
    Scenario("a video codec that may hide text", unknown_codec),
    Scenario("captions in a video that was published before", published_before),
)
