"""A new platform to start from: a folder that works against a made-up API, and says what is to do.

The templates lie in `platform` (the folder itself) and `package` (its tests, the server and the rig
they need, and what makes it a package of its own). What a person has to find out is marked TODO: in
them; the contract suite lists what is left.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from datetime import date
from importlib import resources
from string import Template
from typing import Final

from copydesk.core.errors import Conflict, InputRefused
from copydesk.platforms.kit.registry import platform_modules

#: Marks what is left to do in a file of a new platform.
TO_DO: Final = "TODO:"

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,29}")


def scaffold_in_tree(name: str, today: date) -> Mapping[str, str]:
    """Return the files of the platform `name` in a checkout of copydesk: path → text.

    `today` is the date the made-up facts bear. Raises `InputRefused` for a name that cannot be one,
    `Conflict` for one that is taken.
    """
    testing = f"copydesk.testing.faults.rigs.{name}"
    words = _words(name, f"copydesk.platforms.{name}", testing, today)
    return {
        **_filled("platform", f"src/copydesk/platforms/{name}/", words),
        f"src/{testing.replace('.', '/')}.py": _fill("package", "testing.py.tmpl", words),
        f"tests/platforms/{name}/test_{name}.py": _fill("package", "test.py.tmpl", words),
    }


def scaffold_package(name: str, today: date) -> Mapping[str, str]:
    """Return the files of a package of its own that brings the platform `name` through its entry
    point; as `scaffold_in_tree`."""
    package = f"copydesk_{name}"
    words = _words(name, package, f"{package}.testing", today)
    return {
        "pyproject.toml": _fill("package", "pyproject.toml.tmpl", words),
        **_filled("platform", f"src/{package}/", words),
        f"src/{package}/testing.py": _fill("package", "testing.py.tmpl", words),
        f"tests/test_{name}.py": _fill("package", "test.py.tmpl", words),
    }


def to_dos(package: str) -> list[str]:
    """Return what is left to do in the platform package `package`: "file, line n: what"."""
    left = []
    for file in sorted(resources.files(package).iterdir(), key=lambda file: file.name):
        if not file.is_file() or file.name.endswith(".pyc"):
            continue
        lines = file.read_bytes().decode("utf-8", "replace").splitlines()
        for number, line in enumerate(lines, start=1):
            _, found, what = line.partition(TO_DO)
            what = what.strip().strip('"')
            if found:
                left.append(f"{file.name}, line {number}: {what}")
    return left


def _words(name: str, package: str, testing: str, today: date) -> Mapping[str, str]:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise InputRefused(
            "name",
            f"{name!r} cannot be a platform's name.",
            remedy="It is 2 to 30 lower-case letters, digits and _, the first a letter.",
        )
    if name in platform_modules() or name == "kit":
        raise Conflict(f"There is a platform called {name!r} already.", remedy="Choose another.")
    parts = [part.capitalize() for part in name.split("_") if part]
    return {
        "name": name,
        "package": package,
        "testing": testing,
        "title": " ".join(parts),
        "Class": "".join(parts),
        "dashed": "-".join(part.lower() for part in parts),
        "host": f"{'-'.join(part.lower() for part in parts)}.example",
        "today": today.isoformat(),
    }


def _filled(folder: str, into: str, words: Mapping[str, str]) -> dict[str, str]:
    templates = resources.files(__name__).joinpath(folder).iterdir()
    names = sorted(file.name for file in templates if file.name.endswith(".tmpl"))
    return {into + name.removesuffix(".tmpl"): _fill(folder, name, words) for name in names}


def _fill(folder: str, name: str, words: Mapping[str, str]) -> str:
    text = resources.files(__name__).joinpath(folder, name).read_text(encoding="utf-8")
    return Template(text).substitute(words)


__all__ = ["TO_DO", "scaffold_in_tree", "scaffold_package", "to_dos"]
