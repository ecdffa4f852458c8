"""Checks of output roots, before a command works on one or writes to one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hushbeam.pipelines.options.given import MOST_COMPARED, is_folder, meant
from hushbeam.pipelines.options.groups import Keeping
from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.certificate import read_private_key
from hushbeam.transforms.archive.ledger import UnreadableStatusError, read_status_files, status_in
from hushbeam.transforms.archive.tables.layout import SCHEMAS, run_of
from hushbeam.transforms.archive.tombstones import FOLDER as TOMBSTONES
from hushbeam.transforms.archive.tombstones import is_tombstone
from hushbeam.transforms.begin_run import check_signed_as_before
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.access import check_access
from hushbeam.transforms.storage.errors import AccessDeniedError, StorageError
from hushbeam.transforms.storage.file_systems import nearest_existing
from hushbeam.transforms.storage.listing import StoredFile
from hushbeam.transforms.storage.private_roots import followed, looks_public

_FILE_OF_RUNS = re.compile(
    r"LOCK(-.*)?|ledger\.parquet|(file-lists|identity-key|private-roots|table-format)\.json"
    r"|[^/]+/(rows/[^/]+|(summary|files|timings|canaries|audit|report)\.json|report\.html)"
)


def output_of_runs(output: str) -> str:
    """The normalised root. Without this check, a mistyped root would look like an output with nothing to do.

    Raises:
      ConfigurationError: There is nothing that a run writes, or this user may not read it.
      StorageError: The store does not answer.
    """
    root = location_of("--output", output)
    try:
        found = any(_written_by_runs(root))
    except AccessDeniedError:
        raise ConfigurationError(
            f"--output: no permission to read {urls.display(output)}; check its permissions, or the credentials"
        ) from None
    if not found:
        raise ConfigurationError(
            f"--output: no run has written anything in {urls.display(output)}"
            + (_meant(output, root) or "; name the output of earlier runs")
        )
    return root


def check_writable(output: str, *, from_here: bool = True) -> None:
    """Checks that this user may write to an output root. Makes nothing.

    Args:
      from_here: Whether this process works there, so that its credentials must open the bucket of an object store.

    Raises:
      ConfigurationError: It is a file or a missing bucket, or this user may not write there.
      StorageError: The store does not answer.
    """
    check_root_writable(output, "--output", "runs", from_here=from_here)


def check_apart(output: str) -> None:
    """Checks that a run begins no output within another one, whose audits would report all of its files.

    Raises:
      ConfigurationError: It lies within a local folder in which runs have ended, and no run has written in itself.
    """
    root = _normalised(output)
    if not urls.is_local(root) or any(_written_by_runs(root)):
        return
    around = [folder for folder in Path(followed(root)).parents if looks_public(folder) and _is_output(folder)]
    if around:
        raise ConfigurationError(
            f"--output: {output} lies within the output {around[0]}; name that one, or a folder beside it"
        )


def check_readable(output: str, *, from_here: bool) -> None:
    """As `check_writable`, for a command that only reads an output root.

    Raises:
      ConfigurationError: It is a file or a missing bucket.
      StorageError: The store does not answer.
    """
    if from_here:
        location_of("--output", output)
    else:
        _normalised(output)


def location_of(option: str, given: str) -> str:
    """The normalised root that an option names, in a bucket that exists.

    Raises:
      ConfigurationError: It is a file or a missing bucket.
      StorageError: The store does not answer.
    """
    root = _normalised(given, option)
    _check_access(root, option)
    return root


def folder_of(option: str, given: str, otherwise: str, fits: Callable[[Path], bool] | None = None) -> str:
    """As `location_of`, of a folder that must exist: a mistyped one would look like one with nothing in it.

    Args:
      otherwise: What to name, for the message.
      fits: Whether a folder nearby may have been meant, as for `meant`.

    Raises:
      ConfigurationError: It does not exist, may not be entered, or is a file or a missing bucket.
      StorageError: The store does not answer.
    """
    root = location_of(option, given)
    if urls.is_local(root) and not is_folder(root):
        near = meant(given, fits)
        raise ConfigurationError(
            f"{option}: no such folder, or one that this user may not enter: {given}{near}; {otherwise}"
        )
    return root


def page_url(option: str, given: str, output: str) -> str:
    """The normalised location of a page that an option names. An earlier page there is deleted.

    Otherwise, if the command breaks, the earlier page would look like its result.

    Raises:
      ConfigurationError: It is a folder, is in the output, or this user may not write there.
    """
    try:
        page = urls.normalised(given)
        is_inside = urls.is_within(page, output)
    except StorageError as error:
        raise ConfigurationError(f"{option}: {error}") from None
    if is_inside:
        raise ConfigurationError(
            f"{option}: {urls.display(given)} is in the output, where an audit reports files that no run writes; "
            "name a file elsewhere"
        )
    if urls.is_local(page):
        if given.endswith("/") or is_folder(page):
            raise ConfigurationError(
                f"{option}: {given} is a folder; name a file, such as {given.rstrip('/')}/page.html"
            )
        check_root_writable(str(Path(page).parent), option)
    _check_access(page, option)
    files.delete(page)
    return page


def signing_key(output: str, certificate_key: str | None) -> Ed25519PrivateKey | None:
    """The key with which a command signs what it changes, once `check_signed_as_before` has passed.

    Raises:
      ConfigurationError: It is forgotten, or cannot be read.
    """
    check_signed_as_before(output, certificate_key)
    return read_private_key(certificate_key)


def check_private_roots_writable(keeping: Keeping, *, from_here: bool = True) -> None:
    """As `check_writable`, for the roots of encrypted files: otherwise every recording would fail.

    Raises:
      ConfigurationError: One is a file or a missing bucket, or this user may not write there.
      StorageError: A store does not answer.
    """
    for option, root in (("--store", keeping.store), ("--unredacted_output", keeping.unredacted_output)):
        if root is not None:
            check_root_writable(root, option, from_here=from_here)


def check_root_writable(given: str, option: str, *inside: str, from_here: bool = True) -> None:
    """As `check_writable`, for the root that an option names.

    Args:
      inside: A folder in the root in which files are made.

    Raises:
      ConfigurationError: It is a file or a missing bucket, or this user may not write there.
      StorageError: The store does not answer.
    """
    root = _normalised(given, option)
    if from_here:
        _check_access(root, option)
    if urls.is_local(root) and not os.access(nearest_existing(Path(root, *inside)), os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"{option}: no permission to write in {given}; name another folder, or run this as a user who may"
        )
    if urls.is_local(root):
        # The permissions do not say all: those of /proc, and of network folders for root, promise what fails.
        try:
            with TemporaryFile(dir=nearest_existing(Path(root, *inside))):
                pass
        except OSError as error:
            raise ConfigurationError(
                f"{option}: no file can be made in {given}: {error.strerror}; name another folder"
            ) from None


def _check_access(root: str, option: str) -> None:
    try:
        check_access(root)
    except ConfigurationError as error:
        raise ConfigurationError(f"{option}: {error}") from None
    except StorageError as error:
        raise StorageError(f"{option}: {error}", retryable=error.retryable) from None


def _normalised(given: str, option: str = "--output") -> str:
    try:
        root = urls.normalised(given)
    except StorageError as error:
        raise ConfigurationError(f"{option}: {error}") from None
    if urls.is_local(root) and not (nearest := nearest_existing(Path(root))).is_dir():
        shown = given if nearest == Path(root) else nearest
        raise ConfigurationError(f"{option}: {shown} is a file; name a folder")
    return root


def _written_by_runs(root: str) -> Iterator[bool]:
    """For each file that may be of a run, whether it is, the most likely first. A damaged root may have lost any."""
    yield from (_FILE_OF_RUNS.fullmatch(file.name) is not None for file in _files(root, "runs"))
    yield from (_is_status(name, content) for name, content in read_status_files(root))
    for table in SCHEMAS:
        yield from (run_of(file.name) is not None for file in _files(root, table))
    yield from (is_tombstone(file.name) for file in _files(root, TOMBSTONES))


def _meant(output: str, root: str) -> str:
    """Asks whether an output nearby was meant: one with a name like it, that around it, or the only one in it."""
    if not urls.is_local(root):
        return ""
    if beside := meant(output, _is_output):
        return beside
    if _is_output(around := Path(root).parent):
        return f"; did you mean {around}?"
    inside: list[Path] = []
    with suppress(OSError):
        inside = [path for path in islice(Path(output).glob("*"), MOST_COMPARED) if _is_output(path)]
    return f"; did you mean {inside[0]}?" if len(inside) == 1 else ""


def _is_output(folder: Path) -> bool:
    """Whether a run has ended in a folder. It lists no more than the runs: the folder may be anybody's."""
    with suppress(OSError):  # Python 3.11 raises where this user may not look
        return next(folder.glob("runs/*/summary.json"), None) is not None
    return False


def _files(root: str, folder: str) -> Iterator[StoredFile]:
    return files.iterate_files(urls.join(root, folder))


def _is_status(name: str, content: bytes | None) -> bool:
    try:
        status_in(name, content or b"")
    except UnreadableStatusError:
        return False
    return True
