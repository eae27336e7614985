"""The desk: everything a process works with, put together once and handed down."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from copydesk import __version__
from copydesk.config import SETTINGS_FILE, Settings
from copydesk.core.account import Account
from copydesk.core.clock import Clock, SystemClock
from copydesk.core.errors import ConfigError, NotFound
from copydesk.core.ids import IdFactory
from copydesk.distribution.budget_gate import BudgetGate
from copydesk.distribution.budget_lumps import Budgets
from copydesk.distribution.vault import Vault, open_vault
from copydesk.distribution.versions import VersionWatch
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.names import Names
from copydesk.platforms.kit.registry import load_platform
from copydesk.platforms.kit.transport import Observer, Transport
from copydesk.platforms.kit.wary import WaryTransport
from copydesk.quality.policy import Policy
from copydesk.store import Store, open_store
from copydesk.work.company import Company
from copydesk.work.models.by_version import VersionModels
from copydesk.work.writing.gating import policy_of

if TYPE_CHECKING:
    from copydesk.generation.port import Model
    from copydesk.work.writing.faithfulness import FaithfulnessReader

_USER_AGENT = f"copydesk/{__version__}"


def _towards_webhooks(*, public_only: bool = False) -> HttpTransport:
    return HttpTransport(user_agent=_USER_AGENT, public_only=public_only)


#: What is read of a feed, unpacked: what intake reads of one.
_FEED_BYTES = 10_000_000


def _towards_feeds(*, public_only: bool = False) -> HttpTransport:
    return HttpTransport(
        user_agent=_USER_AGENT,
        public_only=public_only,
        most_bytes=_FEED_BYTES,
        follows=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The parts of a running copydesk. `workspace_id` is the workspace this process serves.

    Couriers call over `transport`, and look up in `names` where that does not. Webhooks are told
    over `public`, which reaches public addresses only, or where the operator allowed it over
    `private`.
    Feeds are read over `feeds` and `private_feeds` likewise.
    `versions` hears what platforms say about the end of their APIs. `company` keeps messages that
    were there when a process died away from the others.
    `model` and `light_model` (see `work.models`) are there only where a worker runs: loading one
    costs seconds, most commands need none; so is `judge_model`, which writes nothing and is asked
    about what the gate is uncertain about. `version_models` are those of versions on trial.
    `policy` says how the gate judges; `faithfulness` reads what it is uncertain about, where the
    settings name a model for that.
    """

    settings: Settings
    store: Store
    clock: Clock
    ids: IdFactory
    workspace_id: str
    transport: Transport
    vault: Vault
    random: random.Random
    budgets: Budgets
    public: Transport = field(default_factory=lambda: _towards_webhooks(public_only=True))
    private: Transport = field(default_factory=_towards_webhooks)
    feeds: Transport = field(default_factory=lambda: _towards_feeds(public_only=True))
    private_feeds: Transport = field(default_factory=_towards_feeds)
    model: Model | None = None
    light_model: Model | None = None
    judge_model: Model | None = None
    company: Company = field(default_factory=Company)
    version_models: VersionModels = field(default_factory=VersionModels)
    versions: VersionWatch | None = None
    policy: Policy = field(default_factory=Policy)
    names: Names = field(default_factory=Names)
    faithfulness: FaithfulnessReader | None = None

    def observers(self, account: Account) -> Sequence[Observer]:
        """Return who sees every call made for `account`: couriers, tests, refreshes, metrics."""
        platform = _platform(account)
        gate = self.budget(account)
        if platform is None or gate is None:
            return ()
        return (gate, self.versions.of(account, platform)) if self.versions else (gate,)

    def budget(self, account: Account) -> BudgetGate | None:
        """Return the gate of the rate budgets of `account`; None where its platform is gone."""
        platform = _platform(account)
        return None if platform is None else BudgetGate(self.budgets, account, platform)

    def closed_until(self, account: Account) -> datetime | None:
        """Return until when a rate limit keeps us from asking anything for `account`, or None."""
        platform = _platform(account)
        return None if platform is None else self.budgets.closed_until(account, platform)


def is_project(settings: Settings) -> bool:
    """Whether there is a project to open; looks at no database over the network."""
    file = _file_of(settings)
    # an empty one would be made into a new database, which knows nothing of what went out
    return settings.home.is_dir() and (file is None or _has_content(file))


def _file_of(settings: Settings) -> Path | None:
    over_network, _, file = settings.database.partition("sqlite:///")
    return None if over_network else Path(file)


def _has_content(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


@asynccontextmanager
async def open_desk(
    settings: Settings, *, clock: Clock | None = None, approve: str | None = None
) -> AsyncIterator[Desk]:
    """Open the project in `settings.home`; with `approve` given, make or change its workspace.

    Raises `ConfigError` when there is no project there yet, `StoreUnavailable` when the database
    does not answer.
    """
    clock = clock or SystemClock()
    ids = IdFactory(clock)
    if approve is not None:
        settings.home.mkdir(parents=True, exist_ok=True)
    elif not is_project(settings):
        raise _no_project(settings)
    async with AsyncExitStack() as stack:
        store = await open_store(settings.database, clock, ids, review_times=settings.review_times)
        stack.push_async_callback(store.close)
        transport = HttpTransport(user_agent=_USER_AGENT)
        public, private = _towards_webhooks(public_only=True), _towards_webhooks()
        feeds, private_feeds = _towards_feeds(public_only=True), _towards_feeds()
        for opened in (transport, public, private, feeds, private_feeds):
            stack.push_async_callback(opened.close)
        version_models = VersionModels()
        stack.push_async_callback(version_models.close)
        faithfulness = None
        if settings.faithfulness_model:
            # what reads with a model is loaded by those alone who have one
            from copydesk.work.writing.faithfulness import faithfulness_reader

            faithfulness = faithfulness_reader(settings, clock)
            stack.callback(faithfulness.close)
        yield Desk(
            settings=settings,
            store=store,
            clock=clock,
            ids=ids,
            workspace_id=await _workspace(store, settings, approve),
            transport=WaryTransport(transport),
            public=WaryTransport(public),
            private=WaryTransport(private),
            feeds=WaryTransport(feeds),
            private_feeds=WaryTransport(private_feeds),
            vault=open_vault(settings.key, settings.home),
            random=random.Random(),
            budgets=Budgets(store),
            version_models=version_models,
            versions=VersionWatch(store),
            policy=policy_of(settings),
            faithfulness=faithfulness,
        )


def _platform(account: Account) -> Platform | None:
    try:
        return load_platform(account.platform)
    except NotFound:
        return None


async def _workspace(store: Store, settings: Settings, approve: str | None) -> str:
    async with store.read() as unit:
        found = await unit.workspaces.find(settings.workspace)
    if found is not None and approve in (None, found.approve):
        return found.id
    if approve is None:
        raise _no_project(settings)
    async with store.begin("init") as unit:
        workspace = await unit.workspaces.ensure(settings.workspace, approve)
        if workspace.approve != approve:
            await unit.workspaces.set_approve(workspace.id, approve)
        return workspace.id


def _no_project(settings: Settings) -> ConfigError:
    if (settings.home / SETTINGS_FILE).is_file():
        lacking = f"knows no workspace {settings.workspace!r}"
        if (file := _file_of(settings)) is not None and not _has_content(file):
            lacking = f"is {'empty' if file.is_file() else 'missing'}: {file}"
        return ConfigError(
            [f"the database of the project in {settings.home} {lacking}"],
            remedy="Restore it from a backup, or name the right one in the settings. `copydesk "
            "init` makes a new one, which knows nothing of what went out.",
        )
    return ConfigError(
        [f"there is no copydesk project in {settings.home}"],
        remedy="`copydesk init` makes one; --home or COPYDESK_HOME names another folder.",
    )
