#!/usr/bin/env python
"""What a task manager runs for each worker with `--environment_type=PROCESS`: Beam's container contract, without the
container. Everything that the worker needs is installed already, so no artifact is fetched.
"""

from __future__ import annotations

import argparse

from apache_beam.runners.worker.sdk_worker import SdkHarness

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--id", required=True)
    parser.add_argument("--control_endpoint", required=True)
    contract, _ = parser.parse_known_args()
    SdkHarness(contract.control_endpoint, worker_id=contract.id).run()
