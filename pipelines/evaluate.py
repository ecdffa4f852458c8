"""`hushbeam evaluate`: measures the quality of an output from recordings that people reviewed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hushbeam import __version__
from hushbeam.pipelines.options.commands.evaluate import EvaluateOptions
from hushbeam.pipelines.options.groups import sealed_root
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import printable, remarks, results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.outputs import output_of_runs, page_url
from hushbeam.pipelines.running.terminal import print_for_machines, waiting
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.stored import StoredRecording
from hushbeam.transforms.archive.findings_store import FindingsStore, NotStoredError
from hushbeam.transforms.archive.ledger import read_statuses
from hushbeam.transforms.archive.reviews import Review, read_all_reviews, read_reviews
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.private_memory import keep_memory_private
from hushbeam.transforms.base.temporary_files import check_temporary_files
from hushbeam.transforms.correct_findings.state import is_open
from hushbeam.transforms.measure_quality import Figures, drawn, left_out, measure
from hushbeam.transforms.measure_quality.advice import Reviewing
from hushbeam.transforms.measure_quality.agreement import Agreement, agreements
from hushbeam.transforms.measure_quality.figures import Share
from hushbeam.transforms.measure_quality.judged import judged
from hushbeam.transforms.measure_quality.labels import Write, write_labels
from hushbeam.transforms.measure_quality.page import render
from hushbeam.transforms.review_output import Catalogue
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.private_folders import PrivateFolder
from hushbeam.transforms.storage.private_roots import private_root

_CURVE_STEP = 2
"""The terminal shows every second point of the curve."""


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Measures as the command line does, and returns the exit status."""
    options = parse_without_pipeline(EvaluateOptions, arguments)
    return execute(options, console)


def execute(options: EvaluateOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or results()
    return exit_status_of(lambda: _evaluate(options, console), console)


def _evaluate(options: EvaluateOptions, console: Console) -> int:
    keep_memory_private()
    check_temporary_files()
    output = output_of_runs(options.output)
    store = _store(options, output)
    labels = None if options.labels is None else private_root(options.labels, output, "--labels")
    page = None if options.html is None else page_url("--html", options.html, output)
    with ExitStack() as opened:
        write = None if labels is None else opened.enter_context(_labels_of(labels, words=store is not None))
        return _measured(options, console, output, store=store, write=write, page=page)


def _measured(
    options: EvaluateOptions,
    console: Console,
    output: str,
    *,
    store: FindingsStore | None,
    write: Write | None,
    page: str | None,
) -> int:
    with waiting(remarks(), "reading outputs and reviews"):
        catalogue = Catalogue(output)
        catalogue.load()
        published = [entry.recording_id for entry in catalogue.entries() if entry.audible]
        wanted = frozenset(published) if options.sample is None else drawn(published, options.sample, options.seed)
        reviews = {one: review for one, review in read_reviews(output).items() if one in wanted}
        of_each = {one: own for one, own in read_all_reviews(output).items() if one in wanted}
        figures, agreed = measure(reviews.values(), all_marks=options.all_marks), agreements(of_each)
        labelled = 0
        if write is not None:
            all_judged = [(judged(review), _source(catalogue, one)) for one, review in sorted(reviews.items())]
            labelled = write_labels(write, all_judged, lambda one: _stored(store, one))
    unreviewed = sorted(wanted - reviews.keys()) if options.sample is not None else []
    if page is not None:
        names = sorted({review.reviewer for own in of_each.values() for review in own})
        shown = urls.display(options.output)
        counts = (len(published), options.sample, options.seed, len(wanted), len(reviews))
        by_several = sum(len(own) > 1 for own in of_each.values())
        reviewing = Reviewing(shown, *counts, tuple(names), _waiting(output, reviews), by_several)
        files.write_bytes(page, render(reviewing, figures, agreed, __version__).encode())
    if options.print_json:
        drawing = {"published": len(published), "sample": options.sample, "seed": options.seed}
        agreement = {"agreement": [one.to_json() for one in agreed]}
        print_for_machines(drawing | {"unreviewed": unreviewed, "labelled": labelled} | figures.to_json() | agreement)
    else:
        show(console, options, figures, reviews, len(wanted))
        _show_agreement(console, agreed)
        if page is not None:
            console.print(f"Page: {escape(urls.display(page))}", highlight=False, soft_wrap=True)
        if write is not None:
            console.print(
                f"{counted(labelled, 'labelled recording')}: {escape(options.labels or '')}",
                highlight=False,
                soft_wrap=True,
            )
    return EXIT_INCOMPLETE if unreviewed or not reviews else EXIT_COMPLETED


def _waiting(output: str, reviews: Mapping[str, Review]) -> int:
    """Number of missed values that can still be heard, by the rule of the review page's badges."""
    statuses = read_statuses(output, list(reviews))
    return sum(
        len(judged(review).missed)
        for one, review in reviews.items()
        if one in statuses and is_open(statuses[one], review.corrections, of_published=True)
    )


def show(
    console: Console, options: EvaluateOptions, figures: Figures, reviews: Mapping[str, Review], wanted: int
) -> None:
    """Prints the figures for people."""
    shown = printable(shlex.quote(options.output))
    if options.sample is None and not reviews:
        console.print(
            f"[bold]No recording is reviewed yet[/]. To review: hushbeam review --output {escape(shown)}; for figures "
            "about all recordings, with --sample 50",
            highlight=False,
            soft_wrap=True,
        )
    elif options.sample is None and wanted == len(reviews):
        console.print(f"[bold]{counted(wanted, 'recording')} reviewed[/], which are all that were published")
    elif options.sample is None:
        console.print(
            f"[bold]{counted(len(reviews), 'recording')} reviewed[/], not a random sample: the figures hold for these "
            "recordings only. For figures about all recordings, review a random sample (--sample)",
            highlight=False,
        )
    else:
        console.print(f"[bold]{len(reviews)} of {wanted} recordings of the sample reviewed[/]", highlight=False)
        if len(reviews) < wanted:
            review = f"hushbeam review --output {shown} --sample {options.sample} --seed {options.seed}"
            console.print(f"Continue with: {escape(review)}", highlight=False, soft_wrap=True)
    if not reviews:
        return
    if figures.configurations > 1:
        console.print(
            f"[yellow]These recordings were redacted with {figures.configurations} sets of options and models; the "
            "figures mix them[/]",
            highlight=False,
        )
    console.print(_policies(figures))
    if figures.left_out:
        console.print(f"{left_out(figures)}; --all_marks counts them", highlight=False, soft_wrap=True)
    console.print(f"Recordings without a missed value: {_with_interval(figures.nothing_missed)}", highlight=False)
    console.print(f"Other words that were redacted: {_with_interval(figures.over_redacted_words)}", highlight=False)
    if figures.untranscribed.whole:
        console.print(
            f"Speech without words that was muted by mistake: {_with_interval(figures.untranscribed)}",
            highlight=False,
        )
    console.print(_curve(figures))
    console.print(
        "95 % intervals (Wilson, over recordings) are in brackets. Recall counts the values that reviewers found; they "
        "could not hear what was muted. Limits: docs/quality.md",
        highlight=False,
    )


def _show_agreement(console: Console, agreed: Sequence[Agreement]) -> None:
    for one in agreed:
        kappa, marks = one.findings.kappa, one.marks.positive_agreement
        console.print(
            f"Agreement of {' and '.join(one.reviewers)} on {counted(one.recordings, 'recording')}: findings kappa "
            f"{'undefined' if kappa is None else format(kappa, '.2f')}, marks "
            f"{'none' if marks is None else format(marks, '.2f')} (positive agreement)",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def _policies(figures: Figures) -> Table:
    table = Table("policy", "found", "of", "recall", "false positives", "of", "moved", box=None, pad_edge=False)
    for name, policy in [("all", figures.overall), *figures.policies.items()]:
        table.add_row(
            name,
            f"{policy.recall.part}",
            f"{policy.recall.whole}",
            _interval(policy.recall),
            f"{policy.false_positives.part}",
            f"{policy.false_positives.whole}",
            f"{policy.moved}",
        )
    return table


def _curve(figures: Figures) -> Table:
    table = Table("score from", "recall", "other words redacted", box=None, pad_edge=False)
    for point in figures.curve[::_CURVE_STEP]:
        words = point.over_redacted_words
        table.add_row(f"{point.threshold:.2f}", _interval(point.recall), f"{words.part} of {words.whole}")
    return table


def _with_interval(share: Share) -> str:
    return f"{share.part} of {share.whole}, {_interval(share)}"


def _interval(share: Share) -> str:
    if share.value is None:
        return "unknown"
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"


def _source(catalogue: Catalogue, recording_id: str) -> str:
    row, _ = catalogue.rows(recording_id)
    url: str = row["audio_url"]
    return url


def _store(options: EvaluateOptions, output: str) -> FindingsStore | None:
    if options.store is not None and options.labels is None:
        raise ConfigurationError("--store: only --labels uses it; give --labels too, or leave --store out")
    root = sealed_root("--store", options.store, options.store_key, output)
    return None if root is None else FindingsStore(root)


@contextmanager
def _labels_of(root: str, *, words: bool) -> Iterator[Write]:
    """Gives a function that writes labels to their folder. If they hold spoken words, only this user may read it."""
    if words:
        with PrivateFolder(root, "--labels") as folder:
            yield folder.write
    else:
        yield lambda name, content: files.write_private(urls.join(root, name), content)


def _stored(store: FindingsStore | None, recording_id: str) -> StoredRecording | None:
    try:
        return None if store is None else store.read(recording_id)
    except NotStoredError:
        return None


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
