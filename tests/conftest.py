"""What must be so before any test is loaded."""

from __future__ import annotations

# Before numpy: words differ a little with the threads of its matrix products, and tests compare this process's outputs
# with those of others.
import hushbeam.pipelines  # noqa: F401
from hushbeam.transforms.transcribe.processor import use_wide_vectors

# They differ with the instructions that CTranslate2 uses, too, and some tests call it without the job's own code.
use_wide_vectors()
