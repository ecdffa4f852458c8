"""Caches transcripts of labelled recordings, so that detection can be measured without audio.

    python -m evaluation.transcribe --truth evaluation/dev [--model base]

Writes `transcripts.json` beside the truth: what `evaluation.detect_cached` reads.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.truth import TRANSCRIPTS, read_truth
from hushbeam.schemas.errors import RecordingError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob
from hushbeam.transforms.transcribe.settings import TranscriptionSettings


def transcribe(folder: Path, settings: TranscriptionSettings) -> list[dict[str, Any]]:
    """The transcripts of a folder's labelled recordings, in its order. Raises what the recogniser raises."""
    recordings = read_truth(folder)
    engine = SpeechEngine(settings)
    try:
        jobs = [
            SpeechJob(
                recording.recording_id,
                partial(recogniser_blocks, str(recording.audio), limits=MediaLimits()),
                language=recording.language,
            )
            for recording in recordings
        ]
        transcribed = dict(engine.transcribe(jobs))
    finally:
        engine.close()
    rows = []
    for recording in recordings:
        result = transcribed[recording.recording_id]
        if isinstance(result, RecordingError):
            raise result
        rows.append({"recording_id": recording.recording_id, "transcript": _rounded(result.transcript.to_dict())})
    return rows


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truth", type=Path, required=True, help="folder of labelled recordings")
    parser.add_argument("--model", default=TranscriptionSettings().model, help="as for the job")
    arguments = parser.parse_args()
    rows = transcribe(arguments.truth, TranscriptionSettings(model=arguments.model))
    text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"
    (arguments.truth / TRANSCRIPTS).write_text(text, encoding="utf-8")


def _rounded(value: Any) -> Any:
    """Times to the millisecond and confidences to a thousandth: more would only fill the file."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


if __name__ == "__main__":
    main()
