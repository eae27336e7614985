"""Comparing, once a week, what comes in with what came in before, by channel and language."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from copydesk.core.drift import Stream, Watched
from copydesk.core.similarity import HashedGrams
from copydesk.releases.input_drift import FEWEST_TEXTS, chance_of_difference, discoveries
from copydesk.work.drift.observing import language_of

if TYPE_CHECKING:
    from copydesk.store.drift import Incoming
    from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)

WEEK: Final = timedelta(days=7)
#: How far back what came in before reaches.
BEFORE: Final = timedelta(days=35)
#: So many of the latest texts of each window are looked at; more would say nothing else.
MOST_TEXTS: Final = 4000
MOST_IN_A_SLICE: Final = 1000

Slice = tuple[str, str]


async def compare_input(desk: Desk, workspace_id: str) -> None:
    """Compare the last week's texts with those before; warn of slices that differ.

    Safe to run twice: the first claims the week.
    """
    async with desk.store.begin("release") as unit:
        if not await unit.drift.claim_comparison(workspace_id, WEEK):
            return
        now = unit.now
    async with desk.store.read() as unit:
        later = await unit.drift.incoming(workspace_id, now - WEEK, now, MOST_TEXTS)
        earlier = await unit.drift.incoming(workspace_id, now - BEFORE, now - WEEK, MOST_TEXTS)
    chances = await asyncio.to_thread(_chances, earlier, later, desk.random.getrandbits(64))
    found = discoveries(chances)
    async with desk.store.begin("release") as unit:
        for channel, language in sorted(found):
            stream = Stream(
                workspace_id=workspace_id,
                watched=Watched.INPUT,
                channel=channel,
                language=language,
                prompt_version="",
                model="",
                checks="",
            )
            message = (
                f"what comes in by {channel}, {language or 'unknown language'}, is of another kind "
                "this week than in the weeks before"
            )
            await unit.drift.raise_alarm(stream, message, {"p": chances[channel, language]})
    _log.info("input_compared", slices=len(chances), different=len(found))


def _chances(
    earlier: Sequence[Incoming], later: Sequence[Incoming], seed: int
) -> Mapping[Slice, float]:
    before, now = _by_slice(earlier), _by_slice(later)
    randomness = random.Random(seed)
    grams = HashedGrams()
    return {
        key: chance_of_difference(grams.embed(before[key]), grams.embed(now[key]), randomness)
        for key in sorted(now)
        if len(now[key]) >= FEWEST_TEXTS and len(before.get(key, ())) >= FEWEST_TEXTS
    }


def _by_slice(texts: Sequence[Incoming]) -> Mapping[Slice, list[str]]:
    found: dict[Slice, list[str]] = defaultdict(list)
    for one in texts:
        found[one.channel, language_of(one.language)].append(one.text)
    return {key: texts[:MOST_IN_A_SLICE] for key, texts in found.items()}
