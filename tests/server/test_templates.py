"""Each template gets one dataclass, and shows every field of it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from markupsafe import Markup

from copydesk.core import states
from copydesk.core.checks import RiskClass, Verdict
from copydesk.core.post import Content, Tier
from copydesk.core.webhook import Attempt
from copydesk.server import rendering
from copydesk.server.views.badges import Badge, badge
from copydesk.server.views.changes import changes
from copydesk.testing.oauth_server import OAuthServer
from copydesk.transformation.content import read_markdown_file
from copydesk.work.accounts.connecting import add_account
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.recurring import SeriesForm, add_series
from copydesk.work.desk import Desk
from tests.server.scene import Scene, lay_out
from tests.server.test_audits import find_audit
from tests.server.test_budgets import add_mastodon, use_up
from tests.server.test_releases import counted_trial, raised
from tests.work.incoming.test_regrouping import parts_of, taken_apart, turn
from tests.work.reviews.test_hinting import rough

TEMPLATES = Path(rendering.__file__).parent / "templates"


class Watched:
    """Stands before a dataclass and remembers which fields were asked for."""

    def __init__(self, value: Any, asked: dict[type, set[str]]) -> None:
        self._value, self._asked = value, asked
        asked.setdefault(type(value), set())

    def __getattr__(self, name: str) -> Any:
        self._asked[type(self._value)].add(name)
        return watch(getattr(self._value, name), self._asked)


def watch(value: Any, asked: dict[type, set[str]]) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return Watched(value, asked)
    if isinstance(value, tuple):
        return tuple(watch(entry, asked) for entry in value)
    return value


async def look_at_webhooks(browser: httpx2.AsyncClient, desk: Desk) -> list[httpx2.Response]:
    """The pages of one webhook that was told something, enabled and disabled."""
    made = await browser.post("/settings/webhooks", data={"url": "https://example.org/hook"})
    place = made.headers["location"]
    attempt = Attempt(
        message_id="evt_1_0",
        sequence=1,
        type="delivery.failed",
        attempt=1,
        at=desk.clock.now(),
        milliseconds=12,
        outcome="failed",
        status=500,
        answer="no",
    )
    async with desk.store.begin("test") as unit:
        await unit.messages.log(place.rpartition("/")[2], [attempt])
    answers = [await browser.get(path) for path in ("/settings/webhooks", place)]
    await browser.post(f"{place}/disable", data={"reason": "it moves"})
    return [*answers, await browser.get(place)]


async def look_at_feeds(browser: httpx2.AsyncClient, desk: Desk) -> list[httpx2.Response]:
    """The pages of one feed that is followed, and paused."""
    form = {"url": "https://example.org/feed", "every": "3600"}
    place = (await browser.post("/settings/feeds", data=form)).headers["location"]
    answers = [await browser.get(path) for path in ("/settings/feeds", place)]
    await browser.post(f"{place}/pause", data={"reason": "it moves"})
    return [*answers, await browser.get(place)]


async def look_at_schedule(browser: httpx2.AsyncClient, desk: Desk) -> list[httpx2.Response]:
    """The page of what is coming up, with a series that runs."""
    await add_account(desk, "sandbox", "box", settings={}, secrets={}, inbox=False, actor="test")
    file = read_markdown_file("# A tip\n\nSave often.", filename="tip.md")
    form = SeriesForm(
        name="tips", rule="FREQ=DAILY", start="2026-01-01 09:00", zone="UTC", accounts=["box"]
    )
    await add_series(
        desk, form, [Manuscript(source_key="file:tip", file=file, images=())], actor="test"
    )
    return [await browser.get("/schedule")]


async def look_at_connecting(browser: httpx2.AsyncClient) -> list[httpx2.Response]:
    """The form for connecting an account, and the way to the platform's own page."""
    async with OAuthServer() as server:
        form = {"platform": "sandbox", "name": "linked", "set.auth_url": server.url}
        onward = await browser.post("/accounts/connect", data=form)
    paths = ("/accounts/connect", "/accounts/connect?platform=sandbox")
    return [onward, *[await browser.get(path) for path in paths]]


async def look_at_a_decided_review(
    browser: httpx2.AsyncClient, scene: Scene
) -> list[httpx2.Response]:
    """A review with decisions in it, then decided as a whole, and the piece it was about."""
    await browser.post(f"/reviews/{scene.review}/suggestions/accept")
    decided = [await browser.get(f"/reviews/{scene.review}")]
    await browser.post(f"/reviews/{scene.review}/accept", data={"reason": "fine"})
    paths = (f"/reviews/{scene.review}", "/reviews?state=accepted", f"/posts/{scene.post}")
    return decided + [await browser.get(path) for path in paths]


async def look_at_budgets(browser: httpx2.AsyncClient, desk: Desk) -> list[httpx2.Response]:
    """The page of budgets with a limit that is used up, a closing, and money."""
    await use_up(desk, await add_mastodon(desk))
    body = {"period": "day", "amount": "5"}
    await browser.post("/v1/budgets", json=body)
    return [await browser.get("/accounts/budgets")]


async def look_at_audits(browser: httpx2.AsyncClient, desk: Desk) -> list[httpx2.Response]:
    """The pages of audits with something found, a blind review, and agreement."""
    review = await find_audit(desk, browser)
    paths = ("/audits", "/audits?said=good", f"/reviews/{review}", "/audits/agreement?days=0")
    return [await browser.get(path) for path in paths]


async def look_at_a_log(browser: httpx2.AsyncClient, desk: Desk) -> list[httpx2.Response]:
    """A chat that was parted, one conversation of it, and one that was put right."""
    log, (mail, lamp) = await taken_apart(desk)
    answers = [
        await browser.get(f"/submissions/{log.id}"),
        await browser.get(f"/submissions/{lamp.id}/conversation"),
    ]
    form = {"turn": await turn(desk, lamp, "the lamp shines"), "to": mail.id}
    moved = await browser.post(f"/submissions/{lamp.id}/conversation", data=form)
    await parts_of(desk, log.id)
    return [*answers, await browser.get(f"{moved.headers['location']}/conversation")]


async def look_at_releases(browser: httpx2.AsyncClient, desk: Desk) -> list[httpx2.Response]:
    """The pages of releases with one on trial that has been counted, and of drift."""
    await counted_trial(browser, desk)
    await raised(desk)
    return [await browser.get("/releases"), await browser.get("/releases/next")]


async def test_templates_use_every_field_they_are_given(
    browser: httpx2.AsyncClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[type, set[str]] = {}
    rendered: set[str] = set()
    plain = rendering.to_text

    def watched(template: str, view: Any) -> str:
        assert is_dataclass(view)
        rendered.add(template)
        return plain(template, watch(view, asked))

    monkeypatch.setattr(rendering, "to_text", watched)
    empty = [await browser.get("/settings/webhooks")]
    empty += [await browser.get("/schedule")]
    empty += [await browser.get("/releases")]
    empty += [await browser.get("/accounts/budgets")]
    empty += [await browser.get(path) for path in ("/", "/reviews", "/deliveries", "/accounts")]
    scene = await lay_out(desk)
    async with desk.store.begin("test") as unit:
        lonely, _ = await unit.posts.add(
            workspace_id=desk.workspace_id,
            source_key="file:lonely",
            content=Content(title="Nowhere to go", body="", slug="lonely"),
            tier=Tier.PERSON,
        )
    for number in range(51):
        await browser.post("/submissions", files={"file": ("a", f"message {number}".encode())})
    answers = [
        await browser.get(path)
        for path in (
            "/",
            "/inbox/lines",
            "/reviews",
            "/reviews?state=accepted",
            f"/reviews/{scene.review}",
            "/accounts",
            "/deliveries",
            "/deliveries/lines",
            f"/posts/{scene.post}",
            f"/posts/{scene.post}/deliveries",
            f"/posts/{scene.post}/unpublish",
            f"/posts/{lonely.id}",
            f"/submissions/{scene.refused}",
            f"/deliveries/{scene.delivered}",
            f"/deliveries/{scene.held}",
            f"/deliveries/{scene.held}/timeline",
            "/deliveries/redrive?state=held&sent=1",
            f"/accounts/{scene.account}/remove",
        )
    ]
    answers += await look_at_audits(browser, desk)
    answers += await look_at_a_log(browser, desk)
    rough_review, _ = await rough(desk)
    answers += [await browser.get(f"/reviews/{rough_review}")]
    answers += await look_at_budgets(browser, desk)
    answers += await look_at_releases(browser, desk)
    answers += await look_at_connecting(browser)
    answers += await look_at_feeds(browser, desk)
    answers += await look_at_webhooks(browser, desk)
    answers += await look_at_schedule(browser, desk)
    answers += await look_at_a_decided_review(browser, scene)
    assert {answer.status_code for answer in [*empty, *answers]} == {200}
    await browser.get("/nowhere")
    await browser.get("/?state=nonsense")
    await browser.post("/login", data={"token": "wrong"})
    unused = {
        kind.__qualname__: sorted({entry.name for entry in fields(kind)} - names)
        for kind, names in asked.items()
        if kind.__module__.startswith("copydesk.server.views")
    }
    assert {kind: names for kind, names in unused.items() if names} == {}
    pages = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.glob("pages/*.html")}
    assert pages <= rendered


def test_a_missing_field_is_an_error_not_an_empty_place() -> None:
    from jinja2 import UndefinedError

    template = rendering.environment().from_string("{{ view.nothing }}")
    with pytest.raises(UndefinedError):
        template.render(view=object())


def test_everything_is_escaped() -> None:
    template = rendering.environment().from_string("{{ view }}")
    assert template.render(view="<b>") == Markup.escape("<b>")


@pytest.mark.parametrize(
    "kind",
    [
        states.SubmissionState,
        states.PostState,
        states.ReviewState,
        states.SuggestionState,
        states.DeliveryState,
        states.AccountState,
        states.FeedState,
        states.WebhookState,
        states.ReleaseState,
        states.AlarmState,
        Verdict,
        RiskClass,
    ],
)
def test_every_state_is_shown_as_a_word_with_an_icon_that_exists(kind: Any) -> None:
    module: Any = rendering.environment().get_template("partials/marks.html").module
    for state in kind:
        shown: Badge = badge(state)
        assert shown.word == state.value
        text = module.mark(shown)
        assert "<path d=" in text
        assert state.value in text
        assert shown.tone in {"calm", "busy", "good", "warn", "bad"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("one two three", "one three"),
        ("a\nb\nc\n", "a\nx y\nc\n"),
        ("same\n", "same\n"),
        ("x " * 2000, "y " * 2000),
        ("naïve café 10:30", "naive café at 10:30"),
    ],
)
def test_changes_join_to_both_texts(before: str, after: str) -> None:
    found = changes(before, after)
    assert "".join(c.text for c in found if c.kind != "added") == before
    assert "".join(c.text for c in found if c.kind != "removed") == after


def test_a_changed_word_is_all_that_is_marked() -> None:
    marked = [
        c for c in changes("Open on Sunday at ten.", "Open on Monday at ten.") if c.kind != "same"
    ]
    assert [(c.kind, c.text) for c in marked] == [("removed", "Sunday"), ("added", "Monday")]
