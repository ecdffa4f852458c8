"""Pages for an auditor, made from the result of an audit: of a whole output, of one run, or of one certificate."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from hushbeam.transforms.archive.claims import Problem
from hushbeam.transforms.archive.ledger import EXPIRED
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.audit.contents import About
from hushbeam.transforms.audit.facts import UNCHECKED, UNSIGNED, VALID, SignatureState, counts_of, key_named_by, no_sums
from hushbeam.transforms.audit.facts import sums_by_run as sums_of
from hushbeam.transforms.audit.meanings import meaning
from hushbeam.transforms.audit.one_recording import AuditedCertificate
from hushbeam.transforms.base.pages import page_environment
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.storage.urls import file_name

_OTHER: SignatureState = "signed with another key"
_ANOTHER_KEY = (
    "Signatures name another key than the one that was given: either that is not the key of these runs, or somebody "
    "else signed. Ask its owner for the fingerprint."
)
_MOST_LISTED = 100
_MOST_RUNS = 60
_SUMMED = ("recordings", "certified", "corrected", "audio_s", "channel_s", "muted_s")
TRACK_WIDTH = 640


@dataclass(frozen=True)
class Verdict:
    """What an audit found, first of all.

    Attributes:
      level: `good` only if everything was checked and nothing differs; `open` if something could not be checked or
        needs somebody; `bad` if something is wrong.
      sentence: What was found.
      more: What follows from it, or what was not checked.
    """

    level: Literal["good", "open", "bad"]
    sentence: str
    more: tuple[str, ...] = ()


def render_audit(report: Mapping[str, Any], output: str, run_id: str | None = None) -> str:
    """The page of an audit of an output root.

    Args:
      report: As `WriteReport` writes it.
      output: The output root as it is shown.
      run_id: The run whose facts are shown; None for all. Problems are always those of the whole output.
    """
    runs = [run for run in report["runs"] if run_id in (None, run["run_id"])]
    sums = _sum(runs)
    about = About.model_validate(report["about"])
    page = _environment().get_template("audit.html.j2")
    return page.render(
        about=about,
        output=output,
        run_id=run_id,
        report=report,
        verdict=verdict_of_audit(report, runs),
        sums=sums,
        policies=_policies(sums),
        kinds=[(kind, count, meaning(kind)) for kind, count in sorted(report["problems"].items(), key=_most_first)],
        listed=report["list"][:_MOST_LISTED],
        unlisted=max(sum(report["problems"].values()) - _MOST_LISTED, 0),
        places=report["audible_places"][:_MOST_LISTED],
        runs=runs[-_MOST_RUNS:],
        earlier_runs=max(len(runs) - _MOST_RUNS, 0),
        findings_query=_findings_query(run_id),
    )


def verdict_of_audit(report: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> Verdict:
    """The sentence at the top: never good if a signature was not checked, or if nothing is there."""
    recordings, about = sum(run["recordings"] for run in runs), report["about"]
    problems = sum(report["problems"].values())
    transcribed = (
        f"{report['verified']:,} of {counted(report['recordings'], 'redacted recording')} "
        f"{'was' if report['verified'] == 1 else 'were'} transcribed again to find what can still be heard."
        if report["verified"]
        else "No audio was transcribed again, so this audit does not say what can still be heard."
    )
    if problems:
        more = ["The table below says what and where. Treat what it names as not redacted until each is explained."]
        if _names_another_key(Problem(**one) for one in report["list"]):
            more.insert(0, _ANOTHER_KEY)
        return Verdict(
            "bad",
            f"{counted(problems, 'problem')} found: this output is not as its runs wrote it, or cannot be checked.",
            tuple(more),
        )
    if not recordings:
        return Verdict("open", "Nothing to vouch for: no published recording was found.", ())
    lists = Counter(run["list_signature"] for run in runs)
    signatures: Counter[str] = Counter()
    for run in runs:
        signatures.update(run["signatures"])
    if about["key"] is None:
        there = signatures[UNCHECKED] + lists[UNCHECKED]
        return Verdict(
            "open",
            "No problems found, but no signature was checked.",
            (
                "Whoever can write to this output could have changed recordings and certificates together. "
                + (
                    "Audit again with --certificate_public_key."
                    if there
                    else "Nothing is signed: give --certificate_key to the runs."
                ),
                transcribed,
            ),
        )
    if signatures[VALID] != recordings or lists[VALID] != len(runs):
        return Verdict("open", "No problems found, but not everything is signed.", (transcribed,))
    everything = (
        f"{'All ' if recordings > 1 else ''}{counted(recordings, 'recording')} and "
        f"{'all ' if len(runs) > 1 else ''}{counted(len(runs), 'list')} of files"
    )
    signed = f"{everything} are as the owner of the key signed them"
    if report["audible_places"] or report["audible"]:
        heard = counted(sum(report["audible"].values()), "place")
        return Verdict("open", f"{signed}, but listen to {heard}: personal data may still be audible.", (transcribed,))
    return Verdict("good", f"{signed}. No problems found.", (transcribed,))


def render_certificate(one: AuditedCertificate, output: str, about: About) -> str:
    """The page of the certificate of one recording.

    Args:
      output: The output root as it is shown.
    """
    certificate, status = one.status.certificate, one.status
    audio = _mapping(certificate.get("audio"))
    sums = sums_of(counts_of(status, None)).get(status.run_id, no_sums())
    problems = (*one.problems, *one.run_problems)
    return (
        _environment()
        .get_template("certificate.html.j2")
        .render(
            about=about,
            output=output,
            one=one,
            status=status,
            certificate=certificate,
            source_url=_text(certificate, "source", "url"),
            samples=_text(certificate, "samples", "sha256"),
            sha256=_text(certificate, "audio", "sha256"),
            method=_text(certificate, "audio", "method"),
            sums=sums,
            transcript_digest=_text(certificate, "outputs", "transcript"),
            findings_digest=_text(certificate, "outputs", "findings"),
            outcome=_text(certificate, "verification", "outcome"),
            second_recogniser=_text(certificate, "verification", "recogniser"),
            verified=_numbers(certificate.get("verification")),
            verdict=verdict_of_certificate(one),
            problems=problems,
            meaning=meaning,
            policies=_policies(sums),
            tracks=_tracks(audio),
            width=TRACK_WIDTH,
            key=key_named_by(certificate.get("signature")),
            audio_file=file_name(status.redacted_audio_url) if status.redacted_audio_url else None,
            status_file=json_name(status.recording_id),
            findings_query=_findings_query(status.run_id, status.recording_id),
            requested=_texts(certificate.get("policies")),
        )
    )


def verdict_of_certificate(one: AuditedCertificate) -> Verdict:
    """The sentence at the top of a certificate's page."""
    problems = len(one.problems) + len(one.run_problems)
    if problems:
        more = ["The table below says what differs, or what could not be checked."]
        if _names_another_key((*one.problems, *one.run_problems)):
            more.insert(0, _ANOTHER_KEY)
        return Verdict("bad", f"{counted(problems, 'problem')} found: do not rely on this certificate.", tuple(more))
    if one.signature == UNSIGNED:
        return Verdict(
            "open",
            "No problems found, but the certificate is not signed.",
            ("Whoever can write to the output could have written it. Give --certificate_key to the runs.",),
        )
    if one.signature != VALID or one.run.list_signature != VALID:
        return Verdict(
            "open",
            "No problems found, but no signature was checked.",
            ("Whoever can write to the output could have changed it. Audit again with --certificate_public_key.",),
        )
    return _verdict_of_signed(one)


def _verdict_of_signed(one: AuditedCertificate) -> Verdict:
    signed = (
        "The certificate is as the owner of the key signed it, and recording, transcript and findings are as it says"
    )
    if one.audited.places:
        heard = counted(len(one.audited.places), "place")
        return Verdict("open", f"{signed}, but listen to {heard}: personal data may still be audible.")
    if one.status.status == EXPIRED:
        return Verdict("good", f"{signed}. The redacted audio has expired and was deleted.")
    if (
        one.status.redacted_audio_url is not None
        and _text(one.status.certificate, "verification", "outcome") != "passed"
    ):
        return Verdict("open", f"{signed}, but no second recogniser verified the redaction when it was made.")
    return Verdict("good", f"{signed}.")


def certificate_json(one: AuditedCertificate, about: About) -> dict[str, Any]:
    """The result as plain values for JSON."""

    def listed(problems: Iterable[Problem]) -> list[dict[str, str]]:
        return [{"kind": one.kind, "subject": one.subject, "detail": one.detail} for one in problems]

    verdict = verdict_of_certificate(one)
    return {
        "recording_id": one.status.recording_id,
        "run_id": one.status.run_id,
        "verdict": verdict.level,
        "sentence": verdict.sentence,
        "signature": one.signature,
        "list_signature": one.run.list_signature,
        "transcribed": one.audited.verified,
        "audible_places": [vars(place) for place in one.audited.places],
        "problems": listed(one.problems),
        "run_problems": listed(one.run_problems),
        "about": about.model_dump(mode="json"),
        "certificate": one.status.certificate,
    }


def _names_another_key(problems: Iterable[Problem]) -> bool:
    """Whether a signature fails only because the given key is not the one that it names."""
    return any(one.kind == "signature" and one.detail == _OTHER for one in problems)


@cache
def _environment() -> Any:
    environment = page_environment("hushbeam.transforms.audit")
    environment.filters |= {"signature": signature_in_words, "shell": _shell, "clock": _clock}
    return environment


def signature_in_words(state: SignatureState) -> str:
    """`valid`, or what is wrong or unknown."""
    return "there, but not checked" if state == UNCHECKED else state


def _shell(text: str) -> str:
    """Quoted for a shell: in double quotes if nothing in it is special there, as people write it."""
    if "'" in text and not set('"$`\\!') & set(text):
        return f'"{text}"'
    return shlex.quote(text)


def _clock(seconds: float) -> str:
    minutes, tenths = divmod(round(10 * seconds), 600)
    return f"{minutes}:{tenths / 10:04.1f}"


def _sum(runs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums of several runs."""
    sums = no_sums()
    for run in runs:
        for name, value in run.items():
            if name in _SUMMED:
                sums[name] += value
            elif name == "models":
                for use, identities in value.items():
                    _add(sums[name].setdefault(use, {}), identities)
            elif name in sums:
                _add(sums[name], value)
    return sums


def _add(sums: dict[str, Any], more: Mapping[str, float]) -> None:
    for name, count in more.items():
        sums[name] = sums.get(name, 0) + count


def _policies(sums: Mapping[str, Any]) -> list[tuple[str, int, float]]:
    """Findings and muted seconds by policy, the most seconds first."""
    findings, seconds = sums["findings"], sums["muted_s_by_policy"]
    rows = [(policy, findings.get(policy, 0), seconds.get(policy, 0.0)) for policy in findings.keys() | seconds]
    return sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))


def _tracks(audio: Mapping[str, Any]) -> list[tuple[int, list[tuple[float, float]]]]:
    """For each channel, the muted ranges as (x, width) in the units of the page's picture."""
    try:
        duration_s = audio["duration_s"]
        ranges: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
        for channel, start_s, end_s in audio["muted"]:
            at = TRACK_WIDTH * start_s / duration_s
            ranges[channel].append((at, max(TRACK_WIDTH * end_s / duration_s - at, 1.0)))
        return [(channel, ranges[channel]) for channel in range(min(int(audio["channels"]), 8))]
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return []


def _findings_query(run_id: str | None, recording_id: str | None = None) -> str:
    """SQL that counts current findings by policy, as the page does."""
    conditions = [
        f"{column} = '{value.replace(chr(39), 2 * chr(39))}'"
        for column, value in (("run_id", run_id), ("recording_id", recording_id))
        if value is not None
    ]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    # It is shown, and not run.
    return (
        "SELECT policy, count(*) AS findings FROM 'findings/*/*.parquet' SEMI JOIN (SELECT recording_id, "  # noqa: S608
        "max_by(run_id, (processed_at, run_id)) AS run_id FROM 'transcripts/*/*.parquet' GROUP BY ALL) "
        f"USING (recording_id, run_id){where} GROUP BY policy ORDER BY policy"
    )


def _text(certificate: Mapping[str, Any], part: str, name: str) -> str:
    """A text in a part of a certificate; empty if it is not there, or is no text."""
    value = _mapping(certificate.get(part)).get(name)
    return value if isinstance(value, str) else ""


def _texts(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _numbers(values: object) -> Mapping[str, float]:
    """The counts of a verification; 0 for those that are not there, or are no numbers."""
    given = _mapping(values)
    names = ("verified_s", "leaks", "control_words", "control_words_found")
    return {name: value if isinstance(value := given.get(name), int | float) else 0 for name in names}


def _mapping(values: object) -> Mapping[str, Any]:
    return values if isinstance(values, Mapping) else {}


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
