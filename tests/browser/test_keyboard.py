"""What people do all day, without a pointer: settle, send again, move, cancel, connect."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Locator, Page, expect

from copydesk.core.states import AccountState, DeliveryState
from copydesk.testing.oauth_server import OAuthServer
from tests.browser.test_pages import Site, site
from tests.server.test_dead_letters import fail

__all__ = ["site"]

pytestmark = pytest.mark.browser

#: More stops than any page here has.
STOPS = 300


async def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus."""
    await expect(wanted).to_have_count(1)
    for _ in range(STOPS):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError(f"{wanted} is not reached by Tab")


async def press(page: Page, wanted: Locator) -> None:
    await reach(page, wanted)
    await page.keyboard.press("Enter")


async def test_a_held_delivery_is_settled_and_its_reason_kept(site: Site) -> None:
    held = site.scenes[0].held
    async with site.signed_in() as context:
        page = await context.new_page()
        await page.goto(f"/deliveries/{held}")
        await reach(page, page.get_by_label("Reason"))
        await page.keyboard.type("asked them")
        await page.keyboard.press("Enter")
        await expect(page.locator(".standing .badge")).to_have_text("held")
        await press(page, page.get_by_role("button", name="Send it"))
        await expect(page.locator(".standing .badge")).to_have_text("held")
        await reach(page, page.get_by_role("checkbox", name="I have looked at the platform"))
        await page.keyboard.press("Space")
        await press(page, page.get_by_role("button", name="Send it"))
        await expect(page.locator(".standing .badge")).to_have_text("scheduled")
        await expect(page.locator(".moments")).to_contain_text("asked them")


async def test_what_had_stopped_is_sent_again(site: Site) -> None:
    failed = await fail(site.desk, site.scenes[0])
    async with site.signed_in() as context:
        page = await context.new_page()
        await page.goto("/deliveries")
        await press(page, page.get_by_role("link", name="Send again what had stopped"))
        await reach(page, page.get_by_label("Reason (kept"))
        await page.keyboard.type("they are back")
        await press(page, page.get_by_role("button", name="Send 1 again"))
        await expect(page.get_by_role("status")).to_have_text(
            "1 goes out again, at the pace of its platform."
        )
    async with site.desk.store.read() as unit:
        assert (await unit.deliveries.get(failed)).state is DeliveryState.SCHEDULED


async def test_a_post_is_moved_and_another_cancelled(site: Site) -> None:
    async with site.signed_in() as context:
        page = await context.new_page()
        await page.goto("/schedule")
        tips = page.locator("li", has=page.get_by_role("link", name="A tip"))
        moved, cancelled = [await tips.nth(at).get_attribute("id") for at in (0, 1)]
        before = await page.locator(f"#{moved} .when").inner_text()
        await press(page, page.locator(f"#{moved} summary"))
        await reach(page, page.locator(f"#{moved} input[type=datetime-local]"))
        await page.keyboard.press("ArrowUp")
        await press(page, page.locator(f"#{moved}").get_by_role("button", name="Move"))
        await expect(page.get_by_role("status")).to_contain_text("Moved")
        assert urlsplit(page.url).fragment == moved, "one reads on where it stands now"
        await expect(page.locator(f"#{moved} .when")).to_have_text(before)
        await expect(page.locator("section", has=page.locator(f"#{moved}"))).to_contain_text(
            "December"
        )
        await press(page, page.locator(f"#{cancelled} summary"))
        await press(page, page.locator(f"#{cancelled}").get_by_role("button", name="Cancel it"))
        await expect(page.get_by_role("status")).to_contain_text("Cancelled")
        await expect(page.locator(f"#{cancelled}")).to_have_count(0)


async def test_an_account_is_connected(site: Site) -> None:
    async with OAuthServer() as platform, site.signed_in() as context:
        page = await context.new_page()
        await page.goto("/accounts")
        await press(page, page.get_by_role("link", name="Connect an account"))
        await press(page, page.get_by_role("link", name="Sandbox"))
        await reach(page, page.get_by_label("Name of your own"))
        await page.keyboard.type("practice")
        await reach(page, page.get_by_label("auth_url"))
        await page.keyboard.press("Control+A")
        await page.keyboard.type(platform.url)
        await press(page, page.get_by_role("button", name="Go on"))
        await press(page, page.get_by_role("link", name="Go to "))
        await expect(page.get_by_role("heading", name="practice")).to_be_visible()
    async with site.desk.store.read() as unit:
        account = await unit.accounts.by_name(site.desk.workspace_id, "practice")
    assert account.state is AccountState.CONNECTED
