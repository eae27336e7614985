"""Hearing what platforms tell us by themselves: verified, taken once, never believed blindly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery, part_count
from copydesk.core.errors import Conflict, ContentInvalid, CopydeskError, NotFound
from copydesk.core.states import AccountState, DeliveryState
from copydesk.distribution.reports import Effect, Meaning, judge_report
from copydesk.platforms.kit.callbacks import (
    Callback,
    CallbackRequest,
    Challenge,
    NotVerified,
    Report,
)
from copydesk.platforms.kit.classify import redact
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.registry import load_platform
from copydesk.store import UnitOfWork
from copydesk.store.deliveries import Change
from copydesk.work.deliveries.settling import checked_url
from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)

#: For how long a message is known, so that it has no second effect. Vendors repeat for days.
REMEMBERED: Final = timedelta(days=7)

#: What nobody proved to have sent makes us look at one delivery this often at most.
_LOOKS_APART: Final = timedelta(minutes=1)

#: How much is kept of a message that nobody understood.
_KEPT_CHARACTERS: Final = 2_000


class CallbackRefused(CopydeskError):
    """The sender of the callback did not prove who it is."""

    status = 400
    code = "callback_refused"


class CallbackTooEarly(CopydeskError):
    """What the callback is about is being worked on this moment; to be sent again."""

    status = 503
    code = "callback_too_early"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A callback that was taken. `is_new` is False for one that was taken before: it did nothing.

    `effects` has one for each report; none for a message that meant nothing to us.
    """

    is_new: bool
    effects: tuple[Effect, ...] = ()


async def hear(desk: Desk, account_id: str, request: CallbackRequest) -> Taken | Challenge:
    """Take a callback for an account; a repeated one has no effect.

    Raises `NotFound` for an account that is not there or takes none, `CallbackRefused` when the
    sender is not who it should be, `CallbackTooEarly` when it has to be sent again, and
    `StoreUnavailable`: then nothing is remembered either.
    """
    async with desk.store.read() as unit:
        account = await unit.accounts.get(account_id)
        sealed = await unit.accounts.secrets(account_id)
    if account.workspace_id != desk.workspace_id or account.state is AccountState.REMOVED:
        raise NotFound(f"There is no account {account_id}.")
    platform = load_platform(account.platform)
    secrets = desk.vault.open(sealed)
    heard = platform.read_callback(account, secrets, request, desk.clock.now())
    match heard:
        case None:
            raise NotFound(f"{platform.manifest.title} accounts take no callbacks.")
        case NotVerified():
            _log.warning("callback_refused", account=account.name, reason=heard.reason)
            raise CallbackRefused(f"The callback was refused: {heard.reason}.")
        case Challenge():
            return heard
        case Callback():
            pass
    raw = redact(request.body[: _KEPT_CHARACTERS * 4].decode("utf-8", "replace"), secrets.values())
    try:
        async with desk.store.begin("callback") as unit:
            return await _take(unit, platform, account, heard, raw[:_KEPT_CHARACTERS])
    except Conflict as error:
        # somebody else took a step meanwhile; nothing was remembered, so it is new next time
        raise CallbackTooEarly(error.message, remedy="Send it again in a minute.") from error


async def _take(
    unit: UnitOfWork, platform: Platform, account: Account, callback: Callback, raw: str
) -> Taken:
    await unit.callbacks.tidy(account.id)
    # the message first: of two that come at once the second waits here, and then is known
    is_new = await unit.callbacks.remember(
        account.id, callback.message_id, effect="", raw="", lasts=REMEMBERED
    )
    if not is_new:
        return Taken(is_new=False)
    effects = []
    understood = bool(callback.reports)
    for report in map(_sound, callback.reports):
        delivery = await unit.callbacks.delivery(
            account.id, key=report.key, remote_id=report.remote_id
        )
        if delivery is None:
            understood = False
            effects.append(Effect.NOTED)
            continue
        effects.append(await _apply(unit, platform, account, callback, report, delivery))
    await unit.callbacks.conclude(
        account.id,
        callback.message_id,
        effect=" ".join(dict.fromkeys(effects))[:16] or Effect.NOTED,
        raw="" if understood else raw,
    )
    return Taken(is_new=True, effects=tuple(effects))


def _sound(report: Report) -> Report:
    """Return a report without a key that is none of ours and an address that is no page's."""
    key = report.key if report.key.isascii() and report.key.isalnum() else ""
    try:
        url = checked_url(report.url)
    except ContentInvalid:
        url = ""
    return replace(report, key=key, url=url)


async def _apply(
    unit: UnitOfWork,
    platform: Platform,
    account: Account,
    callback: Callback,
    report: Report,
    delivery: Delivery,
) -> Effect:
    parts = 1
    if delivery.state is not DeliveryState.DELIVERED:
        rendition, _ = await unit.deliveries.rendition(delivery.rendition_id)
        parts = part_count(rendition.payload)
    meaning = judge_report(
        report,
        delivery,
        now=unit.now,
        parts=parts,
        trusted=callback.trusted,
        can_ask=platform.reconcile(account).find,
        can_inspect=bool(platform.inspections(account)),
    )
    match meaning.effect:
        case Effect.LATER:
            raise CallbackTooEarly(
                f"Delivery {delivery.id} is being sent this moment.",
                remedy="Send it again in a minute.",
            )
        case Effect.LOOK:
            return await _look(unit, account, callback, delivery)
        case Effect.MOVED:
            await _move(unit, delivery, meaning, report)
        case Effect.STANDING if meaning.stands is not None:
            note = report.reason or f"the platform reported that it was {report.happened}"
            await unit.aftercare.stands(
                delivery, meaning.stands, note[:_KEPT_CHARACTERS], delivery.inspect_at
            )
        case _:
            pass
    return meaning.effect


async def _look(
    unit: UnitOfWork, account: Account, callback: Callback, delivery: Delivery
) -> Effect:
    if not callback.trusted and not await unit.callbacks.remember(
        account.id, f"look:{delivery.id}", effect=Effect.LOOK, raw="", lasts=_LOOKS_APART
    ):
        return Effect.NOTED
    if delivery.state is DeliveryState.DELIVERED:
        await unit.callbacks.inspect_now(delivery.id)
    else:
        await unit.deliveries.postpone([delivery.id], unit.now)
        unit.hint("courier", delivery.account_id)
    return Effect.LOOK


async def _move(unit: UnitOfWork, delivery: Delivery, meaning: Meaning, report: Report) -> None:
    current = delivery
    for step in meaning.steps:
        await unit.deliveries.move(
            Change(
                delivery=current,
                to=step.to,
                reason=step.reason,
                values=step.values,
                evidence={"callback": report.happened.value, "url": report.url},
            )
        )
        current = await unit.deliveries.get(delivery.id)
