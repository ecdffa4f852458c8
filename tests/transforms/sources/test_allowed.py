"""Which sources a run would refuse to fetch, told before it."""

from __future__ import annotations

import pytest

from hushbeam.transforms.sources.allowed import AllowedSources
from hushbeam.transforms.sources.settings import SourceSettings
from hushbeam.transforms.storage.errors import StorageError


class Names:
    """A resolver that remembers what it was asked."""

    def __init__(self, **addresses: list[str]) -> None:
        self._addresses = addresses
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        try:
            return self._addresses[host]
        except KeyError:
            raise OSError from None


def test_a_host_is_resolved_once_and_refused_as_the_run_refuses_it() -> None:
    names = Names(inside=["10.1.2.3"], outside=["93.184.215.14"])
    allowed = AllowedSources(SourceSettings(), names)
    for name in ("a.wav", "b.wav"):
        allowed.check(f"https://outside/{name}")
        with pytest.raises(StorageError, match=r"address is refused: .*--allow_private_sources"):
            allowed.check(f"https://inside/{name}")
    assert names.asked == ["outside", "inside"]
    AllowedSources(SourceSettings(allow_private_sources=("inside",)), names).check("https://inside/a.wav")


def test_http_is_refused_without_a_look_at_the_host() -> None:
    names = Names()
    with pytest.raises(StorageError, match="--allow_http"):
        AllowedSources(SourceSettings(), names).check("http://outside/a.wav")
    assert names.asked == []


def test_what_is_on_no_web_server_or_cannot_be_resolved_now_is_left_to_the_run() -> None:
    names = Names()
    allowed = AllowedSources(SourceSettings(), names)
    for location in ("/calls/a.wav", "gs://calls/a.wav", "https://unknown/a.wav"):
        allowed.check(location)
    assert names.asked == ["unknown"]


def test_names_that_take_long_to_resolve_do_not_hold_up_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(inside=["10.1.2.3"])
    monkeypatch.setattr("hushbeam.transforms.sources.allowed._ASKS_FOR_S", -1.0)
    allowed = AllowedSources(SourceSettings(), names)
    allowed.check("https://inside/a.wav")
    assert names.asked == []
