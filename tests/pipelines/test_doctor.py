"""Doctor: what is missing is named, with what to do."""

from __future__ import annotations

import io
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hushbeam.pipelines import doctor
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_PROBLEMS

FAST = ("--model", "tiny.en", "--verify", "off")


def examined(*options: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Exit status, and the checks by subject."""
    terminal = io.StringIO()
    status = doctor.run([*FAST, "--json", *options], Console(file=terminal, width=200))
    report: dict[str, Any] = json.loads(terminal.getvalue())
    found = {check["subject"]: check for check in report["checks"]}
    assert report["problems"] == sum(check["outcome"] == "problem" for check in report["checks"])
    return status, found


def test_a_machine_that_can_run_is_found_good(tmp_path: Path) -> None:
    manifest = tmp_path / "calls.jsonl"
    (tmp_path / "call.wav").write_bytes(b"")
    manifest.write_text('{"audio_url": "call.wav"}\n')
    metrics = ("--metrics_file", str(tmp_path / "hushbeam.prom"), "--otlp")
    status, found = examined("--manifest", str(manifest), "--output", str(tmp_path / "out"), *metrics)
    assert status == EXIT_COMPLETED
    assert "--metrics_file, --otlp" in found["metrics"]["detail"]
    assert not [check for check in found.values() if check["outcome"] == "problem"]
    assert found["speech model"]["detail"].startswith("whisper-tiny.en@sha256:")
    assert {"codecs", "decoders", "detection model", "secrets", "manifest", "output", "runner"} <= set(found)
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("options", "subject", "remedy"),
    [
        (("--model", "no-such-model"), "speech model", ""),
        (("--detector", "no_such_folder"), "detection model", ""),
        (("--device", "cuda"), "GPU", "--device cpu"),
        (("--webhook_signing_secrets", "env:HUSHBEAM_ABSENT"), "secrets", ""),
        (("--manifest", "/no/such/file.jsonl"), "manifest", "glob"),
        (("--output", "/proc/nothing"), "output", ""),
        (("--rules", "/no/such/rules.json"), "rules", ""),
        (("--metrics_file", "/no/such/folder/hushbeam.prom"), "metrics", ""),
        (("--runner=DataflowRunner",), "Dataflow", "deploy/"),
        (("--runner=FlinkRunner", "--flink_job_server_jar=/no/such.jar"), "job server", "jar"),
        (("--runner=PrismRunner", "--prism_location=/no/such/prism"), "Prism", "Prism"),
    ],
)
def test_what_is_missing_is_named(options: tuple[str, ...], subject: str, remedy: str) -> None:
    status, found = examined(*options)
    assert status == EXIT_PROBLEMS
    assert found[subject]["outcome"] == "problem"
    assert remedy in found[subject]["remedy"]


def test_a_worker_pool_is_reached_or_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        options = ("--runner=PortableRunner", "--environment_type=EXTERNAL", f"--environment_config=127.0.0.1:{port}")
        assert examined(*options)[1]["worker pool"]["outcome"] == "good"
    assert examined(*options)[1]["worker pool"]["outcome"] == "problem"


def test_a_person_reads_what_to_do(tmp_path: Path) -> None:
    terminal = io.StringIO()
    status = doctor.run([*FAST, "--manifest", str(tmp_path / "none.jsonl")], Console(file=terminal, width=200))
    assert status == EXIT_PROBLEMS
    assert "1 problem," in terminal.getvalue()
    assert "give a path, a glob in quotes" in terminal.getvalue()


def test_a_folder_for_models_that_cannot_be_made_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    status, found = examined()
    assert status == EXIT_PROBLEMS
    assert found["models"]["detail"].startswith("XDG_CACHE_HOME: the folder for models cannot be made")


def test_a_recogniser_that_cannot_be_used_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "theirs-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[hushbeam.recognisers]\nstaff = theirs:NoSuchClass\n")
    (tmp_path / "theirs.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    status, found = examined()
    assert status == EXIT_PROBLEMS
    assert "theirs:NoSuchClass of the package theirs" in found["recognisers"]["detail"]
    assert "entry point 'staff'" in found["recognisers"]["remedy"]


def test_lines_whose_sources_a_run_would_refuse_are_named_with_the_option(tmp_path: Path) -> None:
    manifest = tmp_path / "calls.jsonl"
    located = [
        {"audio_url": "http://198.51.100.7/a.wav"},
        {"audio_url": "https://127.0.0.1:9/b.wav?token=hunter2"},
        {"audio_url": "c.wav", "transcript_url": "https://localhost/c.json"},
        {"audio_url": "d.wav"},
    ]
    manifest.write_text("".join(f"{json.dumps(line)}\n" for line in located))
    for name in ("c.wav", "d.wav"):
        (tmp_path / name).write_bytes(b"")
    status, found = examined(str(manifest))
    assert status == EXIT_PROBLEMS
    first, *others = found["lines"]["detail"].splitlines()
    assert first.startswith("valid: 1 of 4 lines")
    assert [line.partition(":")[0] for line in others] == ["line 1", "line 2", "line 3"]
    assert "--allow_http" in others[0]
    assert "--allow_private_sources" in others[1] and "--allow_private_sources" in others[2]
    assert "hunter2" not in json.dumps(found)
    allowed = ("--allow_http", "--allow_private_sources", "127.0.0.0/8,localhost,198.51.100.0/24")
    status, found = examined(str(manifest), *allowed)
    assert (status, found["lines"]["detail"]) == (EXIT_COMPLETED, "4 lines, all valid")


def test_lines_whose_source_does_not_exist_are_named_without_the_source(tmp_path: Path) -> None:
    manifest = tmp_path / "calls.jsonl"
    (tmp_path / "here.wav").write_bytes(b"")
    located = [
        {"audio_url": "here.wav"},
        {"audio_url": "Whitfield.wav"},
        {"audio_url": "https://calls.example.com/c.wav"},
        {"audio_url": "here.wav", "transcript_url": "none.json", "recording_id": "d"},
    ]
    manifest.write_text("".join(f"{json.dumps(line)}\n" for line in located))
    status, found = examined(str(manifest))
    assert status == EXIT_PROBLEMS
    first, *others = found["lines"]["detail"].splitlines()
    assert first.startswith("valid: 2 of 4 lines")
    assert others == [f"line {line}: the source or its transcript does not exist" for line in (2, 4)]
    assert "Whitfield" not in json.dumps(found)
    # Workers of a cluster may see other disks.
    assert found["lines"]["outcome"] == "problem"
    on_cluster = examined(str(manifest), "--runner=DataflowRunner")[1]
    assert on_cluster["lines"]["outcome"] == "good"


def test_a_recording_that_a_run_would_refuse_to_fetch_is_named(tmp_path: Path) -> None:
    status, found = examined("https://10.1.2.3/call.wav?token=hunter2")
    assert status == EXIT_PROBLEMS
    assert "https://10.1.2.3/call.wav: the web server's address is refused" in found["inputs"]["detail"]
    assert "hunter2" not in json.dumps(found)
