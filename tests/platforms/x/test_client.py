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


def body_of(xdesk: Desk) -> Mapping[str, Any]:
    """The body of the last create that reached X."""
    hit = next(
        h for h in reversed(xdesk.server.hits) if (h.method, h.path) == ("POST", "/2/tweets")
    )
    body: Mapping[str, Any] = json.loads(hit.body)
    return body


class TestXUnderFaults(FaultContract):
    @pytest.fixture
    def rig(self, xdesk: Desk) -> Rig:
        # only looking may tell that a post is there: this X takes a text twice
        xdesk.server.finds_duplicates = False
        xdesk.server.add("older", created_at=NOON - timedelta(days=1))
        return Rig(
            client=xdesk.client,
            server=xdesk.server,
            outgoing=xdesk.outgoing,
            landed=lambda: len(xdesk.server.tweets) - 1,
            secrets=(xdesk.server.token,),
        )


class TestThreadUnderFaults(FaultContract):
    @pytest.fixture
    async def rig(self, xdesk: Desk) -> Rig:
        """The second part of a thread whose first is out."""
        xdesk.server.finds_duplicates = False
        first = xdesk.server.add("The first part.")
        outgoing = xdesk.to_send("The first part.", "The second part.")
        out = {"parts": [{"id": first.id, "url": ""}]}
        return Rig(
            client=xdesk.client,
            server=xdesk.server,
            outgoing=replace(outgoing, handles=out),
            landed=lambda: sum(1 for t in xdesk.server.tweets if t.reply_to == first.id),
            secrets=(xdesk.server.token,),
        )


class TestAfterwards(AftercareContract):
    @pytest.fixture
    async def rig(self, xdesk: Desk) -> Afterwards:
        outgoing = await xdesk.prepared(xdesk.to_send("Hello & welcome.", media=[[picture()]]))

        async def change(id: str) -> None:
            xdesk.server.edit(id, "We are closed.")

        async def remove(id: str) -> None:
            xdesk.server.tweets = [t for t in xdesk.server.tweets if t.id != id]

        return Afterwards(
            client=xdesk.client,
            outgoing=outgoing,
            change=change,
            remove=remove,
            there=lambda id: any(t.id == id for t in xdesk.server.tweets),
            server=xdesk.server,
        )


async def test_a_post_says_only_what_it_has_to(xdesk: Desk) -> None:
    outcome = await xdesk.client.commit(xdesk.outgoing)
    (tweet,) = xdesk.server.tweets
    assert isinstance(outcome, Published)
    assert outcome.id == tweet.id
    assert outcome.url == f"https://x.com/desk/status/{tweet.id}"
    assert body_of(xdesk) == {"text": "Desks are open again."}
    assert xdesk.server.charged == 15_000


async def test_choices_are_sent_explicitly(xdesk: Desk) -> None:
    poll = {"options": ["Yes", "No"], "duration_minutes": 60}
    outgoing = xdesk.to_send(
        "Open?",
        reply_settings="verified",
        made_with_ai=True,
        paid_partnership=True,
        poll=poll,
    )
    assert isinstance(await xdesk.client.commit(outgoing), Published)
    assert xdesk.server.tweets[0].reply_settings == "verified"
    assert xdesk.server.tweets[0].more == {
        "made_with_ai": True,
        "paid_partnership": True,
        "poll": poll,
    }


# -- threads --------------------------------------------------------------------------------------


async def test_a_thread_is_a_chain_of_replies(xdesk: Desk) -> None:
    ids = await xdesk.publish(xdesk.to_send("One.", "Two.", "Three.", reply_settings="following"))
    first, second, third = xdesk.server.tweets
    assert [first.id, second.id, third.id] == ids
    assert (first.reply_to, second.reply_to, third.reply_to) == ("", first.id, second.id)
    assert first.reply_settings == "following"
    assert "reply_settings" not in body_of(xdesk), "the first part decides for all"


async def test_where_replies_are_not_allowed_the_chain_stops_and_says_what_to_do(
    xdesk: Desk,
) -> None:
    xdesk.server.lets_reply = False
    outgoing = xdesk.to_send("One.", "Two.")
    first = await xdesk.client.commit(outgoing)
    assert isinstance(first, Published)
    out = {"parts": [{"id": first.id, "url": first.url}]}
    second = await xdesk.client.commit(replace(outgoing, handles=out))
    assert isinstance(second, Refused)
    assert second.field == "thread"
    assert "form: post" in second.remedy
    assert len(xdesk.server.tweets) == 1


async def test_a_part_whose_parent_was_removed_is_refused(xdesk: Desk) -> None:
    outgoing = replace(xdesk.to_send("One.", "Two."), handles={"parts": [{"id": "7", "url": ""}]})
    outcome = await xdesk.client.commit(outgoing)
    assert isinstance(outcome, Refused)
    assert outcome.field == "thread"


async def test_a_part_is_not_taken_for_a_post_of_its_own(xdesk: Desk) -> None:
    first = xdesk.server.add("One.")
    xdesk.server.add("Two.", reply_to="99")
    out = {"parts": [{"id": first.id, "url": ""}]}
    outgoing = replace(xdesk.to_send("One.", "Two."), handles=out)
    assert isinstance(await xdesk.client.find(outgoing), Absent)
    ours = xdesk.server.add("Two.", reply_to=first.id)
    found = await xdesk.client.find(outgoing)
    assert isinstance(found, Landed)
    assert found.id == ours.id
    # and the first part is no reply
    xdesk.server.tweets = [t for t in xdesk.server.tweets if t.reply_to]
    assert isinstance(await xdesk.client.find(xdesk.to_send("Two.")), Absent)


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
    xdesk: Desk, text: str, renamed: bool
) -> None:
    xdesk.server.renamed = renamed
    outgoing = await xdesk.prepared(xdesk.to_send(text, media=[[picture()]]))
    outcome = await xdesk.client.commit(outgoing)
    assert isinstance(outcome, Published)
    assert isinstance(await xdesk.client.find(outgoing), Landed)
    sent = replace(outgoing, target_id=outcome.id)
    assert isinstance(await xdesk.client.inspect(sent), AsPublished)
    xdesk.server.tweets[0].text += "!"
    assert isinstance(await xdesk.client.find(outgoing), Absent)
    assert isinstance(await xdesk.client.inspect(sent), Changed)


async def test_a_long_post_is_recognised_by_its_whole_text(xdesk: Desk) -> None:
    xdesk.server.premium = True
    long = "A sentence that goes on & on with https://example.org/link inside. " * 20
    client = xdesk.connect(premium="yes")
    outgoing = xdesk.to_send(long)
    assert isinstance(await client.commit(outgoing), Published)
    assert isinstance(await client.find(outgoing), Landed)


async def test_a_link_that_cannot_be_undone_proves_nothing(xdesk: Desk) -> None:
    outgoing = xdesk.to_send("Read https://example.org/a now.")
    await xdesk.client.commit(outgoing)
    xdesk.server.tweets[0].urls = []
    assert isinstance(await xdesk.client.find(outgoing), Inconclusive)
    xdesk.server.tweets[0].text = xdesk.server.tweets[0].text.replace("Read", "Reread")
    assert isinstance(await xdesk.client.find(outgoing), Absent)


async def test_an_identical_older_post_is_not_ours(xdesk: Desk) -> None:
    xdesk.server.add(xdesk.outgoing.text, created_at=NOON - timedelta(minutes=3))
    assert isinstance(await xdesk.client.find(xdesk.outgoing), Absent)


async def test_of_two_matches_the_oldest_counts(xdesk: Desk) -> None:
    first = xdesk.server.add(xdesk.outgoing.text)
    xdesk.server.add(xdesk.outgoing.text)
    found = await xdesk.client.find(xdesk.outgoing)
    assert isinstance(found, Landed)
    assert found.id == first.id


async def test_looking_goes_over_pages_and_gives_up_after_five(xdesk: Desk) -> None:
    ours = xdesk.server.add(xdesk.outgoing.text)
    for number in range(450):
        xdesk.server.add(f"later {number}")
    found = await xdesk.client.find(xdesk.outgoing)
    assert isinstance(found, Landed)
    assert found.id == ours.id
    for number in range(60):
        xdesk.server.add(f"latest {number}")
    assert isinstance(await xdesk.client.find(xdesk.outgoing), Inconclusive)


async def test_absence_needs_a_second_look_half_a_minute_after_sending(xdesk: Desk) -> None:
    sent_at = xdesk.clock.now()
    outgoing = replace(xdesk.outgoing, first_sent_at=sent_at, sent_at=sent_at)
    xdesk.clock.advance(15)
    early = await xdesk.client.find(outgoing)
    assert isinstance(early, Inconclusive)
    assert early.retry_at == sent_at + timedelta(seconds=30)
    xdesk.clock.advance(15)
    assert isinstance(await xdesk.client.find(outgoing), Absent)


async def test_a_clock_of_ours_that_is_ahead_proves_nothing(xdesk: Desk) -> None:
    ahead = xdesk.clock.now() + timedelta(days=1)
    outgoing = replace(xdesk.outgoing, first_sent_at=ahead, sent_at=ahead)
    assert isinstance(await xdesk.client.find(outgoing), Inconclusive)


async def test_without_a_time_of_sending_nothing_is_claimed(xdesk: Desk) -> None:
    unsent = replace(xdesk.outgoing, first_sent_at=None)
    assert isinstance(await xdesk.client.find(unsent), Inconclusive)


async def test_looking_costs_what_was_listed_and_who_we_are(xdesk: Desk) -> None:
    xdesk.server.add("older", created_at=NOON - timedelta(hours=1))
    xdesk.server.add(xdesk.outgoing.text)
    await xdesk.client.find(xdesk.outgoing)
    await xdesk.client.find(xdesk.outgoing)
    assert dict(xdesk.server.charges) == {"user read": 1, "owned read": 1}


async def test_a_listing_that_is_not_whole_proves_nothing(xdesk: Desk) -> None:
    xdesk.server.broken_looks = 1
    assert isinstance(await xdesk.client.find(xdesk.outgoing), Inconclusive)
    await xdesk.server.stop()
    assert isinstance(await xdesk.client.find(xdesk.outgoing), Inconclusive)


# -- what X answers -------------------------------------------------------------------------------


async def test_success_with_errors_alone_is_looked_up(xdesk: Desk) -> None:
    xdesk.server.errors_with_200 = 1
    assert isinstance(await xdesk.client.commit(xdesk.outgoing), Unknown)
    assert isinstance(await xdesk.client.find(xdesk.outgoing), Landed)


async def test_the_same_text_again_is_a_duplicate(xdesk: Desk) -> None:
    await xdesk.client.commit(xdesk.outgoing)
    assert isinstance(await xdesk.client.commit(xdesk.outgoing), Duplicate)
    assert len(xdesk.server.tweets) == 1


async def test_without_credits_the_account_stops(xdesk: Desk) -> None:
    xdesk.server.credits = 10_000
    outcome = await xdesk.client.commit(xdesk.outgoing)
    assert isinstance(outcome, Misconfigured)
    assert "console.x.com" in outcome.remedy


async def test_a_locked_account_stops(xdesk: Desk) -> None:
    xdesk.server.locked = True
    outcome = await xdesk.client.commit(xdesk.outgoing)
    assert isinstance(outcome, Misconfigured)
    assert "x.com" in outcome.remedy


async def test_a_full_window_says_until_when_and_closes_the_endpoint(xdesk: Desk) -> None:
    xdesk.server.rates["POST /2/tweets"] = 1
    assert isinstance(await xdesk.client.commit(xdesk.outgoing), Published)
    outcome = await xdesk.client.commit(xdesk.to_send("Another."))
    assert isinstance(outcome, RateLimited)
    assert outcome.until == xdesk.clock.now() + timedelta(minutes=15)
    assert outcome.retry_after == 900
    xdesk.clock.advance(900)
    assert isinstance(await xdesk.client.commit(xdesk.to_send("Another.")), Published)


async def test_an_old_token_is_one_that_may_be_renewed(xdesk: Desk) -> None:
    xdesk.server.token = "another"
    assert isinstance(await xdesk.client.commit(xdesk.outgoing), AuthExpired)
    assert isinstance(await xdesk.client.test(), AuthExpired)


async def test_who_we_are(xdesk: Desk) -> None:
    outcome = await xdesk.client.test()
    assert isinstance(outcome, Published)
    assert (outcome.id, outcome.url) == ("@desk", "https://x.com/desk")


# -- editing, removing, counting ------------------------------------------------------------------


async def test_premium_accounts_edit_and_each_version_has_an_id_of_its_own(xdesk: Desk) -> None:
    xdesk.server.premium = True
    client = xdesk.connect(premium="yes")
    (first,) = await xdesk.publish()
    edit = xdesk.to_send("Desks are closed again.", action=Action.UPDATE, target_id=first)
    assert isinstance(await client.find(edit), Absent)
    xdesk.server.lie(Lie.ERROR_AFTER_ACCEPT)
    assert isinstance(await client.commit(edit), Unknown)
    found = await client.find(edit)
    assert isinstance(found, Landed)
    assert found.id != first
    again = replace(edit, target_id=found.id)
    assert isinstance(await client.inspect(again), AsPublished)
    second = await client.commit(replace(again, payload=xdesk.to_send("Open.").payload))
    assert isinstance(second, Published)
    assert xdesk.server.tweets[-1].versions == [first, found.id, second.id]
    removal = replace(again, action=Action.DELETE, target_id=second.id)
    assert isinstance(await client.commit(removal), Published)
    assert xdesk.server.tweets == [], "removing one version removes all"


async def test_without_premium_nothing_is_edited(xdesk: Desk) -> None:
    (first,) = await xdesk.publish()
    edit = xdesk.to_send("Closed.", action=Action.UPDATE, target_id=first)
    before = len(xdesk.server.hits)
    outcome = await xdesk.client.commit(edit)
    assert isinstance(outcome, Refused)
    assert len(xdesk.server.hits) == before


async def test_editing_what_is_gone_is_refused(xdesk: Desk) -> None:
    xdesk.server.premium = True
    edit = xdesk.to_send("Closed.", action=Action.UPDATE, target_id="99")
    outcome = await xdesk.connect(premium="yes").commit(edit)
    assert isinstance(outcome, Refused)
    assert outcome.field == "target"


async def test_each_part_of_a_thread_is_inspected_by_its_own_text(xdesk: Desk) -> None:
    thread = xdesk.to_send("One.", "Two.")
    first, second = await xdesk.publish(thread)
    out = {"parts": [{"id": first, "url": ""}, {"id": second, "url": ""}]}
    sent = replace(thread, handles=out)
    for id in (first, second):
        assert isinstance(await xdesk.client.inspect(replace(sent, target_id=id)), AsPublished)
    xdesk.server.edit(second, "Three.")
    assert isinstance(await xdesk.client.inspect(replace(sent, target_id=first)), AsPublished)
    assert isinstance(await xdesk.client.inspect(replace(sent, target_id=second)), Changed)
    await xdesk.client.commit(replace(sent, action=Action.DELETE, target_id=first))
    assert isinstance(await xdesk.client.inspect(replace(sent, target_id=first)), Gone)


async def test_counts_come_with_clicks_for_thirty_days(xdesk: Desk) -> None:
    (id,) = await xdesk.publish()
    found = await xdesk.client.metrics(replace(xdesk.outgoing, target_id=id))
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
    xdesk.clock.advance(31 * 86_400)
    later = await xdesk.client.metrics(replace(xdesk.outgoing, target_id=id))
    assert isinstance(later, Metrics)
    assert dict(later.counts) == public
    gone = await xdesk.client.metrics(replace(xdesk.outgoing, target_id="99"))
    assert isinstance(gone, Unavailable)
