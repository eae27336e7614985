"""Through the real engine: public once whatever happens, and mailed at most once."""

from __future__ import annotations

import pytest

from copydesk.testing.faults.catalogue import Fault
from copydesk.testing.faults.databases import Databases
from copydesk.testing.faults.rigs.paragraph import ParagraphNewsletterRig, ParagraphRig
from copydesk.testing.faults.scenarios import run_scenario

POSTS = 6


@pytest.mark.parametrize("fault", [Fault.RESPONSE_LOST, Fault.STALE_READS, Fault.TOKEN_REVOKED])
async def test_posts_are_public_once_and_nobody_is_asked(fault: Fault, made: Databases) -> None:
    row = await run_scenario(ParagraphRig, "sqlite", fault, POSTS, made)
    assert row.is_good, row
    assert row.held == 0


async def test_a_mailing_that_took_place_is_found(made: Databases) -> None:
    row = await run_scenario(ParagraphNewsletterRig, "sqlite", Fault.RESPONSE_LOST, POSTS, made)
    assert row.is_good, row
    assert row.held == 0


async def test_a_mailing_in_doubt_waits_for_a_person(made: Databases) -> None:
    fault = Fault.RESET_BEFORE_ACCEPT
    row = await run_scenario(ParagraphNewsletterRig, "sqlite", fault, POSTS, made)
    assert row.is_good, row
    assert row.held == POSTS // 2
