"""Templates: one environment, escaped and strict. Each template gets exactly one dataclass."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from copydesk.core.errors import ConfigError

HERE = Path(__file__).parent
STATIC = HERE / "static/dist"


def render(template: str, view: Any, *, status: int = 200) -> HTMLResponse:
    """Return a page or fragment made from its dataclass, which templates know as `view`."""
    return HTMLResponse(to_text(template, view), status)


def to_text(template: str, view: Any) -> str:
    """Return what `template` makes of `view`."""
    return environment().get_template(template).render(view=view)


@cache
def environment() -> Environment:
    """Return the only template environment of the server."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = asset
    made.filters["iso"] = iso
    made.filters["utc"] = utc
    made.filters["size"] = size
    return made


def asset(name: str) -> str:
    """Return the path of a built file such as `app.css`; its name has a hash of the content."""
    return f"/static/{_assets()[name]}"


@cache
def _assets() -> dict[str, str]:
    manifest = STATIC / "manifest.json"
    if not manifest.is_file():
        raise ConfigError(
            ["the pages' assets are not built"],
            remedy="Run `python hatch_build.py` in the checkout; released packages carry them.",
        )
    names: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))
    return names


def iso(moment: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC, for machines."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def utc(moment: datetime) -> str:
    """Return an aware time as people read it, with its zone."""
    return moment.astimezone(UTC).strftime("%-d %b %Y, %H:%M:%S UTC")


def size(octets: int) -> str:
    """Return a number of bytes in the unit that reads best."""
    if octets < 1024:
        return f"{octets} bytes"
    if octets < 1024 * 1024:
        return f"{octets / 1024:.1f} KiB"
    return f"{octets / 1024 / 1024:.1f} MiB"
