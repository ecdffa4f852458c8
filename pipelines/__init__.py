"""One module per job, with its options: `python -m pipelines.redact --help`."""

import os

# Before numpy is imported: its threads for matrix products cost many times the small products of this job.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
