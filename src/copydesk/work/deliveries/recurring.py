"""Series: posts that come round again. What a person does with them: add, change, pause, end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from copydesk.core.account import Account
from copydesk.core.errors import Conflict, ContentInvalid, NotFound
from copydesk.core.findings import Finding
from copydesk.core.post import Post
from copydesk.core.recurrence import Series
from copydesk.core.series import FIRST_WITHIN, Rule
from copydesk.core.states import PostState, SeriesState
from copydesk.core.timetable import LatePolicy
from copydesk.distribution.moving import cancel, is_cancellable
from copydesk.distribution.planning import account_findings, plan
from copydesk.platforms.kit.manifest import Idempotency
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.occurrences import plan_next, posts_of
from copydesk.work.deliveries.publishing import put_post, refuse_errors, settle_post
from copydesk.work.deliveries.times import read_time
from copydesk.work.desk import Desk

#: How many characters the name of a series has at most.
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesForm:
    """A series in words. `start` is a wall time in `zone`, as are the `exceptions`.

    `posts` are ids and `include` names of other series, whose posts are gone through as well.
    """

    name: str
    rule: str
    start: str
    zone: str
    accounts: Sequence[str]
    posts: Sequence[str] = ()
    include: Sequence[str] = ()
    exceptions: Sequence[str] = ()
    late: LatePolicy | None = None
    grace: timedelta | None = None


async def add_series(
    desk: Desk, form: SeriesForm, manuscripts: Sequence[Manuscript] = (), *, actor: str
) -> Series:
    """Add a series of posts (of `manuscripts` and of the form, in this order) and plan its first.

    Raises `NotFound` for an unknown account or post, `Conflict` for a name that is taken, and
    `ContentInvalid` with what is wrong: a rule that never happens, a circle of series, an account
    that is blocked or keeps one copy of a post only. Nothing is stored then.
    """
    rule = await _rule(form)
    async with desk.store.begin(actor) as unit:
        accounts = [await unit.accounts.by_name(desk.workspace_id, name) for name in form.accounts]
        _refuse([f for account in accounts for f in _cannot_repeat(account, unit.now)])
        _refuse(_is_over(rule, unit.now))
        posts = [(await put_post(unit, desk, manuscript))[0] for manuscript in manuscripts]
        posts += [await _repeatable(unit, desk.workspace_id, id) for id in form.posts]
        made = Series(
            id=unit.ids.new("series"),
            workspace_id=desk.workspace_id,
            name=form.name,
            state=SeriesState.RUNNING,
            rule=rule,
            sources=(*(post.id for post in posts), *form.include),
            account_ids=tuple(account.id for account in accounts),
            planned_until=unit.now,
            created_at=unit.now,
            late=form.late,
            grace=form.grace,
            wake_at=unit.now,
        )
        going = await posts_of(unit, made)
        for id in going:
            post = await unit.posts.get(id)
            revision = await unit.posts.revision(post.revision_id)
            plans = await plan(unit, post, revision, accounts, unit.now, repeat=True)
            refuse_errors(plans)
            await settle_post(unit, post, f"series {form.name}", unit.now)
        await unit.series.add(made)
        await plan_next(unit, made)
        return await unit.series.get(made.id)


async def change_sources(
    unit: UnitOfWork,
    workspace_id: str,
    name: str,
    *,
    posts: Sequence[str] = (),
    include: Sequence[str] = (),
) -> Series:
    """Let a series go through other posts from its next occurrence on.

    Raises `NotFound` for an unknown series or post, `Conflict` for a post that nobody approved, and
    `ContentInvalid` when it would include itself.
    """
    found = await _named(unit, workspace_id, name)
    changed = replace(found, sources=(*posts, *include))
    for id in posts:
        await _repeatable(unit, workspace_id, id)
    await posts_of(unit, changed)
    await unit.series.set_sources(found, changed.sources, "sources changed")
    return await unit.series.get(found.id)


async def pause_series(unit: UnitOfWork, workspace_id: str, name: str, reason: str = "") -> Series:
    """Stop a series until it is resumed; its occurrences that were not sent are called off."""
    found = await _named(unit, workspace_id, name)
    moved = await unit.series.move(found, SeriesState.PAUSED, reason=reason or "paused by a person")
    await _call_off(unit, found, "its series was paused")
    return moved


async def resume_series(unit: UnitOfWork, workspace_id: str, name: str) -> Series:
    """Let a paused series go on from now; what it missed meanwhile is left out."""
    found = await _named(unit, workspace_id, name)
    moved = await unit.series.move(found, SeriesState.RUNNING, reason="", wake_at=unit.now)
    await unit.series.advance(moved, planned=moved.planned, until=unit.now, wake_at=unit.now)
    await plan_next(unit, await unit.series.get(found.id))
    return await unit.series.get(found.id)


async def end_series(unit: UnitOfWork, workspace_id: str, name: str, reason: str = "") -> Series:
    """End a series for good; its occurrences that were not sent are called off."""
    found = await _named(unit, workspace_id, name)
    moved = await unit.series.move(found, SeriesState.ENDED, reason=reason or "ended by a person")
    await _call_off(unit, found, "its series was ended")
    return moved


async def _repeatable(unit: UnitOfWork, workspace_id: str, id: str) -> Post:
    post = await unit.posts.get(id)
    if post.workspace_id != workspace_id:
        raise NotFound.of(f"post {id}")
    if post.state is not PostState.DISTRIBUTED:
        raise Conflict(
            f"Post {id} is {post.state}; a series repeats what was approved.",
            remedy="Decide its review first.",
        )
    return post


def _cannot_repeat(account: Account, now: datetime) -> list[Finding]:
    findings = account_findings(account, now)
    platform = load_platform(account.platform)
    if platform.idempotency(account) is Idempotency.NATURAL_KEY:
        findings.append(
            Finding(
                code="cannot_repeat",
                field="to",
                message=f"{account.name} keeps one copy of a post, so repeating it changes nothing",
                remedy="Leave it out: publish the post there once.",
            )
        )
    return findings


def _is_over(rule: Rule, now: datetime) -> list[Finding]:
    if rule.start.replace(tzinfo=UTC) < now - FIRST_WITHIN:
        return [
            Finding(
                code="series_invalid",
                field="start",
                message=f"{rule.start:%Y-%m-%d} is more than ten years ago",
                remedy="Begin with the first occurrence that should go out.",
            )
        ]
    if rule.after(now, 1):
        return []
    return [
        Finding(
            code="series_over",
            field="rule",
            message=f"every occurrence of {rule.text} from {rule.start:%Y-%m-%d %H:%M} has passed",
            remedy="Give it a later start, or another COUNT or UNTIL.",
        )
    ]


async def _rule(form: SeriesForm) -> Rule:
    findings: list[Finding] = []
    if not form.accounts:
        findings.append(
            Finding(
                code="no_account",
                field="to",
                message="no account is named",
                remedy="Name one with --to.",
            )
        )
    is_name = form.name.strip() and not form.name.startswith("pst_") and "," not in form.name
    if not is_name or len(form.name) > _LONGEST_NAME:
        findings.append(
            Finding(
                code="name_invalid",
                field="name",
                message=f"{form.name[:_LONGEST_NAME]!r} cannot name a series",
                remedy=f"Use letters, digits, spaces and hyphens, at most {_LONGEST_NAME}.",
            )
        )
    for field, given, remedy in (
        ("rule", form.rule, "Give it as FREQ=WEEKLY;BYDAY=MO,TH."),
        ("start", form.start, "Give the first time, as '2026-12-01 09:00'."),
        ("zone", form.zone, "Name an IANA time zone, such as Europe/Berlin."),
    ):
        if not given.strip():
            findings.append(
                Finding(
                    code=f"{field}_missing", field=field, message="it is missing", remedy=remedy
                )
            )
    _refuse(findings)
    rule = Rule(
        text=form.rule.strip().upper().removeprefix("RRULE:"),
        start=_wall(form.start, form.zone, "start"),
        zone=form.zone,
        exceptions=tuple(_wall(text, form.zone, "except") for text in form.exceptions),
    )
    # that a rule never happens may take a while to find out
    await asyncio.to_thread(rule.check)
    return rule


def _wall(text: str, zone: str, field: str) -> datetime:
    try:
        moment = read_time(text, zone)
    except ContentInvalid as error:
        raise ContentInvalid(
            [replace(finding, field=field) for finding in error.findings]
        ) from error
    return moment.replace(tzinfo=None)


async def _named(unit: UnitOfWork, workspace_id: str, name: str) -> Series:
    found = await unit.series.find(workspace_id, name)
    if found is None:
        known = ", ".join(one.name for one in await unit.series.all(workspace_id))
        raise NotFound(f"There is no series {name!r}.", remedy=f"Known: {known or 'none yet'}.")
    return found


async def _call_off(unit: UnitOfWork, found: Series, reason: str) -> None:
    for id in await unit.series.occurrences(found.id):
        delivery = await unit.deliveries.get(id)
        if is_cancellable(delivery):
            await cancel(unit, delivery, reason, code="series_stopped")


def _refuse(findings: Sequence[Finding]) -> None:
    if findings:
        raise ContentInvalid(findings)
