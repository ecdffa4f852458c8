"""Encrypted files decrypt only with their key, under their name, and unchanged."""

from __future__ import annotations

import base64
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.sealing import FileSealer, SealedFileError
from tests.few_examples import few


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("keys")
    for number in range(2):
        (folder / f"{number}").write_text(base64.b64encode(bytes([number]) * 32).decode() + "\n")
    return f"file:{folder}/0", f"file:{folder}/1"


@few(40)
@given(content=st.binary(max_size=500), name=st.text(max_size=20))
def test_encrypted_content_decrypts_and_differs_each_time(
    references: tuple[str, str], content: bytes, name: str
) -> None:
    sealer = FileSealer(references[:1], "--key", "test")
    sealed = sealer.seal(content, name)
    assert sealer.open(sealed, name) == content
    assert sealer.seal(content, name) != sealed


@given(place=st.integers(0, 200), flip=st.integers(1, 255))
def test_a_byte_that_changed_is_noticed(references: tuple[str, str], place: int, flip: int) -> None:
    sealer = FileSealer(references[:1], "--key", "test")
    sealed = bytearray(sealer.seal(b"who said what" * 3, "call"))
    sealed[place % len(sealed)] ^= flip
    with pytest.raises(SealedFileError):
        sealer.open(bytes(sealed), "call")


def test_names_purposes_and_keys_are_not_interchangeable(references: tuple[str, str]) -> None:
    sealer = FileSealer(references[:1], "--key", "test")
    sealed = sealer.seal(b"who said what", "call-1")
    for other, name in (
        (sealer, "call-2"),
        (FileSealer(references[:1], "--key", "another"), "call-1"),
        (FileSealer(references[1:], "--key", "test"), "call-1"),
    ):
        with pytest.raises(SealedFileError):
            other.open(sealed, name)


def test_keys_can_be_rotated(references: tuple[str, str]) -> None:
    old, new = references
    sealed = FileSealer((old,), "--key", "test").seal(b"who said what", "call")
    both = FileSealer((new, old), "--key", "test")
    assert both.open(sealed, "call") == b"who said what"
    assert FileSealer((new,), "--key", "test").open(both.seal(b"again", "call"), "call") == b"again"


@pytest.mark.parametrize(
    "secret", ["", "short", "not base64 at all, however long it is", base64.b64encode(b"x" * 31).decode()]
)
def test_a_weak_key_is_refused_and_not_shown(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSHBEAM_TEST_KEY", secret)
    with pytest.raises(ConfigurationError, match="--key") as error:
        FileSealer(("env:HUSHBEAM_TEST_KEY",), "--key", "test")
    assert not secret or secret not in str(error.value)


def test_keys_cannot_be_pickled(references: tuple[str, str]) -> None:
    sealer = FileSealer(references, "--key", "test")
    with pytest.raises(TypeError):
        pickle.dumps(sealer)
    assert repr(sealer) == "FileSealer(2 keys)"
