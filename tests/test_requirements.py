"""The lock holds what the requirements ask for, with a hash for each file, and nothing that they no longer name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
NAMES = ("requirements.txt", "requirements-dev.txt")
LOCK = (ROOT / "requirements.lock").read_text()


class Pinned(NamedTuple):
    """An entry of the lock: a requirement, the hashes of its files, and the requirements files that name it."""

    requirement: Requirement
    hashes: int
    named_by: frozenset[str]


def pinned(lock: str) -> list[Pinned]:
    entries = re.findall(
        r"^([^\s#][^\\\n]*==[^\\\n]+)(.*?)(?=^\S|\Z)", lock.partition("make lock\n")[2], re.MULTILINE | re.DOTALL
    )
    return [
        Pinned(
            Requirement(first),
            len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", rest)),
            frozenset(re.findall(r"-r (requirements[a-z-]*\.txt)", rest)),
        )
        for first, rest in entries
    ]


def requirements(text: str) -> list[Requirement]:
    return [Requirement(line) for line in text.splitlines() if line and not line.startswith(("#", "-r "))]


def disagreements(asked: dict[str, str], lock: str) -> list[str]:
    """What `make lock` would change, as far as the files alone tell."""
    entries = [entry for entry in pinned(lock) if not (mark := entry.requirement.marker) or mark.evaluate()]
    found = []
    for file, text in asked.items():
        names = set()
        for requirement in requirements(text):
            names.add(name := canonicalize_name(requirement.name))
            pins = [entry.requirement for entry in entries if canonicalize_name(entry.requirement.name) == name]
            versions = {str(pin.specifier).removeprefix("==") for pin in pins}
            if len(versions) != 1 or not all(requirement.specifier.contains(version) for version in versions):
                found.append(f"{file}: {requirement}, and the lock has {sorted(versions)}")
            if missing := requirement.extras - {extra for pin in pins for extra in pin.extras}:
                found.append(f"{file}: {requirement}, and the lock lacks {sorted(missing)}")
        in_lock = {canonicalize_name(entry.requirement.name) for entry in entries if file in entry.named_by}
        found += [f"{file} does not name {name} any more" for name in sorted(in_lock - names)]
        found += [f"{file} names {name}, which came from elsewhere before" for name in sorted(names - in_lock)]
    return found


def committed() -> dict[str, str]:
    return {name: (ROOT / name).read_text() for name in NAMES}


def test_the_lock_agrees_with_the_requirements() -> None:
    assert disagreements(committed(), LOCK) == [], "run `make lock`"


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("requirements.txt", "faster-whisper==1.2.1", "faster-whisper==1.2.0"),
        ("requirements.txt", "soxr>=1.1,<2", "soxr>=99"),
        ("requirements.txt", "jinja2>=3.1,<4\n", ""),
        ("requirements.txt", "apache-beam==", "apache-beam[aws]=="),
        ("requirements-dev.txt", "flask>=3.1,<4", "flask>=3.1,<4\nstarlette>=0.1"),
        ("requirements-dev.txt", "flask>=3.1,<4", "flask>=3.1,<4\ncertifi"),
    ],
)
def test_a_lock_that_was_not_renewed_is_noticed(file: str, before: str, after: str) -> None:
    asked = committed()
    assert before in asked[file]
    asked[file] = asked[file].replace(before, after)
    assert disagreements(asked, LOCK)


def test_everything_has_its_hashes_and_comes_from_wherever_the_installer_is_told() -> None:
    entries = pinned(LOCK)
    assert len(entries) == len(re.findall(r"^[^\s#]", LOCK, re.MULTILINE)) > 150
    assert [str(entry.requirement) for entry in entries if not entry.hashes] == []
    assert "://" not in LOCK


@pytest.mark.parametrize("lock", ["worker.lock", "dataflow.lock"])
def test_images_install_the_releases_that_tests_run_with(lock: str) -> None:
    def releases(text: str) -> set[tuple[str, str, str]]:
        requirements = (entry.requirement for entry in pinned(text))
        return {(each.name, str(each.specifier), str(each.marker)) for each in requirements}

    tested = releases(LOCK) | releases("make lock\n" + (ROOT / "requirements-models.txt").read_text())
    installed = (ROOT / "deploy" / lock).read_text()
    assert {(name, version) for name, version, _ in releases(installed)} <= {(name, pin) for name, pin, _ in tested}
    assert all(entry.hashes for entry in pinned(installed))
    named = {canonicalize_name(entry.requirement.name) for entry in pinned(installed)}
    asked = {canonicalize_name(each.name) for each in requirements(committed()["requirements.txt"])}
    assert asked <= named
    assert "://" not in installed
