"""Options of the library, given by name (functions)."""

import traceback
from pathlib import Path
from typing import Any

import pytest

from hushbeam.pipelines.library.options import redact_options
from hushbeam.schemas.errors import ConfigurationError


def test_commas_separate_names_and_not_references() -> None:
    reference = "env:TOKEN@a.example,b.example"
    options = redact_options({"policies": "ssn, dob", "webhook_auth_header_values": reference}, output=Path("out"))
    assert options.defaults.policies == ("ssn", "dob")
    assert options.notification.auth_header_values == (reference,)
    assert options.output == "out"


_SECRETS = ("store_key", "unredacted_key", "webhook_auth_header_values", "webhook_signing_secrets")
_OTHER_LISTS = (
    "allow_private_sources",
    "exchanges",
    "metadata_columns",
    "policies",
    "recognisers",
    "webhook_allowed_networks",
)
_NO_LISTS = pytest.mark.parametrize("value", [None, 5, object(), b"whsec_c2VjcmV0", [5, "whsec_c2VjcmV0"]])


@_NO_LISTS
@pytest.mark.parametrize("option", [*_SECRETS, *_OTHER_LISTS])
def test_a_list_of_something_else_is_refused_by_name(option: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^--{option}: "):
        redact_options({option: value}, inputs=("call.wav",), output="out")


@_NO_LISTS
@pytest.mark.parametrize("option", _SECRETS)
def test_a_secret_is_not_told_in_a_traceback_either(option: str, value: Any) -> None:
    """It shows the errors that led to the last, and pydantic's have the values."""
    with pytest.raises(ConfigurationError) as refused:
        redact_options({option: value}, inputs=("call.wav",), output="out")
    assert "c2VjcmV0" not in "".join(traceback.format_exception(refused.value))
