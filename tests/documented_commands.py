"""Shell blocks of the documentation, read from the pages, and run as an ordinary user types them.

A block is what Markdown shows as code and begins with a command. A comment before it says what a test should know:

    <!-- not run: needs Google Cloud -->   its options are checked, and nothing is run
    <!-- exit 3: until all are reviewed --> how its last command ends
    <!-- serves -->                         it waits for a browser, and is ended by Ctrl-C
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.ordinary_user import ROOT, NoOrdinaryUserError, command_of, environment_of

_COMMANDS = (
    "cd|docker|export|gcloud|go|hushbeam|jq|kubectl|make|mkdir|openssl|pip|pip-audit|pipx|printf|python|python3|uv|\\."
)
_CODE = re.compile(
    r"(?:<!-- (?P<note>[^>]*?) -->\n\n?)?"
    r"(?:^```(?P<kind>\w*)\n(?P<fenced>.*?)^```$|(?P<indented>(?:^ {4}[^\n]*\n)+))",
    re.MULTILINE | re.DOTALL,
)
_INSTALLS = re.compile(r"^(?:python3 -m venv|\. \S*activate|(?:uv )?pip install|pipx install).*$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """Consecutive commands of a page.

    Attributes:
      script: The commands as they are shown.
      note: The text of the comment before it; empty without one.
    """

    page: Path
    script: str
    note: str

    @property
    def is_run(self) -> bool:
        return not self.note.startswith("not run: ")

    @property
    def serves(self) -> bool:
        return self.note == "serves"

    @property
    def status(self) -> int:
        """How its last command ends."""
        stated = re.match(r"exit (\d+): ", self.note)
        return int(stated[1]) if stated else 0

    def without_installation(self) -> str:
        """The commands for an environment that exists already."""
        return _INSTALLS.sub("", self.script).strip()

    def commands(self) -> Iterator[str]:
        """Its lines, with continued ones joined."""
        return (line for line in self.script.replace("\\\n", " ").splitlines() if line.strip())


def blocks_of(page: Path) -> list[Block]:
    """The shell blocks of a page."""
    found = []
    for code in _CODE.finditer(page.read_text(encoding="utf-8")):
        script = code["fenced"] if code["indented"] is None else re.sub(r"^ {4}", "", code["indented"], flags=re.M)
        if (code["kind"] or "sh") == "sh" and re.match(rf"(?:{_COMMANDS})(?=\s)", script):
            found.append(Block(page, script, code["note"] or ""))
    return found


def run_as_user(script: str, folder: Path, *, binaries: Path, variables: Mapping[str, str]) -> subprocess.Popen[str]:
    """Starts a script in bash in a folder of an ordinary user, with an environment's commands first on the path."""
    command = ["bash", "-euo", "pipefail", "-c", f"cd {shlex.quote(str(folder))}\n{script}"]
    with suppress(NoOrdinaryUserError):  # where root cannot make the view of an ordinary user, root runs it
        command = command_of(command, folder)
    environment = {
        **environment_of(folder),
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        **variables,
    }
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def give_to_user(folder: Path) -> None:
    """Makes all files of a folder those of the user who runs the commands."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        if os.geteuid() == 0:
            os.chown(path, 65534, 65534)


@contextmanager
def serving(process: subprocess.Popen[str]) -> Iterator[str]:
    """The address that a command prints, while it serves; afterwards it is told to end, as by Ctrl-C."""
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield next(word for word in line.split() if word.startswith("http://"))
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


def fetched(address: str) -> str:
    """A page on this machine, as text. Keeps cookies, as browsers do."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(address, timeout=30) as answer:
        return str(answer.read().decode())


BINARIES = Path(sys.executable).parent
"""The commands of the environment that runs the tests."""
