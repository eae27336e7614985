"""Whatever a person writes: every platform renders it within its limits or says what is wrong, and
no link and no mention is ever broken."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copydesk.core.ids import IdFactory
from copydesk.distribution.plans import Plan
from copydesk.platforms.kit.preview import render_preview
from copydesk.platforms.kit.registry import platform_modules
from copydesk.testing.clocks import StoppedClock
from copydesk.transformation.content import read_markdown_file
from copydesk.transformation.counting import UNITS, graphemes
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.publishing import preview_plans, sample_account
from tests.renditions.manuscripts import PUBLISHED_AT

LINKS = [f"https://example.org/p/{n:03}abcdef?step={n}" for n in range(5)]
MENTIONS = [f"@person{n:03}name" for n in range(5)]

words = st.sampled_from(
    [
        "harbour",
        "Überraschung",
        "写真",
        "مكتبة",
        "שלום",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "e\u0301tude",
        "3.2",
        "don't",
    ]
)
strange = st.text(alphabet="{}[]()<>|\\`*_~#@%$&'\"!-=+.:;/ \u200d\u00ad\u2028ab1", max_size=25)
said = st.one_of(words, strange, st.sampled_from([*LINKS, *MENTIONS, "#harbour", "`code span`"]))
sentences = st.lists(said, min_size=1, max_size=40).map(" ".join)
blocks = st.one_of(
    sentences,
    sentences.map(lambda text: f"## {text}"),
    st.lists(sentences, min_size=1, max_size=5).map(lambda xs: "\n".join(f"- {x}" for x in xs)),
    sentences.map(lambda text: f"> {text}"),
    sentences.map(lambda text: f"```python\n{text}\n```"),
    st.tuples(sentences, st.sampled_from(LINKS)).map(lambda p: f"[{p[0]}]({p[1]})"),
    st.sampled_from(LINKS).map(lambda url: f"::embed[A film]{{url={url}}}"),
    st.sampled_from(LINKS).map(lambda url: f"::cta[Read on]{{url={url}}}"),
    st.just("| a | b |\n|---|--:|\n| 1 | **2** |"),
    st.just("A claim.[^1]\n\n[^1]: Its source."),
    st.just("<details><summary>More</summary>\n\nHidden\n\n</details>"),
    st.just("![A bridge](https://example.org/bridge.jpg)"),
    st.just("---"),
    st.text(max_size=60),
)
bodies = st.lists(blocks, min_size=1, max_size=12).map("\n\n".join).filter(str.strip)


def plan_of(platform: str, body: str, front: Mapping[str, Any]) -> Plan | None:
    text = f"---\n{json.dumps(dict(front), ensure_ascii=False)}\n---\n\n{body}"
    manuscript = Manuscript(
        source_key="any", file=read_markdown_file(text, filename="any.md"), images=()
    )
    clock = StoppedClock(PUBLISHED_AT)
    bits = itertools.count(1)
    ids = IdFactory(clock, lambda _: next(bits))
    plans = preview_plans(manuscript, [sample_account(platform)], PUBLISHED_AT, ids)
    return plans[0] if plans else None


def texts_of(plan: Plan) -> Iterator[str]:
    for part in plan.rendition.payload.get("parts") or ():
        if isinstance(part, Mapping) and "text" in part:
            yield str(part["text"])


@pytest.mark.parametrize("platform", platform_modules())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=bodies, link=st.sampled_from(["", "https://example.org/post"]), title=sentences)
def test_any_document_fits_or_is_refused(platform: str, body: str, link: str, title: str) -> None:
    front = {"title": f"On {title}", **({"canonical_url": link} if link else {})}
    plan = plan_of(platform, body, front)
    if plan is None:
        return
    limits = plan.platform.limits(plan.account)
    texts = list(texts_of(plan))
    if not plan.errors and "text" in limits and texts:
        measure = UNITS.get(limits["text"].unit, graphemes)
        assert max(map(measure, texts)) <= limits["text"].value
    if not plan.errors and "parts" in limits:
        assert len(texts) <= limits["parts"].value
    for text in texts:
        for url in re.findall(r"https://example\.org/p/[\w?=]*", text):
            assert any(url == link or url.startswith(f"{link}&") for link in LINKS), (url, text)
        for name in re.findall(r"@person\w*", text):
            assert name in MENTIONS, (name, text)
    render_preview(platform_modules()[platform], plan.rendition, plan.account)
    json.dumps(plan.rendition.payload)
