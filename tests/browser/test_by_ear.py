"""The pages by ear: names that make sense alone, headings, tables, landmarks."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import pytest
from playwright.async_api import Page, async_playwright, expect

from copydesk.core.review import ReviewKind
from tests.browser.test_pages import Site, show, site
from tests.server.test_dead_letters import fail
from tests.work.incoming.test_regrouping import taken_apart
from tests.work.reviewed import LETTER, hold

__all__ = ["site"]

pytestmark = pytest.mark.browser

FIELDS = {"textbox", "combobox", "checkbox", "radio", "spinbutton", "searchbox"}
NAMED = {"button", "link", "heading", "region", "form", "navigation", "table", *FIELDS}
#: A line of a snapshot: the role, then its name in quotes where it has one.
LINE = re.compile(r"^\s*- '?(\w+)(?: \"((?:[^\"\\]|\\.)*)\")?", re.MULTILINE)


async def faults(page: Page) -> list[str]:
    """What a page does not tell somebody who cannot see it."""
    told = LINE.findall(await page.locator("body").aria_snapshot())
    found = [
        f"{role} {name!r} says nothing" for role, name in told if role in NAMED and not says(name)
    ]
    summaries = [(await one.inner_text()).strip() for one in await page.locator("summary").all()]
    found += ["summary says nothing" for words in summaries if not says(words)]
    pressed = [name for role, name in told if role == "button"] + summaries
    found += [f"{name!r} names several things to press" for name in repeated(pressed)]
    filled = [name for role, name in told if role in FIELDS]
    found += [f"{name!r} names several fields" for name in repeated(filled)]
    found += await ill_ordered(page)
    headed = page.locator("table:has(> caption):has(th[scope=col]):has(th[scope=row])")
    if await headed.count() != await page.locator("table").count():
        found.append("a table without a caption, or without headers of columns and rows")
    for landmark in ("banner", "main"):
        if await page.get_by_role(landmark).count() != 1:
            found.append(f"not one {landmark}")
    return found


def says(name: str) -> bool:
    """Whether a name has a letter: a number or a sign says nothing by itself."""
    return re.search(r"[^\W\d_]", name) is not None


def repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


async def ill_ordered(page: Page) -> list[str]:
    headings = await page.locator("h1, h2, h3, h4, h5, h6").all()
    levels = [int(await one.evaluate("node => node.tagName[1]")) for one in headings]
    skipped = [
        f"h{before} is followed by h{after}"
        for before, after in pairwise(levels)
        if after > before + 1
    ]
    return skipped + ([] if levels[:1] == [1] and levels.count(1) == 1 else ["not one h1, first"])


async def test_every_page_makes_sense_by_ear(site: Site) -> None:
    failed = await fail(site.desk, site.scenes[0])
    paths = {
        **site.pages(),
        "login": "/login",
        "feeds": "/settings/feeds",
        "failed": f"/deliveries/{failed}",
    }
    for number, kind in enumerate(ReviewKind):
        raw = LETTER.replace(b"lamp", b"lamp %d" % number)
        held = await hold(site.desk, kind=kind, raw=raw, name=f"{kind}.eml")
        paths[f"review-{kind}"] = f"/reviews/{held.review}"
    _, (_, lamp) = await taken_apart(site.desk)
    paths["conversation"] = f"/submissions/{lamp.id}/conversation"
    found: list[str] = []
    async with site.signed_in() as context:
        page = await context.new_page()
        for name, path in paths.items():
            await show(page, path)
            found += [f"{name}: {fault}" for fault in await faults(page)]
    assert found == []


SPOILT = {
    "<button></button>": "button '' says nothing",
    "<input>": "textbox '' says nothing",
    '<a href="/">3</a>': "link '3' says nothing",
    "<button>Move</button><button>Move</button>": "'Move' names several things to press",
    "<input aria-label=At><input aria-label=At>": "'At' names several fields",
    "<details><summary></summary></details>": "summary says nothing",
    "<h3>Deep</h3>": "h1 is followed by h3",
    "<table><tr><td>1</td><td>2</td></tr></table>": (
        "a table without a caption, or without headers of columns and rows"
    ),
    "<main></main>": "not one main",
}


async def test_what_says_nothing_is_found(chromium_path: str) -> None:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        page = await browser.new_page()
        whole = "<header>x</header><main><h1>A page</h1></main>"
        await page.set_content(whole)
        assert await faults(page) == []
        for spoilt, fault in SPOILT.items():
            await page.set_content(whole + spoilt)
            assert fault in await faults(page), spoilt
        await browser.close()


async def test_an_error_keeps_the_way_on(site: Site) -> None:
    async with site.signed_in() as context:
        page = await context.new_page()
        await page.goto("/deliveries?state=wrong")
        await expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        assert (await page.locator("main").inner_text()).count("state: ") == 1
