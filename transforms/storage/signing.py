"""URLs of objects that anybody who has them can fetch, for some hours: version 4 signatures of Google and of AWS."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from functools import cached_property
from typing import Any

import fsspec

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.file_systems import storage_errors

LONGEST_HOURS = 7 * 24
"""Neither store signs for longer."""

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class UrlSigner:
    """Signs with the credentials of the platform. Safe to share between threads; nothing is read before it is needed.

    Google: the key of a service account signs by itself; without a key (workers of Dataflow, workload identity) the
    service account signs through IAM, for which it needs the role of a token creator on itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def sign(self, url: str, hours: float) -> str:
        """An https URL with which the object can be fetched by GET until `hours` from now.

        Raises:
          ConfigurationError: There are no credentials that can sign, or the location is not in an object store.
          StorageError: The service that signs does not answer, or refuses.
        """
        url = urls.normalised(url)
        with self._lock, storage_errors(url, "sign the URL of"):
            match urls.scheme(url):
                case "gs":
                    return self._sign_for_google(url, hours)
                case "s3":
                    return str(self._aws.sign(url, expiration=int(hours * 3600)))
        raise ConfigurationError("--signed_url_hours: URLs can be signed where the output is on gs:// or s3://")

    @cached_property
    def _aws(self) -> Any:
        try:
            return fsspec.filesystem("s3", use_listings_cache=False, config_kwargs={"signature_version": "s3v4"})
        except ImportError:
            raise ConfigurationError("s3:// needs another package: pip install 'hushbeam[s3]'") from None

    @cached_property
    def _google(self) -> Any:
        # Imported late: they cost a second that a local run should not pay.
        import google.auth  # noqa: PLC0415
        from google.auth.exceptions import DefaultCredentialsError  # noqa: PLC0415
        from google.cloud import storage  # type: ignore[import-untyped,attr-defined,unused-ignore] # noqa: PLC0415

        try:
            credentials, _ = google.auth.default(scopes=[_SCOPE])
        except DefaultCredentialsError:
            raise ConfigurationError(
                "--signed_url_hours: there are no Google credentials that could sign: name a service account's key in "
                "GOOGLE_APPLICATION_CREDENTIALS, or run where the platform gives them"
            ) from None
        return storage.Client(project="none", credentials=credentials)

    def _sign_for_google(self, url: str, hours: float) -> str:
        bucket, name = urls.bucket_and_key(url)
        return str(
            self._google.bucket(bucket)
            .blob(name)
            .generate_signed_url(
                version="v4",
                expiration=timedelta(hours=hours),
                method="GET",
                **self._google_access(),
            )
        )

    def _google_access(self) -> dict[str, str]:
        """Where to fetch, and how to sign where the credentials hold no key."""
        from google.auth.credentials import Signing  # noqa: PLC0415
        from google.auth.transport.requests import Request  # noqa: PLC0415

        emulator = os.environ.get("STORAGE_EMULATOR_HOST")
        endpoint = {"api_access_endpoint": emulator if "://" in emulator else f"http://{emulator}"} if emulator else {}
        credentials = self._google._credentials
        if isinstance(credentials, Signing):
            return endpoint
        account = getattr(credentials, "service_account_email", None)
        if account is None:
            raise ConfigurationError(
                "--signed_url_hours: these Google credentials are a person's, which cannot sign: use a service account"
            )
        if not credentials.valid:
            credentials.refresh(Request())
        return endpoint | {
            "service_account_email": credentials.service_account_email,
            "access_token": credentials.token,
        }


def check_signing(output: str, hours: float | None) -> None:
    """Signs once, where URLs are to be signed, so that what is missing is known before the job runs.

    Raises:
      ConfigurationError, StorageError: As `UrlSigner.sign`.
    """
    if hours is not None:
        UrlSigner().sign(urls.join(urls.normalised(output), "audio", "check"), hours)
