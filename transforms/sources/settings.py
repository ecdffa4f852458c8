"""Settings for sources on web servers: a group of options."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.option_lists import SEPARATED
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.web.addresses import Guard
from hushbeam.transforms.storage.web.patience import Patience

_PRIVATE = "--allow_private_sources"


def _host_or_network(text: str) -> str:
    try:
        Guard.of(_PRIVATE, [text])
    except ValueError as error:
        raise ValueError(f"{urls.display(text)!r} {error}") from None
    return text


class SourceSettings(BaseModel):
    """How recordings and transcripts are fetched from web servers.

    Pickled with the pipeline. Fields without a description are not options.

    Attributes:
      answer_s, silence_s, total_s, least_bytes_per_s, slow_s, attempts, first_wait_s, longest_wait_s: See `Patience`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    allow_http: bool = Field(
        False, description="fetch sources from http:// URLs too; others can then listen to recordings on the way"
    )
    allow_private_sources: Annotated[
        tuple[Annotated[str, AfterValidator(_host_or_network), Metavar("HOST")], ...], SEPARATED
    ] = Field(
        (),
        description="hosts and networks inside your own network that sources may be fetched from, such as "
        "files.internal or 10.1.0.0/16; by default none",
    )
    answer_s: float = 30.0
    silence_s: float = 60.0
    total_s: float = 3600.0
    least_bytes_per_s: float = 4096.0
    slow_s: float = 60.0
    attempts: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0

    @property
    def guard(self) -> Guard:
        """The addresses that sources may be fetched from."""
        return Guard.of(_PRIVATE, self.allow_private_sources)

    @property
    def patience(self) -> Patience:
        """Limits of requests and files."""
        return Patience(
            answer_s=self.answer_s,
            silence_s=self.silence_s,
            total_s=self.total_s,
            least_bytes_per_s=self.least_bytes_per_s,
            slow_s=self.slow_s,
            attempts=self.attempts,
            first_wait_s=self.first_wait_s,
            longest_wait_s=self.longest_wait_s,
        )
