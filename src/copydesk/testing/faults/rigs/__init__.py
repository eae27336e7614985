"""Finds the rigs: every concrete one in the modules here, and in `copydesk.rigs` entry points.

A rig is found by existing; nothing else has to be edited. An entry point names a module, whose rigs
are all taken, or one class (`module:CLASS`).
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Final

from copydesk.testing.faults.rig import EngineRig

ENTRY_POINT_GROUP: Final = "copydesk.rigs"


@cache
def find_rigs() -> dict[str, type[EngineRig]]:
    """Return the rigs by the spoke's name in the table: ours in the order of their modules, then
    those of entry points. Raises `ValueError` when two different rigs bear one name."""
    found: dict[str, type[EngineRig]] = {}
    for rig in (*_ours(), *_installed()):
        if found.setdefault(rig.spoke, rig) is not rig:
            raise ValueError(
                f"Two rigs are called {rig.spoke!r}: {_named(found[rig.spoke])} and {_named(rig)}."
                " Give one of them another `spoke`."
            )
    return found


def rigs_in(module: ModuleType) -> Iterator[type[EngineRig]]:
    """Yield the rigs of `module` as they stand there; abstract and private classes are none."""
    for name, value in vars(module).items():
        if (
            inspect.isclass(value)
            and issubclass(value, EngineRig)
            and not inspect.isabstract(value)
            and not name.startswith("_")
        ):
            yield value


def _ours() -> Iterator[type[EngineRig]]:
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name):
        yield from rigs_in(importlib.import_module(f"{__name__}.{module.name}"))


def _installed() -> Iterator[type[EngineRig]]:
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        yield from _loaded(point)


def _loaded(point: EntryPoint) -> Iterator[type[EngineRig]]:
    value = point.load()
    if isinstance(value, ModuleType):
        yield from rigs_in(value)
    elif inspect.isclass(value) and issubclass(value, EngineRig):
        yield value
    else:
        raise TypeError(
            f"the entry point {point.name!r} of {ENTRY_POINT_GROUP} ({point.value}) is neither a"
            " module nor an EngineRig"
        )


def _named(rig: type[EngineRig]) -> str:
    return f"{rig.__module__}.{rig.__qualname__}"


__all__ = ["ENTRY_POINT_GROUP", "find_rigs", "rigs_in"]
