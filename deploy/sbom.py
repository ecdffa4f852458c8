"""Software bill of materials (CycloneDX) of what is installed with Hushbeam: packages from the locks, and models.

    python -m deploy.sbom > sbom.cdx.json
    python -m deploy.sbom --notice           # writes the list of packages in NOTICE

The lock says which releases and files; their licences are what the installed packages state.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hushbeam import __version__
from hushbeam.pipelines.models import shipped

ROOT = Path(__file__).parents[1]
LOCKS = ("dataflow.lock", "gpu.lock")
"""What images install: the base, the weights of models and the extras, but not `presidio`."""

_NOTICE_BEGINS = "Packages that Hushbeam and its extras install, by the licence that each states:\n"
_NOTICE_ENDS = "\nPackages may contain libraries"
_WIDTH = 116

_SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 3-Clause License": "BSD-3-Clause",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_STATED_ELSEWHERE = {
    # Their metadata says only "BSD" or "Dual License"; these are the files LICENSE in them.
    "adlfs": "BSD-3-Clause",
    "colorama": "BSD-3-Clause",
    "isodate": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "pyasn1-modules": "BSD-2-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "s3fs": "BSD-3-Clause",
    "sqlparse": "BSD-3-Clause",
    # "LGPL": the file COPYING has version 2.1.
    "python-stdnum": "LGPL-2.1-or-later",
    # Not installed where this runs: for a GPU, or for another platform.
    "httpx2-jsfetch": "BSD-3-Clause",
    "pywin32-ctypes": "BSD-3-Clause",
    "nvidia-cublas-cu12": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-cuda-nvrtc-cu12": "LicenseRef-NVIDIA-Proprietary",
    "nvidia-cudnn-cu12": "LicenseRef-NVIDIA-Proprietary",
}


@dataclass(frozen=True)
class Locked:
    """A release in a lock."""

    name: str
    version: str
    marker: str
    sha256: tuple[str, ...] = field(repr=False)

    @property
    def purl(self) -> PackageURL:
        return PackageURL("pypi", name=self.name, version=self.version)


def locked() -> list[Locked]:
    """All releases in the locks of images, sorted."""
    text = "\n".join((ROOT / "deploy" / name).read_text(encoding="utf-8") for name in LOCKS)
    found = {}
    for line, rest in re.findall(r"^([^\s#][^\\\n]*==[^\\\n]+)(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL):
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        version = str(requirement.specifier).removeprefix("==")
        hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", rest))
        found[name, version] = Locked(name, version, str(requirement.marker or ""), hashes)
    return [found[key] for key in sorted(found)]


def licence_of(name: str) -> str:
    """The SPDX expression of an installed package.

    Raises:
      LookupError: It states none that is known here.
    """
    if name in _STATED_ELSEWHERE:
        return _STATED_ELSEWHERE[name]
    stated = metadata.metadata(name)
    if "License-Expression" in stated:
        return stated["License-Expression"]
    text = stated["License"].strip().split("\n")[0] if "License" in stated else ""
    classifiers = [each.rsplit(" :: ", 1)[-1] for each in stated.get_all("Classifier") or () if "License ::" in each]
    for given in (text, *classifiers):
        known = _SPDX.get(given, given if re.fullmatch(r"[A-Z][A-Za-z0-9.-]*-[0-9A-Za-z.-]+|MIT|ISC", given) else "")
        if known or re.search(r" (OR|AND) ", given):
            return known or given
    raise LookupError(f"{name} states no licence that is known here: {text!r}, {classifiers}")


def required() -> set[str]:
    """The packages that `pip install .` brings, without extras."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    open_ones = [Requirement(line) for line in text.splitlines() if line and not line.startswith("#")]
    found: dict[str, set[str]] = {}
    while open_ones:
        requirement = open_ones.pop()
        name = canonicalize_name(requirement.name)
        new = requirement.extras - found.get(name, set())
        if name in found and not new:
            continue
        found.setdefault(name, set()).update(requirement.extras)
        open_ones += list(_needs(name, found[name]))
    return set(found)


def _needs(name: str, extras: set[str]) -> Iterator[Requirement]:
    for line in metadata.requires(name) or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def bill() -> Bom:
    """The bill of materials."""
    bom = Bom()
    product = Component(
        name="hushbeam", version=__version__, type=ComponentType.APPLICATION, bom_ref="hushbeam",
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
    )  # fmt: skip
    bom.metadata.component = product
    base = required()
    components = {release: _package(release, base) for release in locked()}
    for component in components.values():
        bom.components.add(component)
    by_name: Mapping[str, list[Component]] = _grouped(components)
    models = list(_models())
    for model in models:
        bom.components.add(model)
    bom.register_dependency(product, [*(each for name in base for each in by_name.get(name, ())), *models])
    for release, component in components.items():
        bom.register_dependency(component, _dependencies(release.name, by_name))
    return bom


def _grouped(components: Mapping[Locked, Component]) -> dict[str, list[Component]]:
    grouped = defaultdict(list)
    for release, component in components.items():
        grouped[release.name].append(component)
    return grouped


def _package(release: Locked, base: set[str]) -> Component:
    return Component(
        name=release.name,
        version=release.version,
        type=ComponentType.LIBRARY,
        scope=ComponentScope.REQUIRED if release.name in base else ComponentScope.OPTIONAL,
        bom_ref=str(release.purl),
        purl=release.purl,
        licenses=[LicenseFactory().make_from_string(licence_of(release.name))],
        # Of its files, of which a machine installs one: a component's own hashes would be those of one file.
        properties=[
            *(Property(name="hushbeam:file:sha256", value=digest) for digest in release.sha256),
            *([Property(name="hushbeam:marker", value=release.marker)] if release.marker else ()),
        ],
    )


def _dependencies(name: str, by_name: Mapping[str, list[Component]]) -> list[Component]:
    try:
        needs = list(_needs(name, set()))
    except metadata.PackageNotFoundError:
        return []
    return [each for need in needs for each in by_name.get(canonicalize_name(need.name), ())]


def _models() -> Iterator[Component]:
    for model in shipped():
        yield Component(
            name=model.name,
            type=ComponentType.MACHINE_LEARNING_MODEL,
            scope=ComponentScope.REQUIRED,
            bom_ref=f"model:{model.name}",
            description=f"{model.origin}; {model.use}",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=model.sha256)],
            licenses=[LicenseFactory().make_from_string(model.licence or "")],
            properties=[Property(name="hushbeam:package", value=source) for source in model.source.split(", ")],
        )


def notice(text: str) -> str:
    """NOTICE with a renewed list of packages."""
    before, begins, rest = text.partition(_NOTICE_BEGINS)
    _, ends, after = rest.partition(_NOTICE_ENDS)
    if not begins or not ends:
        raise ValueError("NOTICE has no list of packages")
    by_licence = defaultdict(list)
    for name in sorted({release.name for release in locked()}):
        by_licence[licence_of(name)].append(name)
    lines = []
    for licence, names in sorted(by_licence.items()):
        line = f"  {licence}:"
        for position, name in enumerate(names):
            word = f" {name}" + ("," if position < len(names) - 1 else "")
            if len(line + word) > _WIDTH:
                lines.append(line)
                line = "   "
            line += word
        lines.append(line)
    return before + begins + "\n" + "\n".join(lines) + "\n" + ends + after


def main() -> None:
    """Writes the bill to standard output, or the list in NOTICE."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--notice", action="store_true", help="renew the list of packages in NOTICE instead")
    if parser.parse_args().notice:
        path = ROOT / "NOTICE"
        path.write_text(notice(path.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(JsonV1Dot6(bill()).output_as_string(indent=2) + "\n")


if __name__ == "__main__":
    main()
