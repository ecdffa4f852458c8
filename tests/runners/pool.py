"""Beam's worker pool on an address of its own: as many may run on one machine as there are task managers on it.

    python -m tests.runners.pool 127.0.0.2:50000

`apache_beam.runners.worker.worker_pool_main` listens on all addresses. One pool cannot serve several task managers:
each names its workers "1-1", and when one is done with its worker, the pool would end another's.
"""

from __future__ import annotations

import logging
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from apache_beam.portability.api import beam_fn_api_pb2_grpc
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
    servicer = BeamFnExternalWorkerPoolServicer(use_process=True)
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(servicer, server)
    server.add_insecure_port(sys.argv[1])
    server.start()
    server.wait_for_termination()
