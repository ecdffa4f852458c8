"""Packages the pipelines, so that a worker can install what it runs (`--setup_file ./setup.py`)."""

from pathlib import Path

from setuptools import find_packages, setup

# The folders at the top, which are imported as `hushbeam.pipelines` and so on.
_FOLDERS = ("pipelines", "transforms", "schemas")


def _requirements(name: str) -> list[str]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r "))]


def _version() -> str:
    for line in Path(__file__).with_name("hushbeam").joinpath("__init__.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__"):
            return line.split('"')[1]
    raise ValueError("hushbeam/__init__.py states no __version__")


setup(
    name="hushbeam",
    version=_version(),
    description="Scrubs personal data from archives of recorded speech: transcripts and audio",
    license="Apache-2.0",
    python_requires=">=3.11,<3.12",
    packages=[
        "hushbeam",
        *(f"hushbeam.{name}" for name in find_packages(include=[*_FOLDERS, *(f"{name}.*" for name in _FOLDERS)])),
    ],
    package_dir={"hushbeam": "hushbeam", **{f"hushbeam.{name}": name for name in _FOLDERS}},
    package_data={
        "hushbeam.transforms.canary_gate": ["calls/*"],
        "hushbeam.transforms.detect_pii": ["gazetteers/*", "models/packaged/*"],
        "hushbeam.transforms.report_run": ["*.j2"],
        "hushbeam.transforms.review_output": ["static/*", "static/vendor/*"],
    },
    install_requires=_requirements("requirements.txt"),
    extras_require={
        "dev": _requirements("requirements-dev.txt"),
        # What CTranslate2 loads where --device cuda asks for it; their folders belong on LD_LIBRARY_PATH.
        "gpu": ["nvidia-cublas-cu12>=12.4,<13", "nvidia-cudnn-cu12>=9,<10"],
        "s3": ["s3fs>=2026.2"],
        # Who is told of a run (docs/metrics.md): needed where the command runs, not on workers.
        "observability": [
            "prometheus_client>=0.26,<1",
            "opentelemetry-sdk>=1.45,<2",
            "opentelemetry-exporter-otlp-proto-http>=1.45,<2",
            "openlineage-python>=1.54,<2",
        ],
    },
    entry_points={"console_scripts": ["hushbeam=hushbeam.pipelines.command_line:entry"]},
)
