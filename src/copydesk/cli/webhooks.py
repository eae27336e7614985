"""`copydesk webhooks`: who outside is told what happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.opened import at_desk
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import NOT_HEALTHY, fail, run, shortened, show, show_table

if TYPE_CHECKING:
    from copydesk.core.webhook import Webhook
    from copydesk.store import UnitOfWork
    from copydesk.work.desk import Desk
    from copydesk.work.webhooks import WebhookStatus

app = typer.Typer(
    help="Tell programs elsewhere what happens here, by signed messages.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id, whk_…, or its address.")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where messages are sent to, https://…")],
    events: Annotated[
        list[str] | None,
        typer.Option(
            "--events", help="What it is told: *, delivery.*, account.blocked …; may be repeated."
        ),
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    allow_private: Annotated[
        bool,
        typer.Option("--allow-private", help="It may be on this machine or a private network."),
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Add a webhook; it is told what happens from now on.

    Its signing secret is made here: `copydesk webhooks show WEBHOOK --secret` prints it.
    """
    from copydesk.work.webhooks import add_webhook, webhook_status

    async def work(desk: Desk) -> dict[str, Any]:
        async with desk.store.begin("cli") as unit:
            webhook = await add_webhook(
                unit,
                desk,
                url,
                patterns=_split(events),
                description=description,
                allow_private=allow_private,
            )
            return _row(await webhook_status(unit, webhook))

    row = run(at_desk(home, work))
    show(
        row,
        as_json,
        lambda: [
            f"Added {row['id']}. Its secret, for the receiver: "
            f"copydesk webhooks show {row['id']} --secret",
            f"Try it: copydesk webhooks test {row['id']}",
        ],
    )


@app.command("list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List the webhooks and how they are doing."""
    from copydesk.work.webhooks import webhook_status

    async def work(desk: Desk) -> list[dict[str, Any]]:
        async with desk.store.read() as unit:
            return [
                _row(await webhook_status(unit, webhook))
                for webhook in await unit.webhooks.all(desk.workspace_id)
            ]

    rows = run(at_desk(home, work))
    show_table(
        rows,
        as_json,
        ("id", "state", "doing", "events", "url"),
        lambda r: (
            r["id"],
            r["state"],
            _health(r),
            " ".join(r["events"]),
            shortened(r["url"], 60),
        ),
        none="No webhooks yet. copydesk webhooks add https://…",
    )


@app.command("show")
def show_(
    name: Name,
    secret: Annotated[
        bool, typer.Option("--secret", help="Print the signing secret and nothing else.")
    ] = False,
    attempts: Annotated[int, typer.Option(min=0, max=500, help="How many tries to list.")] = 20,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show a webhook, what waits for it and its latest tries."""
    from copydesk.work.webhooks import find_webhook, webhook_secret, webhook_status

    async def work(desk: Desk) -> dict[str, Any]:
        async with desk.store.read() as unit:
            webhook = await find_webhook(unit, desk, name)
            if secret:
                return {"secret": await webhook_secret(unit, desk, webhook)}
            tries = await unit.messages.attempts(webhook.id, limit=attempts)
            return _row(await webhook_status(unit, webhook)) | {"attempts": tries}

    found = run(at_desk(home, work))

    def words() -> list[str]:
        if secret:
            return [found["secret"]]
        lines = [f"{found['id']}: {found['state']}, {_health(found)}", f"  {found['url']}"]
        lines += [f"  {found['description']}"] if found["description"] else []
        lines += [f"  {found['reason']}"] if found["reason"] else []
        lines += [f"  is told: {' '.join(found['events'])}"]
        lines += [
            f"{a.at:%Y-%m-%d %H:%M:%S}Z  {a.outcome} ({a.status or 'no answer'}, "
            f"{a.milliseconds} ms)  {a.type} {a.message_id}  try {a.attempt}"
            f"  {shortened(' '.join(a.answer.split()), 80)}".rstrip()
            for a in found["attempts"]
        ]
        return lines

    show(found, as_json, words)


@app.command()
def rotate(name: Name, home: Home = None, as_json: AsJson = False) -> None:
    """Give a webhook a new secret; for a day messages carry the signatures of both."""
    from copydesk.work.webhooks import find_webhook, rotate_secret, webhook_status

    async def work(desk: Desk) -> dict[str, Any]:
        async with desk.store.begin("cli") as unit:
            webhook = await find_webhook(unit, desk, name)
            return _row(await webhook_status(unit, await rotate_secret(unit, desk, webhook)))

    row = run(at_desk(home, work))
    until = row["previous_secret_until"]
    show(
        row,
        as_json,
        lambda: [
            f"The old secret signs until {until:%Y-%m-%d %H:%M} UTC. The new one: "
            f"copydesk webhooks show {row['id']} --secret"
        ],
    )


@app.command()
def enable(
    name: Name,
    backlog: Annotated[
        str, typer.Option(help="What happened meanwhile: replay (tell it) or skip (leave it).")
    ] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Tell a disabled webhook again what happens; try one that rests after failures at once."""
    from copydesk.core.errors import ConfigError
    from copydesk.core.states import WebhookState
    from copydesk.work.webhooks import Backlog, enable_webhook, webhook_status

    if backlog not in {"", *Backlog}:
        raise typer.BadParameter("say --backlog replay or --backlog skip")

    async def act(unit: UnitOfWork, webhook: Webhook) -> dict[str, Any]:
        if not backlog and webhook.state is WebhookState.DISABLED:
            behind = (await webhook_status(unit, webhook)).behind
            raise ConfigError(
                [f"--backlog is missing: {_events(behind)} happened since it was last told"],
                remedy="Say --backlog replay to tell them, --backlog skip to leave them.",
            )
        webhook = await enable_webhook(unit, webhook, Backlog(backlog or Backlog.REPLAY))
        return _row(await webhook_status(unit, webhook))

    row = run(at_desk(home, _changing(name, act)))
    show(row, as_json, lambda: [f"{row['id']} is {row['state']}, {_health(row)}."])


@app.command()
def disable(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Tell a webhook nothing until it is enabled again."""
    from copydesk.work.webhooks import disable_webhook, webhook_status

    async def act(unit: UnitOfWork, webhook: Webhook) -> dict[str, Any]:
        return _row(await webhook_status(unit, await disable_webhook(unit, webhook, reason)))

    row = run(at_desk(home, _changing(name, act)))
    show(row, as_json, lambda: [f"{row['id']} is {row['state']}."])


@app.command()
def remove(name: Name, home: Home = None, as_json: AsJson = False) -> None:
    """Remove a webhook, its secret and its log."""
    from copydesk.work.webhooks import remove_webhook

    async def act(unit: UnitOfWork, webhook: Webhook) -> dict[str, Any]:
        await remove_webhook(unit, webhook)
        return {"id": webhook.id, "state": "removed"}

    row = run(at_desk(home, _changing(name, act)))
    show(row, as_json, lambda: [f"{row['id']} is removed."])


@app.command("test")
def try_(name: Name, home: Home = None, as_json: AsJson = False) -> None:
    """Send a test message (webhook.ping) now and say what came of it."""
    from copydesk.work.webhooks import find_webhook, ping_webhook

    async def work(desk: Desk) -> Any:
        async with desk.store.read() as unit:
            webhook = await find_webhook(unit, desk, name)
        return await ping_webhook(desk, webhook)

    attempt = run(at_desk(home, work))
    works = attempt.outcome == "delivered"
    said = f"answered {attempt.status}" if attempt.status else attempt.answer
    show(attempt, as_json, lambda: [f"{'It works' if works else 'It does not work'}: {said}"])
    if not works:
        raise typer.Exit(NOT_HEALTHY)


@app.command()
def replay(
    name: Name,
    id: Annotated[
        list[str] | None, typer.Option("--id", help="A message's webhook-id; may be repeated.")
    ] = None,
    since: Annotated[str, typer.Option(help="From this time on, with its zone.")] = "",
    until: Annotated[str, typer.Option(help="Until before this time; without it: now.")] = "",
    failed: Annotated[
        bool, typer.Option("--failed", help="All that waits or used up its tries.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Tell a webhook again what happened: messages by id, a range of time, or what failed.

    Messages keep their ids, so a receiver that deduplicates takes no harm.
    """
    from copydesk.core.errors import CopydeskError
    from copydesk.work.deliveries.times import parse_time
    from copydesk.work.webhooks import replay_exhausted, replay_messages, replay_range

    if bool(id) + bool(since) + failed != 1 or (until and not since):
        raise typer.BadParameter("say one of --id ID, --since TIME [--until TIME], --failed")
    try:
        begin = parse_time(since, "since") if since else None
        end = parse_time(until, "until") if until else None
    except CopydeskError as error:
        fail(error)

    async def act(unit: UnitOfWork, webhook: Webhook) -> dict[str, Any]:
        if id:
            count = await replay_messages(unit, webhook, id)
        elif begin is not None:
            count = await replay_range(unit, webhook, begin, end)
        else:
            count = await replay_exhausted(unit, webhook)
        return {"id": webhook.id, "replayed": count}

    row = run(at_desk(home, _changing(name, act)))
    what = "events to look through" if since else "messages to tell"
    show(row, as_json, lambda: [f"{row['replayed']} {what} again."])


def _changing(
    name: str, act: Callable[[UnitOfWork, Webhook], Awaitable[dict[str, Any]]]
) -> Callable[[Desk], Awaitable[dict[str, Any]]]:
    from copydesk.work.webhooks import find_webhook

    async def work(desk: Desk) -> dict[str, Any]:
        async with desk.store.begin("cli") as unit:
            return await act(unit, await find_webhook(unit, desk, name))

    return work


def _split(given: list[str] | None) -> list[str]:
    return [part.strip() for option in given or () for part in option.split(",") if part.strip()]


def _row(status: WebhookStatus) -> dict[str, Any]:
    webhook = status.webhook
    return {
        "id": webhook.id,
        "url": webhook.url,
        "description": webhook.description,
        "events": list(webhook.patterns),
        "state": webhook.state,
        "reason": webhook.reason,
        "allow_private": webhook.allow_private,
        "failures": webhook.failures,
        "failing_since": webhook.failing_since,
        "next_try_at": webhook.wake_at,
        "replaying": webhook.is_replaying,
        "behind": status.behind,
        "waiting": status.waiting,
        "exhausted": status.exhausted,
        "previous_secret_until": webhook.previous_until,
    }


def _health(row: dict[str, Any]) -> str:
    words = []
    if row["failing_since"]:
        words.append(f"failing since {row['failing_since']:%Y-%m-%d %H:%M} UTC")
    if row["waiting"]:
        words.append(f"{row['waiting']} waiting")
    if row["exhausted"]:
        words.append(f"{row['exhausted']} given up")
    if row["behind"]:
        words.append(f"{_events(row['behind'])} behind")
    return ", ".join(words) or "told everything"


def _events(number: int) -> str:
    return f"{number} {'event' if number == 1 else 'events'}"
