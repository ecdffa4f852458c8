"""Recordings of which a part is missing, in the formats whose length FFmpeg takes from the file's size."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from tests.faults.scenarios import Night, Scenario, problems, published, rows, run_job, write_manifest
from tests.transforms.media.completeness import written
from tests.transforms.media.recordings import EXACT, LOSSY, READ_ONLY, VIDEO, VIDEO_ELSEWHERE

_BY_NAME = {recipe.name: recipe for recipe in [*EXACT, *LOSSY, *VIDEO, *VIDEO_ELSEWHERE, *READ_ONLY]}
_CUT = ("pcm_s16le.wav", "rf64.wav", "pcm.avi", "mpeg4.avi", "pcm.caf", "pcm.w64", "mulaw.au", "pcm.voc", "aac.ts")
_CUT_LATE = ("h264-aac.mkv", "mpeg1.mpg", "pcm.flv", "pcm.mxf", "stereo.mp3", "bare.mp3", "telephone.oga")


def cut_off(night: Night) -> str:
    """A copy of the archive was interrupted: files end within a block of 4096 bytes, or just before their end."""

    def make(folder: Path) -> dict[str, bytes]:
        whole = {name: _BY_NAME[name].write(folder).read_bytes() for name in (*_CUT, *_CUT_LATE)}
        cut = {f"block-{name}": whole[name][: len(whole[name]) * 2 // 3 // 4096 * 4096] for name in _CUT}
        # A block of 4096 bytes that is whole packets of a transport stream would be one that nobody can miss.
        cut |= {f"odd-{name}": whole[name][: len(whole[name]) * 2 // 3 | 1] for name in _CUT}
        return cut | {f"late-{name}": whole[name][:-700] for name in _CUT_LATE}

    return _night_with(night, make, {"truncated"})


def old_header(night: Night) -> str:
    """A recorder crashed before it could renew the size in the header, or another recording was appended."""

    def make(_: Path) -> dict[str, bytes]:
        sound = written.samples()
        half = len(sound) // 2
        return {
            "old.wav": written.wav(sound, size=half),
            "old.w64": written.w64(sound, size=24 + half),
            "old.caf": written.caf(sound, size=4 + half),
            "old.rf64": written.rf64(sound, size=half),
            "two.wav": written.wav(sound) + written.wav(sound),
            "parts.wav": written.wav(sound[:half], written.chunk(b"data", sound[half:])),
        }

    return _night_with(night, make, {"length_disagrees"})


def unknown_length(night: Night) -> str:
    """Sources that state no length are published whole, and their certificates say so."""
    good = [json.loads(line) for line in night.manifest.read_text().splitlines()]
    with tempfile.TemporaryDirectory(dir=night.folder) as folder, night.output() as output:
        piped = Path(folder) / "piped.wav"
        piped.write_bytes(_BY_NAME["pcm_s16le.wav"].piped())
        manifest = Path(folder) / "manifest.jsonl"
        write_manifest(manifest, [*good, {"recording_id": "piped", "audio_url": str(piped)}])
        assert run_job(manifest, output) == EXIT_COMPLETED
        assert problems(output) == {}
        notes = {
            status["recording_id"]: status["certificate"]["audio"]["note"]
            for path in output.glob("status/*.json")
            if (status := json.loads(path.read_text()))["certificate"]["audio"]
        }
        assert {name for name, note in notes.items() if "length" in note} == {"piped"}
        return f"{len(notes)} public, one certificate notes: {notes['piped']}"


def _night_with(night: Night, make: Callable[[Path], Mapping[str, bytes]], reasons: set[str]) -> str:
    """A night's good calls with bad ones among them: each bad one has its row, none is public."""
    good = [json.loads(line) for line in night.manifest.read_text().splitlines()]
    with tempfile.TemporaryDirectory(dir=night.folder) as folder, night.output() as output:
        contents = make(Path(folder))
        for name, content in contents.items():
            (Path(folder) / name).write_bytes(content)
        bad = [{"recording_id": name, "audio_url": str(Path(folder) / name)} for name in contents]
        manifest = Path(folder) / "manifest.jsonl"
        write_manifest(manifest, [*bad[::2], *good, *bad[1::2]])
        assert run_job(manifest, output) == EXIT_INCOMPLETE
        assert problems(output) == {}
        assert published(output) == night.expected
        errors = {row["recording_id"]: row["message"] for row in rows(output, "errors")}
        assert set(errors) == set(contents)
        others = {name: said for name, said in errors.items() if said.split(":")[0] not in reasons}
        assert not others, others
        assert not [said for name, said in errors.items() if name in said or folder in said]
        return f"{len(bad)} have a row each ({', '.join(sorted(reasons))}), none is public; {len(good)} good ones are"


SCENARIOS = (
    Scenario("recordings cut off by a copy", cut_off),
    Scenario("headers that a crashed recorder left behind", old_header),
    Scenario("a recording whose length is not stated", unknown_length),
)
