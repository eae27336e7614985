"""Accepting a grant: whose it is, and the account it is stored for.

Connecting an account that exists replaces its credential and keeps everything else, if it is still
the same account on the platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from copydesk.core.account import Account
from copydesk.core.errors import Conflict
from copydesk.core.outcomes import Published, RateLimited, Unavailable
from copydesk.core.states import AccountState, ConnectionState
from copydesk.distribution.credentials import Opened
from copydesk.distribution.lifetimes import is_renewable, lifetimes_of
from copydesk.distribution.media import no_media
from copydesk.platforms.kit.auth import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    CREDENTIAL_KEYS,
    REFRESH_TOKEN,
    Grant,
    asked_scopes,
)
from copydesk.store.connections import Connection
from copydesk.work.accounts.authorising import (
    AuthorisationUnavailable,
    NotAuthorised,
    Target,
    opened_or_none,
)
from copydesk.work.accounts.trying import ask_who, credentials_of, resume
from copydesk.work.desk import Desk


async def accept_grant(
    desk: Desk,
    connection: Connection,
    target: Target,
    kept: Mapping[str, Any],
    grant: Grant,
    actor: str,
) -> Account:
    """Store a grant: for the account it renews, or as a new one; then let waiting work go on.

    `kept` is what was kept when the connection was begun. Raises `Conflict` when the grant is about
    another account there, `NotAuthorised` when the platform refuses it, `AuthorisationUnavailable`.
    """
    secrets = {**kept["secrets"], **grant.more, ACCESS_TOKEN: grant.access_token}
    secrets |= {key: kept[key] for key in (CLIENT_ID, CLIENT_SECRET) if kept.get(key)}
    if grant.refresh_token:
        secrets[REFRESH_TOKEN] = grant.refresh_token
    async with desk.store.read() as unit:
        existing = {a.name: a for a in await unit.accounts.all(desk.workspace_id)}.get(
            connection.account_name
        )
    identity = await _identity(desk, connection, existing, target, secrets)
    renewable = is_renewable(target.kind, has_refresh_token=bool(grant.refresh_token))
    lifetimes = lifetimes_of(
        grant, desk.clock.now(), renewable=renewable, kept_until=None, source=desk.random
    )
    scopes = asked_scopes(target.kind) if grant.scopes is None else grant.scopes
    async with desk.store.begin(actor) as unit:
        if existing is None:
            defaults = {
                s.key: s.default for s in target.platform.settings if s.default and not s.secret
            }
            account = await unit.accounts.add(
                workspace_id=desk.workspace_id,
                name=connection.account_name,
                platform=connection.platform,
                settings={**defaults, **target.settings},
                secrets=b"",
                inbox=connection.inbox,
            )
        else:
            account = await unit.credentials.lock(existing.id)
            former = opened_or_none(desk, await unit.accounts.secrets(account.id))
            declared = {s.key for s in target.platform.settings if s.secret}
            own = {k: v for k, v in former.items() if k in declared - CREDENTIAL_KEYS}
            secrets = {**own, **secrets}
            await unit.accounts.change(
                account,
                settings=target.settings,
                secrets=b"",
                reason=f"connected again as {identity or 'the same account'}",
            )
            account = await unit.accounts.get(account.id)
        stored = await unit.credentials.store(
            account.id,
            account.generation,
            desk.vault.seal(secrets),
            lifetimes,
            auth=target.kind.name,
            scopes=" ".join(scopes),
        )
        assert stored, "the row is locked"
        if identity:
            await unit.credentials.identify(account.id, identity)
        account = await unit.accounts.get(account.id)
        if account.state is AccountState.BLOCKED:
            await resume(unit, account, "connected again")
        await unit.connections.move(
            connection, ConnectionState.CONNECTED, account_id=account.id, reason=identity
        )
        return await unit.accounts.get(account.id)


async def _identity(
    desk: Desk,
    connection: Connection,
    existing: Account | None,
    target: Target,
    secrets: Mapping[str, str],
) -> str:
    """Return who the new credential stands for. Raises `Conflict` when that is somebody else."""
    stand_in = Account(
        id=existing.id if existing else "connecting",
        workspace_id=desk.workspace_id,
        name=connection.account_name,
        platform=connection.platform,
        state=AccountState.CONNECTED,
        settings=target.settings,
        auth=target.kind.name,
    )
    credentials = credentials_of(desk, connection.id)
    client = target.platform.connect(
        credentials.session(Opened(account=stand_in, secrets=secrets), no_media)
    )
    try:
        found = await client.test()
    finally:
        await client.close()
    if not isinstance(found, Published):
        reason = getattr(found, "reason", "") or type(found).__name__
        if isinstance(found, Unavailable | RateLimited):
            raise AuthorisationUnavailable(
                f"Whose credential this is could not be asked: {reason}.", remedy="Begin again."
            )
        raise NotAuthorised(f"The platform does not accept its own credential: {reason}.")
    if existing is None or connection.other_identity:
        return found.id
    known = existing.identity
    if not known and existing.state is AccountState.CONNECTED:
        async with desk.store.read() as unit:
            sealed = await unit.accounts.secrets(existing.id)
        former = opened_or_none(desk, sealed)
        if former:
            answer = await ask_who(credentials, credentials.open(existing, sealed))
            known = answer.id if isinstance(answer, Published) else ""
    if known and known != found.id:
        raise Conflict(
            f"Account {existing.name} is {known}, but {found.id} has agreed. Nothing was changed.",
            remedy="Sign in on the platform as the right account, connect it under another name, or"
            " say that it may become another one (--other-identity).",
        )
    return found.id
