"""The unit of work: one transaction, its repositories, and the job hints it leaves behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from copydesk.core.clock import Clock
from copydesk.core.ids import IdFactory
from copydesk.core.review import ReviewTimes

if TYPE_CHECKING:
    from copydesk.store.accounts import Accounts
    from copydesk.store.aftercare import Aftercare
    from copydesk.store.audits import Audits
    from copydesk.store.breakers import Breakers
    from copydesk.store.budgets import Budgets
    from copydesk.store.callbacks import Callbacks
    from copydesk.store.cases import Cases
    from copydesk.store.chats import Chats
    from copydesk.store.connections import Connections
    from copydesk.store.consents import Consents
    from copydesk.store.conversations import Conversations
    from copydesk.store.credentials import Credentials
    from copydesk.store.deliveries import Deliveries
    from copydesk.store.drift import Drift
    from copydesk.store.events import Events
    from copydesk.store.feedback import Feedback
    from copydesk.store.feeds import Feeds
    from copydesk.store.letters import Letters
    from copydesk.store.listings import Listings
    from copydesk.store.messages import Messages
    from copydesk.store.model_calls import ModelCalls
    from copydesk.store.model_costs import ModelCosts
    from copydesk.store.observations import Observations
    from copydesk.store.opinions import Opinions
    from copydesk.store.passages import Passages
    from copydesk.store.posts import Posts
    from copydesk.store.probes import Probes
    from copydesk.store.releases import Releases
    from copydesk.store.reviews import Reviews
    from copydesk.store.schedules import Schedules
    from copydesk.store.sealed import SealedRows
    from copydesk.store.series import SeriesRows
    from copydesk.store.shadows import Shadows
    from copydesk.store.submissions import Submissions
    from copydesk.store.suggestions import Suggestions
    from copydesk.store.threads import Threads
    from copydesk.store.tokens import Tokens
    from copydesk.store.webhooks import Webhooks
    from copydesk.store.workers import Workers
    from copydesk.store.workspaces import Workspaces


@dataclass(frozen=True, slots=True)
class Hint:
    """A job hint: the row `subject_id` may need work of this `kind`, from `at` on (None: now)."""

    kind: str
    subject_id: str
    at: datetime | None = None


class Outbox(Protocol):
    """Where hints go. Rows are the truth, so losing a hint costs time, never work."""

    async def before_commit(self, unit: UnitOfWork, hints: tuple[Hint, ...]) -> None:
        """Called inside the transaction, as its last statement."""
        ...

    async def after_commit(self, hints: tuple[Hint, ...]) -> None:
        """Called once the transaction is durable."""
        ...


class SilentOutbox:
    """Drops hints: for processes without a worker; the sweep of one that works finds the rows."""

    async def before_commit(self, unit: UnitOfWork, hints: tuple[Hint, ...]) -> None:
        """Do nothing."""

    async def after_commit(self, hints: tuple[Hint, ...]) -> None:
        """Do nothing."""


class UnitOfWork:
    """One transaction's repositories. Opened by the caller of a use case; nobody else commits."""

    def __init__(
        self,
        connection: AsyncConnection,
        clock: Clock,
        ids: IdFactory,
        actor: str,
        review_times: ReviewTimes,
    ) -> None:
        self.connection = connection
        self.clock = clock
        self.ids = ids
        self.actor = actor
        self.review_times = review_times
        self.hints: list[Hint] = []

    def hint(self, kind: str, subject_id: str, at: datetime | None = None) -> None:
        """Leave word that `subject_id` may need work of this kind, now or from `at` on."""
        found = Hint(kind, subject_id, None if at is None or at <= self.now else at)
        if found not in self.hints:
            self.hints.append(found)

    @asynccontextmanager
    async def driver_connection(self) -> AsyncIterator[Any]:
        """Yield the driver's own connection inside a savepoint of this transaction.

        For the queue, which writes its jobs with the rows; what fails in there is undone alone.
        """
        async with self.connection.begin_nested():
            raw = await self.connection.get_raw_connection()
            yield raw.driver_connection

    @property
    def now(self) -> datetime:
        """Return the current time in UTC."""
        return self.clock.now()

    @cached_property
    def workspaces(self) -> Workspaces:
        """Return the workspaces."""
        from copydesk.store.workspaces import Workspaces

        return Workspaces(self)

    @cached_property
    def submissions(self) -> Submissions:
        """Return the submissions and their segments."""
        from copydesk.store.submissions import Submissions

        return Submissions(self)

    @cached_property
    def threads(self) -> Threads:
        """Return which submissions belong together."""
        from copydesk.store.threads import Threads

        return Threads(self)

    @cached_property
    def conversations(self) -> Conversations:
        """Return how chats are parted into conversations."""
        from copydesk.store.conversations import Conversations

        return Conversations(self)

    @cached_property
    def posts(self) -> Posts:
        """Return the posts, their revisions and checks."""
        from copydesk.store.posts import Posts

        return Posts(self)

    @cached_property
    def passages(self) -> Passages:
        """Return the style guide, and passages of our own texts."""
        from copydesk.store.passages import Passages

        return Passages(self)

    @cached_property
    def reviews(self) -> Reviews:
        """Return the reviews and who signed them."""
        from copydesk.store.reviews import Reviews

        return Reviews(self)

    @cached_property
    def suggestions(self) -> Suggestions:
        """Return the suggestions in reviews, and the decisions on them."""
        from copydesk.store.suggestions import Suggestions

        return Suggestions(self)

    @cached_property
    def audits(self) -> Audits:
        """Return what was looked at behind the texts that go out by themselves."""
        from copydesk.store.audits import Audits

        return Audits(self)

    @cached_property
    def opinions(self) -> Opinions:
        """Return what a second person was asked, and what both decided."""
        from copydesk.store.opinions import Opinions

        return Opinions(self)

    @cached_property
    def consents(self) -> Consents:
        """Return whose words may be used to teach."""
        from copydesk.store.consents import Consents

        return Consents(self)

    @cached_property
    def feedback(self) -> Feedback:
        """Return what people decided, for whoever hands it out."""
        from copydesk.store.feedback import Feedback

        return Feedback(self)

    @cached_property
    def cases(self) -> Cases:
        """Return the regression corpus."""
        from copydesk.store.cases import Cases

        return Cases(self)

    @cached_property
    def accounts(self) -> Accounts:
        """Return the accounts and their leases."""
        from copydesk.store.accounts import Accounts

        return Accounts(self)

    @cached_property
    def budgets(self) -> Budgets:
        """Return the rate buckets, and what may be and was spent."""
        from copydesk.store.budgets import Budgets

        return Budgets(self)

    @cached_property
    def credentials(self) -> Credentials:
        """Return what is sealed for accounts, and who may renew it."""
        from copydesk.store.credentials import Credentials

        return Credentials(self)

    @cached_property
    def sealed(self) -> SealedRows:
        """Return everything sealed, wherever it stands."""
        from copydesk.store.sealed import SealedRows

        return SealedRows(self)

    @cached_property
    def connections(self) -> Connections:
        """Return the attempts to connect an account through the platform's own pages."""
        from copydesk.store.connections import Connections

        return Connections(self)

    @cached_property
    def deliveries(self) -> Deliveries:
        """Return the deliveries, renditions, intents and receipts."""
        from copydesk.store.deliveries import Deliveries

        return Deliveries(self)

    @cached_property
    def schedules(self) -> Schedules:
        """Return the timetables, timings and series."""
        from copydesk.store.schedules import Schedules

        return Schedules(self)

    @cached_property
    def series(self) -> SeriesRows:
        """Return the series of posts."""
        from copydesk.store.series import SeriesRows

        return SeriesRows(self)

    @cached_property
    def aftercare(self) -> Aftercare:
        """Return how delivered posts stand, and what platforms said about their API's end."""
        from copydesk.store.aftercare import Aftercare

        return Aftercare(self)

    @cached_property
    def events(self) -> Events:
        """Return the history."""
        from copydesk.store.events import Events

        return Events(self)

    @cached_property
    def breakers(self) -> Breakers:
        """Return the circuit breakers."""
        from copydesk.store.breakers import Breakers

        return Breakers(self)

    @cached_property
    def letters(self) -> Letters:
        """Return the deliveries that wait for somebody, with the evidence about them."""
        from copydesk.store.letters import Letters

        return Letters(self)

    @cached_property
    def listings(self) -> Listings:
        """Return the lists that pages show."""
        from copydesk.store.listings import Listings

        return Listings(self)

    @cached_property
    def workers(self) -> Workers:
        """Return the processes that work, and what is waiting for them."""
        from copydesk.store.workers import Workers

        return Workers(self)

    @cached_property
    def probes(self) -> Probes:
        """Return the messages with a known answer that were sent down the live path."""
        from copydesk.store.probes import Probes

        return Probes(self)

    @cached_property
    def tokens(self) -> Tokens:
        """Return API tokens, web sessions and idempotency keys."""
        from copydesk.store.tokens import Tokens

        return Tokens(self)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Return who wants to be told what happens."""
        from copydesk.store.webhooks import Webhooks

        return Webhooks(self)

    @cached_property
    def chats(self) -> Chats:
        """Return how chats begin."""
        from copydesk.store.chats import Chats

        return Chats(self)

    @cached_property
    def feeds(self) -> Feeds:
        """Return the feeds that are followed, and what was seen in them."""
        from copydesk.store.feeds import Feeds

        return Feeds(self)

    @cached_property
    def model_calls(self) -> ModelCalls:
        """Return the calls to models, what may be spent on them, and the answers kept."""
        from copydesk.store.model_calls import ModelCalls

        return ModelCalls(self)

    @cached_property
    def model_costs(self) -> ModelCosts:
        """Return what calls to models came to, and how long they took."""
        from copydesk.store.model_costs import ModelCosts

        return ModelCosts(self)

    @cached_property
    def messages(self) -> Messages:
        """Return what webhooks are told."""
        from copydesk.store.messages import Messages

        return Messages(self)

    @cached_property
    def callbacks(self) -> Callbacks:
        """Return what platforms told us by themselves."""
        from copydesk.store.callbacks import Callbacks

        return Callbacks(self)

    @cached_property
    def releases(self) -> Releases:
        """Return the releases, and whom they were given to."""
        from copydesk.store.releases import Releases

        return Releases(self)

    @cached_property
    def shadows(self) -> Shadows:
        """Return what is written up under a release without being published."""
        from copydesk.store.shadows import Shadows

        return Shadows(self)

    @cached_property
    def observations(self) -> Observations:
        """Return how items went."""
        from copydesk.store.observations import Observations

        return Observations(self)

    @cached_property
    def drift(self) -> Drift:
        """Return the streams that are watched, and alarms."""
        from copydesk.store.drift import Drift

        return Drift(self)
