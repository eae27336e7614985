"""What platforms count about published posts, asked now. Nothing is kept of it here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Outgoing, parts_out
from copydesk.core.errors import ConfigError, Conflict, NotFound
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import AuthExpired, AuthRevoked, Outcome
from copydesk.core.states import AccountState, DeliveryState
from copydesk.distribution.aftercare import as_out
from copydesk.distribution.calls import words
from copydesk.distribution.media import no_media
from copydesk.distribution.opened import OpenAccount
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.registry import load_platform
from copydesk.store.aftercare import Out
from copydesk.work.accounts.trying import credentials_of
from copydesk.work.desk import Desk

#: Whom several posts reached cannot be added up: the same people may have seen each.
_NO_SUM: Final = frozenset({Metric.REACHED})

#: Seconds that the questions about one account's posts may take, per question, in its timeouts.
_PATIENCE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PartMeasured:
    """The counts of one post on the platform; a thread has several. `raw` is the platform's own
    answer; `problem` says why there are none."""

    id: str
    url: str
    counts: Mapping[Metric, int] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a platform counts about one delivery. `problem` says why nothing was asked."""

    delivery: Delivery
    account: Account
    parts: tuple[PartMeasured, ...] = ()
    problem: str = ""

    @property
    def counts(self) -> dict[Metric, int]:
        """Return the counts of all parts together, as far as they can be added up."""
        if len(self.parts) == 1:
            return dict(self.parts[0].counts)
        kinds = dict.fromkeys(kind for part in self.parts for kind in part.counts)
        return {
            kind: sum(part.counts.get(kind, 0) for part in self.parts)
            for kind in kinds
            if kind not in _NO_SUM
        }


async def measure_delivery(desk: Desk, id: str, *, actor: str) -> Measured:
    """Ask for the numbers of a delivery. Raises `NotFound`; `Conflict` for one that is not out
    there, because it was not delivered yet or takes a post down."""
    async with desk.store.read() as unit:
        delivery = await unit.deliveries.get(id)
    if delivery.workspace_id != desk.workspace_id:
        raise NotFound.of(f"delivery {id}")
    if not _is_out(delivery):
        raise Conflict(
            f"Delivery {id} has no numbers: {delivery.action}, {delivery.state}.",
            remedy="Name one that was delivered.",
        )
    (found,) = await _measure(desk, [delivery], actor)
    return found


async def measure_post(desk: Desk, post_id: str, *, actor: str) -> list[Measured]:
    """Ask for the numbers of a post on every account where it stands, in the order in which it got
    there. Raises `NotFound`."""
    async with desk.store.read() as unit:
        post = await unit.posts.get(post_id)
        if post.workspace_id != desk.workspace_id:
            raise NotFound.of(f"post {post_id}")
        found = [d for d in await unit.deliveries.of_post(post_id) if _is_out(d)]
        places = dict.fromkeys((d.account_id, d.recipient) for d in found)
        standing = [
            await unit.aftercare.standing(account_id, post_id, recipient)
            for account_id, recipient in places
        ]
    there = [out.delivery for out in standing if out is not None]
    return await _measure(desk, there, actor)


def _is_out(delivery: Delivery) -> bool:
    return delivery.state is DeliveryState.DELIVERED and delivery.action is not Action.DELETE


async def _measure(desk: Desk, deliveries: Sequence[Delivery], actor: str) -> list[Measured]:
    async with desk.store.read() as unit:
        outs = await unit.aftercare.out([delivery.id for delivery in deliveries])
        accounts = {d.account_id: await unit.accounts.get(d.account_id) for d in deliveries}
    found: dict[str, Measured] = {}
    by_account = sorted(outs, key=lambda out: (out.delivery.account_id, out.delivery.id))
    for account_id, group in groupby(by_account, key=lambda out: out.delivery.account_id):
        for measured in await _of_account(desk, accounts[account_id], list(group), actor):
            found[measured.delivery.id] = measured
    return [found[delivery.id] for delivery in deliveries]


async def _of_account(
    desk: Desk, account: Account, outs: Sequence[Out], actor: str
) -> list[Measured]:
    try:
        platform = load_platform(account.platform)
    except NotFound as error:
        return [_unasked(account, out, error.message) for out in outs]
    if (problem := _silent(platform, account)) is not None:
        return [_unasked(account, out, problem) for out in outs]
    credentials = credentials_of(desk, actor)
    async with desk.store.read() as unit:
        sealed = await unit.accounts.secrets(account.id)
    try:
        opened = OpenAccount(credentials, platform, credentials.open(account, sealed), no_media)
    except ConfigError as error:
        return [_unasked(account, out, error.message) for out in outs]
    measured: list[Measured] = []
    try:
        if (unusable := await opened.keep(account)) is not None:
            return [_unasked(account, out, unusable.reason) for out in outs]
        for out in outs:
            if not out.delivery.remote_id:
                measured.append(_unasked(account, out, "nobody said under which id it is there"))
                continue
            urls = [part.url for part in parts_out(out.delivery.handles)] or [out.delivery.url]
            parts = [
                await _ask(opened, platform, part, url)
                for part, url in zip(as_out(out), urls, strict=True)
            ]
            measured.append(Measured(delivery=out.delivery, account=account, parts=tuple(parts)))
    finally:
        await opened.close()
    return measured


def _silent(platform: Platform, account: Account) -> str | None:
    """Return why the platform is not asked at all."""
    if not platform.manifest.metrics:
        return f"{platform.manifest.title} gives no numbers about posts"
    if account.state is not AccountState.CONNECTED:
        return f"{account.name} is {account.state}{f': {account.reason}' if account.reason else ''}"
    return None


async def _ask(
    opened: OpenAccount, platform: Platform, outgoing: Outgoing, url: str
) -> PartMeasured:
    answer = await _metrics(opened, platform, outgoing)
    if isinstance(answer, AuthExpired | AuthRevoked):
        problem = await opened.after(answer)
        answer = problem or await _metrics(opened, platform, outgoing)
    id = outgoing.target_id
    if isinstance(answer, Metrics):
        return PartMeasured(id=id, url=url, counts=answer.counts, raw=answer.raw)
    reason = answer if isinstance(answer, str) else getattr(answer, "reason", "")
    said = reason or f"the platform answered with {type(answer).__name__}"
    return PartMeasured(id=id, url=url, problem=said)


async def _metrics(
    opened: OpenAccount, platform: Platform, outgoing: Outgoing
) -> Metrics | Outcome | str:
    try:
        async with asyncio.timeout(platform.manifest.timeout * _PATIENCE):
            return await opened.client.metrics(outgoing)
    except Exception as error:
        # a fault in a spoke costs the numbers of this post, and no others
        return f"asking for them failed: {words(error)}"


def _unasked(account: Account, out: Out, problem: str) -> Measured:
    return Measured(delivery=out.delivery, account=account, problem=problem)
