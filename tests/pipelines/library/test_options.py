"""Options of the library, given by name (functions)."""

from pathlib import Path

from hushbeam.pipelines.library.options import redact_options


def test_commas_separate_names_and_not_references() -> None:
    reference = "env:TOKEN@a.example,b.example"
    options = redact_options({"policies": "ssn, dob", "webhook_auth_header_values": reference}, output=Path("out"))
    assert options.defaults.policies == ("ssn", "dob")
    assert options.notification.auth_header_values == (reference,)
    assert options.output == "out"
