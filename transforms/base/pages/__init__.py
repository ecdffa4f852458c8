"""Pages for people: one HTML file each, without scripts, for screens in light and dark, for phones and for paper.

Templates of other packages begin with `{% extends "base.html.j2" %}`.
"""

from __future__ import annotations

import re

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

_MINUTE_S = 60
_HOUR_S = 3600
_MANY_HOURS = 100
_LONGEST_OPTION = 24
_OPTION = re.compile(r"(?<!\S)(--[\w-]+)")


def page_environment(package: str) -> Environment:
    """Jinja for templates beside a package's modules, with filters, such as `duration` and `percent`."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader(__name__, ".")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"duration": duration, "number": "{:,}".format, "percent": percent}
    environment.filters |= {"name": breakable, "options": whole_options, "with_code": with_code}
    return environment


def breakable(name: str) -> Markup:
    """A name as a narrow column breaks it: after underscores, and not within a word."""
    return Markup("_<wbr>").join(name.split("_"))


def whole_options(command: str) -> Markup:
    """A command that is broken at its spaces, and not within an option."""
    marked = _OPTION.sub(r'<span class="option">\1</span>', str(escape(command)))
    return Markup(marked)  # noqa: S704 (escaped above)


def with_code(text: str) -> Markup:
    """A text with what is in backticks set as code. A short piece, such as an option, is kept on one line."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick that is not one of a pair
        return escape(text)
    return Markup("").join(_code(part) if index % 2 else escape(part) for index, part in enumerate(parts))


def _code(part: str) -> Markup:
    short = Markup(' class="option"') if len(part) <= _LONGEST_OPTION else ""
    return Markup("<code{}>{}</code>").format(short, part)


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2.5 h`, `340 h`."""
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    hours = seconds / _HOUR_S
    return f"{hours:,.0f} h" if hours >= _MANY_HOURS else f"{hours:.1f}".removesuffix(".0") + " h"


def percent(share: float) -> str:
    """`12.3 %`. Only a whole is shown as 100 %, and only nothing as 0 %."""
    shown = f"{100 * share:.1f}"
    if shown == "100.0":
        return "100 %" if share >= 1 else "> 99.9 %"
    if shown == "0.0":
        return "0 %" if share <= 0 else "< 0.1 %"
    return f"{shown} %"
