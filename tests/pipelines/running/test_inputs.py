"""Inputs as people give them, with real recordings and no pipeline."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.options.given import meant
from hushbeam.pipelines.running.inputs import (
    SPOOLED,
    find_inputs,
    spool_standard_input,
    standard_input_name,
)
from hushbeam.pipelines.running.job import MOST_NAMED_ON_A_CLUSTER, inputs_of, prepare
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.media.recordings import is_recording
from hushbeam.transforms.read_manifest.files import read_lines
from hushbeam.transforms.storage import files

CALLS = Path(__file__).parents[3] / "examples" / "calls"
AUDIO = sorted(path for folder in ("dev", "practice") for path in CALLS.parents[1].glob(f"evaluation/{folder}/audio/*"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two recordings of one stem, one without a suffix, and what else lies in folders."""
    calls = tmp_path / "calls"
    (calls / "monday" / ".trash").mkdir(parents=True)
    shutil.copy(CALLS / "card-payment.mp3", calls / "one.mp3")
    shutil.copy(CALLS / "password-reset.ogg", calls / "one.ogg")
    shutil.copy(CALLS / "clinic-intake.m4a", calls / "monday" / "4711")
    shutil.copy(CALLS / "card-payment.mp3", calls / "monday" / ".trash" / "old.mp3")
    shutil.copy(CALLS / "card-payment.mp3", calls / ".hidden.mp3")
    (calls / "notes.txt").write_text("MAC addresses: call her back\n")
    (calls / "unicode.txt").write_bytes("notes".encode("utf-16"))
    return calls


def names(locations: tuple[str, ...], folder: Path) -> list[str]:
    return [os.path.relpath(location, folder) for location in locations]


def test_a_name_that_came_without_quotes_is_told_with_them(folder: Path) -> None:
    named = folder / "12 mai, l'appel" / "one.mp3"
    named.parent.mkdir()
    (folder / "one.mp3").rename(named)
    with pytest.raises(ConfigurationError) as caught:
        find_inputs([str(folder / "one.ogg"), *str(named).split(" ")])
    assert str(caught.value) == f"no such file: {folder}/12; a name with spaces needs quotes: {shlex.quote(str(named))}"


def test_the_value_of_a_switch_is_told_as_such_and_not_as_a_missing_file_alone(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file: False; options that are on or off take no value"):
        find_inputs([str(folder), "False"])


def test_a_folder_stands_for_its_recordings_by_their_content(folder: Path) -> None:
    found = find_inputs([str(folder)])
    assert names(found.recordings, folder) == ["monday/4711", "one.mp3", "one.ogg"]
    assert found.manifests == ()
    assert found.remarks == (f"{folder}: 2 files left out, neither a recording nor a manifest",)


def test_inputs_come_once_in_the_order_given(folder: Path) -> None:
    found = find_inputs([str(folder / "one.ogg"), f"{folder}/*.mp3", str(folder), f"{folder}/./one.ogg"])
    assert names(found.recordings, folder) == ["one.ogg", "one.mp3", "monday/4711"]


def test_recordings_win_over_manifests_beside_them_and_this_is_told(folder: Path) -> None:
    (folder / "calls.jsonl").write_text('{"audio_url": "one.mp3"}\n')
    (folder / "sidecar.json").write_text('{"agent": "Kim"}\n')
    for given_ in (str(folder), f"{folder}/*"):
        found = find_inputs([given_])
        assert found.manifests == ()
        assert found.remarks[0] == (
            f"{given_}: 1 manifest left out, because there are recordings beside; name a manifest to read it"
        )
    assert names(find_inputs([str(folder / "calls.jsonl")]).manifests, folder) == ["calls.jsonl"]


def test_a_folder_of_manifests_alone_stands_for_these(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"audio_url": "one.mp3"}\n')
    (tmp_path / "b.csv").write_text("recording_id;audio_url\na;a.wav\n")
    (tmp_path / "prices.csv").write_text("name,price\n")
    pq.write_table(pa.table({"audio_url": ["a.wav"]}), tmp_path / "c.parquet")
    found = find_inputs([str(tmp_path)])
    assert names(found.manifests, tmp_path) == ["a.jsonl", "b.csv", "c.parquet"]
    assert found.remarks == (f"{tmp_path}: 1 file left out, neither a recording nor a manifest",)


@pytest.mark.parametrize("content", ['{"audio_url": "a.wav"}\n', "audio_url\ta\nx.wav\t1\n"])
def test_a_manifest_is_recognised_by_its_content(tmp_path: Path, content: str) -> None:
    (tmp_path / "nightly.txt").write_text(content)
    assert names(find_inputs([str(tmp_path / "nightly.txt")]).manifests, tmp_path) == ["nightly.txt"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("notes.txt", b"call her back\n", "is neither a recording nor a manifest; Hushbeam reads .*; name one"),
        ("call.wav", b"no audio at all\n", "has the name of a recording, but holds no audio .*; it may be damaged"),
        ("empty.wav", b"", "is empty; name a file with audio"),
        ("names.txt", b"calls/a.wav\n", "the recordings that its lines name: hushbeam redact - < .*names.txt"),
        ("calls.xlsx", b"PK\x03\x04", "save the sheet as CSV"),
        ("calls.zip", b"PK\x03\x04", "unpack it first"),
        ("calls.jsonl.gz", b"\x1f\x8b\x08", "unpack it first"),
    ],
)
def test_a_file_that_is_neither_is_refused_when_it_is_named(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=told):
        find_inputs([str(path)])


def test_a_file_that_is_neither_can_be_left_out_if_there_are_other_inputs(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"notes\.txt is neither a recording nor a manifest; leave it out"):
        find_inputs([str(folder / "notes.txt"), str(folder / "one.mp3")])


@pytest.mark.permissions
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("how", [lambda path: find_inputs([path]), lambda path: find_inputs([], [path])])
def test_a_manifest_that_this_user_may_not_read_is_named(how: Callable[[str], object], tmp_path: Path) -> None:
    manifest = tmp_path / "calls.jsonl"
    manifest.write_text('{"audio_url": "call.wav"}\n')
    manifest.chmod(0)
    with pytest.raises(ConfigurationError, match=r"calls\.jsonl: no permission to read this manifest"):
        how(str(manifest))


def test_a_damaged_recording_among_others_is_left_to_the_run(folder: Path) -> None:
    (folder / "damaged.wav").write_bytes(b"")
    found = find_inputs([str(folder / "one.mp3"), str(folder / "damaged.wav")])
    assert names(found.recordings, folder) == ["one.mp3", "damaged.wav"]
    assert "damaged.wav" in names(find_inputs([str(folder)]).recordings, folder)


def test_what_does_not_exist_or_matches_nothing_is_refused(tmp_path: Path) -> None:
    for given_, told in (
        ("none.wav", "no such file: .*none.wav; name a recording"),
        ("*.wav", r"no file matches .*\*\.wav; correct the glob, or name a folder"),
        ("", "holds no recording and no manifest; .* do not count; name a folder with recordings"),
        ("notes", "holds no recording and no manifest, only 1 other file; Hushbeam reads audio and video"),
        ("notes/*", "matches no recording and no manifest, only 1 other file; Hushbeam reads audio and video"),
    ):
        if "notes" in given_:
            (tmp_path / "notes").mkdir(exist_ok=True)
            (tmp_path / "notes" / "notes.txt").write_text("call her back\n")
        with pytest.raises(ConfigurationError, match=told):
            find_inputs([str(tmp_path / given_)])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="name -"):
        find_inputs([str(tmp_path / "pipe")])
    with pytest.raises(ConfigurationError, match="an input is empty"):
        find_inputs([""])


@pytest.mark.parametrize(
    ("given_", "near"),
    [
        ("cals", "calls"),
        ("calls/onee.mp3", "calls/one.mp3"),
        ("cals/one.mp3", "calls/one.mp3"),
        ("cals/*.mp3", "calls/*.mp3"),
        ("Calls/monday/4711", "calls/monday/4711"),
        ("cals/none.mp3", None),
        ("calls/*.wav", None),
        ("quite-other", None),
        ("gs://cals/one.mp3", None),
    ],
)
def test_a_mistyped_path_is_told_with_the_one_that_was_meant(
    folder: Path, given_: str, near: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    assert meant(given_) == (f"; did you mean {near}?" if near else "")
    if near:
        with pytest.raises(ConfigurationError, match=f"{re.escape(given_)}; did you mean {re.escape(near)}"):
            find_inputs([given_])
        with pytest.raises(ConfigurationError, match=f"--manifest: .*{re.escape(near)}"):
            find_inputs([], [given_])


@pytest.mark.permissions
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("closed", ["", "monday", "monday/deep"])
def test_a_folder_that_may_not_be_listed_is_named_and_nothing_in_it_left_out(folder: Path, closed: str) -> None:
    (folder / "monday" / "deep").mkdir()
    (folder / closed).chmod(0)
    try:
        with pytest.raises(ConfigurationError) as refused:
            find_inputs([str(folder), str(folder.parent)])
    finally:
        (folder / closed).chmod(0o700)
    assert str(refused.value) == (
        f"{folder / closed}: no permission to list this folder; change its permissions, or name other inputs"
    )


def test_a_query_of_a_url_is_never_told() -> None:
    with pytest.raises(ConfigurationError) as refused:
        find_inputs(["ftp://example.com/call.wav?token=s3cret"])
    assert "s3cret" not in str(refused.value)


def test_the_output_and_outputs_of_earlier_runs_are_no_inputs(folder: Path) -> None:
    for output in ("redacted", "earlier"):
        shutil.copytree(CALLS, folder / output / "audio")
        (folder / output / "runs" / "a").mkdir(parents=True)
        (folder / output / "runs" / "a" / "summary.json").write_text("{}")
    shutil.copytree(CALLS, folder / "store")
    (folder.parent / "link").symlink_to(folder / "redacted")
    (folder / "linked.mp3").symlink_to(next((folder / "redacted").rglob("*.mp3")))
    for root in (folder / "redacted", folder.parent / "link"):
        found = find_inputs([str(folder)], (), [str(root), str(folder / "store")])
        assert names(found.recordings, folder) == ["monday/4711", "one.mp3", "one.ogg"]
        assert f"{folder}: 1 output of earlier runs left out" in found.remarks
    (folder / "linked.mp3").unlink()
    assert find_inputs([f"{folder}/**/*.mp3"], (), [str(folder)[:-1] + "x"]).recordings
    outputs = [str(folder / "redacted")]
    for given_ in (folder / "redacted", folder / "redacted" / "audio", folder / "redacted" / "audio/card-payment.mp3"):
        with pytest.raises(ConfigurationError, match="lies in the output"):
            find_inputs([str(given_)], (), outputs)
    manifest = folder / "redacted" / "calls.jsonl"
    manifest.write_text('{"audio_url": "one.mp3"}\n')
    assert find_inputs([str(manifest)], [str(manifest)], outputs).manifests == (str(manifest),)
    with pytest.raises(ConfigurationError, match="output of earlier runs"):
        find_inputs([str(folder / "earlier")], (), outputs)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read all files")
def test_a_file_that_may_not_be_read_is_told_or_left_to_the_run(folder: Path) -> None:
    for name in ("secret", "secret.wav"):
        shutil.copy(CALLS / "card-payment.mp3", folder / name)
        (folder / name).chmod(0)
    found = find_inputs([str(folder)])
    assert "secret.wav" in names(found.recordings, folder)
    assert f"{folder}: 1 file left out that cannot be read; check permissions" in found.remarks


def test_prefixes_and_globs_of_an_object_store() -> None:
    for name, content in {
        "night/one.mp3": b"any",
        "night/deep/4711": (CALLS / "clinic-intake.m4a").read_bytes(),
        "night/notes.txt": b"notes",
        "night/empty": b"",
        "night/calls.jsonl": b'{"audio_url": "one.mp3"}\n',
        "nightly/two.mp3": b"any",
    }.items():
        files.write_bytes(f"memory://inputs/{name}", content)
    for given_ in ("memory://inputs/night", "memory://inputs/night/"):
        found = find_inputs([given_])
        assert found.recordings == ("memory://inputs/night/deep/4711", "memory://inputs/night/one.mp3")
        assert len(found.remarks) == 2
    assert find_inputs(["memory://inputs/*/*.mp3"]).recordings == (
        "memory://inputs/night/one.mp3",
        "memory://inputs/nightly/two.mp3",
    )
    assert find_inputs(["memory://inputs/night/calls.jsonl"]).manifests == ("memory://inputs/night/calls.jsonl",)
    assert find_inputs(["memory://inputs/night/deep/4711"]).recordings == ("memory://inputs/night/deep/4711",)
    with pytest.raises(ConfigurationError, match="no object has this name"):
        find_inputs(["memory://inputs/morning"])


def test_the_option_for_manifests_takes_nothing_else(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"--manifest: .*one.mp3 is a recording; name it without --manifest"):
        find_inputs([], [str(folder / "one.mp3")])
    with pytest.raises(ConfigurationError, match=r"--manifest: .*notes.txt is no manifest; name JSON Lines, CSV or"):
        find_inputs([], [str(folder / "notes.txt")])
    (folder / "names.txt").write_text("one.mp3\ntwo.mp3\n")
    with pytest.raises(ConfigurationError, match=r"is no manifest; to redact .*: hushbeam redact - < .*names.txt$"):
        find_inputs([], [str(folder / "names.txt")])
    with pytest.raises(ConfigurationError, match=r"is a folder; name a manifest file, or a glob such as .*jsonl"):
        find_inputs([], [str(folder)])


def test_standard_input_is_kept_in_a_private_file_until_its_folder_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = find_inputs(["-", "-"], ["-"])
    assert found.manifests == (str(tmp_path / "-"),) == (standard_input_name(),)
    folder = spool_standard_input(io.BytesIO(b'{"audio_url": "a.wav"}\n'))
    spool = Path(folder.name, SPOOLED)
    assert spool.read_bytes() == b'{"audio_url": "a.wav"}\n'
    assert (spool.stat().st_mode & 0o777, spool.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    folder.cleanup()
    assert not spool.parent.exists()


def test_standard_input_that_is_no_manifest_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with pytest.raises(ConfigurationError, match="lines of JSON"):
        spool_standard_input(io.BytesIO(b"Dear all,\nplease find attached\n"))
    assert list(tmp_path.iterdir()) == []


def test_names_of_recordings_on_standard_input_become_lines_of_a_manifest(tmp_path: Path) -> None:
    folder = spool_standard_input(io.BytesIO(b'calls/a "b".wav\n\ncalls/c.mp3\r\n'))
    spool = Path(folder.name, SPOOLED)
    assert [(number, line["audio_url"]) for number, line in read_lines(str(spool)) if isinstance(line, Mapping)] == [
        (1, 'calls/a "b".wav'),
        (3, "calls/c.mp3"),
    ]
    assert sorted(path.name for path in spool.parent.iterdir()) == [".owner", SPOOLED]
    assert spool.stat().st_mode & 0o777 == 0o600
    folder.cleanup()


def test_a_cluster_takes_neither_standard_input_nor_recordings_without_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="-: workers of a cluster"):
        inputs_of(RedactOptions(inputs=("-",), output="gs://redacted"), local=False)
    for number in range(3):
        files.write_bytes(f"memory://many/{number}.wav", b"any")
    monkeypatch.setattr("hushbeam.pipelines.running.job.MOST_NAMED_ON_A_CLUSTER", 2)
    with pytest.raises(ConfigurationError, match=r"3 recordings are named.*write a manifest"):
        inputs_of(RedactOptions(inputs=("memory://many",), output="gs://redacted"), local=False)
    assert len(inputs_of(RedactOptions(inputs=("memory://many",), output="gs://redacted"), local=True).recordings) == 3
    assert MOST_NAMED_ON_A_CLUSTER >= 100_000


def test_a_job_without_inputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nothing to redact: name recordings"):
        prepare(RedactOptions(output=str(tmp_path / "redacted")), local=True)


@pytest.mark.parametrize("path", AUDIO, ids=lambda path: path.name)
def test_every_kind_of_recording_is_recognised_by_its_first_bytes(path: Path) -> None:
    assert is_recording(path.read_bytes()[:4096])


@given(st.text(max_size=600) | st.dictionaries(st.text(), st.text(), max_size=3).map(json.dumps))
def test_no_text_is_a_recording(text: str) -> None:
    plain = "".join(character for character in text if character.isprintable() or character in "\n\t")
    assert not is_recording(plain.encode(errors="replace")) or plain.startswith(("ID3", "#!AMR", "NIST_1A"))
