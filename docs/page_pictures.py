"""Pictures of the audit pages and the quality page, for `docs.pictures`: light, dark, and as on a phone."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, ViewportSize

from hushbeam import __version__
from hushbeam.transforms.archive.certificate import signed
from hushbeam.transforms.archive.ledger import list_statuses, save_snapshot, write_status
from hushbeam.transforms.archive.reviews import NotedSpan, Review, Reviewed, ShownFinding
from hushbeam.transforms.archive.tables.file_lists import read_file_lists, write_run_files
from hushbeam.transforms.archive.tables.relocation import relocate
from hushbeam.transforms.measure_quality import measure
from hushbeam.transforms.measure_quality.advice import Reviewing
from hushbeam.transforms.measure_quality.agreement import agreements
from hushbeam.transforms.measure_quality.page import render

_IMAGES = Path(__file__).with_name("images")
_DESK = ViewportSize(width=1000, height=760)
_PHONE = ViewportSize(width=390, height=760)
_CALLS = 50
_POLICIES = ("person_name", "phone_number", "date_of_birth", "credit_card_number", "email_address", "location")
_RECALL = (0.97, 0.99, 0.96, 0.995, 0.96, 0.84)


def audit_pictures(browser: Browser, output: str) -> None:
    """Writes pictures of the audit of an output, and of the certificate of one of its recordings."""
    with tempfile.TemporaryDirectory() as folder:
        root, page = Path(folder, "out"), Path(folder, "page.html")
        shutil.copytree(output, root, ignore=shutil.ignore_patterns("audit-*", "reviews"))
        key = _sign(str(root))
        public = Path(folder, "public.pem")
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        recording_id = min(list_statuses(str(root)))
        for name, which in (("audit", ()), ("certificate", ("--certificate", recording_id))):
            options = ("--sample", "1", "--certificate_public_key", f"file:{public}", "--html", str(page), *which)
            command = [sys.executable, "-m", "hushbeam", "audit", "--output", str(root), *options]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            _photograph(browser, page.read_text(encoding="utf-8").replace(str(root), "redacted/"), name)


def quality_pictures(browser: Browser) -> None:
    """Writes pictures of the quality page, of reviews that are made up."""
    pairs = {str(call): tuple(reviews) for call, reviews in enumerate(_reviews())}
    reviewing = Reviewing("redacted/", 812, len(pairs), 1, len(pairs), len(pairs), ("Ann", "Bo"))
    figures = measure(own[0] for own in pairs.values())
    _photograph(browser, render(reviewing, figures, agreements(pairs), __version__), "quality")


def _photograph(browser: Browser, content: str, name: str) -> None:
    for suffix, size in (("", _DESK), ("-dark", _DESK), ("-phone", _PHONE)):
        page = browser.new_page(viewport=size, color_scheme="dark" if suffix == "-dark" else "light")
        page.set_content(content)
        page.screenshot(path=_IMAGES / f"{name}{suffix}.png")
        page.close()


def _sign(output: str) -> Ed25519PrivateKey:
    """Signs an output that a run left unsigned, with a new key."""
    key = Ed25519PrivateKey.generate()
    relocate(output)
    for status in list_statuses(output).values():
        write_status(output, signed(status, key))
    for listed in read_file_lists(output).lists.values():
        write_run_files(output, listed, key)
    save_snapshot(output)
    return key


def _reviews() -> Iterator[list[Review]]:
    """Of some calls, by two reviewers, of whom the second overlooks more."""
    numbers = random.Random(2)
    for call in range(_CALLS):
        found, missed, wrong = [], [], []
        for place in range(numbers.randint(1, 9)):
            start_s, policy = 10.0 * place + 1, numbers.randrange(len(_POLICIES))
            if numbers.random() < _RECALL[policy]:
                found.append(_finding(_POLICIES[policy], start_s, min(1.0, numbers.uniform(0.4, 1.5))))
            else:
                missed.append(NotedSpan(channel=0, start_s=start_s, end_s=start_s + 1, policy=_POLICIES[policy]))
            if numbers.random() < 0.12:
                found.append(_finding("person_name", start_s + 4, numbers.uniform(0.2, 0.9)))
                wrong.append(NotedSpan(channel=0, start_s=start_s + 4, end_s=start_s + 5))
        shown = Reviewed(
            recording_id=str(call),
            output_identity="made-up",
            samples="made-up",
            configuration_id="made-up",
            channels=2,
            mixed=False,
            duration_s=180.0,
            words=420,
            found=tuple(found),
        )
        yield [_review(name, shown, missed, wrong, care, numbers) for name, care in (("Ann", 0.98), ("Bo", 0.85))]


def _finding(policy: str, start_s: float, score: float) -> ShownFinding:
    return ShownFinding(
        policy=policy, channel=0, start_s=start_s, end_s=start_s + 1, score=score, detector="model", words=2
    )


def _review(  # noqa: PLR0917
    name: str, shown: Reviewed, missed: list[NotedSpan], wrong: list[NotedSpan], care: float, numbers: random.Random
) -> Review:
    marked = tuple(span for span in missed if numbers.random() < care)
    rejected = tuple(span for span in wrong if numbers.random() < care)
    decision = "corrected" if marked or rejected else "confirmed"
    return Review(decision=decision, missed=marked, false_positives=rejected, reviewer=name, reviewed=shown)
