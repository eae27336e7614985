"""`copydesk ingest`: take messages in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home, Timeout, Wait
from copydesk.cli.output import NOT_SETTLED, columns, hint, log_to_stderr, run, show

if TYPE_CHECKING:
    from copydesk.core.submission import Source
    from copydesk.work.desk import Desk


def ingest(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files, folders, or - for standard input.")
    ],
    source: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="Where it comes from: auto, email, form, chat, community or feed."
        ),
    ] = "auto",
    wait: Wait = False,
    timeout: Timeout = 120.0,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take messages in, each once however often it is given.

    A file that holds several (a CSV export, a feed, a mailbox, a zip, a log of several
    conversations) is taken apart: each becomes a submission of its own, and the same file given
    again, grown, adds the new ones only. Kept byte for byte. What is wrong with a message stands
    on it as its problem, and stops no other; if any cannot be read, the exit code is 4. With --wait
    the work is done here; else a running `copydesk up` or `copydesk worker` does it.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.core.errors import InputRefused
    from copydesk.core.submission import Source
    from copydesk.work.desk import open_desk

    if source != "auto" and source not in set(Source):
        raise typer.BadParameter(f"one of: auto, {', '.join(Source)}", param_hint="--source")
    log_to_stderr(verbose=False)

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk:
            taken = await take_in(desk, paths, None if source == "auto" else Source(source))
            if wait:
                await _wait(desk, taken, timeout)
            return [await _row(desk, entry) for entry in taken]

    rows = run(work())
    show(
        rows,
        as_json,
        lambda: columns(
            [(r["file"], r["state"], _became(r), r["problem"] or r["id"]) for r in rows],
            ("file", "state", "post", "problem or submission"),
        ),
    )
    refused = [row for row in rows if _refused(row)]
    for row in refused:
        typer.echo(f"error: {row['file']}: {_refused(row)}", err=True)
    held = sum(row.get("post_state") == "held" for row in rows)
    if held:
        hint(f"{held} held for a person: copydesk review list")
    moving = {"received", "parsed"}
    if wait and any(moving.intersection((row["state"], *row.get("parts", ()))) for row in rows):
        raise typer.Exit(NOT_SETTLED)
    if refused:
        raise typer.Exit(InputRefused.exit_code)


def _refused(row: dict[str, Any]) -> str:
    """Return in words what of a file cannot be read, "" when all of it can."""
    if row["state"] in {"unreadable", "refused"}:
        return str(row["reason"] or row["problem"])
    count = row.get("parts", {}).get("refused", 0)
    return f"{count} of its messages cannot be read; why stands on each of them" if count else ""


def _became(row: dict[str, Any]) -> str:
    parts = row.get("parts", {})
    return row.get("post_state", "") or ", ".join(f"{n} {state}" for state, n in parts.items())


async def take_in(desk: Desk, paths: list[Path], source: Source | None) -> list[dict[str, Any]]:
    """Submit every file; one that cannot be read is reported and stops nothing."""
    from copydesk.core.errors import InputRefused
    from copydesk.work.incoming.folder import files_in, read_file
    from copydesk.work.incoming.submitting import submit

    taken: list[dict[str, Any]] = []
    for path in await asyncio.to_thread(files_in, paths):
        try:
            raw = await asyncio.to_thread(read_file, path)
            done = await submit(desk, raw, filename=path.name, source=source, actor="cli")
            taken.append({"file": str(path), "id": done.submission.id, "new": done.is_new})
        except OSError as error:
            problem = f"it cannot be read: {error.strerror}"
            taken.append({"file": str(path), "id": "", "new": False, "problem": problem})
        except InputRefused as error:
            taken.append({"file": str(path), "id": "", "new": False, "problem": str(error)})
    return taken


async def _wait(desk: Desk, taken: list[dict[str, Any]], timeout: float) -> None:
    from copydesk.work.following import follow_submissions
    from copydesk.work.worker import working

    ids = [entry["id"] for entry in taken if entry["id"]]
    async with working(desk, "cli"):
        await follow_submissions(desk, ids, timeout=timeout)


async def _row(desk: Desk, entry: dict[str, Any]) -> dict[str, Any]:
    if not entry["id"]:
        return {**entry, "state": "unreadable", "reason": entry["problem"], "post_id": ""}
    async with desk.store.read() as unit:
        submission = await unit.submissions.get(entry["id"])
        post = await unit.posts.get(submission.post_id) if submission.post_id else None
        deliveries = await unit.deliveries.of_post(post.id) if post else []
        parts = await unit.submissions.counts_of_parts(submission.id)
    return {
        **entry,
        **({"parts": parts} if parts else {}),
        "source": submission.source,
        "state": submission.state,
        "problem": submission.problem,
        "reason": submission.reason,
        "post_id": submission.post_id or "",
        "post_state": post.state if post else "",
        "deliveries": [{"id": d.id, "state": d.state, "url": d.url} for d in deliveries],
    }
