"""A gate before the night: nothing is published by a job that does not find what is known to be there."""

from __future__ import annotations

import json
from collections.abc import Callable

from rich.console import Console

from hushbeam.pipelines.options.redact_options import RedactOptions
from hushbeam.pipelines.running.job import Job
from hushbeam.schemas.policies import resolve_policies
from hushbeam.transforms.canary_gate import CanariesMissedError, CanaryScore, plant, score
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import join


def check_canaries(job: Job, run: Callable[[Job], object], console: Console) -> None:
    """Redacts the canary calls as the job would redact recordings, and removes what comes of them.

    Args:
      run: Runs a job to its end, on the runner that the recordings go to.

    Raises:
      CanariesMissedError: Less than the floor was redacted.
    """
    root = join(job.output, "canaries", job.run_id)
    try:
        manifest = plant(root)
        run(job._replace(options=_of_canaries(job.options), manifests=(manifest,), output=root, shards=1, store=None))
        outcome = score(root, resolve_policies(job.options.defaults.policies))
    finally:
        files.delete_folder(join(job.output, "canaries"))
    floor = job.options.canaries.canary_floor
    _keep(job, outcome, floor)
    missed = ", ".join(f"{count} {policy}" for policy, count in outcome.missed.items())
    if outcome.recall < floor:
        raise CanariesMissedError(
            f"--canaries: {outcome.recall:.0%} of {outcome.items} known values were redacted, {floor:.0%} are asked "
            f"for (missed: {missed or 'no policy of theirs is asked for'}). Nothing was published. See what changed: "
            "model, options, packages"
        )
    console.print(f"Canaries: {outcome.recall:.0%} of {outcome.items} known values redacted", highlight=False)


def _of_canaries(options: RedactOptions) -> RedactOptions:
    """The job's options, without what tells, keeps or signs anything."""
    return options.model_copy(
        update={
            "force": False,
            "captions": False,
            "certificate_key": None,
            "hash_identities": None,
            "defaults": options.defaults.model_copy(update={"webhook_url": None}),
        }
    )


def _keep(job: Job, outcome: CanaryScore, floor: float) -> None:
    content = {"items": outcome.items, "recall": round(outcome.recall, 4), "floor": floor, "missed": outcome.missed}
    files.write_bytes(join(job.output, "runs", job.run_id, "canaries.json"), json.dumps(content, indent=1).encode())
