"""Pages for people: one HTML file each, without scripts, for screens in light and dark, for phones and for paper.

Templates of other packages begin with `{% extends "base.html.j2" %}`.
"""

from __future__ import annotations

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_MINUTE_S = 60
_HOUR_S = 3600
_MANY_HOURS = 100


def page_environment(package: str) -> Environment:
    """Jinja for templates beside a package's modules, with the filters `duration`, `name`, `number` and `percent`."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader(__name__, ".")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"duration": duration, "number": "{:,}".format, "percent": percent, "name": breakable}
    return environment


def breakable(name: str) -> Markup:
    """A name as a narrow column breaks it: after underscores, and not within a word."""
    return Markup("_<wbr>").join(name.split("_"))


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
