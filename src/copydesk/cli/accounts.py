"""`copydesk accounts`: the places posts go to."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from copydesk.cli.connect import connect
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import NOT_HEALTHY, fail, run, show, show_table

#: `https://…`, `user@host:…`: what stands where a path may stand and is none.
_ADDRESS = re.compile(r"[^/]*:")


def _known(platform: str) -> str:
    """Refuse an unknown platform before anything else is asked for."""
    from copydesk.core.errors import NotFound
    from copydesk.platforms.kit.registry import load_platform

    try:
        load_platform(platform)
    except NotFound as error:
        fail(error)
    return platform


app = typer.Typer(help="Add, change, list and test the places posts go to.", no_args_is_help=True)


@app.command()
def add(
    platform: Annotated[
        str,
        typer.Argument(callback=_known, help="The platform; `copydesk platform list` shows them."),
    ],
    name: Annotated[str, typer.Option(help="A name of your own for it.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, key=value; may be repeated.")
    ] = None,
    inbox: Annotated[
        bool, typer.Option("--inbox", help="Approved posts made from the inbox go here too.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Add an account.

    Secrets are read as key=value lines from standard input, or from the environment as
    COPYDESK_SECRET_NAME, after the setting; they are never echoed and not taken from the command
    line.
    """
    from copydesk.config import environment_secret, find_home, load_settings
    from copydesk.core.errors import CopydeskError
    from copydesk.work.accounts.connecting import add_account, made_secrets
    from copydesk.work.desk import open_desk

    try:
        settings, secrets = _given(platform, set_, environment_secret)
    except CopydeskError as error:
        fail(error)

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            account = await add_account(
                desk, platform, name, settings=settings, secrets=secrets, inbox=inbox, actor="cli"
            )
            made = made_secrets(desk.settings.home, account)
            return {
                "id": account.id,
                "name": account.name,
                "platform": account.platform,
                "state": account.state,
                "inbox": account.inbox,
                "settings": dict(account.settings),
                "secrets": sorted(secrets),
                "made_secrets": str(made) if made.exists() else "",
            }

    added = run(work())
    show(
        added,
        as_json,
        lambda: [
            f"Added {name} ({platform}). Try it: copydesk accounts test {name}",
            *(
                [f"A secret was made; the receiver needs it: {added['made_secrets']}"]
                if added["made_secrets"]
                else []
            ),
        ],
    )


app.command("connect")(connect)


@app.command("set")
def change(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, key=value; may be repeated.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Change an account's settings or secrets; what is not given stays.

    Secrets are read as `accounts add` reads them. Then try it: a blocked account goes on once
    `copydesk accounts test` finds it working.
    """
    from copydesk.config import environment_secret, find_home, load_settings
    from copydesk.work.accounts.connecting import change_account
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            async with desk.store.read() as unit:
                platform = (await unit.accounts.by_name(desk.workspace_id, name)).platform
            settings, secrets = _given(platform, set_, environment_secret)
            account = await change_account(
                desk, name, settings=settings, secrets=secrets, actor="cli"
            )
            return {
                "id": account.id,
                "name": account.name,
                "platform": account.platform,
                "state": account.state,
                "inbox": account.inbox,
                "settings": dict(account.settings),
                "secrets": sorted(secrets),
            }

    changed = run(work())
    show(changed, as_json, lambda: [f"Changed {name}. Try it: copydesk accounts test {name}"])


@app.command("list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List the accounts with their state."""
    from copydesk.config import find_home, load_settings
    from copydesk.distribution.notices import notice_of
    from copydesk.work.desk import open_desk

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            found = await unit.accounts.all(desk.workspace_id)
            return [
                {
                    "id": account.id,
                    "name": account.name,
                    "platform": account.platform,
                    "state": account.state,
                    "inbox": account.inbox,
                    "settings": dict(account.settings),
                    "reason": account.reason,
                    "identity": account.identity,
                    "scopes": account.scopes.split(),
                    "missing_scopes": list(notice.missing_scopes),
                    "expires_at": account.expires_at,
                    "ends_at": account.ends_at,
                    "problem": notice.problem,
                    "remedy": notice.remedy,
                }
                for account in found
                for notice in [notice_of(account, desk.clock.now())]
            ]

    rows = run(work())
    show_table(
        rows,
        as_json,
        ("name", "platform", "state", "inbox", "reason"),
        lambda r: (
            r["name"],
            r["platform"],
            r["state"],
            "yes" if r["inbox"] else "no",
            r["reason"] or (f"{r['problem']}: {r['remedy']}" if r["problem"] else ""),
        ),
        none="No accounts yet. copydesk accounts add PLATFORM --name N --set key=value",
    )


@app.command("test")
def try_(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Ask the platform whether an account works.

    Publishes nothing. A blocked account that works goes on, with all that waits for it.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.core.outcomes import Published
    from copydesk.work.accounts.trying import try_account
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            account, outcome = await try_account(desk, name, actor="cli")
            return {
                "name": account.name,
                "state": account.state,
                "works": isinstance(outcome, Published),
                "identity": outcome.id if isinstance(outcome, Published) else "",
                "outcome": type(outcome).__name__.lower(),
                "reason": getattr(outcome, "reason", ""),
                "remedy": getattr(outcome, "remedy", ""),
            }

    result = run(work())
    words = f"{name} works" + (f" as {result['identity']}." if result["identity"] else ".")
    if not result["works"]:
        words = f"{name} does not work: {result['reason']} {result['remedy']}".rstrip()
    show(result, as_json, lambda: [words])
    if not result["works"]:
        raise typer.Exit(NOT_HEALTHY)


def _given(
    platform: str, pairs: list[str] | None, from_environment: Any
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the settings and the secrets given for an account on `platform`."""
    from copydesk.core.errors import ConfigError
    from copydesk.platforms.kit.registry import load_platform

    declared = {setting.key: setting for setting in load_platform(platform).settings}
    settings = _pairs(pairs or [])
    for key, value in settings.items():
        if value and key in declared and declared[key].is_path and not _ADDRESS.match(value):
            settings[key] = str(Path(value).expanduser().absolute())
    misplaced = [key for key in settings if key in declared and declared[key].secret]
    if misplaced:
        raise ConfigError(
            [f"{key} is a secret and was given on the command line" for key in misplaced],
            remedy=f"Give it on standard input as `{misplaced[0]}=…`, or set "
            f"COPYDESK_SECRET_{misplaced[0].upper()}. Change it: others may have seen it.",
        )
    return settings, _secrets([key for key, s in declared.items() if s.secret], from_environment)


def _pairs(given: list[str]) -> dict[str, str]:
    from copydesk.core.errors import ConfigError

    problems = [f"--set {pair}: write key=value" for pair in given if "=" not in pair]
    if problems:
        raise ConfigError(problems)
    return {key.strip(): value for key, _, value in (pair.partition("=") for pair in given)}


def _secrets(keys: list[str], from_environment: Any) -> dict[str, str]:
    found = {key: value for key in keys if (value := from_environment(key)) is not None}
    missing = [key for key in keys if key not in found]
    if not missing:
        return found
    if sys.stdin.isatty():
        for key in missing:
            value = typer.prompt(key, hide_input=True, default="", show_default=False)
            if value:
                found[key] = value
        return found
    lines = [line.strip() for line in sys.stdin.read().splitlines() if line.strip()]
    for line in lines:
        key, mark, value = line.partition("=")
        if mark and key.strip() in keys:
            found[key.strip()] = value.strip()
        elif len(keys) == 1 and len(lines) == 1:
            # the one secret of this platform, given bare
            found[keys[0]] = line
    return found
