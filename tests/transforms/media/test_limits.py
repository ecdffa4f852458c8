"""Limits come from the options of the job: no reader of recordings has its own (functions)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from hushbeam.transforms.media.decode import inspect
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.output_format import QUALITIES
from hushbeam.transforms.mute_audio.muting import Muting
from hushbeam.transforms.mute_audio.render import render
from tests.transforms.media.recordings import LOSSY, Recipe

ROOT = Path(__file__).parents[3]
MODULES = sorted(path for folder in ("transforms", "pipelines") for path in (ROOT / folder).rglob("*.py"))


def defaults(module: ast.Module) -> Iterator[str]:
    """Where a module would read a recording with limits that nobody chose. An option group has defaults."""
    groups = [node for node in ast.walk(module) if isinstance(node, ast.AnnAssign) and _is_an_option_group(node)]
    of_groups = {id(inner) for group in groups for inner in ast.walk(group)}
    for node in (node for node in ast.walk(module) if id(node) not in of_groups):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named = [*node.args.posonlyargs, *node.args.args]
            given = dict(zip(named[len(named) - len(node.args.defaults) :], node.args.defaults, strict=True))
            given |= {
                name: value
                for name, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
                if value is not None
            }
            yield from (f"{node.name}({name.arg})" for name in given if _speaks_of_limits(name.annotation))
        elif isinstance(node, ast.AnnAssign) and node.value is not None and _speaks_of_limits(node.annotation):
            yield ast.unparse(node.target)
        elif isinstance(node, ast.Call) and _speaks_of_limits(node.func) and not node.keywords:
            yield f"line {node.lineno}"


def _speaks_of_limits(node: ast.expr | None) -> bool:
    return node is not None and "MediaLimits" in ast.unparse(node)


def _is_an_option_group(node: ast.AnnAssign) -> bool:
    return ast.unparse(node) == "decoding: MediaLimits = MediaLimits()"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_limits_have_no_defaults(path: Path) -> None:
    assert list(defaults(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "code",
    [
        "def hear(limits: MediaLimits | None = None): ...",
        "def hear(*, limits: MediaLimits = LIMITS): ...",
        "limits: MediaLimits = field(default_factory=MediaLimits)",
        "limits = MediaLimits()",
    ],
)
def test_a_default_would_be_noticed(code: str) -> None:
    assert list(defaults(ast.parse(code)))


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize(
    "recipe",
    [recipe for recipe in LOSSY if recipe.name in ("stereo.opus", "adpcm_ms.wav", "stereo.wma")],
    ids=lambda recipe: recipe.name,
)
def test_a_copy_of_a_recording_just_within_the_limits_is_within_those_of_outputs(
    tmp_path: Path, recipe: Recipe, quality: str
) -> None:
    source = recipe.write(tmp_path)
    whole = inspect(source, MediaLimits())
    decoded = whole.identity.frames * whole.info.channels * {"int16": 2, "float32": 4}[whole.info.sample_type]
    limits = MediaLimits(
        max_recording_hours=whole.duration_s / 3600 + 1e-9,
        max_recording_gb=source.stat().st_size / 2**30,
        max_decoded_bytes=decoded,
    )
    copy = render(source, tmp_path / "copy", [], quality=quality, muting=Muting(), expected=None, limits=limits).path
    if quality == "wav":
        with pytest.raises(MediaError, match="too_large"):
            inspect(copy, limits)
    inspect(copy, limits.of_outputs)
