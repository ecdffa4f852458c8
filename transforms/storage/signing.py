"""Signed URLs of objects, valid for some hours: version 4 signatures of Google and AWS, SAS tokens of Azure."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from functools import cached_property
from typing import Any

import fsspec

from hushbeam.schemas.errors import ConfigurationError, installs
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.azure import has_account_key
from hushbeam.transforms.storage.file_systems import file_system, storage_errors

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class UrlSigner:
    """Signs with the credentials of the platform, which are read at first use. Safe to share between threads.

    Google: the key of a service account can sign. Without a key (workers of Dataflow, workload identity) the service
    account signs through IAM, for which it needs the role of a token creator on itself.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def sign(self, url: str, hours: float) -> str:
        """An https URL with which the object can be fetched by GET until `hours` from now.

        Raises:
          ConfigurationError: No credentials can sign, or the location is not in an object store.
          StorageError: The signing service does not answer, or refuses.
        """
        url = urls.normalised(url)
        with self._lock, storage_errors(url, "sign the URL of"):
            match urls.scheme(url):
                case "gs":
                    return self._sign_for_google(url, hours)
                case "s3":
                    return str(self._aws.sign(url, expiration=int(hours * 3600)))
                case "az":
                    return self._sign_for_azure(url, hours)
        raise ConfigurationError("--signed_url_hours: only URLs of an output on gs://, s3:// or az:// can be signed")

    @cached_property
    def _aws(self) -> Any:
        try:
            return fsspec.filesystem("s3", use_listings_cache=False, config_kwargs={"signature_version": "s3v4"})
        except ImportError:
            raise ConfigurationError(f"s3:// needs another package: {installs('s3')}") from None

    def _sign_for_azure(self, url: str, hours: float) -> str:
        if not has_account_key():
            raise ConfigurationError(
                "--signed_url_hours: az:// URLs are signed with the account's key only: set AZURE_STORAGE_ACCOUNT_KEY "
                "or AZURE_STORAGE_CONNECTION_STRING"
            )
        return str(file_system(url).url(urls.store_path(url), expires=int(hours * 3600)))

    @cached_property
    def _google(self) -> Any:
        # Imported late: the imports take a second that a local run does not need.
        import google.auth  # noqa: PLC0415
        from google.auth.exceptions import DefaultCredentialsError  # noqa: PLC0415
        from google.cloud import storage  # type: ignore[import-untyped,attr-defined,unused-ignore] # noqa: PLC0415

        try:
            credentials, _ = google.auth.default(scopes=[_SCOPE])
        except DefaultCredentialsError:
            raise ConfigurationError(
                "--signed_url_hours: no Google credentials can sign: name a service account's key in "
                "GOOGLE_APPLICATION_CREDENTIALS, or run where the platform provides credentials"
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
        """The endpoint, and what signing needs if the credentials hold no key."""
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
                "--signed_url_hours: these Google credentials belong to a person and cannot sign: use a service account"
            )
        if not credentials.valid:
            credentials.refresh(Request())
        return endpoint | {
            "service_account_email": credentials.service_account_email,
            "access_token": credentials.token,
        }


def check_signing(output: str, hours: float | None) -> None:
    """Signs one URL, if `hours` is set, so that missing credentials are known before the job starts.

    Raises:
      ConfigurationError, StorageError: As `UrlSigner.sign`.
    """
    if hours is not None:
        UrlSigner().sign(urls.join(urls.normalised(output), "audio", "check"), hours)
