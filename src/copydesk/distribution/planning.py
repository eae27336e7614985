"""Planning: which renditions of a post go to which accounts, and when. Nothing is sent here.

A post goes to an account once. Publishing it again plans nothing when the rendition is the same,
an update where it has changed and the platform can update, and is refused where it cannot. Only a
series repeats a post: each of its occurrences is a delivery of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Rendition
from copydesk.core.findings import Finding
from copydesk.core.post import Content, Media, Post, Revision
from copydesk.core.states import AccountState, DeliveryState
from copydesk.core.timing import Timing
from copydesk.core.zones import written
from copydesk.distribution.awaiting import awaited, check_awaited, is_asked_for, write_awaits
from copydesk.distribution.moving import first_wake, is_movable, retime
from copydesk.distribution.notices import credential_findings
from copydesk.distribution.plans import Intended, Plan, compare
from copydesk.distribution.versions import version_in_use
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import Change
from copydesk.transformation.content import with_overrides
from copydesk.transformation.tracking import Tracking

#: Findings about an account as a whole.
_ACCOUNT_CODES = frozenset({"account_blocked", "account_expired", "scope_missing"})


def subject_of(
    post_id: str, revision: Revision, published_at: datetime, account: Account
) -> Subject:
    """Return what the account's platform renders: the revision with the author's overrides for the
    platform and the account applied, and the post's frozen publication time.

    Links to the site of the post's original are tagged when it names a campaign. Raises
    `ContentInvalid` when an override cannot stand for its field.
    """
    content = with_overrides(revision.content, account.platform, account.name)
    return Subject(
        post_id=post_id,
        revision=revision.number,
        content=content,
        published_at=published_at.isoformat(timespec="seconds"),
        updated_at=max(published_at, revision.created_at).isoformat(timespec="seconds"),
        tracking=_tracking(content, account.platform),
    )


def _tracking(content: Content, platform: str) -> Tracking | None:
    medium = load_platform(platform).manifest.medium
    host = urlsplit(content.canonical_url).hostname or ""
    if not (content.campaign and medium and host):
        return None
    return Tracking(host=host, source=platform, medium=medium, campaign=content.campaign)


async def plan(
    unit: UnitOfWork,
    post: Post,
    revision: Revision,
    accounts: Sequence[Account],
    published_at: datetime,
    *,
    repeat: bool = False,
    in_hand: Collection[str] = (),
    overwrite: bool = False,
) -> list[Plan]:
    """Work out what publishing `revision` to `accounts` means. Changes nothing.

    `published_at` (aware UTC) is shown as the post's date, unless it has one already. With `repeat`
    the post goes out again whatever stands there; with `overwrite` it replaces even what somebody
    changed or removed on the platform. `in_hand` are digests of media that whoever asks
    has, so that they need not be stored.
    """
    missing = await unit.workspaces.missing(
        {media.sha256 for media in revision.content.media} - set(in_hand)
    )
    lost = [_lost_media(media) for media in revision.content.media if media.sha256 in missing]
    everybody: list[Account] = []
    if is_asked_for(revision.content, accounts):
        everybody = await unit.accounts.all(post.workspace_id)
        lost += check_awaited(revision.content, everybody)
    plans: list[Plan] = []
    for account in accounts:
        subject = subject_of(post.id, revision, post.published_at or published_at, account)
        for planned in first_plans(subject, account, unit.now):
            findings = (*planned.findings, *lost)
            planned = replace(planned, findings=findings, overwrite=overwrite)
            if everybody:
                needs = awaited(subject.content, account, planned.rendition, everybody)
                planned = replace(planned, awaits=write_awaits(needs))
            plans.append(planned if repeat else await compare(unit, post, planned))
    return plans


def first_plans(subject: Subject, account: Account, now: datetime) -> Iterator[Plan]:
    """Yield what publishing `subject` to `account` at `now` (aware UTC) means where nothing of it
    was published before: one plan for each recipient."""
    platform = load_platform(account.platform)
    version = version_in_use(account, platform)
    for recipient in platform.recipients(account, subject.content):
        rendition = replace(platform.render(subject, account, recipient), api_version=version)
        yield Plan(
            account=account,
            platform=platform,
            rendition=rendition,
            findings=(
                *platform.validate(rendition, account),
                *media_findings(rendition),
                *account_findings(account, now),
            ),
            intended=Intended.CREATE,
        )


async def schedule(
    unit: UnitOfWork,
    post: Post,
    revision: Revision,
    plans: Sequence[Plan],
    due_at: datetime,
    timings: Mapping[str, Timing] | None = None,
) -> list[Delivery]:
    """Make plans into deliveries; returns them, unchanged ones too.

    They are due at `due_at` (aware UTC), or when `timings`, by account, says: what waits there
    already is moved to that. A plan with errors becomes a `held` delivery that says why, so that a
    person finds it.
    """
    deliveries: list[Delivery] = []
    kept: dict[str, Timing] = {}
    for planned in plans:
        timing = (timings or {}).get(planned.account.id)
        if planned.intended is Intended.NOTHING and planned.earlier is not None:
            deliveries.append(await _unchanged(unit, planned.earlier, planned.account, timing))
            continue
        timing = timing or Timing(due_at=due_at)
        if (
            planned.intended in {Intended.REPLACE, Intended.KEEP}
            and planned.earlier is not None
            and planned.earlier.state is not DeliveryState.EXPIRED
        ):
            timing = await _same_slot(unit, planned.earlier, timing)
            await unit.deliveries.move(
                Change(
                    delivery=planned.earlier,
                    to=DeliveryState.CANCELLED,
                    reason=f"replaced by revision {revision.number}",
                )
            )
        if planned.intended is Intended.KEEP:
            deliveries += await _standing(unit, planned, post)
            continue
        delivery = await unit.deliveries.plan(
            workspace_id=post.workspace_id,
            account_id=planned.account.id,
            post_id=post.id,
            revision_id=revision.id,
            rendition=planned.rendition,
            action=Action.UPDATE if planned.target_id else Action.CREATE,
            due_at=timing.due_at,
            target_id=planned.target_id,
            awaits=planned.awaits,
            overwrite=planned.overwrite,
        )
        await unit.deliveries.move(_first_step(planned, delivery, timing))
        if timing.says_something:
            kept[delivery.id] = timing
        deliveries.append(await unit.deliveries.get(delivery.id))
    await unit.schedules.add_timings(kept)
    return deliveries


async def _unchanged(
    unit: UnitOfWork, earlier: Delivery, account: Account, timing: Timing | None
) -> Delivery:
    """Return what is planned already, at the time that is asked for now."""
    # whoever asks for a slot again keeps the one that is taken
    if timing is None or timing.queue or timing.due_at == earlier.due_at:
        return earlier
    if not is_movable(earlier):
        return earlier
    return await retime(unit, earlier, account, timing, "published again")


async def _same_slot(unit: UnitOfWork, earlier: Delivery, timing: Timing) -> Timing:
    """Return the timing of what replaces `earlier`: in the slot that has in the same queue."""
    if not timing.queue:
        return timing
    held = (await unit.schedules.timings([earlier.id])).get(earlier.id)
    keeps = held is not None and held.queue == timing.queue and held.due_at > unit.now
    return held if held is not None and keeps else timing


async def _standing(unit: UnitOfWork, planned: Plan, post: Post) -> list[Delivery]:
    """Return what stands on the account and stays there."""
    key = planned.account.id, post.id, planned.rendition.recipient
    found = await unit.deliveries.latest(*key, state=DeliveryState.DELIVERED)
    return [found[0]] if found else []


def _first_step(planned: Plan, delivery: Delivery, timing: Timing) -> Change:
    # what is wrong with the account alone is mended there, and lets everything go on
    errors = [finding for finding in planned.errors if finding.code not in _ACCOUNT_CODES]
    if not errors:
        wake_at, code, reason = first_wake(planned.account, timing.due_at)
        waits = {"reason_code": code, "reason": reason} if code else {}
        return Change(
            delivery=delivery,
            to=DeliveryState.SCHEDULED,
            reason=timing.note or reason,
            values={"wake_at": wake_at, **waits},
        )
    reason = "; ".join(f"{f.field}: {f.message}" for f in errors)
    values: dict[str, Any] = {
        "reason_code": errors[0].code,
        "reason": reason,
        "remedy": "; ".join(dict.fromkeys(f.remedy for f in errors if f.remedy)),
    }
    return Change(delivery=delivery, to=DeliveryState.HELD, reason=reason, values=values)


def account_findings(account: Account, now: datetime) -> list[Finding]:
    """Return what keeps an account from publishing at `now` (aware UTC), as errors."""
    remedy = f"Connect it again, or mend it and try: `copydesk accounts test {account.name}`."
    if account.state is AccountState.BLOCKED:
        return [
            Finding(
                code="account_blocked",
                field="account",
                message=f"{account.name} is blocked: {account.reason.removesuffix('.')}",
                remedy=remedy,
            )
        ]
    if account.ends_at is not None and account.ends_at <= now:
        return [
            Finding(
                code="account_expired",
                field="account",
                message=f"the credential of {account.name} ended {written(account.ends_at, '')}",
                remedy=remedy,
            )
        ]
    return credential_findings(account, now)


def media_findings(rendition: Rendition) -> list[Finding]:
    """Return what whoever publishes has to know about the files that go out with `rendition`."""
    return [finding for media in rendition.media for finding in media.findings]


def _lost_media(media: Media) -> Finding:
    return Finding(
        code="media_missing",
        field=f"media {media.name}",
        message="its stored bytes are gone",
        remedy="Publish the file again with the image beside it, or restore a backup.",
    )
