"""Commands of `hushbeam`: a module for each, with its options."""

import os

from hushbeam.transforms.base.freed_memory import keep_few_heaps

# Before any thread starts: threads keep the heaps that they have.
keep_few_heaps()

# Before numpy is imported: this job's matrix products are small, and threads for them cost many times the products.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
