"""One account's open client with a credential that is good, for the length of a courier run.

Before a round it looks whether the credential wants renewing or was replaced; after an answer that
says "expired" it renews once and opens the client anew. A credential that was refused although it
is fresh is not renewed again: then a person has to look.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from copydesk.core.account import Account
from copydesk.core.delivery import Delivery
from copydesk.core.outcomes import (
    AuthExpired,
    AuthRevoked,
    Misconfigured,
    Outcome,
    RateLimited,
)
from copydesk.core.states import DeliveryState
from copydesk.distribution.consequences import Judgement
from copydesk.distribution.credentials import Credentials, Opened, Problem
from copydesk.distribution.media import LoadMedia
from copydesk.platforms.kit.auth import JwtMaker
from copydesk.platforms.kit.contract import Client, Platform
from copydesk.platforms.kit.transport import Observer

#: How long deliveries wait when nobody can say when the next try makes sense.
_WAIT = timedelta(minutes=1)


class OpenAccount:
    """The client of one account; `client` changes when the credential does."""

    def __init__(
        self,
        credentials: Credentials,
        platform: Platform,
        opened: Opened,
        load_media: LoadMedia,
        watched_by: Sequence[Observer] = (),
    ) -> None:
        self._credentials = credentials
        self._platform = platform
        self._opened = opened
        self._load_media = load_media
        self._watched_by = watched_by
        self._unproved = -1
        self.client: Client = self._connect(opened)

    async def close(self) -> None:
        """Close the client."""
        await self.client.close()

    async def keep(self, account: Account) -> Problem | None:
        """Make sure that the credential is good now; `account` is the row as it stands.

        Returns what stands in the way: then no call may be made. The account has been blocked
        already where a person is needed.
        """
        return await self._use(await self._credentials.keep(account, self._opened))

    async def after(self, outcome: Outcome) -> Problem | None:
        """Return None when the call that brought `outcome` may be made again with a better
        credential; else what is to be judged instead of it. Only for `AuthExpired` and
        `AuthRevoked`."""
        assert isinstance(outcome, AuthExpired | AuthRevoked)
        seen = self._opened.account
        latest = await self._credentials.reload(seen.id)
        if isinstance(latest, Opened) and latest.account.generation != seen.generation:
            return await self._use(latest)
        dead = AuthRevoked(outcome.reason, outcome.answer)
        fresh = seen.generation == self._unproved and not self._credentials.is_over(self._opened)
        if isinstance(outcome, AuthRevoked) or fresh:
            return dead
        kind = self._platform.auth_of(seen)
        if isinstance(kind, JwtMaker):
            self._unproved = seen.generation
            return await self._use(latest)
        if not self._credentials.can_renew(self._opened):
            return dead
        renewed = await self._credentials.renew(seen)
        if isinstance(renewed, Opened):
            self._unproved = renewed.account.generation
        return await self._use(renewed)

    def proved(self) -> None:
        """Note that the credential in use was accepted."""
        self._unproved = -1

    async def _use(self, found: Opened | Problem) -> Problem | None:
        if not isinstance(found, Opened):
            return found
        if found is not self._opened:
            former, self._opened = self.client, found
            self.client = self._connect(found)
            await former.close()
        return None

    def _connect(self, opened: Opened) -> Client:
        session = self._credentials.session(opened, self._load_media, self._watched_by)
        return self._platform.connect(session)


def go_again(delivery: Delivery, now: datetime) -> Judgement:
    """Return that `delivery` goes again at once with a better credential; it burns no attempt."""
    return Judgement(
        to=DeliveryState.SCHEDULED,
        reason="the credential was renewed",
        values={
            "wake_at": now,
            "attempts": max(0, delivery.attempts - 1),
            "reason_code": "renewed",
            "reason": "the credential was renewed",
            "remedy": "",
        },
    )


def as_outcome(problem: Problem, now: datetime) -> Outcome:
    """Return what stands in the way as an answer to judge: only what needs a person blocks.

    That the credential cannot be renewed at the moment lets the account rest and burns no attempt.
    """
    until = waits_until(problem, now)
    if until is None:
        return problem
    reason = f"the credential cannot be renewed at the moment: {problem.reason or 'asked to wait'}"
    return RateLimited(until=until, answer=problem.answer, reason=reason)


def waits_until(problem: Problem, now: datetime) -> datetime | None:
    """Return until when deliveries wait because of `problem`; None when a person is needed."""
    if isinstance(problem, AuthRevoked | Misconfigured):
        return None
    moment = problem.until if isinstance(problem, RateLimited) else problem.retry_at
    return max(moment or now + _WAIT, now + timedelta(seconds=1))
