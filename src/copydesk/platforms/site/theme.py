"""The theme: Jinja templates and one small style sheet, named by its hash so it can be cached."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_PACKAGE = "copydesk.platforms.site"


@cache
def environment() -> Environment:
    """Return the templates: escaping everything, refusing names that do not exist."""
    return Environment(
        loader=PackageLoader(_PACKAGE, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def style() -> str:
    """Return the style sheet."""
    return resources.files(_PACKAGE).joinpath("theme/style.css").read_text(encoding="utf-8")


@cache
def style_path() -> str:
    """Return where the style sheet lies on the site."""
    return f"assets/style.{hashlib.sha256(style().encode()).hexdigest()[:12]}.css"


@cache
def digest() -> str:
    """Return a digest of templates and style: pages made with another one are stale."""
    whole = hashlib.sha256(style().encode())
    folder = resources.files(_PACKAGE).joinpath("templates")
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        whole.update(file.name.encode() + file.read_bytes())
    return whole.hexdigest()[:32]


def render(template: str, **values: Any) -> str:
    """Return `template` filled with `values`."""
    return environment().get_template(template).render(values)
