"""Writes the documentation that is made from code; with `--check` only says what is stale.

Whole pages are listed in `pages`. In hand-written pages the text between
`<!-- docs.py: NAME -->` and `<!-- /docs.py -->` is replaced by what `BLOCKS` has under that name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from reference import checks, commands, feedback, platforms, vocabulary

from copydesk.core.states import DeliveryState, PostState, SubmissionState

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"

BLOCKS: Mapping[str, Callable[[], str]] = {
    "states of a submission": lambda: vocabulary.diagram(SubmissionState),
    "states of a post": lambda: vocabulary.diagram(PostState),
    "states of a delivery": lambda: vocabulary.diagram(DeliveryState),
}
_BLOCK = re.compile(r"(<!-- docs\.py: ([^>]+?) -->\n).*?(<!-- /docs\.py -->)", re.DOTALL)


def pages() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with what it should hold."""
    yield DOCS / "reference/cli.md", commands.commands()
    yield DOCS / "reference/settings.md", vocabulary.settings()
    yield DOCS / "reference/errors.md", vocabulary.errors()
    yield DOCS / "reference/states.md", vocabulary.states()
    yield DOCS / "reference/feedback.md", feedback.feedback()
    for name, text in checks.pages():
        yield DOCS / "reference" / name, text
    yield DOCS / "platforms/README.md", platforms.matrix()
    for name in platforms.built_in():
        yield DOCS / f"platforms/{name}.md", platforms.platform_page(name)
    for path in sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")]):
        text = path.read_text(encoding="utf-8")
        if _BLOCK.search(text):
            yield path, _BLOCK.sub(lambda m: f"{m[1]}\n{BLOCKS[m[2]]()}\n\n{m[3]}", text)


def main(arguments: list[str]) -> int:
    """Write stale pages and remove those of platforms and checks that are gone, or list them."""
    wanted = dict(pages())
    stale = [p for p, text in wanted.items() if not p.is_file() or p.read_text("utf-8") != text]
    made = (*(DOCS / "platforms").glob("*.md"), *(DOCS / "reference/checks").glob("*.md"))
    gone = [path for path in made if path not in wanted]
    names = sorted(str(path.relative_to(ROOT)) for path in (*stale, *gone))
    if "--check" in arguments:
        print(
            "\n".join(["stale, ./dev fix writes them anew:", *names] if names else ["up to date"])
        )
        return 1 if names else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    for path in gone:
        path.unlink()
    print("\n".join(names) or "up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
