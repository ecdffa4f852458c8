"""Inputs of a command: files, folders, globs, URLs and standard input, resolved to manifests and recordings."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from glob import has_magic
from pathlib import Path
from typing import BinaryIO, NamedTuple

from hushbeam.pipelines.options.given import is_folder, meant
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.base.plurals import counted
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.media.recordings import HEAD_BYTES, is_named_as_recording, is_recording
from hushbeam.transforms.read_manifest.formats import format_by_content, format_by_name, names_recordings
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import AccessDeniedError, StorageError
from hushbeam.transforms.storage.heads import read_heads

STANDARD_INPUT = "-"
SPOOLED = "lines"
"""Name of the file with the lines of standard input."""

_MANIFEST = "--manifest"
_WEB = re.compile(r"https?://", re.IGNORECASE)
_SUMMARY = re.compile(r"(?P<root>(?:.*/)?)runs/[^/]+/summary\.json")
_ON_OR_OFF = frozenset({"true", "false", "yes", "no", "on", "off", "1", "0"})
_A_SWITCH_HAS_NO_VALUE = "; options that are on or off take no value: --captions, and --no-captions"
_MOST_PARTS = 20
"""Inputs that are tried as the parts of one name with spaces."""
_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")
_READS = (
    "Hushbeam reads audio and video, such as WAV, MP3, M4A, OGG, FLAC and MP4, and manifests of recordings: JSON "
    "Lines, CSV and Parquet"
)
_LISTABLE = os.R_OK | os.X_OK
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"7z\xbc\xaf", b"Rar!")


class Inputs(NamedTuple):
    """What a command reads.

    Attributes:
      manifests: Locations. Standard input is `-` in the working folder, where its relative URLs start.
      recordings: Locations of recordings that are named without a manifest.
      remarks: What is left out, to tell.
    """

    manifests: tuple[str, ...]
    recordings: tuple[str, ...]
    remarks: tuple[str, ...] = ()


class _Kind(Enum):
    RECORDING = 1
    MANIFEST = 2
    OTHER = 3
    UNREADABLE = 4


class _Found(NamedTuple):
    """The files that one input stands for."""

    manifests: list[str]
    recordings: list[str]
    remarks: list[str]


def find_inputs(
    given: Sequence[str],
    manifests: Sequence[str] = (),
    outputs: Sequence[str] = (),
    *,
    local: bool = True,
    may_be_empty: bool = False,
) -> Inputs:
    """Resolves the inputs of a command. Each location comes once, in the order given, those of a folder sorted.

    Args:
      given: Recordings, folders, globs, manifests, URLs of these, and `-`.
      manifests: Those of `--manifest`: files, globs and URLs.
      outputs: Roots of this run. Recordings in them are no inputs; a manifest may lie there.
      local: Whether the workers are on this machine, and can read standard input.
      may_be_empty: Whether globs may match nothing. A file that is named must exist.

    Raises:
      ConfigurationError: An input does not exist, is of another kind, lies in an output, or cannot be read by workers.
    """
    if not local and STANDARD_INPUT in (*given, *manifests):
        raise ConfigurationError(
            "-: workers of a cluster cannot read this command's standard input; write the lines to a file in an object "
            "store, and name it"
        )
    _check_quoted(given)
    roots = [_real(urls.normalised(root)) for root in outputs if root]
    found = [
        *(_named_manifests(each, may_be_empty=may_be_empty) for each in manifests),
        *(_found(each, roots, alone=len(given) == 1, may_be_empty=may_be_empty) for each in given),
    ]
    for each in found:
        _check_readable(each.manifests)
    return Inputs(
        tuple(dict.fromkeys(url for each in found for url in each.manifests)),
        tuple(dict.fromkeys(url for each in found for url in each.recordings)),
        tuple(dict.fromkeys(remark for each in found for remark in each.remarks)),
    )


def _check_quoted(given: Sequence[str]) -> None:
    """Raises ConfigurationError for a name with spaces that came without quotes, and so as several inputs."""
    for start, first in enumerate(given):
        if first == STANDARD_INPUT or "://" in first or _is_there(first):
            continue
        for end in range(start + 2, min(len(given), start + _MOST_PARTS) + 1):
            if _is_there(name := " ".join(given[start:end])):
                raise ConfigurationError(f"no such file: {first}; a name with spaces needs quotes: {shlex.quote(name)}")


def _is_there(name: str) -> bool:
    try:
        return os.access(name, os.F_OK)
    except ValueError:  # a zero byte
        return False


def standard_input_name() -> str:
    """The name of the manifest that standard input is."""
    return urls.normalised(STANDARD_INPUT)


def spool_standard_input(source: BinaryIO | None = None) -> TemporaryFolder:
    """A private temporary folder with the lines of standard input in the file `SPOOLED`.

    Names of recordings, one a line as `find` prints them, become lines of a manifest.

    Raises:
      ConfigurationError: They are neither.
    """
    folder = TemporaryFolder()
    try:
        spool = Path(folder.name, SPOOLED)
        with _private_file(spool) as lines:
            shutil.copyfileobj(source or sys.stdin.buffer, lines)
            lines.seek(0)
            head = lines.read(HEAD_BYTES)
            if head.strip() and format_by_content(head) is None:
                if not is_named_as_recording(head.split(b"\n")[0].decode(errors="replace").strip()):
                    raise ConfigurationError(
                        "-: standard input must hold names of recordings, one a line, or a manifest: lines of JSON "
                        'such as {"audio_url": "call.wav"}'
                    )
                lines.seek(0)
                _write_manifest(lines, spool)
    except BaseException:
        folder.cleanup()
        raise
    return folder


def _private_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _write_manifest(names: BinaryIO, path: Path) -> None:
    """Replaces a file by a manifest of the recordings that its lines name; a name has its line's number."""
    written = path.with_suffix(".names")
    with _private_file(written) as manifest:
        for line in names:
            name = os.fsdecode(line.rstrip(b"\r\n"))
            manifest.write((json.dumps({"audio_url": name}) if name else "").encode() + b"\n")
    written.replace(path)


def spooled_manifests(folder: str | None) -> dict[str, str]:
    """The file in a folder of `spool_standard_input`, by the name of the manifest; empty without a folder."""
    return {standard_input_name(): str(Path(folder, SPOOLED))} if folder else {}


def _named_manifests(pattern: str, *, may_be_empty: bool) -> _Found:
    """The manifests that a value of `--manifest` names."""
    if pattern == STANDARD_INPUT:
        return _Found([standard_input_name()], [], [])
    try:
        matching = [urls.normalised(pattern)] if _WEB.match(pattern) else files.glob(pattern)
        for location in matching:
            _check_manifest(location)
    except StorageError as error:
        if error.retryable:
            raise
        raise ConfigurationError(f"{_MANIFEST}: {error}") from None
    if not matching and is_folder(pattern):
        inside = urls.join(pattern, "*.jsonl")
        raise ConfigurationError(
            f"{_MANIFEST}: {pattern} is a folder; name a manifest file, or a glob such as '{inside}'"
        )
    if not matching and not (may_be_empty and has_magic(pattern)):
        raise ConfigurationError(
            f"{_MANIFEST}: no such file: {urls.display(pattern)}"
            + (meant(pattern) or "; give a path, a glob in quotes, or an object-store URL")
        )
    return _Found(matching, [], [])


def _check_readable(manifests: Sequence[str]) -> None:
    for manifest in manifests:
        if urls.is_local(manifest) and os.access(manifest, os.F_OK) and not os.access(manifest, os.R_OK):
            raise ConfigurationError(f"{manifest}: no permission to read this manifest; check its permissions")


def _check_manifest(location: str) -> None:
    if format_by_name(location) is not None or _WEB.match(location):
        return
    head = _head(location)
    if is_recording(head):
        raise ConfigurationError(f"{_MANIFEST}: {urls.display(location)} is a recording; name it without {_MANIFEST}")
    if format_by_content(head) is None:
        shown = urls.display(location)
        advice = _advice(location, head) or f"; {_piped(shown, head) or 'name JSON Lines, CSV or Parquet'}"
        raise ConfigurationError(f"{_MANIFEST}: {shown} is no manifest{advice}")


def _found(given: str, roots: Sequence[str], *, alone: bool, may_be_empty: bool) -> _Found:
    if given == STANDARD_INPUT:
        return _Found([standard_input_name()], [], [])
    if not given:
        raise ConfigurationError("an input is empty; name a file, a folder or a URL")
    try:
        if _WEB.match(given):
            # A recording is checked as that of a line is. Manifests on web servers are not read.
            return _Found([urls.normalised(given)], [], []) if format_by_name(given) else _Found([], [given], [])
        return _expanded(given, roots, alone=alone, may_be_empty=may_be_empty)
    except StorageError as error:
        if error.retryable:
            raise
        raise ConfigurationError(f"{urls.display(given)}: {error}") from None


def _expanded(given: str, roots: Sequence[str], *, alone: bool, may_be_empty: bool) -> _Found:
    """The files of a location that may be a file, a folder or a glob."""
    location = urls.normalised(given)
    if is_folder(location):
        return _folder(given, location, roots)
    if _is_pipe(location):
        raise ConfigurationError(f"{given} is not a file or a folder; to read what another program writes, name -")
    if not given.endswith("/") and files.exists(location):
        return _file(given, location, roots, alone=alone)
    if has_magic(location):
        everything = files.glob(location)
        if not everything:
            if may_be_empty:
                return _Found([], [], [])
            raise ConfigurationError(
                f"no file matches {urls.display(given)}" + (meant(given) or "; correct the glob, or name a folder")
            )
        matching = [url for url in everything if not _is_in(url, roots)]
        return _several(given, [url for url in matching if not urls.file_name(url).startswith(".")])
    if urls.is_local(location):
        advice = _A_SWITCH_HAS_NO_VALUE if given.lower() in _ON_OR_OFF else meant(given)
        raise ConfigurationError(
            f"no such file: {given}"
            + (advice or "; name a recording, a folder, a glob in quotes, a manifest, or an object-store URL")
        )
    return _folder(given, location.rstrip("/"), roots)


def _is_pipe(location: str) -> bool:
    try:
        mode = Path(location).stat().st_mode if urls.is_local(location) else stat.S_IFREG
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _file(given: str, location: str, roots: Sequence[str], *, alone: bool) -> _Found:
    """An input that is a single file."""
    if format_by_name(location) is not None:
        return _Found([location], [], [])
    # A recording that is damaged or unreadable fails by itself, with its reason, and not the others with it.
    may_fail = is_named_as_recording(location) and not alone
    try:
        head = _head(location)
    except StorageError:
        if not may_fail:
            raise
        head = b""
    kind = _Kind.RECORDING if may_fail else _kind(head)
    if kind is _Kind.OTHER:
        advice = _advice(location, head) or (f"; {_instead(given, location, head)}" if alone else "; leave it out")
        raise ConfigurationError(f"{urls.display(given)} {_what_else(location, head)}{advice}")
    if kind is _Kind.MANIFEST:
        return _Found([location], [], [])
    _refuse_outputs(given, location, roots)
    return _Found([], [location], [])


def _folder(given: str, folder: str, roots: Sequence[str]) -> _Found:
    """The recordings in a folder, at any depth, without hidden files and outputs."""
    _refuse_outputs(given, folder, roots)
    try:
        names = sorted(file.name for file in files.iterate_files(folder))
    except AccessDeniedError:
        if (closed := _closed_in(folder)) is None:
            raise
        # To leave it out would leave recordings unredacted that somebody believes to be done.
        raise ConfigurationError(
            f"{urls.join(given, closed) if closed else given}: no permission to list this folder; change its "
            "permissions, or name other inputs"
        ) from None
    if not names and not urls.is_local(folder):
        raise ConfigurationError(
            f"no such file: {urls.display(given)}; no object has this name, or begins with it and /"
        )
    earlier = {match["root"] for match in map(_SUMMARY.fullmatch, names) if match}
    if "" in earlier:
        raise ConfigurationError(f"{urls.display(given)} is the output of earlier runs; name the recordings")
    real = _real(folder)
    own = [f"{urls.relative(root, real)}/" for root in roots if urls.is_within(root, real)]
    inside = tuple({*earlier, *own})
    return _several(
        given,
        [
            url
            for url, name in ((urls.join(folder, name), name) for name in names)
            if not name.startswith(inside)
            and not any(part.startswith(".") for part in name.split("/"))
            and not (urls.is_local(folder) and Path(url).is_symlink() and _is_in(url, roots))
        ],
        earlier=len(earlier - set(own)),
    )


def _closed_in(folder: str) -> str | None:
    """The first folder on this machine that may not be listed, relative to the given one; None if there is none."""
    if not urls.is_local(folder):
        return None
    if not os.access(folder, _LISTABLE):
        return ""
    for path, inside, _ in os.walk(folder):
        for each in (Path(path, name) for name in sorted(inside)):
            if not each.is_symlink() and not os.access(each, _LISTABLE):
                return str(each.relative_to(folder))
    return None


def _several(given: str, locations: Sequence[str], earlier: int = 0) -> _Found:
    """What is to be read of the files in a folder or of a glob: its recordings, or its manifests if it has none."""
    kinds = {url: _Kind.RECORDING for url in locations if is_named_as_recording(url)}
    unclear = [url for url in locations if url not in kinds]
    kinds |= {url: _Kind.UNREADABLE if head is None else _kind(head) for url, head in read_heads(unclear, HEAD_BYTES)}
    by_kind = {kind: [url for url in locations if kinds[url] is kind] for kind in _Kind}
    recordings, manifests = by_kind[_Kind.RECORDING], by_kind[_Kind.MANIFEST]
    shown = urls.display(given)
    if not recordings and not manifests:
        what = "matches" if has_magic(given) else "holds"
        raise ConfigurationError(f"{shown} {what} no recording and no manifest{_nothing_but(by_kind)}")
    remarks = list(_remarks(shown, by_kind, earlier))
    return _Found([], recordings, remarks) if recordings else _Found(manifests, [], remarks)


def _nothing_but(by_kind: dict[_Kind, list[str]]) -> str:
    others, unreadable = len(by_kind[_Kind.OTHER]), len(by_kind[_Kind.UNREADABLE])
    if unreadable:
        also = f", and {counted(others, 'other file')}" if others else ""
        return f", only {counted(unreadable, 'file')} that cannot be read{also}; check permissions"
    if others:
        return f", only {counted(others, 'other file')}; {_READS}; name a folder with such files"
    return "; hidden files and outputs do not count; name a folder with recordings"


def _remarks(shown: str, by_kind: dict[_Kind, list[str]], earlier: int) -> Iterator[str]:
    if by_kind[_Kind.RECORDING] and by_kind[_Kind.MANIFEST]:
        left_out = counted(len(by_kind[_Kind.MANIFEST]), "manifest")
        yield f"{shown}: {left_out} left out, because there are recordings beside; name a manifest to read it"
    if by_kind[_Kind.OTHER]:
        yield f"{shown}: {counted(len(by_kind[_Kind.OTHER]), 'file')} left out, neither a recording nor a manifest"
    if by_kind[_Kind.UNREADABLE]:
        unreadable = counted(len(by_kind[_Kind.UNREADABLE]), "file")
        yield f"{shown}: {unreadable} left out that cannot be read; check permissions"
    if earlier:
        yield f"{shown}: {counted(earlier, 'output')} of earlier runs left out"


def _refuse_outputs(given: str, location: str, roots: Sequence[str]) -> None:
    if _is_in(location, roots):
        raise ConfigurationError(
            f"{urls.display(given)} lies in the output, whose files are not redacted again; name another --output"
        )


def _kind(head: bytes) -> _Kind:
    if is_recording(head):
        return _Kind.RECORDING
    is_manifest = names_recordings(head) or head.startswith(b"PAR1")
    return _Kind.MANIFEST if is_manifest else _Kind.OTHER


def _head(location: str) -> bytes:
    """The first bytes of a file. Raises `StorageError` if it cannot be read."""
    ((_, head),) = read_heads([location], HEAD_BYTES)
    if head is None:
        with files.open_read(location) as file:
            return file.read(HEAD_BYTES)
    return head


def _what_else(location: str, head: bytes) -> str:
    """What a file is that is neither a recording nor a manifest."""
    if not head:
        return "is empty"
    if is_named_as_recording(location):
        return "has the name of a recording, but holds no audio that Hushbeam recognises"
    return "is neither a recording nor a manifest"


def _instead(given: str, location: str, head: bytes) -> str:
    """What to do if it is the only input."""
    if not head:
        return "name a file with audio"
    if is_named_as_recording(location):
        return "it may be damaged or encrypted"
    return _piped(given, head) or f"{_READS}; name one of these"


def _piped(given: str, head: bytes) -> str:
    """How to redact what the lines of a local file name; empty if the first names no recording."""
    if not urls.is_local(given):
        return ""
    first_line = head.split(b"\n")[0].decode(errors="replace").strip()
    if not is_named_as_recording(first_line):
        return ""
    return f"to redact the recordings that its lines name: hushbeam redact - < {shlex.quote(given)}"


def _advice(location: str, head: bytes) -> str:
    if urls.extension(location) in _SPREADSHEETS:
        return "; save the sheet as CSV"
    return "; unpack it first" if head.startswith(_COMPRESSED) else ""


def _is_in(location: str, roots: Sequence[str]) -> bool:
    real = _real(location)
    return any(urls.is_within(real, root) for root in roots)


def _real(location: str) -> str:
    """The location without links, so that an output is recognised by whatever path."""
    return os.path.realpath(location) if urls.is_local(location) else location
