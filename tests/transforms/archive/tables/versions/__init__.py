"""Small tables as each schema version wrote them: `python -m tests.transforms.archive.tables.versions` adds more."""
