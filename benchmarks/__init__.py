"""Benchmarks: ratios between the job and other tools, measured in one run."""

import os

# As the job's own package does, and before numpy is imported: all that is compared runs under the same conditions.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
