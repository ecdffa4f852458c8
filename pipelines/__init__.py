"""Commands of `hushbeam`: a module for each, with its options."""

import importlib.util
import os
import sys
import types

from hushbeam.transforms.base.freed_memory import keep_few_heaps

# Before any thread starts: threads keep the heaps that they have.
keep_few_heaps()

# Before numpy is imported: this job's matrix products are small, and threads for them cost many times the products.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Without apitools, which the extra `dataflow` brings, Beam logs a warning at its import, sets up the root logger and
# makes an empty module. This is the same module, without the warning.
if importlib.util.find_spec("apitools") is None:
    _CLIENT = "apache_beam.io.gcp.internal.clients.bigquery"
    sys.modules.setdefault(_CLIENT, types.ModuleType(_CLIENT))
