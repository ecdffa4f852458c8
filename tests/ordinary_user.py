"""Runs a command as somebody without rights: `python -m tests.ordinary_user COMMAND…`.

Who runs tests as root never sees a file that may not be read. Started by root, the command runs as the user `nobody`,
in a view of the file system of its own in which that user can reach Python and this tree, and no other folder that is
closed to it; this tree's own folder is opened to others. Started by an ordinary user, it runs as it is.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOBODY = 65534


class NoOrdinaryUserError(Exception):
    """This machine does not let root make such a view."""


def command_of(command: Sequence[str], home: Path) -> list[str]:
    """The command line that runs `command` as an ordinary user.

    Args:
      home: A folder of its own for that user: its home and its temporary files. It is given to the user.

    Raises:
      NoOrdinaryUserError: This process is root's, and cannot become anybody else.
    """
    if os.geteuid() != 0:
        return list(command)
    os.chown(home, NOBODY, NOBODY)
    for folder in (ROOT, Path(sys.prefix)):
        # A clone in a folder that only its owner may enter: a mount cannot change that.
        folder.chmod(folder.stat().st_mode | stat.S_IROTH | stat.S_IXOTH)
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        raise NoOrdinaryUserError("needs the right to mount")
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--", *command]
    script = "\n".join(["set -e", *_opened(), f"exec {shlex.join(user)}"])
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]


def environment_of(home: Path) -> Mapping[str, str]:
    """This process's environment with the home and the temporary folder of the ordinary user."""
    return {**os.environ, "HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def let_others_in(folder: Path) -> None:
    """Opens a test's temporary folder, and those between it and the machine's, to other users."""
    for opened in (folder, *folder.parents):
        if opened == Path(tempfile.gettempdir()):
            return
        opened.chmod(0o755)


def _opened() -> list[str]:
    """Shell lines that put an open folder in the place of each closed one, with nothing in it but what is needed."""
    needed = {Path(path).resolve() for path in (sys.base_prefix, sys.prefix, ROOT)}
    lines: list[str] = []
    for closed in sorted({folder for path in needed if (folder := _closed_above(path)) is not None}):
        lines += ["view=$(mktemp -d)", "mount -t tmpfs -o mode=755 tmpfs $view"]
        for path in sorted(path for path in needed if path.is_relative_to(closed)):
            inside = shlex.quote(str(path.relative_to(closed)))
            lines += [f"mkdir -p $view/{inside}", f"mount --bind {shlex.quote(str(path))} $view/{inside}"]
        lines.append(f"mount --rbind $view {shlex.quote(str(closed))}")
    return lines


def _closed_above(path: Path) -> Path | None:
    """The outermost folder on the way to a path that others may not enter."""
    return next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & stat.S_IXOTH), None)


def main(command: Sequence[str]) -> int:
    """Runs the command, and gives its exit status."""
    with tempfile.TemporaryDirectory(prefix="ordinary-user-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        return subprocess.run(
            command_of(command, home), cwd=ROOT, env=environment_of(home), stdin=subprocess.DEVNULL, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
