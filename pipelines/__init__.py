"""One module per job, with its options: `python -m pipelines.redact --help`."""
