"""Makes the canary calls for `--canaries` from labelled calls, with the same choice and labels each time.

    python -m evaluation.make_canaries

Writes `transforms/canary_gate/calls/`: the audio as Ogg Opus, which is small, and the labels.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import av
import numpy as np
import soundfile

CALLS = ("card-payment", "card-split-turns", "telecom-phone-readback", "wire-transfer")
"""Card, telephone and account numbers, names, places, e-mail: what a job that detects nothing any more loses."""

RATE_HZ = 16_000
_LABELLED = Path(__file__).parent / "dev"
_TARGET = Path(__file__).parents[1] / "transforms" / "canary_gate" / "calls"


def main() -> None:
    """Writes audio and labels."""
    truth = [json.loads(line) for line in (_LABELLED / "truth.jsonl").read_text().splitlines()]
    labels = []
    for call in (by_id for name in CALLS for by_id in truth if by_id["recording_id"] == name):
        soundfile.write(
            _TARGET / f"{call['recording_id']}.ogg", _audio(_LABELLED / call["audio"]), RATE_HZ, "OPUS", format="OGG"
        )
        labels += [
            {
                "call": call["recording_id"],
                **{key: entity[key] for key in ("policy", "value", "channel", "start_s", "end_s")},
            }
            for entity in call["entities"]
        ]
    (_TARGET / "labels.json").write_text("[\n" + ",\n".join(map(json.dumps, labels)) + "\n]\n")


def _audio(path: Path) -> np.ndarray:
    """Samples of shape (frames, channels), 1.0 being full scale."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout=stream.layout.name, rate=RATE_HZ)
        frames = [out for frame in container.decode(stream) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1).T


if __name__ == "__main__":
    # So that --help writes nothing.
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    main()
