"""Files on local disks and in object stores. All of Hushbeam reads and writes files through this package.

`files` has the operations, `urls` the arithmetic of paths and URLs, `object_stores` credentials, time-outs and retries,
`file_systems` the errors, and `web` reads from web servers, where only sources may be. Any other location is a local
path, `file://`, `gs://`, `s3://` (with the extra `s3`), or `memory://` in tests. docs/storage.md describes how stores
are configured.
"""
