"""Measures the quality of an output from recordings that people reviewed.

    hushbeam review --output out/ --sample 50 --seed 1
    hushbeam evaluate --output out/ --sample 50 --seed 1

The first command shows 50 recordings, drawn at random, for review. The second prints recall and
over-redaction, also for findings of higher scores alone, with 95 % intervals. docs/quality.md explains the figures and
their limits.

Exit status: 0 done; 2 wrong options; 3 some recordings of the sample are not reviewed yet.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hushbeam.pipelines.options.common import PastOutput, PrintJson, Sample, Seed, StoreKeys
from hushbeam.pipelines.options.groups import sealed_root
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import counted, results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_INCOMPLETE
from hushbeam.pipelines.running.leave import leave
from hushbeam.pipelines.running.outputs import output_of_runs
from hushbeam.pipelines.running.terminal import print_for_machines
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.stored import StoredRecording
from hushbeam.transforms.archive.findings_store import FindingsStore, NotStoredError
from hushbeam.transforms.archive.reviews import Review, read_reviews
from hushbeam.transforms.base.metavar import Folder
from hushbeam.transforms.base.private_memory import keep_memory_private
from hushbeam.transforms.base.temporary_files import check_temporary_files
from hushbeam.transforms.measure_quality import Figures, drawn, measure
from hushbeam.transforms.measure_quality.figures import Share
from hushbeam.transforms.measure_quality.judged import judged
from hushbeam.transforms.measure_quality.labels import Write, write_labels
from hushbeam.transforms.review_output import Catalogue
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.private_folders import PrivateFolder
from hushbeam.transforms.storage.private_roots import private_root

_CURVE_STEP = 2
"""The terminal shows every second point of the curve."""


class EvaluateOptions(BaseModel):
    """All options of the command."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: PastOutput
    sample: Sample = None
    seed: Seed = 0
    labels: Folder | None = Field(
        None, description="folder for the reviews as labelled recordings, in the format of docs/quality.md"
    )
    store: Folder | None = Field(
        None, description="the --store of the runs; with it, --labels also holds the words that were spoken"
    )
    store_key: StoreKeys = ()
    print_json: PrintJson = False


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Measures as the command line does, and returns the exit status."""
    console = console or results()
    options = parse_without_pipeline(EvaluateOptions, __doc__ or "", arguments)
    return exit_status_of(lambda: _evaluate(options, console), console)


def _evaluate(options: EvaluateOptions, console: Console) -> int:
    keep_memory_private()
    check_temporary_files()
    output = output_of_runs(options.output)
    store = _store(options, output)
    labels = None if options.labels is None else private_root(options.labels, output, "--labels")
    with ExitStack() as opened:
        write = None if labels is None else opened.enter_context(_labels_of(labels, words=store is not None))
        return _measured(options, console, output, store, write)


def _measured(
    options: EvaluateOptions, console: Console, output: str, store: FindingsStore | None, write: Write | None
) -> int:
    catalogue = Catalogue(output)
    catalogue.load()
    published = [entry.recording_id for entry in catalogue.entries() if entry.audible]
    wanted = frozenset(published) if options.sample is None else drawn(published, options.sample, options.seed)
    reviews = {one: review for one, review in read_reviews(output).items() if one in wanted}
    figures = measure(reviews.values())
    labelled = 0
    if write is not None:
        all_judged = [(judged(review), _source(catalogue, one)) for one, review in sorted(reviews.items())]
        labelled = write_labels(write, all_judged, lambda one: _stored(store, one))
    unreviewed = sorted(wanted - reviews.keys()) if options.sample is not None else []
    if options.print_json:
        drawing = {"published": len(published), "sample": options.sample, "seed": options.seed}
        print_for_machines(drawing | {"unreviewed": unreviewed, "labelled": labelled} | figures.to_json())
    else:
        show(console, options, figures, reviews, len(wanted))
        if write is not None:
            console.print(
                f"{counted(labelled, 'labelled recording')}: {escape(options.labels or '')}",
                highlight=False,
                soft_wrap=True,
            )
    return EXIT_INCOMPLETE if unreviewed or not reviews else EXIT_COMPLETED


def show(
    console: Console, options: EvaluateOptions, figures: Figures, reviews: Mapping[str, Review], wanted: int
) -> None:
    """Prints the figures for people."""
    if options.sample is None:
        console.print(
            f"[bold]{counted(len(reviews), 'recording')} reviewed[/], not a random sample: the figures hold for these "
            "recordings only. For figures about all recordings, review a random sample (--sample)",
            highlight=False,
        )
    else:
        console.print(f"[bold]{len(reviews)} of {wanted} recordings of the sample reviewed[/]", highlight=False)
        if len(reviews) < wanted:
            review = f"hushbeam review --output {options.output} --sample {options.sample} --seed {options.seed}"
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
    console.print(f"Recordings without a missed value: {_with_interval(figures.nothing_missed)}", highlight=False)
    console.print(f"Other words that were redacted: {_with_interval(figures.over_redacted_words)}", highlight=False)
    if figures.untranscribed.whole:
        console.print(
            f"Speech without words that was muted by mistake: {_with_interval(figures.untranscribed)}",
            highlight=False,
        )
    console.print(_curve(figures))
    console.print(
        "95 % intervals (Wilson) are in brackets. Recall counts the values that reviewers found; they could not hear "
        "what was muted. Limits: docs/quality.md",
        highlight=False,
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
