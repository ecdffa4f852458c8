"""Detection measured on text: generated calls, presidio-research's templates, and negative lines."""
