"""Posts on Paragraph: a draft first, public once, mailed only when asked and never twice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    AuthRevoked,
    Inconclusive,
    Landed,
    Published,
    Ready,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.post import Content
from copydesk.core.standing import AsPublished, Changed, Gone
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.manifest import Idempotency
from copydesk.testing.aftercare import AftercareContract, Afterwards
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.contract import PlatformContract
from copydesk.testing.faults import FaultContract, Rig
from copydesk.testing.loopback import Lie
from copydesk.testing.samples import sample_case, sample_content
from tests.platforms.paragraph.publication import Desk, open_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as desk:
        yield desk


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield transport
    await transport.close()


@pytest.fixture
async def mailing(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path, newsletter="when asked") as desk:
        yield desk


def asking(**more: Any) -> Content:
    return replace(sample_content(), overrides={"paragraph": {"newsletter": True, **more}})


def sent(desk: Desk, method: str) -> list[dict[str, Any]]:
    return [json.loads(hit.body) for hit in desk.publication.hits if hit.method == method]


class TestParagraph(PlatformContract):
    name = "paragraph"


class TestParagraphThatMails(PlatformContract):
    name = "paragraph"
    settings: ClassVar[Mapping[str, str]] = {"newsletter": "always", "removal": "draft"}


class TestParagraphUnderFaults(FaultContract):
    @pytest.fixture
    async def rig(self, desk: Desk, transport: HttpTransport, tmp_path: Path) -> Rig:
        return Rig(
            # with no connection left open by preparing
            client=Desk(desk.publication, transport, tmp_path).client,
            server=desk.publication,
            outgoing=await desk.prepared(),
            landed=lambda: len(desk.publication.public) - 1,
            secrets=(desk.publication.key,),
            repeatable=True,
        )


class TestParagraphAfterwards(AftercareContract):
    @pytest.fixture(params=["delete", "draft"])
    async def rig(
        self, request: pytest.FixtureRequest, tmp_path: Path
    ) -> AsyncIterator[Afterwards]:
        async with open_desk(tmp_path, removal=request.param) as desk:
            posts = desk.publication.posts

            async def change(id: str) -> None:
                desk.publication.edit(id, "Desks are closed.")

            async def remove(id: str) -> None:
                posts[:] = [post for post in posts if post.id != id]

            yield Afterwards(
                client=desk.client,
                outgoing=await desk.prepared(),
                change=change,
                remove=remove,
                there=lambda id: any(post.id == id for post in desk.publication.public),
                server=desk.publication,
            )


# -- publishing -----------------------------------------------------------------------------------


async def test_nothing_is_public_before_the_commit(desk: Desk) -> None:
    outgoing = await desk.prepared()
    assert [post.title for post in desk.publication.public] == ["Older"]
    outcome = await desk.client.commit(outgoing)
    assert isinstance(outcome, Published)
    assert outcome.id == outgoing.handles["post_id"]
    assert outcome.url == "https://paragraph.com/@desk/copy-desks"
    post = desk.post(outgoing)
    assert (post.status, post.title, post.slug) == ("published", "Copy desks", "copy-desks")
    assert post.categories == ["newsroom", "open source"]
    assert desk.publication.mails == []


async def test_state_and_newsletter_are_said_with_every_write(desk: Desk) -> None:
    post = await desk.published()
    update = replace(post, action=Action.UPDATE, key="update-1", handles={})
    ready = await desk.client.prepare(update)
    assert isinstance(ready, Ready)
    assert isinstance(await desk.client.commit(replace(update, handles=ready.handles)), Published)
    for body in (*sent(desk, "POST"), *sent(desk, "PUT")):
        assert body["status"] in {"draft", "published"}
        assert body["sendNewsletter"] is False


async def test_its_own_domain_is_in_the_address(desk: Desk) -> None:
    desk.publication.own = "https://letters.example/"
    outgoing = await desk.prepared()
    assert outgoing.handles["url"] == "https://letters.example/copy-desks"


async def test_whose_key_it_is(desk: Desk) -> None:
    outcome = await desk.client.test()
    assert isinstance(outcome, Published)
    assert (outcome.id, outcome.url) == ("The Desk", "https://paragraph.com/@desk")
    desk.publication.key = "another"
    assert isinstance(await desk.reopened().test(), AuthRevoked)


# -- the draft may be made again ------------------------------------------------------------------


async def test_a_draft_whose_answer_was_lost_is_taken_up_again(desk: Desk) -> None:
    desk.publication.lies_to = frozenset({"POST"})
    desk.publication.lie(Lie.RESET_AFTER_ACCEPT)
    outgoing = desk.to_send()
    assert isinstance(await desk.client.prepare(outgoing), Unavailable)
    ready = await desk.reopened().prepare(outgoing)
    assert isinstance(ready, Ready)
    assert len(desk.publication.posts) == 3
    assert isinstance(await desk.client.commit(replace(outgoing, handles=ready.handles)), Published)


async def test_a_draft_that_is_not_listed_yet_leaves_no_second_one(desk: Desk) -> None:
    await desk.client.prepare(desk.to_send())
    desk.publication.stale_for = 4.0
    again = await desk.client.prepare(desk.to_send())
    assert isinstance(again, Unavailable)
    assert again.retry_after == 5.0
    assert [post.slug for post in desk.publication.posts] == ["older", "sketch", "copy-desks"]
    clock = desk.publication.clock
    assert isinstance(clock, StoppedClock)
    clock.advance(5)
    assert isinstance(await desk.client.prepare(desk.to_send()), Ready)
    assert len(desk.publication.posts) == 3


async def test_a_draft_that_was_thrown_away_is_made_anew(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.publication.posts.remove(desk.post(outgoing))
    assert isinstance(await desk.client.commit(outgoing), Unavailable)
    ready = await desk.client.check(outgoing)
    assert isinstance(ready, Ready)
    assert isinstance(await desk.client.commit(replace(outgoing, handles=ready.handles)), Published)


@pytest.mark.parametrize("status", ["draft", "published"])
async def test_the_address_of_another_text_is_not_taken(desk: Desk, status: str) -> None:
    desk.publication.add("Copy desks", slug="copy-desks", status=status, markdown="Older words.")
    refused = await desk.client.prepare(desk.to_send())
    assert isinstance(refused, Refused)
    assert refused.field == "slug"
    assert "another text" in refused.reason
    assert status in refused.reason
    assert len(desk.publication.posts) == 3


async def test_a_draft_behind_many_others_is_found(desk: Desk) -> None:
    mine = await desk.prepared()
    for number in range(130):
        desk.publication.add(f"Idea {number}", slug=f"idea-{number}", status="draft")
    again = await desk.prepared()
    assert again.handles == mine.handles


async def test_a_broken_list_makes_no_draft(desk: Desk) -> None:
    desk.publication.broken_looks = 1
    assert isinstance(await desk.client.prepare(desk.to_send()), Unavailable)
    assert len(desk.publication.posts) == 2


# -- newsletters ----------------------------------------------------------------------------------


async def test_a_post_that_asks_is_mailed_once_when_it_is_published(mailing: Desk) -> None:
    post = await mailing.prepared(asking())
    assert mailing.publication.mails == []
    assert isinstance(await mailing.client.commit(post), Published)
    assert mailing.publication.mails == ["Copy desks"]


async def test_an_update_mails_nobody(mailing: Desk) -> None:
    post = await mailing.published(asking())
    update = replace(post, action=Action.UPDATE, key="update-1")
    assert isinstance(await mailing.client.check(update), Ready)
    assert isinstance(await mailing.client.commit(update), Published)
    assert mailing.publication.mails == ["Copy desks"]


def test_an_account_that_may_mail_repeats_nothing_blindly() -> None:
    for newsletter, expected in (
        ("never", Idempotency.NATURAL_KEY),
        ("when asked", Idempotency.NONE),
        ("always", Idempotency.NONE),
    ):
        case = sample_case("paragraph", {"newsletter": newsletter})
        assert case.platform.idempotency(case.account) is expected
        assert case.platform.reconcile(case.account).absence == (newsletter == "never")


@pytest.mark.parametrize("lie", [Lie.RESET_BEFORE_ACCEPT, Lie.HTML])
async def test_a_mailing_in_doubt_is_never_called_absent(mailing: Desk, lie: Lie) -> None:
    post = await mailing.prepared(asking())
    mailing.publication.lie(lie)
    assert isinstance(await mailing.client.commit(post), Unknown)
    found = await mailing.client.find(post)
    assert isinstance(found, Inconclusive)
    assert found.retry_at == NOON + timedelta(minutes=10)
    without = replace(post, payload={**post.payload, "newsletter": False})
    assert isinstance(await mailing.client.find(without), Absent)


async def test_a_mailing_that_takes_its_time_is_found(mailing: Desk) -> None:
    post = await mailing.prepared(asking())
    mailing.publication.lie(Lie.ERROR_AFTER_ACCEPT)
    assert isinstance(await mailing.client.commit(post), Unknown)
    mailing.publication.slow_mail = 1
    assert isinstance(await mailing.client.find(post), Inconclusive)
    assert isinstance(await mailing.client.find(post), Landed)
    assert mailing.publication.mails == ["Copy desks"]


async def test_what_was_public_before_is_not_mailed_again(mailing: Desk) -> None:
    post = await mailing.published(asking())
    mailing.post(post).status = "draft"
    refused = await mailing.client.prepare(mailing.to_send(asking()))
    assert isinstance(refused, Refused)
    assert refused.field == "newsletter"
    assert isinstance(await mailing.client.prepare(mailing.to_send()), Ready)


async def test_what_a_person_published_meanwhile_is_not_mailed(mailing: Desk) -> None:
    post = await mailing.prepared(asking())
    mailing.post(post).status = "published"
    refused = await mailing.client.check(post)
    assert isinstance(refused, Refused)
    assert refused.field == "newsletter"


def test_an_account_that_mails_nobody_refuses_a_post_that_asks() -> None:
    case = sample_case("paragraph")
    (finding,) = case.errors(case.render(asking()))
    assert finding.code == "newsletter_not_allowed"


# -- updates, looks, metrics ----------------------------------------------------------------------


async def changed(desk: Desk, post: Outgoing, body: str) -> Outgoing:
    update = desk.to_send(sample_content(body), action=Action.UPDATE, target_id=post.target_id)
    ready = await desk.client.prepare(update)
    assert isinstance(ready, Ready)
    return replace(update, handles=ready.handles)


async def test_an_update_replaces_the_body_and_stays_public(desk: Desk) -> None:
    update = await changed(desk, await desk.published(), "Desks close at noon.")
    assert isinstance(await desk.client.find(update), Absent)
    assert isinstance(await desk.client.commit(update), Published)
    assert (desk.post(update).markdown.strip(), desk.post(update).status) == (
        "Desks close at noon.",
        "published",
    )
    assert isinstance(await desk.client.find(update), Landed)


async def test_an_edit_made_there_in_between_is_not_overwritten(desk: Desk) -> None:
    update = await changed(desk, await desk.published(), "Desks close at noon.")
    desk.publication.edit(update.target_id, "Edited in the editor.")
    refused = await desk.client.commit(update)
    assert isinstance(refused, Unavailable)
    assert desk.post(update).markdown == "Edited in the editor."


async def test_what_the_look_saw_is_what_an_update_replaces(desk: Desk) -> None:
    post = await desk.published()
    assert isinstance(await desk.client.inspect(post), AsPublished)
    desk.publication.edit(post.target_id, "Edited in the editor.")
    update = await changed(desk, post, "Desks close at noon.")
    refused = await desk.client.commit(update)
    assert isinstance(refused, Unavailable)
    assert "edited on Paragraph" in refused.reason
    assert desk.post(update).markdown == "Edited in the editor."
    # whoever says that it is to be overwritten has nothing looked at
    update = await changed(desk, post, "Desks close at noon.")
    assert isinstance(await desk.client.commit(update), Published)


async def test_an_update_of_what_is_gone_is_refused(desk: Desk) -> None:
    post = await desk.published()
    desk.publication.posts.clear()
    update = replace(post, action=Action.UPDATE)
    refused = await desk.client.prepare(update)
    assert isinstance(refused, Refused)
    assert refused.field == "target"


async def test_an_answer_without_a_state_tells_neither_that_it_is_gone_nor_that_it_is_a_draft(
    desk: Desk,
) -> None:
    post = await desk.published()
    desk.publication.tells_states = False
    assert isinstance(await desk.client.inspect(post), Inconclusive)
    assert isinstance(await desk.client.find(post), Inconclusive)


async def test_marks_and_addresses_that_paragraph_rewrites_are_no_change(desk: Desk) -> None:
    content = replace(
        sample_content(
            "An *important* day.\n\n* one\n* two\n\n![a lamp](https://example.org/lamp.png)",
            canonical_url="https://example.org/desks",
        ),
        summary="What opened.",
    )
    post = await desk.published(content)
    assert isinstance(await desk.client.inspect(post), AsPublished)
    desk.post(post).subtitle = "What closed."
    assert await desk.client.inspect(post) == Changed("subtitle")
    desk.post(post).status = "archived"
    standing = await desk.client.inspect(post)
    assert isinstance(standing, Gone)
    assert "archived" in standing.evidence


async def test_views_come_from_the_list_of_own_posts(desk: Desk) -> None:
    post = await desk.published()
    desk.post(post).views = 12
    for number in range(120):
        desk.publication.add(f"Post {number}", slug=f"post-{number}")
    metrics = await desk.client.metrics(post)
    assert isinstance(metrics, Metrics)
    assert metrics.counts == {Metric.VIEWS: 12}
    assert isinstance(await desk.client.metrics(replace(post, target_id="other")), Unavailable)
