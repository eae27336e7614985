"""Whether a page is there before it is announced: asked at the door, waited for, given up in time.

An address is asked with HEAD and, where that is not answered, with GET. It counts as there when it
answers 2xx without having led somewhere else, to a sign-in form or a front page for instance.
Addresses come from authors, so only public ones are called, and those the operator's own accounts
publish at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery
from copydesk.core.states import DeliveryState
from copydesk.distribution.awaiting import Link, PostOn, read_awaits
from copydesk.distribution.threads import has_begun
from copydesk.platforms.kit.transport import AnswerLost, NotSent, Reply, Transport
from copydesk.store import Store, UnitOfWork
from copydesk.store.deliveries import Change

#: Seconds one look at an address may take, and how many are looked at side by side.
PATIENCE: Final = 10.0
AT_ONCE: Final = 8

#: The rest between two looks grows with the waiting: a tenth of it, within these bounds.
SHORTEST: Final = timedelta(seconds=10)
LONGEST: Final = timedelta(minutes=15)

#: After this a person is asked.
GIVE_UP: Final = timedelta(hours=24)

#: What a path is called that people are sent to instead of the page they wanted.
_ELSEWHERE: Final = ("login", "signin", "sign-in", "sign_in", "auth", "404", "not-found", "error")


@dataclass(frozen=True, slots=True)
class There:
    """Everything awaited is there."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Something awaited is not there: what, in words for people."""

    why: str


async def look_at(transport: Transport, url: str) -> There | NotYet:
    """Look whether a page answers at `url`."""
    answer: There | NotYet = NotYet(f"{url} is not a web address")
    if urlsplit(url).scheme not in {"http", "https"}:
        return answer
    for method in ("HEAD", "GET"):
        try:
            reply = await transport.call(method, url, timeout=PATIENCE)
        except (NotSent, AnswerLost) as error:
            return NotYet(f"{url} cannot be reached: {error}")
        answer = judge_page(url, reply)
        # some servers know no HEAD, or answer it from elsewhere
        if isinstance(answer, There):
            return answer
    return answer


def judge_page(url: str, reply: Reply) -> There | NotYet:
    """Return whether `reply` is that of the page at `url`."""
    if not 200 <= reply.status < 300:
        return NotYet(f"{url} answers {reply.status}")
    if not reply.moved_to:
        return There()
    wanted, found = urlsplit(url), urlsplit(reply.moved_to)
    before, after = wanted.path.strip("/").lower(), found.path.strip("/").lower()
    strayed = before != after and (
        not after or any(step.startswith(_ELSEWHERE) for step in after.split("/"))
    )
    if strayed:
        return NotYet(f"{url} leads to {reply.moved_to}")
    return There()


class Links:
    """Keeps announcements back until what they announce is there.

    `public` reaches public addresses only; `transport` is used for the operator's own.
    """

    def __init__(self, store: Store, transport: Transport, public: Transport) -> None:
        self._store = store
        self._transport = transport
        self._public = public

    async def admit(self, due: Sequence[Delivery]) -> list[Delivery]:
        """Return those of the due deliveries whose pages are there; the others wait, or are held
        when they have waited too long."""
        waiting = [
            d for d in due if d.awaits and d.action is not Action.DELETE and not has_begun(d)
        ]
        if not waiting:
            return list(due)
        async with self._store.read() as unit:
            accounts = {a.id: a for a in await unit.accounts.all(waiting[0].workspace_id)}
            found = {d.id: await _needs(unit, d, accounts) for d in waiting}
        urls = {url for needs in found.values() if not isinstance(needs, NotYet) for url in needs}
        pages = await self._look(urls, accounts)
        answers: dict[str, There | NotYet] = {}
        for id, needs in found.items():
            if isinstance(needs, NotYet):
                answers[id] = needs
                continue
            missing = (page for url in needs if isinstance(page := pages[url], NotYet))
            answers[id] = next(missing, There())
        async with self._store.begin("courier") as unit:
            for delivery in waiting:
                answer = answers[delivery.id]
                if isinstance(answer, NotYet):
                    await _wait(unit, delivery, answer)
        back = {id for id, answer in answers.items() if isinstance(answer, NotYet)}
        return [delivery for delivery in due if delivery.id not in back]

    async def _look(
        self, urls: Collection[str], accounts: Mapping[str, Account]
    ) -> dict[str, There | NotYet]:
        own = {_place(account.settings.get("url", "")) for account in accounts.values()} - {""}
        gate = asyncio.Semaphore(AT_ONCE)

        async def look(url: str) -> There | NotYet:
            transport = self._transport if _place(url) in own else self._public
            async with gate:
                return await look_at(transport, url)

        wanted = sorted(urls)
        return dict(zip(wanted, await asyncio.gather(*map(look, wanted)), strict=True))


def rest_after(due_at: datetime, now: datetime) -> timedelta:
    """Return how long to wait until the next look at what was due at `due_at` (both aware UTC)."""
    return max(SHORTEST, min(LONGEST, (now - due_at) / 10))


async def _needs(
    unit: UnitOfWork, delivery: Delivery, accounts: Mapping[str, Account]
) -> list[str] | NotYet:
    """Return the addresses that have to answer, or what is missing before any can be asked."""
    urls: list[str] = []
    for awaited in read_awaits(delivery.awaits):
        match awaited:
            case Link(url):
                urls.append(url)
            case PostOn(account_id):
                account = accounts.get(account_id)
                if account is None:
                    return NotYet("the account it waits for was removed")
                out = await unit.aftercare.standing(account_id, delivery.post_id, "")
                if out is None:
                    return NotYet(await _why_not_out(unit, delivery, account))
                if out.delivery.url:
                    urls.append(out.delivery.url)
    return urls


async def _why_not_out(unit: UnitOfWork, delivery: Delivery, account: Account) -> str:
    latest = await unit.deliveries.latest(account.id, delivery.post_id, "")
    if latest is None:
        return f"it waits for {account.name}, where the post is not going yet"
    state = latest[0].state
    about = f": {latest[0].reason}" if latest[0].reason else ""
    return f"it waits for {account.name}, where the post is {state}{about}"


async def _wait(unit: UnitOfWork, delivery: Delivery, answer: NotYet) -> None:
    now = unit.now
    if now - delivery.due_at >= GIVE_UP:
        hours = int(GIVE_UP.total_seconds() // 3600)
        stopped = {
            "reason_code": "link_not_there",
            "reason": f"after {hours} hours: {answer.why}",
            "remedy": "Send it without waiting any longer, or give it up.",
        }
        step = Change(delivery=delivery, to=DeliveryState.HELD, reason=answer.why, values=stopped)
        await unit.deliveries.move(step)
        return
    until = min(now + rest_after(delivery.due_at, now), delivery.due_at + GIVE_UP)
    if delivery.state is DeliveryState.SNOOZED and delivery.reason == answer.why:
        await unit.deliveries.postpone([delivery.id], until)
        return
    values = {
        "wake_at": until,
        "reason_code": "waiting_for_link",
        "reason": answer.why,
        "remedy": "Nothing to do: it goes out once the page is there.",
    }
    if delivery.state is DeliveryState.SNOOZED:
        # what it waits for has changed; that is no step of its own
        await unit.deliveries.stay(delivery, values)
        return
    step = Change(delivery=delivery, to=DeliveryState.SNOOZED, reason=answer.why, values=values)
    await unit.deliveries.move(step)


def _place(url: str) -> str:
    """Return scheme, host and port of an address, "" without any."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""
