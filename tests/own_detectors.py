"""Detection models of a user's own, as small as they can be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hushbeam.schemas.policies import CATALOGUE
from hushbeam.transforms.detect_pii import models

_TOKENIZER = Path(models.__file__).parent / "packaged" / "tokenizer.json"


def blind_detector(folder: Path) -> str:
    """A model that is sure of every word that it is nothing."""
    labels = ("nothing", *sorted(CATALOGUE))
    return detector(folder, labels, [[9.0] + [-9.0] * len(CATALOGUE)] * len(labels))


def detector(folder: Path, labels: Sequence[str], logits: Sequence[Sequence[float]]) -> str:
    """A folder with a model that gives each token the logits of the label that rules gave it."""
    folder.mkdir(parents=True, exist_ok=True)
    table = numpy_helper.from_array(np.array(logits, np.float32), "table")
    names = ("tokens", "channels", "rules")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "rules"], ["logits"])],
        "rules",
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "T"]) for name in names],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, "T", len(labels)])],
        [table],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(folder / "model.onnx"))
    shutil.copy(_TOKENIZER, folder)
    config = {"labels": labels, "languages": ["en"], "window_tokens": 128, "stride_tokens": 96}
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)
