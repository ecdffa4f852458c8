"""Lines in packs, and the parts of a run that they make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hushbeam.transforms.read_manifest import packs
from hushbeam.transforms.read_manifest.line import ManifestLineError
from hushbeam.transforms.read_manifest.packs import Line, lines_of, packed, parts_of, unpacked


def lines(number: int) -> list[Line]:
    return [
        Line("calls.jsonl", n + 1, {"audio_url": f"{n}.wav", "metadata": {"ü": "😀 \ud800"}}) for n in range(number)
    ]


@pytest.mark.parametrize(("number", "sizes"), [(0, []), (1, [1]), (4, [4]), (5, [4, 1]), (8, [4, 4]), (9, [4, 4, 1])])
def test_every_line_is_in_one_part_and_the_last_knows_that_it_is(number: int, sizes: list[int]) -> None:
    parts = list(parts_of(iter(lines(number)), 4))
    assert [part.lines for part in parts] == sizes
    assert [part.is_last for part in parts] == [False] * (len(sizes) - 1) + [True] * bool(sizes)
    assert [line for part in parts for pack in part.packs for line in unpacked(pack)] == lines(number)


def test_long_lines_make_a_part_of_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "_BYTES_IN_A_PACK", 100)
    monkeypatch.setattr(packs, "_BYTES_OF_A_PART", 250)
    parts = list(parts_of(iter(lines(20)), 1000))
    assert sum(part.lines for part in parts) == 20
    assert max(part.lines for part in parts) <= 6


def test_what_is_wrong_with_a_line_and_its_number_are_kept(tmp_path: Path) -> None:
    calls = tmp_path / "calls.jsonl"
    calls.write_text('{"audio_url": "a.wav"}\n\n[]\n' + json.dumps({"audio_url": "b.wav"}) + "\n")
    read = list(lines_of([str(calls)], ["c.wav"], {}))
    assert [line.number for line in read] == [1, 3, 4, 0]
    again = [line for pack in packed(read) for line in unpacked(pack)]
    assert [(line.manifest, line.number) for line in again] == [(line.manifest, line.number) for line in read]
    assert isinstance(again[1].values, ManifestLineError)
    assert str(again[1].values) == str(read[1].values)
    assert again[3] == Line("", 0, {"audio_url": "c.wav"})
