"""The same calls and the same job as in the tests of the pipelines."""

from tests.pipelines.conftest import calls, redact

__all__ = ["calls", "redact"]
