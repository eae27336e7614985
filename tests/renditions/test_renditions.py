"""Every rendition of ten real-world posts, as files that a person reads in review.

`pytest tests/renditions --snapshot-update` writes them anew; the difference is what changes for the
people who read the posts.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copydesk.core.ids import IdFactory
from copydesk.distribution.plans import Plan
from copydesk.platforms.kit.registry import platform_modules
from copydesk.testing.clocks import StoppedClock
from copydesk.work.deliveries.publishing import preview_plans, sample_account
from tests.renditions.manuscripts import NAMES, PUBLISHED_AT, manuscript_of

#: The renditions as they were reviewed: `shown/POST/PLATFORM.txt`.
SHOWN = Path(__file__).parent / "shown"

#: Written out in full below the heading instead of as one line of JSON.
_LONG = 60


def plans_of(name: str) -> Iterator[Plan]:
    clock = StoppedClock(PUBLISHED_AT)
    bits = itertools.count(1)
    ids = IdFactory(clock, lambda _: next(bits))
    accounts = [sample_account(platform) for platform in platform_modules()]
    return iter(preview_plans(manuscript_of(name), accounts, PUBLISHED_AT, ids))


def readable(plan: Plan) -> str:
    """Return a rendition as text: what is said, what is sent, what is lost, what is wrong."""
    rendition = plan.rendition
    lines = [f"{plan.platform.manifest.title}", ""]
    lines += _value("payload", rendition.payload, 0)
    lines += ["", "text"]
    lines += [f"  | {line}".rstrip() for line in rendition.text.splitlines()]
    lines += ["", "media"]
    lines += [
        f"  {m.name} ({m.content_type}): {m.alt or 'no alternative text'}" for m in rendition.media
    ]
    lines += ["", "losses"]
    lines += [f"  - {loss.what}: {loss.how} ({loss.why})" for loss in rendition.losses]
    lines += ["", "findings"]
    lines += [
        f"  - {f.severity} {f.code} {f.field}: {f.message}. {f.remedy}" for f in plan.findings
    ]
    return "\n".join(lines) + "\n"


def _value(key: str, value: Any, depth: int) -> list[str]:
    indent = "  " * depth
    match value:
        case dict() if value:
            inner = [line for k, v in value.items() for line in _value(str(k), v, depth + 1)]
            return [f"{indent}{key}:", *inner]
        case list() | tuple() if any(isinstance(v, dict | list | tuple) for v in value):
            numbered = enumerate(value, start=1)
            inner = [line for n, v in numbered for line in _value(f"{n}", v, depth + 1)]
            return [f"{indent}{key}:", *inner]
        case str() if "\n" in value or len(value) > _LONG:
            block = [f"{indent}  | {line}".rstrip() for line in value.splitlines()]
            return [f"{indent}{key}: ({len(value)} code points)", *block]
        case _:
            return [f"{indent}{key}: {json.dumps(value, ensure_ascii=False, default=str)}"]


@pytest.mark.parametrize("name", NAMES)
def test_renditions_read_as_reviewed(name: str, request: pytest.FixtureRequest) -> None:
    folder = SHOWN / name
    found = {f"{plan.account.name}.txt": readable(plan) for plan in plans_of(name)}
    if request.config.getoption("--snapshot-update"):
        folder.mkdir(parents=True, exist_ok=True)
        for stale in set(folder.iterdir()) - {folder / file for file in found}:
            stale.unlink()
        for file, text in found.items():
            (folder / file).write_text(text, encoding="utf-8")
    reviewed = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert sorted(found) == sorted(reviewed), "a platform came or went: --snapshot-update"
    for file, text in found.items():
        assert text == reviewed[file], (
            f"{name}/{file} reads otherwise: look, then --snapshot-update"
        )


@pytest.mark.parametrize("name", NAMES)
def test_nothing_leaves_the_body_unless_a_loss_says_so(name: str) -> None:
    """Words of the author that no platform shows, and no loss explains, are a fault."""
    words = {w.strip(".,:;!?()[]*_`\"'") for w in manuscript_of(name).content.body.split()}
    long = sorted(word for word in words if len(word) > 5 and word.isalpha())
    sample = random.Random(7).sample(long, min(5, len(long)))
    for plan in plans_of(name):
        shown = plan.rendition.text + json.dumps(plan.rendition.payload, ensure_ascii=False)
        gone = [word for word in sample if word not in shown]
        assert not gone or plan.rendition.losses, (plan.account.name, gone)
