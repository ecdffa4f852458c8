"""Output roots that were copied, tampered with or damaged."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from rich.console import Console

from hushbeam.pipelines import audit, erase, expire
from hushbeam.pipelines.running.exit_status import EXIT_BROKEN, EXIT_COMPLETED, EXIT_INCOMPLETE, EXIT_PROBLEMS
from tests.faults.scenarios import Night, Scenario, problems, published, rows, run_job, write_manifest
from tests.pipelines.tampering import (
    DAMAGED,
    MORE,
    REHASHED,
    REPORTED,
    Tampering,
    change_status,
    problems_of,
    run_of,
)


def copied_root(night: Night) -> str:
    """An output root is copied, and runs go on with the copy: with nothing new, then with another substitution."""
    with night.output() as output:
        assert run_job(night.manifest, output) == EXIT_COMPLETED
        before = _contents(output)
        copy = Path(shutil.copytree(output, output.parent / "copy"))
        elsewhere = problems(copy)
        assert elsewhere == {"elsewhere": 3}, elsewhere
        _forget_audits(copy)
        assert run_job(night.manifest, copy) == EXIT_COMPLETED
        assert problems(copy) == {}
        assert published(copy) == night.expected
        old = {path.name for path in copy.glob("audio/*")}
        assert run_job(night.manifest, copy, "--substitution", "mask") == EXIT_COMPLETED
        assert not old & {path.name for path in copy.glob("audio/*")}
        assert problems(copy) == {}
        assert _contents(output) == before
        return "the copy names itself after one run, its old files go, the original is untouched"


def forged_status(night: Night) -> str:
    """Status objects name files outside of the root, and another recording's; the next run does them again."""
    with night.output() as output:
        assert run_job(night.manifest, output) == EXIT_COMPLETED
        victim = output.parent / "victim.wav"
        victim.write_bytes(b"important")
        change_status(output, "card", lambda status: status.update(redacted_audio_url=str(victim)))
        shutil.copy(output / "status" / "transfer.json", output / "status" / "phone.json")
        assert run_job(night.manifest, output, "--substitution", "mask") == EXIT_COMPLETED
        assert victim.read_bytes() == b"important"
        assert len(list(output.glob("audio/*"))) == 3
        assert len(rows(output, "transcripts")) == 3
        assert problems(output) == {}
        return "nothing outside is deleted; all three are done again, each once"


def lost_status_objects(night: Night) -> str:
    """Of three status objects one is deleted, one truncated, and one foreign."""
    with night.output() as output:
        assert run_job(night.manifest, output) == EXIT_COMPLETED
        (output / "status" / "card.json").unlink()
        phone = output / "status" / "phone.json"
        phone.write_bytes(phone.read_bytes()[:100])
        (output / "status" / "transfer.json").write_bytes(bytes(range(256)))
        found = problems(output)
        assert found["unreadable"] == 2, found
        assert run_job(night.manifest, output) == EXIT_COMPLETED
        assert len(rows(output, "transcripts")) == 3
        assert problems(output) == {}
        assert published(output) == night.expected
        return "each is done again, with its rows once"


def damaged_tables(night: Night) -> str:
    """A file of each table is cut in half: runs go on, erasing names what it could not read, and nothing is lost."""
    with night.output() as output:
        assert run_job(night.manifest, output) == EXIT_COMPLETED
        whole: dict[Path, bytes] = {}
        for path in output.glob("*/*/*.parquet"):
            if path.parent.name != "runs":
                whole[path] = path.read_bytes()
                path.write_bytes(whole[path][: len(whole[path]) // 2])
        assert problems(output)["unreadable"] == 4
        assert run_job(night.manifest, output) == EXIT_COMPLETED
        assert run_job(night.manifest, output, "--force") == EXIT_COMPLETED
        status, told = _call(erase, output, "--recording_id", "phone")
        assert status == EXIT_BROKEN
        assert all(f"{path.parent.name}/{path.name}" in told for path in whole)
        assert _call(expire, output, "--older_than", "24h")[0] == EXIT_BROKEN
        for path, content in whole.items():
            assert path.read_bytes() == content[: len(content) // 2]
            path.write_bytes(content)
        assert _call(erase, output, "--recording_id", "phone", "card", "transfer")[0] == EXIT_COMPLETED
        assert not any(rows(output, table) for table in ("transcripts", "findings"))
        return "named by erase and expire (exit 1), left as they are, erased once they are back"


def tampered(name: str, tamperings: Sequence[Tampering], *, with_key: bool = False) -> Scenario:
    """Somebody does each of these to the output of a signed run."""

    def check(night: Night) -> str:
        with _signed(night) as (output, options):
            pristine = Path(shutil.copytree(output, output.parent / "pristine"))
            run_id = run_of(output)
            asked = options["public"] if with_key else ()
            for tampering in tamperings:
                shutil.rmtree(output)
                shutil.copytree(pristine, output)
                tampering.do(output)
                status, told = _call(audit, output, "--sample", "0", "--json", *asked)
                found = set(problems_of(json.loads(told), run_id))
                assert status == EXIT_PROBLEMS, tampering.name
                assert (tampering.kind, tampering.subject) in found, (tampering.name, found)
            shutil.rmtree(output)
            shutil.copytree(pristine, output)
            assert problems(output) == {}
            return f"{len(tamperings)} of {len(tamperings)} named, exit 4"

    return Scenario(name, check)


@contextmanager
def _signed(night: Night) -> Iterator[tuple[Path, Mapping[str, tuple[str, str]]]]:
    """The output of a signed run with captions over two calls and one that is not there, and options for its keys."""
    with night.output() as output:
        folder, key = output.parent, Ed25519PrivateKey.generate()
        (folder / "private").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "public").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        options = {
            "private": ("--certificate_key", f"file:{folder / 'private'}"),
            "public": ("--certificate_public_key", f"file:{folder / 'public'}"),
        }
        names = {"card": "card.flac", "phone": "phone.wav", "gone": "gone.wav"}
        lines = [{"recording_id": name, "audio_url": str(night.calls / file)} for name, file in names.items()]
        write_manifest(folder / "signed.jsonl", lines)
        status = run_job(folder / "signed.jsonl", output, "--captions", *options["private"])
        assert status == EXIT_INCOMPLETE
        yield output, options


def _call(job: ModuleType, output: Path, *arguments: str) -> tuple[int, str]:
    terminal = io.StringIO()
    status: int = job.run(["--output", str(output), *arguments], Console(file=terminal, width=2000))
    return status, terminal.getvalue()


def _contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _forget_audits(output: Path) -> None:
    for folder in output.glob("runs/audit-*"):
        shutil.rmtree(folder)


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("output root copied", copied_root),
    Scenario("status objects forged", forged_status),
    Scenario("status objects deleted, truncated and foreign", lost_status_objects),
    Scenario("a file of each table truncated", damaged_tables),
    tampered("outputs changed, as a red team did", REPORTED),
    tampered("outputs changed in other ways", MORE),
    tampered("outputs damaged", DAMAGED),
    tampered("every checksum mended without the key", REHASHED, with_key=True),
)
