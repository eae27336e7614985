"""A whole review without a pointer, and one without scripts."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from copydesk.core.states import PostState, ReviewState, SuggestionState
from copydesk.core.suggestion import Suggestion
from tests.browser.test_pages import PICTURES, SCHEMES, Scheme, Site, site
from tests.work.reviewed import Held, hold

__all__ = ["site"]

pytestmark = pytest.mark.browser


async def suggestions(site: Site, held: Held) -> dict[int, Suggestion]:
    async with site.desk.store.read() as unit:
        return {s.number: s for s in await unit.suggestions.of(held.review)}


async def opened(page: Page, held: Held) -> None:
    await page.goto(f"/reviews/{held.review}")
    await expect(page.locator(".suggestion").first).to_be_visible()


async def test_a_review_is_done_with_the_keyboard_alone(site: Site) -> None:
    held = await hold(site.desk)
    async with site.signed_in() as context:
        page = await context.new_page()
        await opened(page, held)
        price = next(s for s in (await suggestions(site, held)).values() if s.before == "45.90")
        row = page.locator(f"#s{price.number}")
        for _ in range(price.number):
            await page.keyboard.press("j")
        await expect(row).to_be_focused()
        outline = await row.evaluate("node => getComputedStyle(node).outlineStyle")
        assert outline == "solid", "where one is can be seen"

        await page.keyboard.press("x")
        await expect(row.get_by_role("button", name="wrong fact")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(row.locator(".badge")).to_have_text("rejected")
        await expect(page.locator(".said")).to_have_text(f"{price.number} rejected")
        await expect(page.get_by_role("region", name="The text with its changes")).to_contain_text(
            "45.90 EUR"
        )

        await expect(row).not_to_be_focused()
        await page.keyboard.press("u")
        await expect(row.locator(".badge")).to_have_text("opened")
        await expect(row).to_be_focused()
        await page.keyboard.press("u")
        await expect(page.locator(".said")).to_have_text("There is nothing to take back here.")
        await expect(row).to_be_focused()

        await page.keyboard.press("e")
        await expect(row.get_by_label("Instead")).to_be_focused()
        await page.keyboard.type("46.90")
        await page.keyboard.press("Control+Enter")
        await expect(row.locator(".badge")).to_have_text("edited")
        await expect(row.locator(".evidence")).to_contain_text("46.90 EUR")

        await page.keyboard.press("a")
        await expect(row.locator(".badge")).to_have_text("accepted")
        await page.keyboard.press("k")
        await page.keyboard.press("u")
        await expect(row.locator(".badge")).to_have_text("edited")
        await page.keyboard.press("u")
        await page.keyboard.press("?")
        await expect(page.get_by_text("next, previous suggestion")).to_be_visible()
        await page.keyboard.press("Shift+A")
        await expect(page.locator('.suggestion[data-open="yes"]')).to_have_count(0)
        await page.keyboard.press("Escape")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Accept and publish")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Decided by web:test owner")).to_be_visible()
    async with site.desk.store.read() as unit:
        assert (await unit.posts.get(held.post)).state is PostState.APPROVED


async def test_somebody_elses_decision_is_shown_and_not_overwritten(site: Site) -> None:
    held = await hold(site.desk)
    async with site.signed_in() as context:
        page = await context.new_page()
        await opened(page, held)
        async with site.desk.store.begin("api:ben") as unit:
            await unit.reviews.touch(held.review, "ben", unit.now.replace(year=2099))
        await page.keyboard.press("j")
        await page.keyboard.press("a")
        await expect(page.get_by_role("alert")).to_contain_text("ben works on review")
    found = await suggestions(site, held)
    assert {s.state for s in found.values()} == {SuggestionState.OPENED}


async def test_a_review_is_done_with_scripts_off(site: Site) -> None:
    held = await hold(site.desk)
    async with site.signed_in(java_script_enabled=False) as context:
        page = await context.new_page()
        await opened(page, held)
        price = next(s for s in (await suggestions(site, held)).values() if s.before == "45.90")
        row = page.locator(f"#s{price.number}")
        await row.get_by_text("Edit").click()
        await row.get_by_label("Instead").fill("46.90")
        await row.get_by_role("button", name="Keep my words").click()
        await expect(page.locator(f"#s{price.number} .badge")).to_have_text("edited")
        await page.locator(f"#s{price.number}").get_by_role("button", name="Undo").click()
        await expect(page.locator(f"#s{price.number} .badge")).to_have_text("opened")
        await page.get_by_role("button", name="Accept and publish").click()
        await expect(page.get_by_role("alert")).to_contain_text("Undecided yet")
        await page.get_by_text("Send it back, or hand it on").click()
        await page.get_by_label("What is missing").fill("Which lamp?")
        await page.get_by_role("button", name="Send back").click()
        await page.get_by_label("Text (Markdown)").fill("The red lamp.")
        await page.get_by_role("button", name="Give it back for review").click()
        await expect(page.locator("#review .badge").first).to_have_text("opened")
    async with site.desk.store.read() as unit:
        assert (await unit.reviews.get(held.review)).state is ReviewState.OPENED


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_pictures_of_a_review_at_work(site: Site, scheme: Scheme) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    held = await hold(site.desk)
    async with site.signed_in(color_scheme=scheme) as context:
        page = await context.new_page()
        for width in (360, 1280):
            await page.set_viewport_size({"width": width, "height": 900})
            await opened(page, held)
            await page.keyboard.press("j")
            await page.keyboard.press("j")
            picture = PICTURES / f"review-at-work-{scheme}-{width}.png"
            await page.screenshot(path=picture, full_page=True)
            assert picture.stat().st_size > 1000
