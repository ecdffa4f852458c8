"""The night's redacted recordings as a Dagster asset, with a check of how many failed.

`hushbeam` is installed in a virtual environment of its own: `HUSHBEAM_COMMAND` names it. `dagster dev -f` this file.
"""

import json
import os
import shlex
import subprocess

import dagster as dg

COMMAND = shlex.split(os.environ.get("HUSHBEAM_COMMAND", "/opt/hushbeam/bin/hushbeam"))
CONFIG = os.environ.get("HUSHBEAM_CONFIG", "gs://BUCKET/hushbeam/job.yaml")
MANIFEST = os.environ.get("HUSHBEAM_MANIFEST", "gs://BUCKET/manifests/{night}/*.jsonl")
OUTPUT = os.environ.get("HUSHBEAM_OUTPUT", "gs://BUCKET/redacted")

COMPLETED, BROKEN, TOO_MUCH_FAILED, LOCKED = 0, 1, 3, 5


@dg.asset(
    partitions_def=dg.DailyPartitionsDefinition(start_date="2026-01-01", end_offset=1),
    check_specs=[dg.AssetCheckSpec("few_recordings_failed", asset="redacted_recordings")],
    retry_policy=dg.RetryPolicy(max_retries=2, delay=600),
    # One run at a time writes to an output; a second one would wait for the first.
    pool="hushbeam_output",
)
def redacted_recordings(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Runs `hushbeam redact` over the manifests of a day. A repeated run skips what is done."""
    night = context.partition_key
    arguments = [
        *("redact", "--config", CONFIG, "--manifest", MANIFEST.format(night=night), "--output", OUTPUT),
        *("--run_id", f"nightly-{night}-{context.run_id[:8]}-{context.retry_number}"),
        *("--fail_above", "0.05", "--wait_for_lock", "2h", "--json"),
    ]
    done = subprocess.run([*COMMAND, *arguments], stdout=subprocess.PIPE, check=False)
    if done.returncode not in (COMPLETED, TOO_MUCH_FAILED):
        raise dg.Failure(
            f"hushbeam ended with {done.returncode}: see its messages in the log",
            allow_retries=done.returncode in (BROKEN, LOCKED),
        )
    result = json.loads(done.stdout)
    causes = [f"{cause['count']} x {cause['message']}" for cause in result["failures"]]
    return dg.MaterializeResult(
        metadata={
            **{f"recordings {outcome}": count for outcome, count in result["recordings"].items()},
            "minutes of audio": round(result["audio_s"] / 60, 1),
            "run": result["run_id"],
            "report": dg.MetadataValue.path(result["report"]),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="few_recordings_failed",
                passed=done.returncode == COMPLETED,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"causes": dg.MetadataValue.json(causes)},
            )
        ],
    )


defs = dg.Definitions(assets=[redacted_recordings])
