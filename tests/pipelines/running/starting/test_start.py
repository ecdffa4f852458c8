"""Start of a command: what is imported, and what is not."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

_START = """
import json, sys
from hushbeam.pipelines.command_line import options_of
from hushbeam.pipelines.options.parsing import read
from hushbeam.pipelines.running.starting.start import load_command
options, beams = read(options_of("redact"), ["no-such-call.wav", *sys.argv[1:]])
command = load_command("hushbeam.pipelines.redact", options, beams)
unused = ["faker", "apache_beam.runners.portability.flink_runner"]
stores = ["apache_beam.io.gcp.gcsfilesystem", "apache_beam.io.azure.blobstoragefilesystem"]
imported = [name for name in ("apache_beam", "pandas", *unused, *stores) if name in sys.modules]
import gc, apache_beam.io.gcp.gcsfilesystem, apache_beam.io.azure.blobstoragefilesystem
print(json.dumps([imported, command.__name__, gc.isenabled()]))
"""


def _started(*arguments: str) -> list[object]:
    done = subprocess.run([sys.executable, "-c", _START, *arguments], capture_output=True, text=True, check=True)
    found: list[object] = json.loads(done.stdout)
    return found


def test_a_run_here_imports_beam_without_what_only_clusters_need_and_can_import_that_later() -> None:
    assert _started("--verify", "off") == [["apache_beam"], "hushbeam.pipelines.redact", True]


def test_a_run_elsewhere_imports_all_of_beam() -> None:
    imported, *_ = _started("--runner=PrismRunner")
    assert isinstance(imported, list)
    assert "apache_beam.io.gcp.gcsfilesystem" in imported
    assert "apache_beam.io.azure.blobstoragefilesystem" in imported
    assert ("pandas" in imported) is (find_spec("pandas") is not None)
