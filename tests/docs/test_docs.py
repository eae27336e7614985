"""The documentation says what is there: nothing missing, nothing stale, no dead link."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer

from copydesk.cli.main import app
from copydesk.config import KEYS
from copydesk.core import errors, outcomes
from copydesk.core.money import dollars
from copydesk.core.states import TRANSITIONS
from copydesk.platforms.kit.quality import read_quality
from copydesk.platforms.kit.registry import load_platform, platform_modules
from copydesk.transformation.content import _KNOWN as FRONT_MATTER

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("src/copydesk/platforms/*/README.md")]
)
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
#: A heading that a link may point at is found by its words, as forges make anchors of them.
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def text_of(path: str) -> str:
    return (DOCS / path).read_text(encoding="utf-8")


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    for child, sub in command.commands.items():
        if hasattr(sub, "commands"):
            if sub.invoke_without_command:
                yield f"{name} {child}", sub
            yield from commands(f"{name} {child}", sub)
        elif not sub.hidden:
            yield f"{name} {child}", sub


def prose(text: str) -> str:
    """Return a page without its code, where brackets mean something else."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


# ---------------------------------------------------------------- what is there is documented


def test_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/docs.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_and_option_is_documented() -> None:
    page = text_of("reference/cli.md")
    for name, command in commands("copydesk", typer.main.get_command(app)):
        section = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert section, f"{name} is not documented"
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert f"`{parameter.opts[0]}`" in section, f"{name} {parameter.opts[0]}"


def test_every_setting_is_documented() -> None:
    page = text_of("reference/settings.md")
    assert [key for key in KEYS if f"`{key}`" not in page] == []


def test_every_error_is_documented() -> None:
    page = text_of("reference/errors.md")
    classes = [
        c
        for c in vars(errors).values()
        if isinstance(c, type) and issubclass(c, errors.CopydeskError)
    ]
    assert len(classes) > 5
    assert [c.__name__ for c in classes if f"| `{c.__name__}` | `{c.code}` |" not in page] == []


def test_every_state_is_documented() -> None:
    page = text_of("reference/states.md")
    for kind, steps in TRANSITIONS.items():
        section = page.partition(f"## {kind.__name__.removesuffix('State')}\n")[2]
        section = section.partition("\n## ")[0]
        for state, following in steps.items():
            assert f"| `{state}`" in section
            for to in following:
                assert f"{state} --> {to}" in section


def test_every_platform_is_documented() -> None:
    overview = text_of("platforms/README.md")
    for name in platform_modules():
        platform = load_platform(name)
        assert f"({name}.md)" in overview
        page = text_of(f"platforms/{name}.md")
        for key, limit in platform.manifest.limits.items():
            assert f"| {key} | {limit.value:,} {limit.unit} |" in page
            assert str(limit.checked) in page
        for setting in platform.settings:
            assert f"`{setting.key}`" in page


def test_what_manifests_declare_is_told() -> None:
    overview = text_of("platforms/README.md")
    assumed = overview.partition("## Assumed\n")[2].partition("\n## ")[0]
    retired = overview.partition("## Retired soon\n")[2].partition("\n## ")[0]
    missing = overview.partition("## To do\n")[2]
    for name, module in platform_modules().items():
        manifest, page = load_platform(name).manifest, text_of(f"platforms/{name}.md")
        for pace in manifest.pace:
            assert f"| {pace.name or 'all calls'} | {pace.calls:,} in " in page
        for price in manifest.price:
            assert f"| {price.action} | {dollars(price.micros)} |" in page
        for version in (manifest.api, *manifest.versions):
            assert f"| {version.version} |" in page
            if version.sunset:
                assert f"| {version.sunset} |" in page
                assert f"| {version.sunset} | [{manifest.title}]({name}.md) |" in retired
        for words in manifest.dangerous_defaults:
            assert f"- {words}" in page
        for key, limit in manifest.limits.items():
            row = f"| [{manifest.title}]({name}.md) | {key} | {limit.value:,} {limit.unit} |"
            assert (row in assumed) == limit.assumed
        told = [*manifest.forms, *manifest.metrics, manifest.auth]
        assert [word for word in told if word not in page] == []
        for rule, standing in read_quality(module).rules.items():
            row = f"| [{manifest.title}]({name}.md) | {rule.replace('_', ' ')} |"
            assert (row in missing) == (standing.status == "todo")


def test_every_front_matter_field_is_documented() -> None:
    page = text_of("how-to/publish-markdown.md")
    assert [field for field in FRONT_MATTER if f"`{field}`" not in page] == []


def test_the_number_of_outcomes_in_the_decision_is_right() -> None:
    assert len(outcomes.Outcome.__args__) == 10
    assert "ten values" in text_of("decisions/0009-outcomes-are-values-and-waits-relative.md")


def test_a_stale_page_is_named(tmp_path: Path) -> None:
    for name in ("scripts", "docs"):
        subprocess.run(["cp", "-r", ROOT / name, tmp_path / name], check=True)
    page = tmp_path / "docs/reference/states.md"
    page.write_text(page.read_text(encoding="utf-8") + "by hand\n", encoding="utf-8")
    script = [sys.executable, str(tmp_path / "scripts/docs.py")]
    found = subprocess.run([*script, "--check"], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "docs/reference/states.md" in found.stdout
    subprocess.run(script, capture_output=True, check=True)
    assert "by hand" not in page.read_text(encoding="utf-8")


# ---------------------------------------------------------------- pages hang together


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    dead = []
    for link in LINK.findall(prose(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            dead.append(link)
        elif anchor and target.suffix == ".md":
            headings = HEADING.findall(target.read_text(encoding="utf-8"))
            if anchor not in {_anchor(words) for words in headings}:
                dead.append(link)
    assert dead == []


def test_every_how_to_can_be_found_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    guides = [f"docs/how-to/{page.name}" for page in (DOCS / "how-to").glob("*.md")]
    assert guides
    assert [guide for guide in guides if guide not in readme] == []


def _anchor(words: str) -> str:
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [p for p in PAGES if p.parent.name != "reference"], ids=str)
def test_shown_commands_exist(page: Path) -> None:
    known = {
        name: {opt for p in command.params for opt in p.opts} | {"--help"}
        for name, command in commands("copydesk", typer.main.get_command(app))
    }
    groups = {name.rsplit(" ", 1)[0] for name in known}
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.partition(" #")[0]
            found = re.search(r"\bcopydesk [a-z][^|)]*", line)
            if not found or "/" in found[0].split()[1]:
                continue
            words = found[0].split()
            depth = next((n for n in (3, 2) if " ".join(words[:n]) in groups), 1)
            name = " ".join(words[: depth + 1])
            if name not in known and " ".join(words[:depth]) in known:
                name = " ".join(words[:depth])
            assert name in known, f"{name}: {line}"
            unknown = [
                w for w in words if w.startswith("--") and w.split("=")[0] not in known[name]
            ]
            assert unknown == [], line


# ---------------------------------------------------------------- decisions


def test_decisions_are_numbered_once() -> None:
    numbers = [page.name[:4] for page in DECISIONS]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name) for page in DECISIONS)


@pytest.mark.parametrize("page", DECISIONS, ids=lambda p: p.stem)
def test_a_decision_is_short_and_enforced(page: Path) -> None:
    text = page.read_text(encoding="utf-8").rstrip()
    assert len(text.splitlines()) <= 40
    assert text.startswith(f"# {int(page.name[:4])}. ")
    for heading in ("## Context", "## Decision", "## Consequences", "## Alternatives"):
        assert heading in text
    assert text.split("\n\n")[-1].startswith("Enforced by: ")
    assert text.endswith(".")


# ---------------------------------------------------------------- the repository is fit to be read


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name]


#: Written in pieces, so that this file does not find itself.
MACHINE = re.compile(
    "|".join(
        (
            "/" + r"work/(?:main|shared)\b",
            "/" + r"root/",
            "/" + r"home/[a-z]+/(?!\.)",
            "/" + r"Users/[a-z]",
            r"registry\." + r"npmjs\.org",
            r"files\." + r"pythonhosted\.org",
            r"(?:index|extra-index)-url[ =]+" + r"http",
            r"pypi\.org" + r"/simple",
        )
    )
)
#: Words about how a text was made have no place here; the product's own use of models does.
MAKING = re.compile(
    "|".join(
        (
            r"co-authored" + r"-by",
            r"generated (?:with|by) (?:an? )?(?:ai|llm|language model|assistant)" + r"\b",
            r"\bai[ -]" + r"generated\b",
            r"\bclaude " + r"code\b",
            r"\bcopilot" + r"\b",
            r"\bvibe[ -]" + r"cod",
        )
    ),
    re.IGNORECASE,
)


def test_no_machine_or_registry_shows() -> None:
    assert list(found(MACHINE)) == []


def test_the_repository_speaks_of_the_product() -> None:
    assert list(found(MAKING)) == []


def found(pattern: re.Pattern[str]) -> Iterator[str]:
    for path in tracked():
        if not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for hit in pattern.finditer(text):
            line = text.count("\n", 0, hit.start()) + 1
            yield f"{path.relative_to(ROOT)}:{line}: {hit[0]}"
