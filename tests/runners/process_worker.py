#!/usr/bin/env python
"""What a task manager runs for each worker with `--environment_type=PROCESS`: Beam's container contract, without the
container. Everything that the worker needs is installed already, so no artifact is fetched.
"""

from __future__ import annotations

import argparse

from apache_beam.runners.worker.sdk_worker import SdkHarness

from hushbeam.pipelines.workers import provision_info

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    contract, _ = parser.parse_known_args()
    control = provision_info(contract.provision_endpoint, contract.id).control_endpoint
    SdkHarness(control.url, worker_id=contract.id).run()
