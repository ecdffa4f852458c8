"""What the image `worker` adds to its base image, put together without a container engine and run: `make test-image`.

`HUSHBEAM_TEST_IMAGE` names the folder for it, which is filled if it is empty (1.6 GB).
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CALLS = ROOT / "examples" / "calls"

LOCAL, CACHE = "usr/local", "var/cache/hushbeam"


def copied_into_the_build() -> list[str]:
    lines = (ROOT / "deploy" / "Dockerfile").read_text().splitlines()
    copies = [shlex.split(line)[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    return [name for names in copies for name in names]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = os.environ.get("HUSHBEAM_TEST_IMAGE")
    if not given:
        pytest.skip("make test-image runs it: it installs 1.6 GB")
    if os.getuid() != 0 or subprocess.run(["unshare", "--mount", "--net", "true"], check=False).returncode:
        pytest.skip("mount namespaces are not allowed here")
    if sys.base_prefix == "/usr/local":
        pytest.skip("this Python lies where the image has its own")
    image = Path(given).absolute()
    if not (image / LOCAL).exists():
        source = tmp_path_factory.mktemp("build")
        for name in copied_into_the_build():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, source / name)
        python = Path(sys.base_prefix, "bin")
        environment = {**os.environ, "PATH": f"{python}:{os.environ['PATH']}"}
        install = ["sh", "deploy/install.sh", "deploy/worker.lock", str(image / LOCAL), str(image / CACHE)]
        subprocess.run(install, cwd=source, env=environment, check=True)
        # As COPY --chown does.
        subprocess.run(["chown", "-R", "10001:10001", str(image / CACHE)], check=True)
    return image


def run(image: Path, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    script = ["unshare", "--mount", "--net", "sh", str(ROOT / "tests" / "deploy" / "read_only.sh")]
    return subprocess.run(
        [*script, str(image), str(CALLS), sys.base_prefix, *command], capture_output=True, text=True, check=False
    )


@pytest.mark.timeout(1800)
def test_it_redacts_without_rights_or_a_network_and_writes_to_its_temporary_folder_alone(image: Path) -> None:
    interpreter = (image / LOCAL / "bin" / "hushbeam").read_text().splitlines()[0].removeprefix("#!")
    redact = f"{interpreter} -P -m hushbeam redact card-payment.mp3 --output /tmp/out 2>&1"
    tried = "touch /etc/x /usr/local/x /var/cache/hushbeam/x /mnt/x /root/x 2>/dev/null"
    listed = "find / -xdev -writable ! -type l ! -path '/proc/*' ! -path '/dev/*' 2>/dev/null"
    done = run(image, ["sh", "-c", f"id -u; {tried}; {listed}; {redact} || exit; find /tmp/out -name '*.mp3'"])
    told = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert told[0] == "10001"
    assert "1 completed, 0 failed" in done.stdout
    assert told[-1].startswith("/tmp/out/audio/card-payment")
    assert [line for line in told[1:] if line.startswith("/")] == ["/tmp", told[-1]]


@pytest.mark.timeout(1800)
def test_it_is_no_larger_than_the_documentation_says(image: Path) -> None:
    size = sum(path.lstat().st_blocks * 512 for path in image.rglob("*"))
    assert size < 1.65e9
