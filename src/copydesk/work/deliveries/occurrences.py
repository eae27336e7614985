"""Occurrences of series: planned a while ahead, as deliveries, each rendered when it is planned.

What fell into an outage is not made up for one by one: of the occurrences that have passed only the
last is planned, and its late policy decides. A post that is held again is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from copydesk.core.account import Account
from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding
from copydesk.core.recurrence import Series
from copydesk.core.series import MOST_SOURCES, expand
from copydesk.core.states import AccountState, PostState, SeriesState
from copydesk.core.timing import timing_of
from copydesk.core.zones import Resolved, written
from copydesk.distribution.notices import ends_before
from copydesk.distribution.planning import plan, schedule
from copydesk.store import UnitOfWork
from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)

#: How far ahead occurrences are planned, and how many at once. The next one always is.
HORIZON: Final = timedelta(days=14)
AT_ONCE: Final = 20

#: Posts that may go out without asking anybody.
_APPROVED: Final = frozenset({PostState.APPROVED, PostState.DISTRIBUTED})


async def plan_series(desk: Desk, series_id: str) -> None:
    """Plan the occurrences of a series that come within the horizon. Safe to run twice.

    A series that cannot go on is paused with the reason.
    """
    try:
        async with desk.store.begin("series") as unit:
            found = await unit.series.get(series_id)
            due = found.wake_at is not None and found.wake_at <= unit.now
            if found.state is SeriesState.RUNNING and due:
                await plan_next(unit, found)
    except ContentInvalid as error:
        _log.warning("series_paused", series=series_id, reason=error.message)
        async with desk.store.begin("series") as unit:
            found = await unit.series.get(series_id)
            if found.state is SeriesState.RUNNING:
                await unit.series.move(found, SeriesState.PAUSED, reason=error.message)


def coming(found: Series, now: datetime, most: int = 5) -> list[Resolved]:
    """Return when a running series happens next after `now` (aware), planned or not."""
    return found.rule.after(now, most) if found.state is SeriesState.RUNNING else []


async def ending_credentials(unit: UnitOfWork, found: Series) -> list[Finding]:
    """Return the warnings that credentials end before a running series is at its end."""
    warnings: list[Finding] = []
    for account in [await unit.accounts.get(id) for id in found.account_ids]:
        if account.ends_at is None or account.state is AccountState.REMOVED:
            continue
        for beyond in coming(found, max(account.ends_at, unit.now), 1):
            what = f"what is due {written(beyond.moment, found.rule.zone)}"
            warning = ends_before(account.name, account.ends_at, beyond.moment, what)
            warnings += [warning] if warning else []
    return warnings


async def plan_next(unit: UnitOfWork, found: Series) -> None:
    """Plan what comes within the horizon, and the next occurrence in any case.

    Raises `ContentInvalid` when it goes through no post that may go out, or to no account.
    """
    now = unit.now
    wanted: list[Resolved] = []
    for one in found.rule.following(max(found.planned_until, now)):
        if len(wanted) == AT_ONCE or (wanted and one.moment - now > HORIZON):
            break
        wanted.append(one)
    missed = found.rule.last_within(found.planned_until, now)
    if missed is not None:
        wanted.insert(0, missed)
    accounts = await _accounts(unit, found)
    sources = await _approved(unit, found)
    settled = await unit.series.settled_occurrences(found.id, wanted[0].moment) if wanted else set()
    planned = found.planned
    for occurrence in wanted:
        # what a person moved or called off before a pause does not come back after it
        left = [one for one in accounts if (one.id, occurrence.moment) not in settled]
        if left:
            await _plan_one(unit, found, occurrence, sources[planned % len(sources)], left)
        planned += 1
    until = max([found.planned_until, now, *(one.moment for one in wanted)])
    rest = found.rule.after(until, 1)
    wake_at = None
    if rest:
        # when the next comes near, at the latest when the last of these goes out
        wake_at = max(now, min(rest[0].moment - HORIZON, until))
    await unit.series.advance(found, planned=planned, until=until, wake_at=wake_at)
    if not rest and not wanted:
        await unit.series.move(
            replace(found, wake_at=None), SeriesState.ENDED, reason="its rule has come to its end"
        )


async def _plan_one(
    unit: UnitOfWork,
    found: Series,
    occurrence: Resolved,
    post_id: str,
    accounts: Sequence[Account],
) -> None:
    post = await unit.posts.get(post_id)
    revision = await unit.posts.revision(post.revision_id)
    plans = await plan(unit, post, revision, accounts, occurrence.moment, repeat=True)
    timing = replace(
        timing_of(occurrence),
        late=found.late,
        grace=found.grace,
        series_id=found.id,
        occurrence=occurrence.moment,
    )
    await schedule(
        unit,
        post,
        revision,
        plans,
        occurrence.moment,
        {account.id: timing for account in accounts},
    )


async def _accounts(unit: UnitOfWork, found: Series) -> list[Account]:
    accounts = [await unit.accounts.get(id) for id in found.account_ids]
    left = [account for account in accounts if account.state is not AccountState.REMOVED]
    if not left:
        raise ContentInvalid(
            [
                Finding(
                    code="no_account",
                    field="to",
                    message=f"all accounts of series {found.name} were removed",
                    remedy="Add the series anew with other accounts.",
                )
            ]
        )
    return left


async def _approved(unit: UnitOfWork, found: Series) -> list[str]:
    """Return the ids of the posts that may go out: one that is held again waits for its review."""
    ids = await posts_of(unit, found)
    posts = {id: await unit.posts.get(id) for id in dict.fromkeys(ids)}
    approved = [id for id in ids if posts[id].state in _APPROVED]
    if approved:
        return approved
    raise ContentInvalid(
        [
            Finding(
                code="no_post",
                field="posts",
                message=f"no post of series {found.name!r} is approved any more",
                remedy="Decide their reviews, or let it go through other posts; then resume it.",
            )
        ]
    )


async def posts_of(unit: UnitOfWork, found: Series) -> tuple[str, ...]:
    """Return the ids of the posts a series goes through; raises `ContentInvalid` for a circle."""
    known = {one.name: one.sources for one in await unit.series.all(found.workspace_id)}
    known[found.name] = found.sources

    def sources_of(name: str) -> Sequence[str]:
        if name in known:
            return known[name]
        raise ContentInvalid(
            [
                Finding(
                    code="series_unknown",
                    field="include",
                    message=f"there is no series {name!r} to include",
                    remedy=f"Known: {', '.join(sorted({*known} - {found.name})) or 'none yet'}.",
                )
            ]
        )

    posts = expand(found.name, sources_of)
    if not posts or len(found.sources) > MOST_SOURCES:
        raise ContentInvalid(
            [
                Finding(
                    code="no_post",
                    field="posts",
                    message=f"series {found.name!r} goes through no post",
                    remedy="Name files, posts or a series that has some.",
                )
            ]
        )
    return posts
