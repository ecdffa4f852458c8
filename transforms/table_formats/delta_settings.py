"""store_settings: how the Delta library reaches a store that the job reaches by its own settings.

The library reads the usual variables by itself, but not the ones here.
"""

from __future__ import annotations

import os

from hushbeam.transforms.storage import urls

_FROM_CONNECTION_STRING = {
    "AccountName": "azure_storage_account_name",
    "AccountKey": "azure_storage_account_key",
    "SharedAccessSignature": "azure_storage_sas_key",
    "BlobEndpoint": "azure_storage_endpoint",
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
    parts = dict(part.split("=", 1) for part in connection.split(";") if "=" in part)
    if not parts:
        return {}
    if "BlobEndpoint" not in parts:
        suffix = parts.get("EndpointSuffix", "core.windows.net")
        protocol = parts.get("DefaultEndpointsProtocol", "https")
        parts["BlobEndpoint"] = f"{protocol}://{parts.get('AccountName', '')}.blob.{suffix}"
    known = {setting: parts[part] for part, setting in _FROM_CONNECTION_STRING.items() if part in parts}
    return known | _allowed(parts["BlobEndpoint"])


def _allowed(endpoint: str) -> dict[str, str]:
    return {"allow_http": "true"} if endpoint.startswith("http://") else {}
