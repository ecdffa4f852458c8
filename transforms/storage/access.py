"""Checks that a bucket exists and that the credentials of this process open it, before a command works there."""

from __future__ import annotations

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import AccessDeniedError, MissingFileError, StorageError
from hushbeam.transforms.storage.listing import iterate
from hushbeam.transforms.storage.object_stores import google_emulator

_GET_CREDENTIALS = {
    "gs": "run gcloud auth application-default login, or let GOOGLE_APPLICATION_CREDENTIALS name a key file",
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role",
}
_CORRECT_CREDENTIALS = {
    "gs": "give their account the role Storage Object User on it, or use those of another account",
    "s3": "check them with aws sts get-caller-identity, and that they allow s3:ListBucket, s3:GetObject, s3:PutObject "
    "and s3:DeleteObject on it",
    "az": "check AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_ACCOUNT_KEY, or give the identity the role Storage "
    "Blob Data Contributor on it",
}
_NOTHING_BELOW = "runs/LOCK"
"""The name of a file, which is no folder: to list it is one small request, however many objects a bucket has."""


def check_access(root: str) -> None:
    """Checks that the bucket of a normalised location exists and can be listed. Does nothing for local locations.

    Raises:
      ConfigurationError: There is no such bucket, or the credentials are missing or do not open it. The message names
        the bucket, so the location must be one that an option names, not a manifest.
      StorageError: The store cannot be reached, or fails, which may pass.
    """
    scheme = urls.scheme(root)
    if scheme not in _CORRECT_CREDENTIALS:
        return
    bucket = f"{'container' if scheme == 'az' else 'bucket'} {scheme}://{urls.bucket_and_key(root)[0]}"
    try:
        for _ in iterate(urls.join(root, _NOTHING_BELOW)):
            return
    except MissingFileError:
        raise ConfigurationError(f"there is no {bucket}; make it, or correct the name") from None
    except AccessDeniedError:
        _require_credentials(scheme)
        raise ConfigurationError(f"the credentials do not open the {bucket}; {_CORRECT_CREDENTIALS[scheme]}") from None
    except StorageError as error:
        # Without credentials, Google's library asks as nobody, which a network without a way out does not answer.
        if error.retryable and scheme == "gs":
            _require_credentials(scheme)
        raise


def _require_credentials(scheme: str) -> None:
    if not _FOUND.get(scheme, lambda: True)():
        raise ConfigurationError(f"no usable credentials for {scheme}:// were found; {_GET_CREDENTIALS[scheme]}")


def _has_google_credentials() -> bool:
    import google.auth  # noqa: PLC0415 - a second, which a local run does not need
    from google.auth.exceptions import DefaultCredentialsError  # noqa: PLC0415

    if google_emulator():
        return True
    try:
        google.auth.default()
    except DefaultCredentialsError:
        return False
    return True


def _has_aws_credentials() -> bool:
    from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra's
    from botocore.session import get_session  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        return get_session().get_credentials() is not None
    except BotoCoreError:  # such as a profile that does not exist
        return False


_FOUND = {"gs": _has_google_credentials, "s3": _has_aws_credentials}
"""Whether there are credentials, by scheme. Azure's store is not even made without an account."""
