"""Detection measured on text: generated calls, presidio-research's templates, and negative lines."""

from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
