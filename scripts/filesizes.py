"""Keeps files readable by size: prints those past the soft limit, fails past the hard one.

`scripts/filesizes.allow` lists the accepted outliers as `path lines`. It may only shrink: a listed
file must not grow past its number, and its line must go when the file fits again.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALLOW = ROOT / "scripts/filesizes.allow"
FOLDERS = ("src", "tests", "bench", "scripts", "frontend", "examples")
SKIPPED = {"__pycache__", "node_modules", "dist", "__snapshots__"}
# kind: (soft, hard)
LIMITS = {
    "code": (300, 500),
    "test": (500, 700),
    "template": (120, 150),
    "element": (200, 500),
}


def kind(path: Path) -> str | None:
    if path.suffix in {".html", ".jinja", ".j2"}:
        return "template" if path.parts[0] == "src" else None
    if path.suffix == ".ts":
        return "element"
    if path.suffix == ".py":
        return "test" if path.parts[0] == "tests" else "code"
    return None


def files() -> list[Path]:
    found = []
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            inside = path.relative_to(ROOT)
            if path.is_file() and not SKIPPED.intersection(inside.parts):
                found.append(inside)
    return sorted(found)


def allowed() -> dict[Path, int]:
    lines = ALLOW.read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {Path(path): int(count) for path, count in rows}


def main() -> int:
    exceptions = allowed()
    large: list[str] = []
    problems: list[str] = []
    for path in files():
        what = kind(path)
        if what is None:
            continue
        soft, hard = LIMITS[what]
        count = len((ROOT / path).read_text(encoding="utf-8").splitlines())
        most = exceptions.pop(path, None)
        if count > soft:
            large.append(f"{count:>5}  {path}")
        if most is None and count > hard:
            problems.append(f"{path}: {count} lines, at most {hard} for a {what} file; split it")
        elif most is not None and count > most:
            problems.append(f"{path}: {count} lines, {most} in the allow-list; it may only shrink")
        elif most is not None and count <= hard:
            problems.append(f"{path}: fits now; remove its line from {ALLOW.name}")
    problems += [f"{path}: in {ALLOW.name}, but there is no such file" for path in exceptions]
    if large:
        print("worth a second look:")
        print("\n".join(sorted(large, reverse=True)))
    print("\n".join(problems) or "every file fits")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
