"""Publishing a person's own Markdown: plan, schedule, wait. Content as code.

Publishing a manuscript again plans only what has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding, Severity
from copydesk.core.ids import IdFactory
from copydesk.core.post import Adaptation, Post, Revision, Tier
from copydesk.core.states import SETTLED, AccountState, PostState
from copydesk.core.timing import Timing
from copydesk.distribution.notices import ends_before
from copydesk.distribution.planning import (
    first_plans,
    media_findings,
    plan,
    schedule,
    subject_of,
)
from copydesk.distribution.plans import Plan
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.work.deliveries.manuscripts import Manuscript
from copydesk.work.deliveries.times import Wish, is_wall_time, refuse_lone_zone, timings_for
from copydesk.work.desk import Desk
from copydesk.work.writing.adapting import Adapting, adapt, kept_adaptations

#: Seconds between two looks at whether deliveries are settled.
_LOOKS_APART: Final = 0.1

_NAME_ONE: Final = "Name one with --to; `copydesk accounts list` shows them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What publishing did: the post, its plans and the deliveries they became."""

    post: Post
    plans: tuple[Plan, ...]
    deliveries: tuple[Delivery, ...]
    findings: tuple[Finding, ...] = ()


async def publish(
    desk: Desk,
    manuscript: Manuscript,
    accounts: Sequence[str],
    *,
    wish: Wish | None = None,
    overwrite: bool = False,
    actor: str,
) -> Publication:
    """Schedule a manuscript to the named accounts. All or nothing.

    With `overwrite` it replaces even what somebody changed or removed on a platform. It goes out
    when `wish` says; without one when its front matter says, or else now.
    Raises `NotFound` for an unknown account, `ContentInvalid` when any account would refuse it, is
    blocked or expired, or the time asked for cannot be; nothing is stored then.
    """
    if not accounts:
        raise ContentInvalid(
            [
                Finding(
                    code="no_account", field="to", message="no account is named", remedy=_NAME_ONE
                )
            ]
        )
    _refuse_draft(manuscript)
    _refuse_missing(manuscript)
    async with desk.store.read() as unit:
        targets = [await unit.accounts.by_name(desk.workspace_id, name) for name in accounts]
        kept = await _kept(unit, desk, manuscript)
    adapted = await adapt(desk, manuscript.content, targets, kept)
    async with desk.store.begin(actor) as unit:
        targets = [await unit.accounts.by_name(desk.workspace_id, name) for name in accounts]
        post, revision = await put_post(unit, desk, manuscript, adapted)
        timings = await timings_for(unit, targets, _wish(manuscript, wish, post, unit.now))
        dated = _dated(manuscript, min((t.due_at for t in timings.values()), default=unit.now))
        plans = await plan(unit, post, revision, targets, dated, overwrite=overwrite)
        refuse_errors(plans)
        deliveries = await schedule(unit, post, revision, plans, unit.now, timings)
        post = await settle_post(unit, post, ", ".join(accounts), dated)
    return Publication(
        post=post,
        plans=tuple(plans),
        deliveries=tuple(deliveries),
        findings=(
            *manuscript.file.findings,
            *adapted.notes,
            *_about_media(plans),
            *_about_credentials(targets, timings),
        ),
    )


def _about_media(plans: Sequence[Plan]) -> tuple[Finding, ...]:
    """Return what is to know about the files that go out, each once."""
    return tuple(dict.fromkeys(f for one in plans for f in media_findings(one.rendition)))


def _about_credentials(
    accounts: Sequence[Account], timings: Mapping[str, Timing]
) -> tuple[Finding, ...]:
    """Return what is to know about credentials that end before their accounts have published."""
    found = (
        ends_before(one.name, one.ends_at, timings[one.id].due_at)
        for one in accounts
        if one.id in timings
    )
    return tuple(finding for finding in found if finding is not None)


async def _kept(unit: UnitOfWork, desk: Desk, manuscript: Manuscript) -> Mapping[str, Adaptation]:
    """Return the short texts that were written for this very content before."""
    post = await unit.posts.find_by_key(desk.workspace_id, manuscript.source_key)
    if post is None:
        return {}
    current = await unit.posts.revision(post.revision_id)
    return kept_adaptations(current.content, manuscript.content)


async def settle_post(unit: UnitOfWork, post: Post, reason: str, dated: datetime) -> Post:
    """Call a post distributed whose author has said where it goes; `dated` (aware UTC) is its date
    unless it has one. The accounts that take inbox posts are not asked."""
    if post.state is PostState.DISTRIBUTED:
        return post
    post = await unit.posts.move(post, PostState.APPROVED, reason="published by its author")
    unit.hints = [hint for hint in unit.hints if hint.subject_id != post.id]
    return await unit.posts.move(
        post, PostState.DISTRIBUTED, reason=reason, published_at=post.published_at or dated
    )


async def preview(
    desk: Desk,
    manuscript: Manuscript,
    accounts: Sequence[Account],
    *,
    wish: Wish | None = None,
) -> list[Plan]:
    """Work out what publishing at the time of `wish` would mean, without storing anything."""
    async with desk.store.read() as unit:
        post = await unit.posts.find_by_key(desk.workspace_id, manuscript.source_key)
        when = _wish(manuscript, wish, post, unit.now)
        if post is None:
            plans = preview_plans(manuscript, accounts, unit.now, desk.ids)
        else:
            current = await unit.posts.revision(post.revision_id)
            kept = kept_adaptations(current.content, manuscript.content)
            revision = replace(current, content=replace(manuscript.content, adaptations=kept))
            dated = _dated(manuscript, unit.now)
            in_hand = {media.sha256 for media, _ in manuscript.images}
            plans = await plan(unit, post, revision, accounts, dated, in_hand=in_hand)
        plans = [await _with_timing(unit, planned, when) for planned in plans]
    return [_with_missing(planned, manuscript) for planned in plans]


async def _with_timing(unit: UnitOfWork, planned: Plan, wish: Wish) -> Plan:
    """Return the plan with what is to be said about the time that was asked for."""
    found: Sequence[Finding]
    try:
        found = _about_credentials(
            [planned.account], await timings_for(unit, [planned.account], wish)
        )
    except ContentInvalid as error:
        found = error.findings
    return replace(planned, findings=(*planned.findings, *found)) if found else planned


def preview_plans(
    manuscript: Manuscript, accounts: Sequence[Account], now: datetime, ids: IdFactory
) -> list[Plan]:
    """Return the plans for a manuscript that was never published, without a store."""
    revision = _first_revision(manuscript, now, ids)
    dated = _dated(manuscript, now)
    return [
        _with_missing(planned, manuscript)
        for account in accounts
        for planned in first_plans(
            subject_of(revision.post_id, revision, dated, account), account, now
        )
    ]


def sample_account(platform: str) -> Account:
    """Return a stand-in account for validating against a platform in general.

    Raises `NotFound` for an unknown platform.
    """
    declared = load_platform(platform)
    return Account(
        id="",
        workspace_id="",
        name=platform,
        platform=platform,
        state=AccountState.CONNECTED,
        settings={s.key: s.default or s.example for s in declared.settings},
    )


def refuse_errors(plans: Sequence[Plan]) -> None:
    """Raise `ContentInvalid` with every error of every plan, each naming its account."""
    findings = [
        replace(finding, field=f"{planned.account.name}: {finding.field}")
        for planned in plans
        for finding in planned.findings
        if finding.severity is Severity.ERROR
    ]
    if findings:
        raise ContentInvalid(findings)


async def settled(desk: Desk, ids: Sequence[str], *, timeout: float) -> list[Delivery]:
    """Wait until these deliveries need nothing more, at most `timeout` seconds; return them."""
    ends = desk.clock.monotonic() + timeout
    while True:
        async with desk.store.read() as unit:
            found = [await unit.deliveries.get(id) for id in ids]
        if all(d.state in SETTLED for d in found) or desk.clock.monotonic() >= ends:
            return found
        await asyncio.sleep(_LOOKS_APART)


async def put_post(
    unit: UnitOfWork, desk: Desk, manuscript: Manuscript, adapted: Adapting | None = None
) -> tuple[Post, Revision]:
    """Store a manuscript as its post, revised where it has changed; nothing is planned.

    `adapted` is what was written for it, with what had been written before; without it that stays.
    Raises `ContentInvalid` when an image it shows is not there.
    """
    _refuse_missing(manuscript)
    for _, data in manuscript.images:
        await unit.workspaces.keep(data)
    content = manuscript.content
    post = await unit.posts.find_by_key(desk.workspace_id, manuscript.source_key)
    if post is None:
        content = replace(content, adaptations=adapted.adaptations if adapted else {})
        post, revision = await unit.posts.add(
            workspace_id=desk.workspace_id,
            source_key=manuscript.source_key,
            content=content,
            tier=Tier.PERSON,
        )
    else:
        revision = await unit.posts.revision(post.revision_id)
        kept = kept_adaptations(revision.content, content)
        content = replace(content, adaptations=adapted.adaptations if adapted else kept)
        if revision.content != content:
            revision = await unit.posts.revise(post, content, Tier.PERSON)
            post = await unit.posts.get(post.id)
    if adapted is not None and adapted.attempts:
        risk = await unit.posts.risk(post.id)
        await unit.posts.store_checks(post.id, revision.id, adapted.checks, risk)
    return post, revision


def _first_revision(manuscript: Manuscript, now: datetime, ids: IdFactory) -> Revision:
    return Revision(
        id="",
        post_id=ids.new("post"),
        number=1,
        content=manuscript.content,
        tier=Tier.PERSON,
        created_at=now,
        created_by="",
    )


def _refuse_missing(manuscript: Manuscript) -> None:
    if manuscript.missing:
        raise ContentInvalid(list(manuscript.missing))


def _with_missing(planned: Plan, manuscript: Manuscript) -> Plan:
    """Return the plan with the images that are not there, unless the platform has told of them."""
    if any(finding.code == "image_missing" for finding in planned.findings):
        return planned
    return replace(planned, findings=(*planned.findings, *manuscript.missing))


def _refuse_draft(manuscript: Manuscript) -> None:
    if manuscript.file.draft:
        raise ContentInvalid(
            [
                Finding(
                    code="draft",
                    field="draft",
                    message="the file says that it is a draft",
                    remedy="Take `draft: true` out of its front matter.",
                )
            ]
        )


def _dated(manuscript: Manuscript, due_at: datetime) -> datetime:
    """Return the author's own date if it has passed by then, else when it goes out."""
    own = manuscript.file.published_at
    return own if own is not None and own <= due_at else due_at


def _wish(manuscript: Manuscript, given: Wish | None, post: Post | None, now: datetime) -> Wish:
    """Return when the manuscript should go out: as was said, else as its front matter has it."""
    file = manuscript.file
    if given is not None and (not given.is_now or given == Wish()):
        return replace(given, zone=given.zone or file.zone) if is_wall_time(given.at) else given
    given = given or Wish()
    wish = replace(given, at=file.publish_at, zone=given.zone or file.zone)
    if not wish.at:
        refuse_lone_zone(given)
    if wish.at and post is not None and post.published_at is not None and post.published_at <= now:
        # the time in the file was that of its first publication; this is a change of it
        return given
    return wish
