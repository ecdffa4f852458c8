"""The layout: imports go down and never in a circle, and no folder holds more modules than a person reads."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("pipelines", "transforms", "schemas")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
}
MOST_MODULES_IN_A_FOLDER = 18

FLOORS = {
    "schemas": 0,
    "transforms.storage": 1,
    "transforms.base": 2,
    "transforms.media": 3,
    "transforms.archive": 4,
    "transforms": 5,
    "pipelines": 6,
}
"""From the ground up. `transforms` are the stages, and the features around a run."""


def imports_of(module: str) -> Iterator[str]:
    """The modules of ours that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name.removeprefix("hushbeam.") in MODULES else node.module for name in names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (name.removeprefix("hushbeam.") for name in names if name.removeprefix("hushbeam.") in MODULES)


IMPORTS = [(module, other) for module in MODULES for other in imports_of(module) if other != module]


def floor_of(module: str) -> int:
    return max((len(name), floor) for name, floor in FLOORS.items() if f"{module}.".startswith(f"{name}."))[1]


def siblings() -> dict[str, dict[str, set[str]]]:
    """For each folder, which of its modules and subfolders import which others of it."""
    graphs: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for importer, imported in IMPORTS:
        ours, theirs = importer.split("."), imported.split(".")
        shared = next((n for n, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), None)
        if shared is not None:
            graphs[".".join(ours[:shared])][ours[shared]].add(theirs[shared])
    return graphs


def test_the_imports_of_this_tree_are_found() -> None:
    assert ("pipelines.redact", "transforms.read_manifest") in IMPORTS
    assert siblings()[""]["pipelines"] == {"transforms", "schemas"}


def test_no_import_goes_up() -> None:
    assert [pair for pair in IMPORTS if floor_of(pair[1]) > floor_of(pair[0])] == []


@pytest.mark.parametrize("folder", sorted(siblings()))
def test_the_parts_of_a_folder_import_each_other_in_no_circle(folder: str) -> None:
    try:
        TopologicalSorter(siblings()[folder]).prepare()
    except CycleError as circle:
        pytest.fail(f"{folder or 'the top'}: {' imports '.join(reversed(circle.args[1]))}")


def test_training_imports_nothing_of_evaluation() -> None:
    """Evaluation imports training: the other way would be a circle."""
    of_evaluation = re.compile(r"^\s*(from|import) evaluation\b", re.MULTILINE)
    paths = {folder: list((ROOT / folder).rglob("*.py")) for folder in ("training", "evaluation")}
    found = {
        folder: [path for path in paths[folder] if of_evaluation.search(path.read_text(encoding="utf-8"))]
        for folder in paths
    }
    assert found["training"] == []
    assert found["evaluation"] != []


def test_no_folder_has_more_modules_than_a_person_reads() -> None:
    modules = Counter(str(path.parent.relative_to(ROOT)) for path in MODULES.values())
    assert {folder: count for folder, count in modules.items() if count > MOST_MODULES_IN_A_FOLDER} == {}


def test_imports_are_written_with_the_name_of_the_package() -> None:
    bare = re.compile(r"^\s*(from|import) (pipelines|transforms|schemas)\b", re.MULTILINE)
    folders = (*FOLDERS, "tests", "evaluation", "training", "benchmarks", "examples", "deploy")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert [path for path in paths if bare.search(path.read_text(encoding="utf-8"))] == []
