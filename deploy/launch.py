"""The main job as a file, for launchers that start a file: Flex Templates, Airflow."""

import sys

from hushbeam.pipelines.redact import run
from hushbeam.pipelines.running.leave import leave

if __name__ == "__main__":
    leave(run(sys.argv[1:]))
