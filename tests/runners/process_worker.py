#!/usr/bin/env python
"""What a task manager runs for each worker with `--environment_type=PROCESS`: Beam's container contract, without the
container. Everything that the worker needs is installed already, so no artifact is fetched.
"""

from __future__ import annotations

import argparse

import grpc
from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc
from apache_beam.runners.worker.sdk_worker import SdkHarness


def control_endpoint(provision_endpoint: str, worker: str) -> str:
    """Where the worker gets its work, as the runner tells it."""
    with grpc.insecure_channel(provision_endpoint) as channel:
        stub = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
        request = beam_provision_api_pb2.GetProvisionInfoRequest()
        answer = stub.GetProvisionInfo(request, metadata=[("worker_id", worker)], timeout=60)
    return answer.info.control_endpoint.url


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    contract, _ = parser.parse_known_args()
    SdkHarness(control_endpoint(contract.provision_endpoint, contract.id), worker_id=contract.id).run()
