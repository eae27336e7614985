"""Posts land exactly once on X, whatever happens on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from copydesk.core.delivery import Action
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    AuthExpired,
    Duplicate,
    Inconclusive,
    Landed,
    Misconfigured,
    Published,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.core.standing import AsPublished, Changed, Gone
from copydesk.testing.aftercare import AftercareContract, Afterwards
from copydesk.testing.clocks import NOON
from copydesk.testing.faults import FaultContract, Rig
from copydesk.testing.loopback import Lie
from tests.platforms.x.desk import Desk, picture


def body_of(desk: Desk) -> Mapping[str, Any]:
    """The body of the last create that reached X."""
    hit = next(h for h in reversed(desk.server.hits) if (h.method, h.path) == ("POST", "/2/tweets"))
    body: Mapping[str, Any] = json.loads(hit.body)
    return body


class TestXUnderFaults(FaultContract):
    @pytest.fixture
    def rig(self, desk: Desk) -> Rig:
        # only looking may tell that a post is there: this X takes a text twice
        desk.server.finds_duplicates = False
        desk.server.add("older", created_at=NOON - timedelta(days=1))
        return Rig(
            client=desk.client,
            server=desk.server,
            outgoing=desk.outgoing,
            landed=lambda: len(desk.server.tweets) - 1,
            secrets=(desk.server.token,),
        )


class TestThreadUnderFaults(FaultContract):
    @pytest.fixture
    async def rig(self, desk: Desk) -> Rig:
        """The second part of a thread whose first is out."""
        desk.server.finds_duplicates = False
        first = desk.server.add("The first part.")
        outgoing = desk.to_send("The first part.", "The second part.")
        out = {"parts": [{"id": first.id, "url": ""}]}
        return Rig(
            client=desk.client,
            server=desk.server,
            outgoing=replace(outgoing, handles=out),
            landed=lambda: sum(1 for t in desk.server.tweets if t.reply_to == first.id),
            secrets=(desk.server.token,),
        )


class TestAfterwards(AftercareContract):
    @pytest.fixture
    async def rig(self, desk: Desk) -> Afterwards:
        outgoing = await desk.prepared(desk.to_send("Hello & welcome.", media=[[picture()]]))

        async def change(id: str) -> None:
            desk.server.edit(id, "We are closed.")

        async def remove(id: str) -> None:
            desk.server.tweets = [t for t in desk.server.tweets if t.id != id]

        return Afterwards(
            client=desk.client,
            outgoing=outgoing,
            change=change,
            remove=remove,
            there=lambda id: any(t.id == id for t in desk.server.tweets),
            server=desk.server,
        )


async def test_a_post_says_only_what_it_has_to(desk: Desk) -> None:
    outcome = await desk.client.commit(desk.outgoing)
    (tweet,) = desk.server.tweets
    assert isinstance(outcome, Published)
    assert outcome.id == tweet.id
    assert outcome.url == f"https://x.com/desk/status/{tweet.id}"
    assert body_of(desk) == {"text": "Desks are open again."}
    assert desk.server.charged == 15_000


async def test_choices_are_sent_explicitly(desk: Desk) -> None:
    poll = {"options": ["Yes", "No"], "duration_minutes": 60}
    outgoing = desk.to_send(
        "Open?",
        reply_settings="verified",
        made_with_ai=True,
        paid_partnership=True,
        poll=poll,
    )
    assert isinstance(await desk.client.commit(outgoing), Published)
    assert desk.server.tweets[0].reply_settings == "verified"
    assert desk.server.tweets[0].more == {
        "made_with_ai": True,
        "paid_partnership": True,
        "poll": poll,
    }


# -- threads --------------------------------------------------------------------------------------


async def test_a_thread_is_a_chain_of_replies(desk: Desk) -> None:
    ids = await desk.publish(desk.to_send("One.", "Two.", "Three.", reply_settings="following"))
    first, second, third = desk.server.tweets
    assert [first.id, second.id, third.id] == ids
    assert (first.reply_to, second.reply_to, third.reply_to) == ("", first.id, second.id)
    assert first.reply_settings == "following"
    assert "reply_settings" not in body_of(desk), "the first part decides for all"


async def test_where_replies_are_not_allowed_the_chain_stops_and_says_what_to_do(
    desk: Desk,
) -> None:
    desk.server.lets_reply = False
    outgoing = desk.to_send("One.", "Two.")
    first = await desk.client.commit(outgoing)
    assert isinstance(first, Published)
    out = {"parts": [{"id": first.id, "url": first.url}]}
    second = await desk.client.commit(replace(outgoing, handles=out))
    assert isinstance(second, Refused)
    assert second.field == "thread"
    assert "form: post" in second.remedy
    assert len(desk.server.tweets) == 1


async def test_a_part_whose_parent_was_removed_is_refused(desk: Desk) -> None:
    outgoing = replace(desk.to_send("One.", "Two."), handles={"parts": [{"id": "7", "url": ""}]})
    outcome = await desk.client.commit(outgoing)
    assert isinstance(outcome, Refused)
    assert outcome.field == "thread"


async def test_a_part_is_not_taken_for_a_post_of_its_own(desk: Desk) -> None:
    first = desk.server.add("One.")
    desk.server.add("Two.", reply_to="99")
    out = {"parts": [{"id": first.id, "url": ""}]}
    outgoing = replace(desk.to_send("One.", "Two."), handles=out)
    assert isinstance(await desk.client.find(outgoing), Absent)
    ours = desk.server.add("Two.", reply_to=first.id)
    found = await desk.client.find(outgoing)
    assert isinstance(found, Landed)
    assert found.id == ours.id
    # and the first part is no reply
    desk.server.tweets = [t for t in desk.server.tweets if t.reply_to]
    assert isinstance(await desk.client.find(desk.to_send("Two.")), Absent)


# -- looking --------------------------------------------------------------------------------------

TEXTS = [
    "See https://example.org/a?b=1&c=2, then <this> & that.",
    "A bare domain: Example.org/Path and example.com. 🙂 日本",
    "Two  spaces,\n\nparagraphs\nand e\u0301 accents",
    "Thanks @ada, #Desks $DESK & https://example.org/ (https://example.org/x_(y))",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("renamed", [False, True])
async def test_a_text_is_recognised_under_what_x_makes_of_it(
    desk: Desk, text: str, renamed: bool
) -> None:
    desk.server.renamed = renamed
    outgoing = await desk.prepared(desk.to_send(text, media=[[picture()]]))
    outcome = await desk.client.commit(outgoing)
    assert isinstance(outcome, Published)
    assert isinstance(await desk.client.find(outgoing), Landed)
    sent = replace(outgoing, target_id=outcome.id)
    assert isinstance(await desk.client.inspect(sent), AsPublished)
    desk.server.tweets[0].text += "!"
    assert isinstance(await desk.client.find(outgoing), Absent)
    assert isinstance(await desk.client.inspect(sent), Changed)


async def test_a_long_post_is_recognised_by_its_whole_text(desk: Desk) -> None:
    desk.server.premium = True
    long = "A sentence that goes on & on with https://example.org/link inside. " * 20
    client = desk.connect(premium="yes")
    outgoing = desk.to_send(long)
    assert isinstance(await client.commit(outgoing), Published)
    assert isinstance(await client.find(outgoing), Landed)


async def test_a_link_that_cannot_be_undone_proves_nothing(desk: Desk) -> None:
    outgoing = desk.to_send("Read https://example.org/a now.")
    await desk.client.commit(outgoing)
    desk.server.tweets[0].urls = []
    assert isinstance(await desk.client.find(outgoing), Inconclusive)
    desk.server.tweets[0].text = desk.server.tweets[0].text.replace("Read", "Reread")
    assert isinstance(await desk.client.find(outgoing), Absent)


async def test_an_identical_older_post_is_not_ours(desk: Desk) -> None:
    desk.server.add(desk.outgoing.text, created_at=NOON - timedelta(minutes=3))
    assert isinstance(await desk.client.find(desk.outgoing), Absent)


async def test_of_two_matches_the_oldest_counts(desk: Desk) -> None:
    first = desk.server.add(desk.outgoing.text)
    desk.server.add(desk.outgoing.text)
    found = await desk.client.find(desk.outgoing)
    assert isinstance(found, Landed)
    assert found.id == first.id


async def test_looking_goes_over_pages_and_gives_up_after_five(desk: Desk) -> None:
    ours = desk.server.add(desk.outgoing.text)
    for number in range(450):
        desk.server.add(f"later {number}")
    found = await desk.client.find(desk.outgoing)
    assert isinstance(found, Landed)
    assert found.id == ours.id
    for number in range(60):
        desk.server.add(f"latest {number}")
    assert isinstance(await desk.client.find(desk.outgoing), Inconclusive)


async def test_absence_needs_a_second_look_half_a_minute_after_sending(desk: Desk) -> None:
    sent_at = desk.clock.now()
    outgoing = replace(desk.outgoing, first_sent_at=sent_at, sent_at=sent_at)
    desk.clock.advance(15)
    early = await desk.client.find(outgoing)
    assert isinstance(early, Inconclusive)
    assert early.retry_at == sent_at + timedelta(seconds=30)
    desk.clock.advance(15)
    assert isinstance(await desk.client.find(outgoing), Absent)


async def test_a_clock_of_ours_that_is_ahead_proves_nothing(desk: Desk) -> None:
    ahead = desk.clock.now() + timedelta(days=1)
    outgoing = replace(desk.outgoing, first_sent_at=ahead, sent_at=ahead)
    assert isinstance(await desk.client.find(outgoing), Inconclusive)


async def test_without_a_time_of_sending_nothing_is_claimed(desk: Desk) -> None:
    unsent = replace(desk.outgoing, first_sent_at=None)
    assert isinstance(await desk.client.find(unsent), Inconclusive)


async def test_looking_costs_what_was_listed_and_who_we_are(desk: Desk) -> None:
    desk.server.add("older", created_at=NOON - timedelta(hours=1))
    desk.server.add(desk.outgoing.text)
    await desk.client.find(desk.outgoing)
    await desk.client.find(desk.outgoing)
    assert dict(desk.server.charges) == {"user read": 1, "owned read": 1}


async def test_a_listing_that_is_not_whole_proves_nothing(desk: Desk) -> None:
    desk.server.broken_looks = 1
    assert isinstance(await desk.client.find(desk.outgoing), Inconclusive)
    await desk.server.stop()
    assert isinstance(await desk.client.find(desk.outgoing), Inconclusive)


# -- what X answers -------------------------------------------------------------------------------


async def test_success_with_errors_alone_is_looked_up(desk: Desk) -> None:
    desk.server.errors_with_200 = 1
    assert isinstance(await desk.client.commit(desk.outgoing), Unknown)
    assert isinstance(await desk.client.find(desk.outgoing), Landed)


async def test_the_same_text_again_is_a_duplicate(desk: Desk) -> None:
    await desk.client.commit(desk.outgoing)
    assert isinstance(await desk.client.commit(desk.outgoing), Duplicate)
    assert len(desk.server.tweets) == 1


async def test_without_credits_the_account_stops(desk: Desk) -> None:
    desk.server.credits = 10_000
    outcome = await desk.client.commit(desk.outgoing)
    assert isinstance(outcome, Misconfigured)
    assert "console.x.com" in outcome.remedy


async def test_a_locked_account_stops(desk: Desk) -> None:
    desk.server.locked = True
    outcome = await desk.client.commit(desk.outgoing)
    assert isinstance(outcome, Misconfigured)
    assert "x.com" in outcome.remedy


async def test_a_full_window_says_until_when_and_closes_the_endpoint(desk: Desk) -> None:
    desk.server.rates["POST /2/tweets"] = 1
    assert isinstance(await desk.client.commit(desk.outgoing), Published)
    outcome = await desk.client.commit(desk.to_send("Another."))
    assert isinstance(outcome, RateLimited)
    assert outcome.until == desk.clock.now() + timedelta(minutes=15)
    assert outcome.retry_after == 900
    desk.clock.advance(900)
    assert isinstance(await desk.client.commit(desk.to_send("Another.")), Published)


async def test_an_old_token_is_one_that_may_be_renewed(desk: Desk) -> None:
    desk.server.token = "another"
    assert isinstance(await desk.client.commit(desk.outgoing), AuthExpired)
    assert isinstance(await desk.client.test(), AuthExpired)


async def test_who_we_are(desk: Desk) -> None:
    outcome = await desk.client.test()
    assert isinstance(outcome, Published)
    assert (outcome.id, outcome.url) == ("@desk", "https://x.com/desk")


# -- editing, removing, counting ------------------------------------------------------------------


async def test_premium_accounts_edit_and_each_version_has_an_id_of_its_own(desk: Desk) -> None:
    desk.server.premium = True
    client = desk.connect(premium="yes")
    (first,) = await desk.publish()
    edit = desk.to_send("Desks are closed again.", action=Action.UPDATE, target_id=first)
    assert isinstance(await client.find(edit), Absent)
    desk.server.lie(Lie.ERROR_AFTER_ACCEPT)
    assert isinstance(await client.commit(edit), Unknown)
    found = await client.find(edit)
    assert isinstance(found, Landed)
    assert found.id != first
    again = replace(edit, target_id=found.id)
    assert isinstance(await client.inspect(again), AsPublished)
    second = await client.commit(replace(again, payload=desk.to_send("Open.").payload))
    assert isinstance(second, Published)
    assert desk.server.tweets[-1].versions == [first, found.id, second.id]
    removal = replace(again, action=Action.DELETE, target_id=second.id)
    assert isinstance(await client.commit(removal), Published)
    assert desk.server.tweets == [], "removing one version removes all"


async def test_without_premium_nothing_is_edited(desk: Desk) -> None:
    (first,) = await desk.publish()
    edit = desk.to_send("Closed.", action=Action.UPDATE, target_id=first)
    before = len(desk.server.hits)
    outcome = await desk.client.commit(edit)
    assert isinstance(outcome, Refused)
    assert len(desk.server.hits) == before


async def test_editing_what_is_gone_is_refused(desk: Desk) -> None:
    desk.server.premium = True
    edit = desk.to_send("Closed.", action=Action.UPDATE, target_id="99")
    outcome = await desk.connect(premium="yes").commit(edit)
    assert isinstance(outcome, Refused)
    assert outcome.field == "target"


async def test_each_part_of_a_thread_is_inspected_by_its_own_text(desk: Desk) -> None:
    thread = desk.to_send("One.", "Two.")
    first, second = await desk.publish(thread)
    out = {"parts": [{"id": first, "url": ""}, {"id": second, "url": ""}]}
    sent = replace(thread, handles=out)
    for id in (first, second):
        assert isinstance(await desk.client.inspect(replace(sent, target_id=id)), AsPublished)
    desk.server.edit(second, "Three.")
    assert isinstance(await desk.client.inspect(replace(sent, target_id=first)), AsPublished)
    assert isinstance(await desk.client.inspect(replace(sent, target_id=second)), Changed)
    await desk.client.commit(replace(sent, action=Action.DELETE, target_id=first))
    assert isinstance(await desk.client.inspect(replace(sent, target_id=first)), Gone)


async def test_counts_come_with_clicks_for_thirty_days(desk: Desk) -> None:
    (id,) = await desk.publish()
    found = await desk.client.metrics(replace(desk.outgoing, target_id=id))
    assert isinstance(found, Metrics)
    public = {
        Metric.VIEWS: 600,
        Metric.REACTIONS: 3,
        Metric.REPLIES: 2,
        Metric.REPOSTS: 1,
        Metric.QUOTES: 4,
        Metric.SAVES: 5,
    }
    assert dict(found.counts) == {**public, Metric.CLICKS: 7}
    desk.clock.advance(31 * 86_400)
    later = await desk.client.metrics(replace(desk.outgoing, target_id=id))
    assert isinstance(later, Metrics)
    assert dict(later.counts) == public
    gone = await desk.client.metrics(replace(desk.outgoing, target_id="99"))
    assert isinstance(gone, Unavailable)
