"""Lists the packages; pyproject.toml has all else. Workers install what they run by it (`--setup_file ./setup.py`)."""

from setuptools import find_packages, setup

# The folders at the top, which are imported as `hushbeam.pipelines` and so on: pyproject.toml cannot say that.
_FOLDERS = ("pipelines", "transforms", "schemas")

setup(
    packages=[
        "hushbeam",
        *(f"hushbeam.{name}" for name in find_packages(include=[*_FOLDERS, *(f"{name}.*" for name in _FOLDERS)])),
    ],
    package_dir={"hushbeam": "hushbeam", **{f"hushbeam.{name}": name for name in _FOLDERS}},
    package_data={
        "hushbeam": ["py.typed"],
        "hushbeam.transforms.canary_gate": ["calls/*"],
        "hushbeam.transforms.detect_pii": ["gazetteers/*", "models/packaged/*"],
        "hushbeam.transforms.audit": ["*.j2"],
        "hushbeam.transforms.base.pages": ["*.css", "*.j2"],
        "hushbeam.transforms.measure_quality": ["*.j2"],
        "hushbeam.transforms.report_run": ["*.css", "*.j2"],
        "hushbeam.transforms.review_output": ["static/*", "static/vendor/*"],
    },
)
