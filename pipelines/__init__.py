"""Commands of `hushbeam`: a module for each, with its options."""

import os

from hushbeam.transforms.base.freed_memory import keep_few_heaps

# Before threads have heaps of their own.
keep_few_heaps()

# Before numpy is imported: its threads for matrix products cost many times the small products of this job.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
