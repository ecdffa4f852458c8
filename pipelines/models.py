"""`hushbeam models`: lists the models on this machine, and installs models."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import lzma
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from faster_whisper.utils import get_assets_path
from rich.console import Console
from rich.markup import escape
from rich.progress import wrap_file

from hushbeam import __version__
from hushbeam.pipelines.options.commands.models import NAME_OF_MODEL, ModelsOptions
from hushbeam.pipelines.options.parsing import parse_without_pipeline
from hushbeam.pipelines.running.command_errors import exit_status_of
from hushbeam.pipelines.running.consoles import remarks, results
from hushbeam.pipelines.running.exit_status import EXIT_COMPLETED, EXIT_PROBLEMS
from hushbeam.pipelines.running.leave import leave
from hushbeam.schemas.errors import FROM_CHECKOUT, ConfigurationError
from hushbeam.transforms.base.checksums import sha256_of
from hushbeam.transforms.detect_pii.models import conversation_model
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.transcribe import model as speech_model
from hushbeam.transforms.transcribe.packaged import BASE, PACKAGED, SILERO_SHA256, TINY_EN, PackagedWeights

_INSTALLED, _MISSING, _DAMAGED = "installed", "not installed", "differs from its checksum"
_STYLES = {_INSTALLED: "green", _MISSING: "yellow", _DAMAGED: "bold red"}
_CONNECT_S = 60.0
# RuntimeError: the archive needs a password, or a method of compression that is missing here.
_DAMAGED_ARCHIVE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError)


@dataclass(frozen=True)
class Model:
    """A model that is part of the product, or that somebody has installed.

    Attributes:
      name: What provenance records call it.
      use: What it does, and the option that names another one.
      source: Packages with their versions, or where somebody got it.
      state: `installed`, `not installed`, or `differs from its checksum`.
      origin: Who made it.
      licence: SPDX identifier; None if unknown here.
      sha256: Of its main file.
      identity: What provenance records call it instead, if its main file is not all of it.
      size_bytes: Of all its files; 0 if not installed.
      path: Folder or file; None if not installed.
    """

    name: str
    use: str
    source: str
    state: str = _MISSING
    origin: str = ""
    licence: str | None = None
    sha256: str = ""
    identity: str = ""
    size_bytes: int = 0
    path: str | None = None


def shipped() -> Iterator[Model]:
    """The models that a run needs unless options name others."""
    yield _packaged(BASE, "transcribes; --model names another", "OpenAI Whisper base, converted for CTranslate2")
    yield _packaged(
        TINY_EN, "verifies; --verify_model names another", "OpenAI Whisper tiny.en, converted for CTranslate2"
    )
    yield _with_code(
        Model(
            name="silero-vad-v6",
            use="finds speech",
            source=f"faster-whisper=={importlib.metadata.version('faster-whisper')}",
            origin="Silero Team",
            licence="MIT",
            path=str(Path(get_assets_path()) / "silero_vad_v6.onnx"),
        ),
        {"silero_vad_v6.onnx": SILERO_SHA256},
    )
    detector = _with_code(
        Model(
            name="conversation-model",
            use=f"detects personal data; {conversation_model.OPTION} names another",
            source=f"hushbeam=={__version__}",
            origin="fine-tuned by training/ from all-MiniLM-L6-v2 of sentence-transformers",
            licence="Apache-2.0",
            path=str(conversation_model.PACKAGED / "model.onnx"),
        ),
        conversation_model.CHECKSUMS,
    )
    # Its identity is of all its files.
    is_good = detector.state == _INSTALLED
    yield replace(detector, identity=conversation_model.ConversationModel(None).identity) if is_good else detector


def added() -> Iterator[Model]:
    """The models that `hushbeam models install` has put on this machine."""
    for record in sorted(speech_model.models_folder().glob(f"*/{speech_model.RECORD}")):
        try:
            known = json.loads(record.read_text(encoding="utf-8"))
            name, source, sha256 = (str(known[key]) for key in ("name", "source", "sha256"))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        try:
            speech_model.resolve(name)
            state = _INSTALLED
        except ConfigurationError:
            state = _DAMAGED
        folder = record.parent
        yield Model(
            name,
            f"--model {name}",
            source,
            state,
            sha256=sha256,
            size_bytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
            path=str(folder),
        )


def _packaged(weights: PackagedWeights, use: str, origin: str) -> Model:
    try:
        paths = [path for parts in weights.sources().values() for path in parts if path.is_file()]
        state = _DAMAGED if weights.damaged() else _INSTALLED
    except ConfigurationError:
        paths = _joined(weights)
        state = _INSTALLED if paths else _MISSING
    return Model(
        name=weights.name,
        use=use,
        state=state,
        source=", ".join(weights.packages),
        origin=origin,
        licence="MIT",
        sha256=weights.checksums["model.bin"],
        size_bytes=sum(path.stat().st_size for path in paths),
        path=str(paths[0].parent) if paths else None,
    )


def _joined(weights: PackagedWeights) -> list[Path]:
    """The files of a model that was joined before its packages were removed, as in images."""
    if weights is not BASE:
        return []
    try:
        folder = speech_model.resolve("base").path
    except ConfigurationError:
        return []
    return [folder / name for name in weights.checksums]


def _with_code(model: Model, checksums: Mapping[str, str]) -> Model:
    """The state of a model that comes with a package of code."""
    main = Path(model.path or "")
    paths = [main.parent / name for name in checksums]
    good = all(path.is_file() and sha256_of(path) == checksums[path.name] for path in paths)
    return replace(
        model,
        state=_INSTALLED if good else _DAMAGED,
        sha256=checksums[main.name],
        size_bytes=sum(path.stat().st_size for path in paths if path.is_file()),
    )


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Lists or installs as the command line does, and returns the exit status."""
    return execute(parse_without_pipeline(ModelsOptions, arguments), console)


def execute(options: ModelsOptions, console: Console | None = None) -> int:
    """Does what the options say, and returns the exit status."""
    console = console or results()
    if options.installs:
        return exit_status_of(lambda: _install(options, console), console)
    return exit_status_of(lambda: _list(console, as_json=options.print_json), console)


def _list(console: Console, *, as_json: bool) -> int:
    models = [*shipped(), *added()]
    if as_json:
        console.print_json(data=[asdict(model) for model in models])
    else:
        for model in models:
            _show(console, model)
        if any(model.state == _MISSING for model in models):
            console.print("Install what is missing: [bold]hushbeam models install[/]", highlight=False)
    return EXIT_PROBLEMS if any(model.state == _DAMAGED for model in models) else EXIT_COMPLETED


def _show(console: Console, model: Model) -> None:
    size = f", {model.size_bytes / 1e6:.0f} MB" if model.size_bytes else ""
    console.print(f"[bold]{escape(model.name)}[/]: [{_STYLES[model.state]}]{model.state}[/]{size}", highlight=False)
    facts = {
        "use": model.use,
        "source": model.source,
        "origin": model.origin,
        "licence": model.licence or "unknown here: see its source",
        "sha256": model.sha256,
        "recorded": model.identity,
        "path": model.path,
    }
    for fact, value in facts.items():
        if value:
            console.print(f"  {fact:9}{escape(value)}", highlight=False, soft_wrap=True)


def _install(options: ModelsOptions, console: Console) -> int:
    if options.model is None:
        _install_packaged(tuple(PACKAGED.values()), console)
    elif options.model in PACKAGED and options.name is None:
        _install_packaged((PACKAGED[options.model],), console)
    else:
        found = _install_other(options.model, options)
        name = escape(found.name)
        console.print(
            f"[bold]{name}[/] is installed in {escape(str(found.path))}\n"
            f"sha256 {found.sha256}\nUse it: hushbeam redact --model {name}",
            highlight=False,
            soft_wrap=True,
        )
    return EXIT_COMPLETED


def _install_packaged(wanted: Sequence[PackagedWeights], console: Console) -> None:
    missing = [weights for weights in wanted if _state(weights) != _INSTALLED]
    if missing:
        pins = "".join(
            f"{pin} --hash=sha256:{sha256}\n" for weights in missing for pin, sha256 in weights.packages.items()
        )
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(pins)
            file.flush()
            _run_installer(("--no-deps", "--require-hashes", "--force-reinstall", "-r", file.name))
        importlib.invalidate_caches()
        if wrong := [weights.name for weights in missing if _state(weights) != _INSTALLED]:
            raise ConfigurationError(f"model: {', '.join(wrong)} cannot be found after its installation")
    names = " and ".join(weights.name for weights in wanted)
    console.print(f"[bold]{names}[/]: {'installed' if missing else 'already installed'}, checksums are right")


def _state(weights: PackagedWeights) -> str:
    return _packaged(weights, "", "").state


def _run_installer(arguments: Sequence[str]) -> None:
    """Installs packages into this environment, with pip, or with uv where an environment has no pip."""
    if importlib.util.find_spec("pip"):
        command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    elif uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--python", sys.executable]
    else:
        raise ConfigurationError(
            "model: this environment has neither pip nor uv; install Hushbeam again with its models: uv tool (or pipx) "
            f"install '.[models]' {FROM_CHECKOUT}"
        )
    # Its progress goes to standard error: standard output is for results.
    status = subprocess.run([*command, *arguments], stdout=2, check=False).returncode  # noqa: S603 - pip or uv
    if status:
        raise ConfigurationError(
            "model: the packages could not be installed, see above; without PyPI, name its mirror in PIP_INDEX_URL or "
            "UV_DEFAULT_INDEX, or give a folder: hushbeam models install FOLDER"
        )


def _install_other(source: str, options: ModelsOptions) -> speech_model.ModelFolder:
    scheme = urlsplit(source).scheme.lower()
    if scheme in ("http", "https"):
        if options.sha256 is None:
            raise ConfigurationError("--sha256: required for a URL; give what `sha256sum FILE` prints for the file")
        address = urlsplit(source)
        name = options.name or re.sub(r"\.(tar(\.\w+)?|tgz|zip)$", "", address.path.rsplit("/", 1)[-1])
        shown = f"{scheme}://{address.hostname}{address.path}"
        return speech_model.add_model(_checked(name), shown, lambda folder: _download(source, shown, options, folder))
    if "://" in source or Path(source).exists():
        name = options.name or source.rstrip("/").rsplit("/", 1)[-1]
        return speech_model.add_model(
            _checked(name), urls.display(source), lambda folder: _copy(source, folder), options.sha256
        )
    hub_name, _, revision = source.partition("@")
    speech_model.check_hub_name(source if source.startswith(("/", ".", "~")) else hub_name)
    return speech_model.add_model(
        _checked(options.name or hub_name),
        f"model hub: {source}",
        lambda folder: _fetch_from_hub(hub_name, revision or None, folder),
        options.sha256,
    )


def _checked(name: str) -> str:
    if name in PACKAGED:
        raise ConfigurationError(f"--name: {name} is the name of a packaged model; give another name")
    if not re.fullmatch(NAME_OF_MODEL, name):
        raise ConfigurationError("--name: give a name of letters, digits, dots, hyphens and underscores")
    return name


def _copy(source: str, folder: Path) -> None:
    try:
        if urls.is_local(source):
            path = Path(urls.normalised(source))
            if not path.is_dir():
                raise ConfigurationError(f"model: {urls.display(source)} is a file; give the folder with model.bin")
            shutil.copytree(path, folder, dirs_exist_ok=True)
        else:
            files.fetch_folder(source, folder)
    except StorageError as error:
        raise ConfigurationError(f"model: {urls.display(source)} could not be copied: {error}") from None


def _fetch_from_hub(name: str, revision: str | None, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".hub-") as cache:
        snapshot = speech_model.from_hub(name, revision, Path(cache))
        shutil.copytree(snapshot, folder, dirs_exist_ok=True)


def _download(url: str, shown: str, options: ModelsOptions, folder: Path) -> None:
    """Fetches an archive, checks it, and unpacks the folder in it that has the model."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unpacked-") as name:
        archive, unpacked = Path(name) / "archive", Path(name) / "files"
        digest = _fetch(url, shown, archive)
        if digest != (options.sha256 or "").lower():
            raise ConfigurationError(
                f"--sha256: the checksum of the file at {shown} is {digest}; nothing was installed"
            )
        unpacked.mkdir()
        _unpack(archive, unpacked, shown)
        found = sorted(path.parent for path in unpacked.rglob("config.json"))
        if not found:
            raise ConfigurationError(f"model: the archive at {shown} holds no model; pack a folder with config.json")
        shutil.copytree(found[0], folder, dirs_exist_ok=True)


def _fetch(url: str, shown: str, target: Path) -> str:
    # Unlike the sources of a manifest, the user typed this URL: proxies, redirects and hosts of one's own network are
    # welcome, and the checksum decides.
    digest = hashlib.sha256()
    console = remarks()
    try:
        with urllib.request.urlopen(url, timeout=_CONNECT_S) as answer, target.open("wb") as file:  # noqa: S310 - http(s)
            total = int(answer.headers.get("Content-Length") or 0)
            hidden = not console.is_terminal
            with wrap_file(answer, total, description="Downloading", console=console, disable=hidden) as read:
                while block := read.read(1 << 20):
                    digest.update(block)
                    file.write(block)
    except urllib.error.HTTPError as error:
        raise ConfigurationError(f"model: {shown} answered {error.code} {error.reason}; check the URL") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ConfigurationError(
            f"model: {shown} could not be fetched ({type(reason).__name__}); check the URL"
        ) from None
    return digest.hexdigest()


def _unpack(archive: Path, folder: Path, shown: str) -> None:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as files_in_it:
                files_in_it.extractall(folder)  # noqa: S202 - `zipfile` keeps to the folder
        else:
            with tarfile.open(archive) as members:
                members.extractall(folder, filter="data")
    except _DAMAGED_ARCHIVE as error:
        raise ConfigurationError(
            f"model: {shown} is not an archive that can be unpacked ({type(error).__name__}); give a .tar.gz or a .zip"
        ) from None


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
