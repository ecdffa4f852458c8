"""Packages the pipelines, so that a worker can install what it runs (`--setup_file ./setup.py`)."""

from pathlib import Path

from setuptools import find_packages, setup

_REQUIREMENTS = [
    line
    for line in Path(__file__).with_name("requirements.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]

setup(
    name="hushbeam",
    version="0.1.0",
    description="Scrubs personal data from archives of recorded speech: transcripts and audio",
    license="Apache-2.0",
    python_requires=">=3.11,<3.12",
    packages=find_packages(include=["pipelines", "pipelines.*", "schemas", "schemas.*", "transforms", "transforms.*"]),
    package_data={"transforms.detect_pii": ["gazetteers/*", "calibration.json"], "transforms.report_run": ["*.j2"]},
    install_requires=_REQUIREMENTS,
    extras_require={"s3": ["s3fs>=2026.2"]},
)
