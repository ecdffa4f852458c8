"""Secret references. Options, manifests and records hold a reference to a secret, never the secret.

`env:NAME` is an environment variable of the worker. `file:/absolute/path` is a file of the worker, as clusters mount
secrets. `secretmanager://projects/P/secrets/S/versions/V` is a version in Google's Secret Manager, read with the
worker's own credentials. `CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER` sets another endpoint, as it does for gcloud.
"""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import google_crc32c
from pydantic import AfterValidator

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.metavar import Metavar

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports.rest import (
        SecretManagerServiceRestTransport,
    )

FORMS = "env:NAME, file:/path or secretmanager://projects/P/secrets/S/versions/V"
"""For messages and help."""

OFF = "off"
"""In place of a reference, where an option must be given: without this secret, on purpose."""

_ENVIRONMENT = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_FILE = re.compile(r"file:(/.+)")
_SECRET_MANAGER = re.compile(r"secretmanager://(projects/[a-z0-9:.-]+/secrets/[A-Za-z0-9_-]+/versions/[A-Za-z0-9_-]+)")
_ENDPOINT = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"
_USUAL_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_LIKE_A_PATH = re.compile(r"file:.*|[\w./~-]*\.[A-Za-z]{1,4}|[.~]?/.*")
_TIMEOUT_S = 60.0
_LONGEST_BYTES = 1 << 16
_WHERE = "; it is read where the job runs (on a cluster: on its workers)"


def is_reference(text: str) -> bool:
    """Whether `text` is a reference in one of `FORMS`."""
    return any(form.fullmatch(text) for form in (_ENVIRONMENT, _FILE, _SECRET_MANAGER))


def checked_reference(text: str) -> str:
    """The text, if it is a reference.

    Raises:
      ValueError: It is none. The message does not repeat it: it may be the secret itself.
    """
    if not is_reference(text):
        raise ValueError(_not_a_reference(text))
    return text


def _not_a_reference(text: str) -> str:
    """Says what a reference is. It must not repeat the text, which may be a secret."""
    path = "; file: needs an absolute path, such as file:/home/me/key.pem" if _LIKE_A_PATH.fullmatch(text) else ""
    return f"give a reference, {FORMS}, not the secret itself{path}"


SecretReference = Annotated[str, AfterValidator(checked_reference), Metavar("SECRET")]
"""Type of options for secret references. A secret given instead of a reference is refused, and not repeated."""


def read_secret(reference: str, option: str) -> str:
    """The secret, without white space at its end (editors add a line break).

    Call it in the worker, right before use, and keep the result out of anything that is pickled or printed.

    Raises:
      ConfigurationError: The secret cannot be read. The message names `option`, and a variable with a usual name (in
        capitals), but no other reference, which the user may have confused with the secret itself.
    """
    if match := _ENVIRONMENT.fullmatch(reference):
        secret = os.environ.get(match.group(1), "").rstrip()
        if not secret:
            name = f" {match.group(1)}" if _USUAL_VARIABLE.fullmatch(match.group(1)) else ""
            raise ConfigurationError(f"{option}: the environment variable{name} is unset or empty{_WHERE}")
        return secret
    if match := _FILE.fullmatch(reference):
        secret = _from_file(match.group(1), option)
    elif match := _SECRET_MANAGER.fullmatch(reference):
        secret = _from_secret_manager(match.group(1), option)
    else:
        raise ConfigurationError(f"{option}: {_not_a_reference(reference)}")
    if not secret:
        raise ConfigurationError(f"{option}: the secret is empty")
    return secret


def _from_file(path: str, option: str) -> str:
    try:
        # Non-blocking: a named pipe without a writer then reads as empty, and does not block the job.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
            os.set_blocking(file.fileno(), True)
            content = file.read(_LONGEST_BYTES + 1)
        if len(content) > _LONGEST_BYTES:
            raise ConfigurationError(
                f"{option}: the file is longer than {_LONGEST_BYTES // 1024} KiB, too long for a secret"
            )
        return content.decode().rstrip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{option}: the file cannot be read ({type(error).__name__}){_WHERE}") from None


def _from_secret_manager(name: str, option: str) -> str:
    # Imported late: most jobs do not need it.
    from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient  # noqa: PLC0415

    # At DEBUG the client logs whole answers.
    logging.getLogger("google.cloud.secretmanager_v1").setLevel(logging.WARNING)
    try:
        client = SecretManagerServiceClient(transport=_transport())
        payload = client.access_secret_version(name=name, timeout=_TIMEOUT_S).payload
        content = bytes(payload.data)
        if payload.data_crc32c and payload.data_crc32c != google_crc32c.value(content):
            raise ConfigurationError(f"{option}: the secret was damaged on the way from Secret Manager; try again")
        return content.decode().rstrip()
    except (GoogleAPIError, GoogleAuthError) as error:
        raise ConfigurationError(
            f"{option}: the secret cannot be read from Secret Manager ({type(error).__name__}): check its name, and "
            "that the account of the job (on a cluster: of its workers) has roles/secretmanager.secretAccessor"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{option}: the secret is not UTF-8 text") from None


def _transport() -> SecretManagerServiceRestTransport:
    """REST to Google or to the endpoint in the environment; plain HTTP is an emulator and needs no credentials."""
    from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415
    from google.cloud.secretmanager_v1.services.secret_manager_service.transports.rest import (  # noqa: PLC0415
        SecretManagerServiceRestTransport,
    )

    endpoint = urlsplit(os.environ.get(_ENDPOINT, ""))
    if not endpoint.netloc:
        return SecretManagerServiceRestTransport()
    if endpoint.scheme == "http":
        return SecretManagerServiceRestTransport(
            host=endpoint.netloc,
            url_scheme="http",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        )
    return SecretManagerServiceRestTransport(host=endpoint.netloc)
