"""`copydesk up` and `copydesk worker`: the processes that keep running."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from copydesk.cli.options import Home
from copydesk.cli.output import log_to_stderr, run
from copydesk.cli.project import Approve, lay_out

if TYPE_CHECKING:
    from copydesk.work.desk import Desk

#: Seconds between two looks at how far things have come.
LOOK = 0.5


def up(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH", help="Further files or folders of messages to take in and watch."
        ),
    ] = None,
    home: Home = None,
    inbox: Annotated[
        list[Path] | None, typer.Option("--inbox", help="A folder to watch; may be repeated.")
    ] = None,
    approve: Annotated[
        Approve | None,
        typer.Option(help="Who approves what is not risky; default: as the project says."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to bind to.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the dashboard; 0: a free one.")] = None,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Stop once everything has come to rest.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")] = False,
) -> None:
    """Run everything: watch the inbox, do the work, serve the pages.

    One process for it all. A new project is made on first use, with accounts that never leave this
    machine. Stopping and starting again continues where it was; nothing is published twice.
    """
    from copydesk.work.memory import load_undisturbed

    load_undisturbed()
    from copydesk.config import SETTINGS_FILE, find_home, load_settings
    from copydesk.work.desk import open_desk

    log_to_stderr(verbose=verbose)
    folder = find_home(home)

    async def work() -> None:
        is_new = not (folder / SETTINGS_FILE).exists()
        lay_out(folder)
        settings = load_settings(folder, {"host": host, "port": port})
        rule = approve.value if approve else (Approve.PERSON.value if is_new else None)
        async with open_desk(settings, approve=rule) as desk:
            watched = [*(paths or ()), *(inbox or ()), *settings.inbox, settings.home / "inbox"]
            watched = list(dict.fromkeys(path.absolute() for path in watched))
            missing = [path for path in watched if not path.exists()]
            for path in missing:
                typer.echo(f"warning: there is no {path}; it is watched all the same", err=True)
            await _run(desk, watched, until_idle=until_idle)

    run(work())


def worker(
    home: Home = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")] = False,
) -> None:
    """Do work in a process of its own.

    Run as many as you like on PostgreSQL, beside `copydesk up` or without it.
    Stops when asked to (SIGTERM, Ctrl+C) after finishing what it has in hand.
    """
    from copydesk.work.memory import keep_what_is_loaded, load_undisturbed

    load_undisturbed()
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.open_files import allow_many_open_files
    from copydesk.work.worker import working

    log_to_stderr(verbose=verbose)

    async def work() -> None:
        allow_many_open_files()
        async with open_desk(load_settings(find_home(home))) as desk, _stop_signal() as stopping:
            async with working(desk, "worker") as running:
                keep_what_is_loaded()
                typer.echo(f"Working as {running.id}.")
                await _first(stopping.wait(), running.ended())
            typer.echo("Drained.")

    run(work())


async def _run(desk: Desk, watched: list[Path], *, until_idle: bool) -> None:
    from copydesk.server import create_app, serve
    from copydesk.work.incoming.folder import WatchedFolder
    from copydesk.work.memory import keep_what_is_loaded
    from copydesk.work.open_files import allow_many_open_files
    from copydesk.work.ownership import owner_token
    from copydesk.work.worker import working

    allow_many_open_files()
    settings = desk.settings
    token = await owner_token(desk)
    async with AsyncExitStack() as stack:
        stopping = await stack.enter_async_context(_stop_signal())
        dashboard = await _serving(
            stack,
            lambda ready: serve(
                create_app(desk), host=settings.host, port=settings.port, on_ready=ready
            ),
        )
        typer.echo(f"Dashboard  {dashboard}/login?token={token}")
        typer.echo(f"Site       {await _publish_site(stack, desk)}")
        running = await stack.enter_async_context(working(desk, "up"))
        keep_what_is_loaded()
        folder = WatchedFolder(desk, watched)
        taken = await folder.look(settled=True)
        typer.echo(f"Inbox      {taken} files looked at; watching {', '.join(map(str, watched))}")
        looking = asyncio.create_task(folder.watch(stopping))
        following = asyncio.create_task(_follow(desk, stopping, until_idle=until_idle))
        try:
            await _first(stopping.wait(), running.ended(), following)
        finally:
            stopping.set()
            await asyncio.gather(looking, following, return_exceptions=True)
        typer.echo("Stopping: finishing what is in hand.")
    typer.echo("Stopped. `copydesk up` continues from here.")


async def _serving(stack: AsyncExitStack, start: Any) -> str:
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(start(ready.set_result))

    async def stop() -> None:
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)

    stack.push_async_callback(stop)
    await asyncio.wait({server, ready}, return_when=asyncio.FIRST_COMPLETED)
    if server.done():
        await server
    return await ready


async def _publish_site(stack: AsyncExitStack, desk: Desk) -> str:
    """Serve the published site for looking at; return its address and folder, or why not."""
    from copydesk.core.errors import ConfigError
    from copydesk.server import serve
    from copydesk.server.published import create_published
    from copydesk.work.starting import ensure_local_accounts

    settings = desk.settings
    site = await _site_account(desk)
    folder = Path(site["path"]) if site else settings.home / "site"
    # a site made by an earlier start has its port in its links; any other stands elsewhere too
    address = urlsplit(site["url"]) if site else None
    is_ours = address is not None and address.hostname in {settings.host, "localhost"}
    port = address.port if is_ours and address is not None else None
    try:
        published = await _serving(
            stack,
            lambda ready: serve(
                create_published(folder),
                host=settings.host,
                port=port or (settings.port + 1 if settings.port else 0),
                on_ready=ready,
            ),
        )
    except ConfigError as error:
        if site is None:
            raise
        return f"in {folder}, not served: {error.message}"
    await ensure_local_accounts(desk, published)
    return f"{published}/  ({folder})"


async def _site_account(desk: Desk) -> dict[str, str] | None:
    async with desk.store.read() as unit:
        for account in await unit.accounts.all(desk.workspace_id):
            if account.platform == "site":
                return dict(account.settings)
    return None


async def _follow(desk: Desk, stopping: asyncio.Event, *, until_idle: bool) -> None:
    from copydesk.work.following import progress

    said = ""
    quiet = 0
    while not stopping.is_set():
        now = await progress(desk)
        if str(now) != said:
            said = str(now)
            typer.echo(f"Progress   {said}")
        # two looks in a row: a file may be on its way from the folder to the rows
        quiet = 0 if now.moving else quiet + 1
        if not now.moving and quiet == 2:
            typer.echo("At rest    everything has been carried as far as it goes.")
            if until_idle:
                return
        try:
            async with asyncio.timeout(LOOK):
                await stopping.wait()
        except TimeoutError:
            continue


@asynccontextmanager
async def _stop_signal() -> AsyncIterator[asyncio.Event]:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        yield stopping
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _first(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()
