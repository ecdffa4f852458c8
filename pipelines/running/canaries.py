"""Canary check: a job that misses known values in synthetic calls publishes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

from rich.console import Console

from hushbeam.pipelines.options.commands.redact import RedactOptions
from hushbeam.pipelines.running.job import Job
from hushbeam.pipelines.running.terminal import waiting
from hushbeam.schemas.policies import resolve_policies
from hushbeam.transforms.canary_gate import CanariesMissedError, CanaryScore, copy_calls, score
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join

_FLOOR = 0.9
"""The minimum share of known values that must be redacted. A missing model or policy costs more than a tenth."""


def check_canaries(job: Job, run: Callable[[Job], object], console: Console) -> None:
    """Redacts the canary calls as the job would redact recordings, and removes the outputs.

    Args:
      run: Runs a job to its end, on the runner that the recordings go to.

    Raises:
      CanariesMissedError: A smaller share than `_FLOOR` was redacted.
    """
    root = join(job.output, "canaries", job.run_id)
    try:
        manifest = copy_calls(root)
        calls = job._replace(
            options=_of_canaries(job.options),
            manifests=(manifest,),
            recordings=(),
            spool=None,
            output=root,
            shards=None,
            store=None,
        )
        with waiting(console, "redacting the canary calls"):
            run(calls)
        outcome = score(root, resolve_policies(job.options.defaults.policies))
    finally:
        files.delete_folder(join(job.output, "canaries"))
    _keep(job, outcome)
    missed = ", ".join(f"{count} {policy}" for policy, count in outcome.missed.items())
    if outcome.recall < _FLOOR:
        raise CanariesMissedError(
            f"--canaries: {outcome.recall:.0%} of {outcome.items} known values were redacted, {_FLOOR:.0%} are "
            f"required (missed: {missed or 'none of their policies is requested'}). Nothing was published. Check what "
            "changed: model, options, packages"
        )
    console.print(f"Canaries: {outcome.recall:.0%} of {outcome.items} known values redacted", highlight=False)


def _of_canaries(options: RedactOptions) -> RedactOptions:
    """The job's options, without notifications, copies and signatures."""
    return options.model_copy(
        update={
            "force": False,
            "captions": False,
            "certificate_key": None,
            "hash_identities": None,
            "defaults": options.defaults.model_copy(update={"webhook_url": None}),
        }
    )


def _keep(job: Job, outcome: CanaryScore) -> None:
    content = {"items": outcome.items, "recall": round(outcome.recall, 4), "floor": _FLOOR, "missed": outcome.missed}
    files.write_bytes(join(job.output, "runs", job.run_id, "canaries.json"), json.dumps(content, indent=1).encode())
