"""Taking a post down: what was not sent yet is cancelled, what stands is deleted by a delivery.

A deletion is a delivery like any other, with intent and receipt, so that none is lost and none is
believed before the platform said so. Where a platform cannot delete, that is said beforehand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, parts_out
from copydesk.core.errors import ContentInvalid, NotFound
from copydesk.core.findings import Finding
from copydesk.core.post import Post
from copydesk.core.standing import Stands
from copydesk.core.states import TRANSITIONS, AccountState, DeliveryState
from copydesk.distribution.aftercare import window_finding
from copydesk.distribution.threads import given_up, goes_on, has_begun
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import Change
from copydesk.transformation.frontmatter import read_front_matter
from copydesk.work.desk import Desk

#: States in which something may reach the platform that nobody knows of yet.
_IN_FLIGHT = frozenset({DeliveryState.SENDING, DeliveryState.UNKNOWN})


class Taken(StrEnum):
    """What taking a post down means on one account."""

    DELETE = "delete"
    CANCEL = "cancel"
    NOTHING = "nothing"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What happens with one post on one account (and one recipient), and why.

    `pending` are deliveries that were not sent and are cancelled; `standing` is what stands there
    and is deleted, which may be a thread that is only partly out; `delivery` is the deletion, once
    it was planned.
    """

    account: Account
    recipient: str
    taken: Taken
    note: str = ""
    pending: tuple[Delivery, ...] = ()
    standing: Delivery | None = None
    finding: Finding | None = None
    delivery: Delivery | None = None


async def find_post(desk: Desk, subject: str) -> Post:
    """Return the post that `subject`, its id or the Markdown file it was made from, names.

    Raises `NotFound` when it was never published from here.
    """
    if subject.startswith("pst_"):
        async with desk.store.read() as unit:
            return await unit.posts.get(subject)
    keys = await asyncio.to_thread(_source_keys, Path(subject))
    async with desk.store.read() as unit:
        for key in keys:
            post = await unit.posts.find_by_key(desk.workspace_id, key)
            if post is not None:
                return post
    raise NotFound(
        f"Nothing was published from {subject}.", remedy="Name the file or the id of the post."
    )


def _source_keys(path: Path) -> list[str]:
    """Return what a file may be known by; one that is gone, or no good any more, by its place."""
    keys = [f"file:{path.resolve()}"]
    try:
        fields, _ = read_front_matter(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, ContentInvalid):
        return keys
    identity = " ".join(str(fields.get("id") or "").split())
    return [f"id:{identity}", *keys] if identity else keys


async def plan_withdrawals(
    unit: UnitOfWork, post: Post, accounts: Sequence[str] = ()
) -> list[Withdrawal]:
    """Work out what taking `post` down from the named accounts (all without any) means.

    Changes nothing. Raises `NotFound` for an account the post never went to.
    """
    everything = await unit.deliveries.of_post(post.id)
    found = {d.account_id: await unit.accounts.get(d.account_id) for d in everything}
    by_name = {account.name: account for account in found.values()}
    for name in accounts:
        if name not in by_name:
            raise NotFound(
                f"This post never went to {name!r}.",
                remedy=f"It went to: {', '.join(sorted(by_name)) or 'no account'}.",
            )
    wanted = [by_name[name] for name in accounts] or list(by_name.values())
    plans: list[Withdrawal] = []
    for account in sorted(wanted, key=lambda account: account.name):
        own = [d for d in everything if d.account_id == account.id]
        for recipient in dict.fromkeys(d.recipient for d in own):
            there = [d for d in own if d.recipient == recipient]
            plans.append(await _withdrawal(unit, account, recipient, there))
    return plans


async def unpublish(unit: UnitOfWork, post: Post, accounts: Sequence[str] = ()) -> list[Withdrawal]:
    """Take `post` down from the named accounts, or from all. All or nothing.

    Raises `NotFound` for an unknown account; `ContentInvalid` with every reason why an account
    cannot take it down: nothing is changed then.
    """
    plans = await plan_withdrawals(unit, post, accounts)
    findings = [plan.finding for plan in plans if plan.finding is not None]
    if findings:
        raise ContentInvalid(findings)
    done: list[Withdrawal] = []
    for plan in plans:
        await unit.deliveries.move_all([_cancelled(delivery) for delivery in plan.pending])
        done.append(await _carry_out(unit, plan))
    await unit.passages.look_at(post.id, unit.now)
    return done


async def _carry_out(unit: UnitOfWork, plan: Withdrawal) -> Withdrawal:
    standing = plan.standing
    if plan.taken is not Taken.DELETE or standing is None:
        return plan
    if has_begun(standing):
        await unit.deliveries.move_all(given_up(standing, "the post was taken down"))
        standing = await unit.deliveries.get(standing.id)
    rendition, _ = await unit.deliveries.rendition(standing.rendition_id)
    planned = await unit.deliveries.plan(
        workspace_id=standing.workspace_id,
        account_id=standing.account_id,
        post_id=standing.post_id,
        revision_id=standing.revision_id,
        rendition=rendition,
        action=Action.DELETE,
        due_at=unit.now,
        target_id=standing.remote_id,
        handles=goes_on(standing.handles),
    )
    await unit.deliveries.move(
        Change(
            delivery=planned,
            to=DeliveryState.SCHEDULED,
            reason="to be taken down",
            values={"wake_at": unit.now},
        )
    )
    await unit.aftercare.stop_looking([standing.id])
    return replace(plan, delivery=await unit.deliveries.get(planned.id))


async def _withdrawal(
    unit: UnitOfWork, account: Account, recipient: str, there: Sequence[Delivery]
) -> Withdrawal:
    live = [d for d in there if d.state not in {DeliveryState.DELIVERED, DeliveryState.CANCELLED}]
    unsettled = [d for d in live if d.state in _IN_FLIGHT or d.is_accepted]
    removing = next((d for d in live if d.action is Action.DELETE), None)
    stoppable = [d for d in live if d.action is not Action.DELETE and _can_cancel(d)]
    begun = next((d for d in stoppable if has_begun(d)), None)
    pending = tuple(d for d in stoppable if d is not begun)
    out = await unit.aftercare.standing(account.id, there[0].post_id, recipient)
    plan = Withdrawal(
        account=account,
        recipient=recipient,
        taken=Taken.NOTHING,
        pending=pending,
        standing=begun or (out.delivery if out else None),
    )
    if unsettled:
        return _refused(
            plan,
            "in_flight",
            "something of it is on its way and its outcome is not known yet",
            f"Wait until {unsettled[0].id} is settled, then take the post down.",
        )
    if removing is not None:
        return replace(
            plan, taken=Taken.NOTHING, note=f"{removing.id} takes it down already: {removing.state}"
        )
    if plan.standing is None:
        if pending:
            return replace(plan, taken=Taken.CANCEL)
        return replace(plan, taken=Taken.NOTHING, note="it is not there")
    if plan.standing.standing == Stands.GONE:
        return replace(
            plan, taken=Taken.CANCEL if pending else Taken.NOTHING, note=plan.standing.standing_note
        )
    return await _deletion(unit, plan, plan.standing)


async def _deletion(unit: UnitOfWork, plan: Withdrawal, standing: Delivery) -> Withdrawal:
    if plan.account.state is AccountState.REMOVED:
        return _refused(
            plan,
            "account_removed",
            "the account was removed here, so nothing can be deleted there",
            "Remove it on the platform itself, and name the other accounts with --on.",
        )
    manifest = load_platform(plan.account.platform).manifest
    if not manifest.can_delete:
        return _refused(
            plan,
            "cannot_delete",
            f"{manifest.title} cannot take back what it has published",
            manifest.no_delete or "Remove it on the platform itself.",
        )
    if not standing.remote_id:
        return _refused(
            plan,
            "place_unknown",
            "it is there, but nobody said under which address",
            "Remove it on the platform itself.",
        )
    if manifest.deletes is not None:
        first_at = await _first_at(unit, standing)
        closed = window_finding(manifest.deletes, first_at, 0, unit.now, "removed")
        if closed is not None:
            return _refused(plan, closed.code, closed.message, closed.remedy)
    about = standing.url or standing.remote_id
    number = len(parts_out(standing.handles))
    return replace(
        plan, taken=Taken.DELETE, note=f"{about} ({number} parts)" if number > 1 else about
    )


async def _first_at(unit: UnitOfWork, standing: Delivery) -> datetime:
    """Return when what stands there was first delivered, or its first part went out."""
    if has_begun(standing):
        return min((await unit.deliveries.first_calls([standing.id])).values(), default=unit.now)
    key = standing.account_id, standing.post_id, standing.recipient
    first_at, _ = await unit.aftercare.edits(*key)
    return first_at


def _refused(plan: Withdrawal, code: str, message: str, remedy: str) -> Withdrawal:
    field = f"{plan.account.name} {plan.recipient}".strip()
    finding = Finding(code=code, field=field, message=message, remedy=remedy)
    return replace(plan, taken=Taken.REFUSE, note=message, finding=finding, pending=())


def _can_cancel(delivery: Delivery) -> bool:
    return DeliveryState.CANCELLED in TRANSITIONS[DeliveryState][delivery.state]


def _cancelled(delivery: Delivery) -> Change:
    return Change(
        delivery=delivery,
        to=DeliveryState.CANCELLED,
        reason="the post was taken down before it was sent",
        values={"reason_code": "unpublished", "reason": "the post was taken down", "remedy": ""},
    )
