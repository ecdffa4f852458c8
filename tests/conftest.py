"""What must be so before any test is loaded."""

from __future__ import annotations

# Before numpy: words differ a little with the threads of its matrix products, and tests compare this process's outputs
# with those of others.
import pipelines  # noqa: F401
