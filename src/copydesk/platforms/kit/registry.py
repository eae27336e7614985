"""Finds the platforms: every folder beside `kit`, and every `copydesk.platforms` entry point.

A platform is found by existing; nothing else has to be edited. Modules are imported on first use,
so listing names imports none of them.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

import copydesk.platforms
from copydesk.core.errors import NotFound
from copydesk.platforms.kit.contract import Platform

ENTRY_POINT_GROUP = "copydesk.platforms"


@cache
def platform_modules() -> dict[str, str]:
    """Return platform name → module to import, built-in folders first, then entry points."""
    found = {
        module.name: f"copydesk.platforms.{module.name}"
        for module in pkgutil.iter_modules(copydesk.platforms.__path__)
        if module.ispkg and module.name != "kit"
    }
    for point in entry_points(group=ENTRY_POINT_GROUP):
        found.setdefault(point.name, point.value)
    return dict(sorted(found.items()))


@cache
def load_platform(name: str) -> Platform:
    """Return the platform called `name`; its module exposes it as `PLATFORM`.

    Raises `NotFound` listing the known names.
    """
    modules = platform_modules()
    if name not in modules:
        raise NotFound(
            f"There is no platform called {name!r}.", remedy=f"Known: {', '.join(modules)}."
        )
    platform = importlib.import_module(modules[name]).PLATFORM
    if not isinstance(platform, Platform):
        raise TypeError(f"{modules[name]}.PLATFORM is not a Platform")
    return platform
