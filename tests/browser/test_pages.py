"""The pages in a real browser: policy, console, width, accessibility, live timelines, no scripts.

Screenshots for people go to `artifacts/pages/`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from copydesk.core.states import DeliveryState
from copydesk.server import create_app
from copydesk.store.deliveries import Change
from copydesk.work.desk import Desk
from tests.server.furnishing import furnish
from tests.server.scene import TITLE, Scene, fresh_desk, lay_out, make_token, running

pytestmark = pytest.mark.browser

# how long a page is waited for: a slow machine is not a failed test
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
PICTURES = ROOT / "artifacts/pages"
WIDTHS = (360, 768, 1280)
LONG = " https://example.org/" + "unbroken" * 40

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@dataclass(slots=True)
class Site:
    """A desk behind a real socket, a browser, and a token to sign in with."""

    url: str
    desk: Desk
    browser: Browser
    token: str
    scenes: list[Scene] = field(default_factory=list)
    webhook: str = ""

    @asynccontextmanager
    async def signed_in(self, **options: Any) -> AsyncIterator[BrowserContext]:
        context = await self.browser.new_context(base_url=self.url, **options)
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        await page.goto(f"/login?token={self.token}")
        await page.close()
        yield context
        await context.close()

    def pages(self) -> dict[str, str]:
        scene = self.scenes[0]
        return {
            "inbox": "/",
            "piece": f"/posts/{scene.post}",
            "deliveries": "/deliveries",
            "delivery": f"/deliveries/{scene.held}",
            "refused": f"/submissions/{scene.refused}",
            "reviews": "/reviews",
            "audits": "/audits",
            "agreement": "/audits/agreement",
            "review": f"/reviews/{scene.review}",
            "accounts": "/accounts",
            "budgets": "/accounts/budgets",
            "releases": "/releases",
            "release": "/releases/next",
            "connect": "/accounts/connect",
            "connect-platform": "/accounts/connect?platform=mastodon",
            "remove-account": f"/accounts/{scene.account}/remove",
            "upcoming": "/schedule",
            "redrive": "/deliveries/redrive?state=held",
            "unpublish": f"/posts/{scene.post}/unpublish",
            "webhooks": "/settings/webhooks",
            "webhook": f"/settings/webhooks/{self.webhook}",
            "error": "/nowhere",
        }


@pytest.fixture
async def site(
    tmp_path: Path, chromium_path: str, noon: None, ready_made: None
) -> AsyncIterator[Site]:
    async with (
        fresh_desk(tmp_path / "home") as desk,
        running(create_app(desk)) as url,
        async_playwright() as playwright,
    ):
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        site = Site(url=url, desk=desk, browser=browser, token=await make_token(desk))
        site.scenes.append(await lay_out(desk))
        site.webhook = await furnish(desk, LONG)
        yield site
        await browser.close()


async def show(page: Page, path: str) -> None:
    """Open a page with everything on it unfolded."""
    await page.goto(path, wait_until="load")
    await page.evaluate("for (const it of document.querySelectorAll('details')) it.open = true")


async def test_the_policy_is_kept_and_the_console_stays_clean(site: Site) -> None:
    said: list[str] = []
    async with site.signed_in() as context:
        await context.add_init_script(
            "document.addEventListener('securitypolicyviolation', e =>"
            " console.error('CSP', e.violatedDirective, e.blockedURI, e.sample))"
        )
        page = await context.new_page()
        page.on("console", lambda line: said.append(f"{page.url}: {line.text}"))
        page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
        for name, path in site.pages().items():
            await show(page, path)
            if name in {"inbox", "piece", "deliveries", "delivery"}:
                await expect(page.get_by_role("status")).to_have_text("Live")
    # a page that is not there is an error of the console by nature
    assert [line for line in said if "/nowhere: Failed to load resource" not in line] == []


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_axe_finds_nothing(site: Site, scheme: Scheme) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed; `npm ci` does it")
    found: list[str] = []
    # the policy would keep axe itself out
    async with site.signed_in(color_scheme=scheme, bypass_csp=True) as context:
        page = await context.new_page()
        for name, path in {**site.pages(), "login": "/login"}.items():
            await show(page, path)
            await page.add_script_tag(path=AXE)
            result = await page.evaluate("axe.run({resultTypes: ['violations']})")
            for violation in result["violations"]:
                where = [node["html"][:100] for node in violation["nodes"][:3]]
                found.append(f"{name}: {violation['id']}: {violation['help']} {where}")
    assert found == []


async def test_nothing_is_wider_than_the_window(site: Site) -> None:
    site.scenes[:] = [await lay_out(site.desk, words=LONG, kept="Longer than most.")]
    wide: list[str] = []
    async with site.signed_in() as context:
        page = await context.new_page()
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            for name, path in {**site.pages(), "login": "/login"}.items():
                await show(page, path)
                scroll = await page.evaluate("document.documentElement.scrollWidth")
                if scroll > width:
                    wide.append(f"{name} at {width}: {scroll}")
    assert wide == []


async def test_everything_to_press_is_large_enough_and_shows_its_focus(site: Site) -> None:
    async with site.signed_in() as context:
        page = await context.new_page()
        for path in site.pages().values():
            await show(page, path)
            for target in await page.locator("button, input, select, summary, nav a").all():
                box = await target.bounding_box()
                if box is not None:
                    assert min(box["width"], box["height"]) >= 24, await target.inner_text()
        await page.goto("/")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        await page.keyboard.press("Tab")
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


async def test_a_timeline_follows_what_happens_without_a_reload(site: Site) -> None:
    scene = site.scenes[0]
    async with site.signed_in() as context:
        page = await context.new_page()
        await page.goto(f"/deliveries/{scene.waiting}")
        await expect(page.get_by_role("status")).to_have_text("Live")
        await expect(page.locator(".standing .badge")).to_have_text("scheduled")
        async with site.desk.store.begin("courier") as unit:
            delivery = await unit.deliveries.get(scene.waiting)
            await unit.deliveries.move(
                Change(delivery=delivery, to=DeliveryState.SNOOZED, reason="the platform asked")
            )
        await expect(page.locator(".standing .badge")).to_have_text("snoozed")
        await expect(page.locator(".moments")).to_contain_text("the platform asked")


async def test_a_list_follows_what_happens_without_a_reload(site: Site) -> None:
    async with site.signed_in() as context:
        page = await context.new_page()
        await page.goto("/")
        await expect(page.get_by_role("status")).to_have_text("Live")
        await lay_out(site.desk, words=" again")
        await expect(page.get_by_role("link", name=f"{TITLE} again")).to_be_visible()


async def test_a_review_is_accepted_with_scripts_off(site: Site) -> None:
    async with site.signed_in(java_script_enabled=False) as context:
        page = await context.new_page()
        await page.goto("/reviews")
        await page.get_by_role("link", name=TITLE).click()
        await page.get_by_role("button", name="Accept the rest").click()
        await page.get_by_label("Reason").fill("asked Ada")
        await page.get_by_role("button", name="Accept and publish").click()
        await expect(page.get_by_text("Decided by web:test owner")).to_be_visible()
        await expect(page.locator("#review")).to_contain_text("asked Ada")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_pictures_for_a_person(site: Site, scheme: Scheme) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with site.signed_in(color_scheme=scheme) as context:
        page = await context.new_page()
        for width in (360, 1280):
            await page.set_viewport_size({"width": width, "height": 900})
            for name, path in {**site.pages(), "login": "/login"}.items():
                await show(page, path)
                picture = PICTURES / f"{name}-{scheme}-{width}.png"
                await page.screenshot(path=picture, full_page=True)
                assert picture.stat().st_size > 1000
