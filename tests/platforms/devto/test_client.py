"""Articles become public exactly once, whatever happens on the way."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from copydesk.core.delivery import Action
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    Accepted,
    AuthRevoked,
    Duplicate,
    Inconclusive,
    Landed,
    Misconfigured,
    Pending,
    Published,
    RateLimited,
    Ready,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.standing import Changed, Gone
from copydesk.platforms.devto.listing import PAGE, PAGES
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.testing.aftercare import AftercareContract, Afterwards
from copydesk.testing.clocks import NOON, StoppedClock
from copydesk.testing.fake_devto import VERSION, Article
from copydesk.testing.faults import FaultContract, Rig
from copydesk.testing.loopback import Lie
from copydesk.testing.samples import sample_case, sample_content
from copydesk.testing.transports import CannedTransport
from tests.platforms.devto.desk import Desk

CANONICAL = "https://example.org/desk"


class TestDevtoUnderFaults(FaultContract):
    @pytest.fixture
    async def rig(self, desk: Desk) -> AsyncIterator[Rig]:
        outgoing = await desk.prepared()
        # no connection is left open from preparing, so that an unreachable server is just that
        transport = HttpTransport(user_agent="copydesk-tests")
        yield Rig(
            client=desk.client_over(transport),
            server=desk.forem,
            outgoing=outgoing,
            landed=lambda: len(desk.public),
            secrets=(desk.forem.key,),
            repeatable=True,
        )
        await transport.close()


class TestDevtoAfterwards(AftercareContract):
    @pytest.fixture
    async def rig(self, desk: Desk) -> Afterwards:
        forem = desk.forem

        async def change(id: str) -> None:
            article = forem.named(id)
            assert article is not None
            article.body = "We are closed."

        async def remove(id: str) -> None:
            forem.articles = [a for a in forem.articles if str(a.id) != id]

        return Afterwards(
            client=desk.client,
            outgoing=await desk.prepared(),
            change=change,
            remove=remove,
            there=lambda id: any(str(a.id) == id for a in desk.public),
            server=forem,
        )


# -- preparing ------------------------------------------------------------------------------------


async def test_preparing_makes_a_draft_that_nobody_sees(desk: Desk) -> None:
    content = replace(sample_content(summary="In short."), series="Desks", cover=f"{CANONICAL}.png")
    outgoing = await desk.prepared(content)
    (article,) = desk.forem.articles
    assert not article.published
    assert outgoing.handles == {"article_id": "101", "tags": ["newsroom", "opensource"]}
    assert (article.title, article.description, article.series, article.main_image) == (
        "Copy desks", "In short.", "Desks", f"{CANONICAL}.png",
    )  # fmt: skip
    hit = desk.forem.hits[-1]
    assert json.loads(hit.body)["article"]["published"] is False
    assert hit.headers["accept"] == VERSION


async def test_a_draft_whose_answer_was_lost_is_taken_up_again(desk: Desk) -> None:
    desk.forem.lie(Lie.RESET_AFTER_ACCEPT)
    outgoing = desk.to_send()
    assert isinstance(await desk.client.prepare(outgoing), Unavailable)
    assert isinstance(await desk.client.prepare(outgoing), Ready)
    assert len(desk.forem.articles) == 1


async def test_a_draft_that_is_not_listed_yet_is_waited_for(
    desk: Desk, clock: StoppedClock
) -> None:
    desk.forem.stale_for = 4
    desk.forem.lie(Lie.RESET_AFTER_ACCEPT)
    outgoing = desk.to_send()
    await desk.client.prepare(outgoing)
    refused = await desk.client.prepare(outgoing)
    assert isinstance(refused, Unavailable)
    assert "five minutes" in refused.reason
    assert refused.retry_after
    assert refused.retry_after > 300
    clock.advance(refused.retry_after)
    assert isinstance(await desk.client.prepare(outgoing), Ready)
    assert len(desk.forem.articles) == 1


async def test_somebody_elses_draft_is_left_alone(desk: Desk) -> None:
    theirs = desk.forem.add("Copy desks", "Something quite different.")
    theirs.created_at = NOON.replace(hour=1)
    await desk.published()
    assert theirs.body == "Something quite different."
    assert [article.id for article in desk.public] == [102]


async def test_a_draft_that_was_changed_meanwhile_is_put_right(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.forem.articles[0].body = "Half of it."
    assert isinstance(await desk.client.check(outgoing), Ready)
    assert desk.forem.articles[0].body == outgoing.payload["article"]["body_markdown"]
    assert not desk.forem.articles[0].published


async def test_a_draft_that_was_deleted_is_made_anew(desk: Desk, clock: StoppedClock) -> None:
    outgoing = await desk.prepared()
    desk.forem.articles.clear()
    assert isinstance(await desk.client.commit(outgoing), Unavailable)
    again = await desk.client.check(outgoing)
    assert isinstance(again, Ready)
    assert isinstance(await desk.client.commit(replace(outgoing, handles=again.handles)), Published)


async def test_a_rate_limit_while_looking_for_the_draft_is_waited_for(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.forem.lie(Lie.RATE_LIMITED)
    assert isinstance(await desk.client.commit(outgoing), RateLimited)
    # what was not let look is no failed try: it would be used up while others are at work
    assert isinstance(await desk.client.check(outgoing), RateLimited)
    assert isinstance(await desk.client.find(outgoing), Inconclusive)


async def test_a_body_that_begins_with_dashes_overrides_nothing(desk: Desk) -> None:
    body = "---\n\ntitle: Another\npublished: true\n\n---\n\nWords."
    await desk.prepared(sample_content(body))
    (article,) = desk.forem.articles
    assert (article.title, article.published) == ("Copy desks", False)


async def test_what_was_stored_otherwise_is_told(desk: Desk) -> None:
    outgoing = desk.to_send()
    payload = json.loads(json.dumps(outgoing.payload))
    payload["article"]["body_markdown"] = "---\ntitle: Another\n---\n\nWords."
    refused = await desk.client.prepare(replace(outgoing, payload=payload))
    assert isinstance(refused, Refused)
    assert refused.field == "title"


async def test_liquid_that_does_not_run_is_told_before_anything_is_public(desk: Desk) -> None:
    content = sample_content("{% nothing %} here.")
    content = replace(content, overrides={"devto": {"liquid": True}})
    refused = await desk.client.prepare(desk.to_send(content))
    assert isinstance(refused, Refused)
    assert refused.field == "body"
    assert "Unknown tag 'nothing'" in refused.reason


async def test_aliases_of_tags_are_no_change(desk: Desk) -> None:
    outgoing = await desk.published(replace(sample_content(), tags=("js",)))
    assert outgoing.handles["tags"] == ["javascript"]
    assert not isinstance(await desk.client.inspect(outgoing), Changed)
    desk.public[0].tags = ["rust"]
    standing = await desk.client.inspect(outgoing)
    assert isinstance(standing, Changed)
    assert standing.what == "tags"


async def test_an_organization_the_account_is_not_in_is_ignored_there(desk: Desk) -> None:
    desk.forem.organizations = {7}
    content = replace(sample_content(), overrides={"devto": {"organization_id": 7}})
    await desk.prepared(content)
    assert desk.forem.articles[0].organization_id == 7


# -- publishing -----------------------------------------------------------------------------------


async def test_publishing_is_one_call_and_gives_the_lasting_address(desk: Desk) -> None:
    outgoing = await desk.prepared()
    before = len(desk.forem.hits)
    outcome = await desk.client.commit(outgoing)
    assert len(desk.forem.hits) == before + 1
    assert json.loads(desk.forem.hits[-1].body) == {"article": {"published": True}}
    assert isinstance(outcome, Published)
    assert outcome.url == f"{desk.forem.url}/desk/{desk.public[0].slug}"
    assert "temp-slug" not in outcome.url


async def test_without_a_draft_nothing_is_published(desk: Desk) -> None:
    assert isinstance(await desk.client.commit(desk.to_send()), Unavailable)
    assert desk.forem.hits == []


async def test_a_success_that_kept_a_draft_is_not_believed(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.forem.keeps_drafts = 1
    outcome = await desk.client.commit(outgoing)
    assert isinstance(outcome, Unavailable)
    assert "kept a draft" in outcome.reason
    assert isinstance(await desk.client.find(outgoing), Absent)
    assert isinstance(await desk.client.commit(outgoing), Published)
    assert len(desk.public) == 1


async def test_an_address_that_comes_later_is_asked_for(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.forem.slugs_come_after = 2
    accepted = await desk.client.commit(outgoing)
    assert isinstance(accepted, Accepted)
    outgoing = replace(
        outgoing, handles={**outgoing.handles, **accepted.handle, "accepted": NOON.isoformat()}
    )
    assert isinstance(await desk.client.check(outgoing), Pending)
    done = await desk.client.check(outgoing)
    assert isinstance(done, Published)
    assert "temp-slug" not in done.url


async def test_new_accounts_are_told_how_long_to_rest(desk: Desk, clock: StoppedClock) -> None:
    desk.forem.is_new = True
    await desk.published()
    outgoing = desk.to_send(sample_content(title="The second"))
    limited = await desk.client.prepare(outgoing)
    assert isinstance(limited, RateLimited)
    assert limited.retry_after == 300
    clock.advance(301)
    assert isinstance(await desk.client.prepare(outgoing), Ready)


# -- canonical URLs -------------------------------------------------------------------------------


async def test_what_is_public_under_our_canonical_url_is_taken_over(desk: Desk) -> None:
    outgoing = desk.to_send(sample_content(canonical_url=CANONICAL))
    article = outgoing.payload["article"]
    there = desk.forem.add(
        article["title"], article["body_markdown"], canonical_url=CANONICAL, published=True
    )
    ready = await desk.client.prepare(outgoing)
    assert isinstance(ready, Ready)
    assert ready.handles["article_id"] == str(there.id)
    outcome = await desk.client.commit(replace(outgoing, handles=ready.handles))
    assert isinstance(outcome, Published)
    assert len(desk.public) == 1


async def test_another_text_under_our_canonical_url_is_never_overwritten(desk: Desk) -> None:
    there = desk.forem.add("Copy desks", "Imported.", canonical_url=CANONICAL, published=True)
    refused = await desk.client.prepare(desk.to_send(sample_content(canonical_url=CANONICAL)))
    assert isinstance(refused, Refused)
    assert refused.field == "canonical_url"
    assert there.slug in refused.reason
    assert there.body == "Imported."


async def test_a_canonical_url_that_somebody_else_has_is_refused(desk: Desk) -> None:
    desk.forem.taken = {CANONICAL}
    outgoing = await desk.prepared(sample_content(canonical_url=CANONICAL))
    refused = await desk.client.commit(outgoing)
    assert isinstance(refused, Refused)
    assert refused.field == "canonical_url"
    assert desk.public == []


async def test_a_canonical_url_taken_by_our_own_article_is_adopted(desk: Desk) -> None:
    outgoing = await desk.prepared(sample_content(canonical_url=CANONICAL))
    article = outgoing.payload["article"]
    there = desk.forem.add(
        article["title"], article["body_markdown"], canonical_url=CANONICAL, published=True
    )
    outcome = await desk.client.commit(outgoing)
    assert isinstance(outcome, Duplicate)
    assert outcome.of == str(there.id)


async def test_a_long_list_of_articles_keeps_nobody_from_publishing(desk: Desk) -> None:
    for number in range(PAGE * PAGES):
        desk.forem.articles.append(
            Article(id=1000 + number, title=f"Old {number}", body="x", created_at=NOON)
        )
    assert isinstance(
        await desk.client.prepare(desk.to_send(sample_content(canonical_url=CANONICAL))), Ready
    )


# -- looking --------------------------------------------------------------------------------------


async def test_a_draft_far_down_the_list_is_found(desk: Desk) -> None:
    outgoing = await desk.prepared()
    for number in range(PAGE + 3):
        desk.forem.add(f"Later {number}")
    assert isinstance(await desk.client.find(outgoing), Absent)


async def test_long_articles_are_listed_in_smaller_pages(desk: Desk) -> None:
    outgoing = await desk.prepared()
    for number in range(PAGE + 3):
        desk.forem.add(f"Long {number}", "x" * 300_000)
    assert isinstance(await desk.client.find(outgoing), Absent)


async def test_a_deleted_draft_proves_nothing(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.forem.articles.clear()
    assert isinstance(await desk.client.find(outgoing), Inconclusive)


async def test_a_broken_list_proves_nothing(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.forem.broken_looks = 1
    assert isinstance(await desk.client.find(outgoing), Inconclusive)


async def test_without_a_draft_nothing_is_claimed(desk: Desk) -> None:
    assert isinstance(await desk.client.find(desk.to_send()), Inconclusive)


# -- afterwards -----------------------------------------------------------------------------------


async def test_an_update_changes_the_article_and_can_be_found(desk: Desk) -> None:
    post = await desk.published()
    edit = desk.to_send(
        sample_content("Desks are closed."), action=Action.UPDATE, target_id=post.target_id
    )
    assert await desk.client.prepare(edit) == Ready({})
    assert isinstance(await desk.client.find(edit), Absent)
    desk.forem.lie(Lie.ERROR_AFTER_ACCEPT)
    assert isinstance(await desk.client.commit(edit), Unknown)
    assert isinstance(await desk.client.find(edit), Landed)
    assert desk.public[0].body == "Desks are closed."
    assert json.loads(desk.forem.hits[-2].body)["article"]["published"] is True


async def test_an_update_of_what_is_gone_is_refused(desk: Desk) -> None:
    outcome = await desk.client.commit(desk.to_send(action=Action.UPDATE, target_id="99"))
    assert isinstance(outcome, Refused)
    assert outcome.field == "target"


async def test_a_delete_makes_a_draft_of_it(desk: Desk) -> None:
    post = await desk.published()
    removal = replace(post, action=Action.DELETE)
    assert isinstance(await desk.client.commit(removal), Published)
    (article,) = desk.forem.articles
    assert not article.published
    assert article.published_at is not None
    standing = await desk.client.inspect(post)
    assert isinstance(standing, Gone)
    assert "draft again" in standing.evidence


async def test_numbers_of_an_article(desk: Desk) -> None:
    post = await desk.published()
    desk.public[0].views, desk.public[0].reactions, desk.public[0].comments = 120, 7, 2
    found = await desk.client.metrics(post)
    assert isinstance(found, Metrics)
    assert found.counts == {Metric.VIEWS: 120, Metric.REACTIONS: 7, Metric.REPLIES: 2}
    desk.forem.articles.clear()
    assert isinstance(await desk.client.metrics(post), Refused)


# -- refusals -------------------------------------------------------------------------------------


async def test_a_dead_key_is_final(desk: Desk) -> None:
    outgoing = await desk.prepared()
    desk.forem.key = "another-one-0123456789"
    assert isinstance(await desk.client.commit(outgoing), AuthRevoked)
    assert isinstance(await desk.client.test(), AuthRevoked)


async def test_the_account_says_who_it_is(desk: Desk) -> None:
    outcome = await desk.client.test()
    assert isinstance(outcome, Published)
    assert (outcome.id, outcome.url) == ("@desk", f"{desk.forem.url}/desk")


@pytest.mark.parametrize(
    ("status", "body", "outcome", "field"),
    [
        (422, b'{"error": "Title is too long (maximum is 128 characters)"}', Refused, "title"),
        (422, b'{"error": "Tag list exceed the maximum of 4 tags"}', Refused, "tags"),
        (422, b'{"error": "Main image is not a valid URL"}', Refused, "cover"),
        (422, b'{"error": "You cannot mention more than 7 users in a post!"}', Refused, "body"),
        (422, b'{"error": ["odd"]}', Refused, "body"),
        (403, b'{"error": "forbidden"}', Misconfigured, None),
        (404, b"<h1>not here</h1>", Unavailable, None),
        (503, b"", Unknown, None),
        (200, b"[]", Unknown, None),
        (200, b'{"id": 5}', Unknown, None),
    ],
)
async def test_recorded_answers(
    tmp_path: Path, status: int, body: bytes, outcome: type, field: str | None
) -> None:
    case = sample_case("devto")
    client = case.platform.connect(case.session(CannedTransport(status, body), tmp_path))
    outgoing = case.outgoing(sample_content(), sent_at=NOON, handles={"article_id": "101"})
    found = await client.commit(outgoing)
    assert type(found) is outcome
    if isinstance(found, Refused):
        assert found.field == field
