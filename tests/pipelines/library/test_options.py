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


@pytest.mark.parametrize("value", [None, 5, object(), b"whsec_c2VjcmV0", [5, "whsec_c2VjcmV0"]])
@pytest.mark.parametrize(
    "option",
    [
        "allow_private_sources",
        "exchanges",
        "metadata_columns",
        "policies",
        "recognisers",
        "store_key",
        "unredacted_key",
        "webhook_allowed_networks",
        "webhook_auth_header_values",
        "webhook_signing_secrets",
    ],
)
def test_a_list_of_something_else_is_refused_by_name_and_no_secret_is_told(option: str, value: Any) -> None:
    """Neither in the message nor in the traceback, which shows the errors that led to it."""
    with pytest.raises(ConfigurationError) as refused:
        redact_options({option: value}, inputs=("call.wav",), output="out")
    assert str(refused.value).startswith(f"--{option}: ")
    assert "c2VjcmV0" not in "".join(traceback.format_exception(refused.value))
