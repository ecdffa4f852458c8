"""Recognisers of numbers: identifiers, dates, quantities, checksums, and repetitions of values."""
