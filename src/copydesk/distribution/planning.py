"""Planning: which renditions of a post go to which accounts, and when. Nothing is sent here.

A post goes to an account once. Publishing it again plans nothing when the rendition is the same,
an update where it has changed and the platform can update, and is refused where it cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Rendition
from copydesk.core.findings import Finding, Severity
from copydesk.core.post import Post, Revision
from copydesk.core.states import AccountState, DeliveryState
from copydesk.platforms.kit.contract import Platform, Subject
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import Change, freeze
from copydesk.transformation.content import with_overrides

#: States in which an earlier delivery of the same post may still reach the platform.
_IN_FLIGHT = frozenset({DeliveryState.SENDING, DeliveryState.UNKNOWN})


class Intended(StrEnum):
    """What planning means to do with a post on an account."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    NOTHING = "nothing"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would happen with one post on one account (and one recipient), and why.

    `earlier` is the newest delivery of the post there. `target_id` is the platform's id of what
    stands there already and would be changed, "" when nothing does.
    """

    account: Account
    platform: Platform
    rendition: Rendition
    findings: tuple[Finding, ...]
    intended: Intended
    earlier: Delivery | None = None
    target_id: str = ""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that stand in the way."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)


def subject_of(
    post_id: str, revision: Revision, published_at: datetime, account: Account
) -> Subject:
    """Return what the account's platform renders: the revision with the author's overrides for the
    platform and the account applied, and the post's frozen publication time.

    Raises `ContentInvalid` when an override cannot stand for its field.
    """
    return Subject(
        post_id=post_id,
        revision=revision.number,
        content=with_overrides(revision.content, account.platform, account.name),
        published_at=published_at.isoformat(timespec="seconds"),
        updated_at=max(published_at, revision.created_at).isoformat(timespec="seconds"),
    )


async def plan(
    unit: UnitOfWork,
    post: Post,
    revision: Revision,
    accounts: Sequence[Account],
    published_at: datetime,
) -> list[Plan]:
    """Work out what publishing `revision` to `accounts` means. Changes nothing.

    `published_at` (aware UTC) is shown as the post's date, unless it has one already.
    """
    plans: list[Plan] = []
    for account in accounts:
        subject = subject_of(post.id, revision, post.published_at or published_at, account)
        platform = load_platform(account.platform)
        for recipient in platform.recipients(account, subject.content):
            rendition = platform.render(subject, account, recipient)
            findings = [*platform.validate(rendition, account), *_account_findings(account)]
            planned = Plan(
                account=account,
                platform=platform,
                rendition=rendition,
                findings=tuple(findings),
                intended=Intended.CREATE,
            )
            plans.append(await _compare(unit, post, planned))
    return plans


async def schedule(
    unit: UnitOfWork, post: Post, revision: Revision, plans: Sequence[Plan], due_at: datetime
) -> list[Delivery]:
    """Make plans into deliveries, due at `due_at` (aware UTC); returns them, unchanged ones too.

    A plan with errors becomes a `held` delivery that says why, so that a person finds it.
    """
    deliveries: list[Delivery] = []
    for planned in plans:
        if planned.intended is Intended.NOTHING and planned.earlier is not None:
            deliveries.append(planned.earlier)
            continue
        if (
            planned.intended is Intended.REPLACE
            and planned.earlier is not None
            and planned.earlier.state is not DeliveryState.EXPIRED
        ):
            await unit.deliveries.move(
                Change(
                    delivery=planned.earlier,
                    to=DeliveryState.CANCELLED,
                    reason=f"replaced by revision {revision.number}",
                )
            )
        delivery = await unit.deliveries.plan(
            workspace_id=post.workspace_id,
            account_id=planned.account.id,
            post_id=post.id,
            revision_id=revision.id,
            rendition=planned.rendition,
            action=Action.UPDATE if planned.target_id else Action.CREATE,
            due_at=due_at,
            target_id=planned.target_id,
        )
        await unit.deliveries.move(_first_step(planned, delivery, due_at))
        deliveries.append(await unit.deliveries.get(delivery.id))
    return deliveries


def _first_step(planned: Plan, delivery: Delivery, due_at: datetime) -> Change:
    errors = planned.errors
    if not errors:
        return Change(delivery=delivery, to=DeliveryState.SCHEDULED, values={"wake_at": due_at})
    reason = "; ".join(f"{f.field}: {f.message}" for f in errors)
    values: dict[str, Any] = {
        "reason_code": errors[0].code,
        "reason": reason,
        "remedy": "; ".join(dict.fromkeys(f.remedy for f in errors if f.remedy)),
    }
    return Change(delivery=delivery, to=DeliveryState.HELD, reason=reason, values=values)


def _account_findings(account: Account) -> list[Finding]:
    if account.state is not AccountState.BLOCKED:
        return []
    return [
        Finding(
            code="account_blocked",
            field="account",
            message=f"{account.name} is blocked: {account.reason}",
            remedy=f"`copydesk accounts test {account.name}` lets it go on once this is mended.",
            severity=Severity.WARNING,
        )
    ]


async def _compare(unit: UnitOfWork, post: Post, planned: Plan) -> Plan:
    """Return the plan as it stands against what was delivered of the post before."""
    key = planned.account.id, post.id, planned.rendition.recipient
    latest = await unit.deliveries.latest(*key)
    if latest is None:
        return planned
    earlier, digest = latest
    planned = replace(planned, earlier=earlier)
    if digest == freeze(planned.rendition.payload)[1]:
        return replace(planned, intended=Intended.NOTHING)
    if earlier.state in _IN_FLIGHT or earlier.is_accepted:
        return _refused(
            planned,
            "in_flight",
            "an earlier version is on its way and its outcome is not known yet",
            f"Wait until {earlier.id} is settled, then publish again.",
        )
    # what stands there may be older than the newest delivery, which never went out
    standing = await unit.deliveries.latest(*key, state=DeliveryState.DELIVERED)
    if standing is None:
        return replace(planned, intended=Intended.REPLACE)
    planned = replace(planned, target_id=standing[0].remote_id)
    if not planned.platform.manifest.can_update:
        return _refused(
            planned,
            "cannot_update",
            f"{planned.platform.manifest.title} cannot change what it has published",
            "Publish the change as a new file.",
        )
    if not planned.target_id:
        return _refused(
            planned,
            "place_unknown",
            "it is there already, but nobody said under which address",
            "Change it on the platform itself, or publish the change as a new file.",
        )
    changes = earlier.state is DeliveryState.DELIVERED
    return replace(planned, intended=Intended.UPDATE if changes else Intended.REPLACE)


def _refused(planned: Plan, code: str, message: str, remedy: str) -> Plan:
    finding = Finding(code=code, field="account", message=message, remedy=remedy)
    return replace(planned, intended=Intended.REFUSE, findings=(*planned.findings, finding))
