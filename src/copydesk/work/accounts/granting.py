"""Finishing a connection: the platform's answer is used up once, and what it gives is stored.

What comes back may come late, twice, from another browser or from another account there; each is
told apart before anything is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from copydesk.core.account import Account
from copydesk.core.errors import Conflict, CopydeskError
from copydesk.core.outcomes import RateLimited, Unavailable
from copydesk.core.states import ConnectionState
from copydesk.platforms.kit import auth_oauth1, auth_oauth2
from copydesk.platforms.kit.auth import (
    CLIENT_ID,
    CLIENT_SECRET,
    App,
    Endpoints,
    Grant,
    OAuth1,
    OAuth2ClientCredentials,
    OAuth2Code,
    OAuth2Device,
)
from copydesk.platforms.kit.auth_oauth2 import NotYet
from copydesk.platforms.kit.registry import load_platform
from copydesk.store.connections import Connection
from copydesk.store.tokens import fingerprint
from copydesk.work.accounts.accepting import accept_grant
from copydesk.work.accounts.authorising import (
    AuthorisationUnavailable,
    Begun,
    Connects,
    NotAuthorised,
    Target,
    fresh_moment,
    given_or_raise,
    kind_of,
    open_kept,
    send,
)
from copydesk.work.desk import Desk


async def finish_connection(
    desk: Desk, answer: Mapping[str, str], *, session: str, actor: str, id: str = ""
) -> Account:
    """Take the platform's answer (the query it sent a browser back with) and connect the account.

    With an `id`, an answer to any other connection is left alone, and can still be given to that.

    Raises `NotAuthorised` when the person said no or the answer is not to our question, `Conflict`
    when it was used already, is to another connection than `id` or about another account there,
    `AuthorisationUnavailable`.
    """
    async with desk.store.read() as unit:
        connection = await unit.connections.by_ticket(answer.get("state", ""))
    if connection is None or connection.workspace_id != desk.workspace_id:
        raise NotAuthorised(
            "This answer belongs to no connection that was begun here (state).",
            remedy="Begin again, and use the newest page.",
        )
    if connection.session_sha256 and connection.session_sha256 != fingerprint(session):
        raise NotAuthorised(
            "This connection was begun in another browser.",
            remedy="Finish it there, or begin again here.",
        )
    if id and connection.id != id:
        raise Conflict(
            f"This answer is to another connection than {id} (state). Nothing was done.",
            remedy="Hand it to the connection whose authorize_url was opened.",
        )
    kind = kind_of(load_platform(connection.platform), connection.auth)
    settings = await _settings_of(desk, connection)
    _check_issuer(kind.endpoints(settings), answer.get("iss", ""))
    kept = await _claim(desk, connection, answer, actor)
    connection = await _now(desk, connection)
    target = _of_connection(connection, kind, kept, settings)
    try:
        grant = await _exchanged(desk, target, kept, answer)
        return await accept_grant(desk, connection, target, kept, grant, actor)
    except CopydeskError as error:
        await _refuse_connection(desk, connection, error, actor)
        raise


async def poll_connection(
    desk: Desk, begun: Begun, interval: float, *, actor: str
) -> Account | NotYet:
    """Ask once whether the person has agreed on the other screen. Raises as `finish_connection`."""
    connection = await _now(desk, begun.connection)
    if connection.state is not ConnectionState.OPENED:
        raise Conflict(f"The connection is {connection.state} already.", remedy="Begin again.")
    kept = open_kept(desk, connection)
    kind = kind_of(load_platform(connection.platform), connection.auth)
    assert isinstance(kind, OAuth2Device)
    target = _of_connection(connection, kind, kept, await _settings_of(desk, connection))
    assert target.app is not None
    request = auth_oauth2.device_poll(kind, target.endpoints, target.app, kept["device_code"])
    try:
        reply = await send(desk, request)
    except AuthorisationUnavailable:
        # RFC 8628 §3.5: after a lost connection, ask less often
        return NotYet(min(interval * 2, 60.0))
    found = auth_oauth2.read_poll(reply, kind, interval, _told(kept))
    if isinstance(found, NotYet):
        return found
    if isinstance(found, Unavailable | RateLimited):
        return NotYet(max(min(interval * 2, 60.0), found.retry_after or 0.0))
    await _claim(desk, connection, {}, actor)
    connection = await _now(desk, connection)
    try:
        return await accept_grant(
            desk, connection, target, kept, given_or_raise(found, Grant), actor
        )
    except CopydeskError as error:
        await _refuse_connection(desk, connection, error, actor)
        raise


async def connect_by_itself(desk: Desk, begun: Begun, *, actor: str) -> Account:
    """Finish an attempt that needs nobody: the app speaks for itself."""
    connection = begun.connection
    kept = await _claim(desk, connection, {}, actor)
    connection = await _now(desk, connection)
    kind = kind_of(load_platform(connection.platform), connection.auth)
    assert isinstance(kind, OAuth2ClientCredentials)
    target = _of_connection(connection, kind, kept, await _settings_of(desk, connection))
    assert target.app is not None
    try:
        request = auth_oauth2.client_request(kind, target.endpoints, target.app)
        reply = await send(desk, request)
        grant = given_or_raise(auth_oauth2.read_grant(reply, kind, _told(kept)), Grant)
        return await accept_grant(desk, connection, target, kept, grant, actor)
    except CopydeskError as error:
        await _refuse_connection(desk, connection, error, actor)
        raise


async def _exchanged(
    desk: Desk, target: Target, kept: Mapping[str, Any], answer: Mapping[str, str]
) -> Grant:
    """Return what the platform gives for its `answer`; raises `NotAuthorised`."""
    kind = target.kind
    assert target.app is not None
    if isinstance(kind, OAuth1):
        if answer.get("oauth_token") != kept.get("token"):
            raise NotAuthorised("The answer is about another token (oauth_token).")
        if not answer.get("oauth_verifier"):
            raise NotAuthorised("The answer does not prove who agreed (oauth_verifier).")
        token = auth_oauth1.Token(value=kept["token"], secret=kept["token_secret"])
        request = auth_oauth1.access_token_request(
            target.endpoints,
            target.app,
            token,
            fresh_moment(desk),
            verifier=answer["oauth_verifier"],
        )
        read = auth_oauth1.read_token(await send(desk, request, signed=True))
        return auth_oauth1.grant_of(given_or_raise(read, auth_oauth1.Token))
    assert isinstance(kind, OAuth2Code)
    request = auth_oauth2.code_request(
        kind,
        target.endpoints,
        target.app,
        code=answer.get("code", ""),
        redirect_uri=kept["redirect_uri"],
        verifier=kept["verifier"],
    )
    reply = await send(desk, request)
    told = (*_told(kept), answer.get("code", ""))
    return given_or_raise(auth_oauth2.read_grant(reply, kind, told), Grant)


def _check_issuer(endpoints: Endpoints, issuer: str) -> None:
    """Raise `NotAuthorised` for an answer that says that it comes from another server than the one
    the person was sent to (RFC 9207); "" says nothing.

    A code of one server must not be handed to another, which could use it.
    """
    ours = {_origin(url) for url in (endpoints.authorize, endpoints.token)} - {""}
    if issuer and _origin(issuer) not in ours:
        raise NotAuthorised(
            f"The answer is from {issuer[:200]}, which is not the server that was asked (iss).",
            remedy="Begin again. If it happens again, do not trust the server you connect to.",
        )


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""


def _told(kept: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the secrets that a server has been told, and may repeat in what it says."""
    named = (kept.get(name) for name in (CLIENT_SECRET, "verifier", "device_code"))
    return tuple(str(secret) for secret in named if secret)


async def _claim(
    desk: Desk, connection: Connection, answer: Mapping[str, str], actor: str
) -> dict[str, Any]:
    """Use the answer up, before anything is done with it; return what was kept for it."""
    said_no = answer.get("error") or ("access_denied" if answer.get("denied") else "")
    async with desk.store.begin(actor) as unit:
        connection = await unit.connections.get(connection.id)
        if connection.state is not ConnectionState.OPENED:
            raise Conflict(
                f"This connection is {connection.state} already.", remedy="Begin again if you must."
            )
        kept = open_kept(desk, connection)
        late = connection.expires_at <= unit.now
        if late:
            await unit.connections.move(
                connection, ConnectionState.EXPIRED, reason="nobody came back in time"
            )
        elif said_no:
            words = answer.get("error_description") or said_no
            await unit.connections.move(
                connection, ConnectionState.REFUSED, reason=f"the platform says: {words[:300]}"
            )
        else:
            await unit.connections.move(connection, ConnectionState.CLAIMED)
    if late:
        minutes = round((connection.expires_at - connection.created_at) / timedelta(minutes=1))
        raise NotAuthorised(f"The answer came after its {minutes} minutes.", remedy="Begin again.")
    if said_no:
        words = "the person said no" if said_no == "access_denied" else words[:300]
        raise NotAuthorised(
            f"Nothing was connected: {words} ({said_no[:60]}).",
            remedy="Begin again, and agree on the platform's page.",
        )
    return kept


async def _refuse_connection(
    desk: Desk, connection: Connection, error: CopydeskError, actor: str
) -> None:
    async with desk.store.begin(actor) as unit:
        connection = await unit.connections.get(connection.id)
        if connection.state is ConnectionState.CLAIMED:
            await unit.connections.move(
                connection, ConnectionState.REFUSED, reason=error.message, remedy=error.remedy
            )


async def _now(desk: Desk, connection: Connection) -> Connection:
    async with desk.store.read() as unit:
        return await unit.connections.get(connection.id)


async def _settings_of(desk: Desk, connection: Connection) -> Mapping[str, str]:
    async with desk.store.read() as unit:
        found = {a.name: a for a in await unit.accounts.all(desk.workspace_id)}
    existing = found.get(connection.account_name)
    return {**(existing.settings if existing else {}), **connection.settings}


def _of_connection(
    connection: Connection,
    kind: Connects,
    kept: Mapping[str, Any],
    settings: Mapping[str, str],
) -> Target:
    return Target(
        platform=load_platform(connection.platform),
        kind=kind,
        settings=settings,
        endpoints=kind.endpoints(settings),
        app=App(client_id=kept[CLIENT_ID], client_secret=kept[CLIENT_SECRET]),
    )
