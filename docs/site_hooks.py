"""Hooks of the documentation site: pages and files from outside of docs/, under the links that GitHub follows too."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT = Path(__file__).parents[1]
_PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "evaluation/README.md": "evaluation.md",
    "training/README.md": "training.md",
}
"""Pages of the site by their paths in the repository, where these differ."""
_WIDE = frozenset({"policies.md", "evaluation.md", "measurements.md", "security.md"})
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)")
_SOURCE = re.compile(r"(src|srcset)=\"(?!https?:)([^\"]+)\"")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the pages, and the files that pages link to, from outside of docs/."""
    for source, uri in _PAGES.items():
        files.append(File.generated(config, uri, content=(_ROOT / source).read_text(encoding="utf-8")))
    for page in list(files.documentation_pages()):
        for _, _, target, _ in _LINK.findall(page.content_string):
            path = _ROOT / _target(page.src_uri, target)
            uri = _uri(_target(page.src_uri, target))
            if path.is_file() and uri.startswith("repository/") and files.get_file_from_path(uri) is None:
                files.append(File.generated(config, uri, content=path.read_bytes()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads the links that hold in the repository to their places in the site, and gives wide tables room."""
    uri = page.file.src_uri
    if uri.startswith("reference/") or uri in _WIDE:
        page.meta["hide"] = ["toc"]

    def moved(link: re.Match[str]) -> str:
        picture, text, target, anchor = link.groups()
        path = _target(uri, target)
        if (_ROOT / path).is_dir():
            index = _uri(posixpath.join(path, "README.md"))
            return text if files.get_file_from_path(index) is None else f"[{text}]({_between(uri, index)})"
        return f"{picture}[{text}]({_between(uri, _uri(path))}{anchor or ''})"

    def moved_source(source: re.Match[str]) -> str:
        return f'{source[1]}="{_between(uri, _uri(_target(uri, source[2])))}"'

    return _SOURCE.sub(moved_source, _LINK.sub(moved, markdown))


def _target(uri: str, link: str) -> str:
    """The path in the repository to which a link of a page leads."""
    places = {page: source for source, page in _PAGES.items()}
    source = places.get(uri, f"docs/{uri}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def _uri(path: str) -> str:
    """The place in the site of a path in the repository."""
    if path in _PAGES:
        return _PAGES[path]
    inside = path.removeprefix("docs/")
    if path == "docs":
        return "index.md"
    return inside if inside != path else f"repository/{path}"


def _between(uri: str, other: str) -> str:
    return posixpath.relpath(other, posixpath.dirname(uri) or ".")
