"""`copydesk accounts connect`: an account through the platform's own pages."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl, urlsplit

import typer

from copydesk.cli.callback import PATH, listening
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import NOT_SETTLED, hint, run, show

if TYPE_CHECKING:
    from copydesk.core.account import Account
    from copydesk.work.accounts.authorising import Begun, Wanted
    from copydesk.work.desk import Desk

#: Where a browser is sent with --paste: nobody listens there, the address bar keeps the answer.
_NOWHERE = f"http://127.0.0.1:1{PATH}"


def connect(
    name: Annotated[str, typer.Argument(help="A name of your own; an existing one is renewed.")],
    platform: Annotated[
        str, typer.Option("--platform", help="The platform, for a new account.")
    ] = "",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, key=value; may be repeated.")
    ] = None,
    inbox: Annotated[
        bool, typer.Option("--inbox", help="Approved posts made from the inbox go here too.")
    ] = False,
    paste: Annotated[
        bool,
        typer.Option("--paste", help="No browser here: read the address it ends at from stdin."),
    ] = False,
    by: Annotated[
        str, typer.Option("--by", help="Another way than the platform's first, such as device.")
    ] = "",
    other_identity: Annotated[
        bool, typer.Option("--other-identity", help="The account may become somebody else there.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(help="Give up waiting after this many seconds.")
    ] = 300.0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Connect an account through the platform's own pages, or connect it again.

    Prints an address; whoever opens it agrees there and comes back to this machine. Connecting an
    existing account replaces its credential and keeps its settings, schedule and history.
    """
    from copydesk.config import environment_secret, find_home, load_settings
    from copydesk.work.accounts.authorising import Wanted
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            wanted = Wanted(
                name=name,
                platform=platform,
                settings=_settings(set_ or []),
                secrets=_app_secrets(environment_secret),
                inbox=inbox,
                auth=by,
                other_identity=other_identity,
            )
            try:
                async with asyncio.timeout(timeout):
                    account = await _connect(desk, wanted, paste=paste)
            except TimeoutError:
                hint(f"Nobody came back within {timeout:g} s. Nothing was changed; begin again.")
                raise typer.Exit(NOT_SETTLED) from None
            return await _told(desk, account)

    found = run(work())
    show(
        found,
        as_json,
        lambda: [
            f"{found['name']} is connected as {found['identity'] or 'somebody'}"
            + (f", until {found['expires_at']}" if found["expires_at"] else "")
            + ".",
            *(
                [
                    f"Not granted, but needed: {', '.join(found['missing_scopes'])}. Connect it"
                    " again and agree to them."
                ]
                if found["missing_scopes"]
                else []
            ),
        ],
    )


async def _told(desk: Desk, account: Account) -> dict[str, Any]:
    from copydesk.distribution.notices import notice_of

    notice = notice_of(account, desk.clock.now())
    return {
        "id": account.id,
        "name": account.name,
        "platform": account.platform,
        "state": account.state,
        "identity": account.identity,
        "scopes": account.scopes.split(),
        "missing_scopes": list(notice.missing_scopes),
        "expires_at": account.expires_at,
        "ends_at": account.ends_at,
    }


async def _connect(desk: Desk, wanted: Wanted, *, paste: bool) -> Account:
    from copydesk.work.accounts.authorising import begin_connection
    from copydesk.work.accounts.granting import connect_by_itself, finish_connection

    if paste:
        begun = await begin_connection(
            desk, wanted, redirect_uri=_NOWHERE, session="cli", actor="cli"
        )
        if begun.authorize_url:
            _ask(begun, "Open this, agree, and paste the address you end at (it may not load):")
            line = await asyncio.to_thread(sys.stdin.readline)
            answer = dict(parse_qsl(urlsplit(line.strip()).query))
            return await finish_connection(desk, answer, session="cli", actor="cli")
    else:
        async with listening() as (callback, address):
            begun = await begin_connection(
                desk, wanted, redirect_uri=address, session="cli", actor="cli"
            )
            if begun.authorize_url:
                callback.state = begun.ticket
                _ask(begun, "Open this in a browser and agree:")
                return await finish_connection(
                    desk, await callback.answer, session="cli", actor="cli"
                )
    if begun.device is None:
        return await connect_by_itself(desk, begun, actor="cli")
    return await _by_device(desk, begun)


async def _by_device(desk: Desk, begun: Begun) -> Account:
    from copydesk.platforms.kit.auth_oauth2 import NotYet
    from copydesk.work.accounts.granting import poll_connection

    assert begun.device is not None
    device = begun.device
    hint(f"Open {device.verification_uri} and enter the code {device.user_code}")
    interval = device.interval
    while True:
        await asyncio.sleep(interval)
        found = await poll_connection(desk, begun, interval, actor="cli")
        if not isinstance(found, NotYet):
            return found
        interval = found.interval


def _ask(begun: Begun, words: str) -> None:
    hint(f"{words}\n\n  {begun.authorize_url}\n")


def _settings(pairs: list[str]) -> dict[str, str]:
    from copydesk.core.errors import ConfigError

    problems = [f"--set {pair}: write key=value" for pair in pairs if "=" not in pair]
    if problems:
        raise ConfigError(problems)
    found = {key.strip(): value for key, _, value in (pair.partition("=") for pair in pairs)}
    if "client_secret" in found:
        raise ConfigError(
            ["client_secret is a secret and was given on the command line"],
            remedy="Set COPYDESK_SECRET_CLIENT_SECRET. Change it: others may have seen it.",
        )
    return found


def _app_secrets(from_environment: Callable[[str], str | None]) -> Mapping[str, str]:
    keys = ("client_id", "client_secret")
    return {key: value for key in keys if (value := from_environment(key))}
