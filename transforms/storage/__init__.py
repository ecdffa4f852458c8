"""The one way in which Hushbeam reads and writes files.

`files` has the operations, `urls` the arithmetic of paths and URLs, `file_systems` credentials, retries and errors.
A location is a local path, `file://`, `gs://`, `s3://` (with the extra `s3`), or `memory://` in tests. Credentials are
those of the platform: Google's application default credentials, AWS's chain; `STORAGE_EMULATOR_HOST` names a
stand-in for Google's. Anything else of fsspec's settings (requester pays, S3 endpoints) comes from fsspec's own
configuration, which `FSSPEC_GS_…` and `FSSPEC_S3_…` variables fill.
"""
