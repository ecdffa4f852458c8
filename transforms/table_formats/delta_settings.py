"""store_settings: how the Delta library reaches a store that the job reaches by its own settings.

The library reads the usual variables by itself, but not the ones here.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from hushbeam.transforms.storage import urls

_FROM_CONNECTION_STRING = {
    "accountname": "azure_storage_account_name",
    "accountkey": "azure_storage_account_key",
    "sharedaccesssignature": "azure_storage_sas_key",
    "blobendpoint": "azure_storage_endpoint",
}


def store_settings(output: str) -> dict[str, str]:
    """Settings of the Delta library for the store of an output root, beside the variables that it knows."""
    match urls.scheme(output):
        case "s3":
            return _s3()
        case "az":
            return _azure(os.environ.get("AZURE_STORAGE_CONNECTION_STRING", ""))
        case _:
            return {}


def _s3() -> dict[str, str]:
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return {"aws_endpoint": endpoint, **_allowed(endpoint)} if endpoint else {}


def _azure(connection: str) -> dict[str, str]:
    given = dict(part.split("=", 1) for part in connection.split(";") if "=" in part)
    parts = {name.lower(): value for name, value in given.items()}  # the store's client takes names in any case
    if not parts:
        return {}
    if "blobendpoint" not in parts:
        suffix = parts.get("endpointsuffix", "core.windows.net")
        protocol = parts.get("defaultendpointsprotocol", "https")
        parts["blobendpoint"] = f"{protocol}://{parts.get('accountname', '')}.blob.{suffix}"
    # The library asks for the account's name, also where the endpoint and a signature are enough.
    parts.setdefault("accountname", _account(parts["blobendpoint"]))
    known = {setting: parts[part] for part, setting in _FROM_CONNECTION_STRING.items() if part in parts}
    return known | _allowed(parts["blobendpoint"])


def _account(endpoint: str) -> str:
    """The account of `https://ACCOUNT.blob.core.windows.net/`, or of an emulator's `http://127.0.0.1:10000/ACCOUNT`."""
    split = urlsplit(endpoint)
    return split.path.strip("/").partition("/")[0] or (split.hostname or "").partition(".")[0]


def _allowed(endpoint: str) -> dict[str, str]:
    return {"allow_http": "true"} if endpoint.startswith("http://") else {}
