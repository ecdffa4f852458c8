"""Entry point of `hushbeam redact` for launchers that start a Python file: Flex Templates, Airflow."""

import sys

from hushbeam.pipelines.redact import run
from hushbeam.pipelines.running.leave import leave

if __name__ == "__main__":
    leave(run(sys.argv[1:]))
