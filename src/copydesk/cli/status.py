"""`copydesk status`: where something stands and how it got there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import run, shortened, show
from copydesk.cli.publish import delivery_row

if TYPE_CHECKING:
    from copydesk.store import UnitOfWork


def status(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="A submission, post or delivery; without one: all.")
    ] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show where things stand, or one thing and its history."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk

    if not id:
        _overall(home, as_json)
        return

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            return await _describe(unit, id)

    found = run(work())

    def words() -> list[str]:
        lines = [f"{found['noun']} {found['id']}: {found['state']}"]
        lines += [f"  {found['reason']}"] if found.get("reason") else []
        for d in found["deliveries"]:
            lines.append(f"  {d['account']}: {d['state']} {d['url']} {_standing_words(d)}".rstrip())
            reason = d["reason"] if found["noun"] != "delivery" else ""
            lines += [f"    {words}" for words in (reason, d["remedy"]) if words]
            lines += _part_words(d)
        lines += [_try_words(entry) for entry in found["tries"]]
        lines += [
            f"  look at {s['at']:%Y-%m-%d %H:%M:%S}Z: {s['found']} ({s['evidence']})"
            for s in found["looks"]
        ]
        if found["payload"]:
            lines += [f"  payload sha256 {found['payload_sha256']}", f"  {found['payload']}"]
        lines += [
            f"{e['at']:%Y-%m-%d %H:%M:%S}Z  {e['noun']} {e['from']} → {e['to']}  {e['reason']}"
            for e in found["history"]
        ]
        return lines

    show(found, as_json, words)


def _overall(home: Path | None, as_json: bool) -> None:
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.following import Progress, progress

    async def work() -> Progress:
        async with open_desk(load_settings(find_home(home))) as desk:
            return await progress(desk)

    found = run(work())
    show(found, as_json, lambda: [str(found)])


def _standing_words(row: dict[str, Any]) -> str:
    about = f" ({row['standing_note']})" if row["standing_note"] else ""
    return f"{row['action']}: {row['standing']} there{about}" if row["standing"] else row["action"]


def _part_words(row: dict[str, Any]) -> list[str]:
    of = row["parts_total"]
    return [
        f"    part {number} of {of}: {part['url'] or part['id']}"
        for number, part in enumerate(row["parts"], start=1)
    ]


def _try_words(entry: dict[str, Any]) -> str:
    which = f"part {entry['part']}, try" if entry["part"] else "try"
    began = f"  {which} {entry['attempt']} at {entry['started_at']:%Y-%m-%d %H:%M:%S}Z: "
    if entry["received_at"] is None:
        return began + "no answer was recorded"
    raw = " ".join((entry["raw"] or "").split())
    return f"{began}{entry['outcome']}" + (f", {shortened(raw, 300)}" if raw else "")


async def _describe(unit: UnitOfWork, id: str) -> dict[str, Any]:
    from copydesk.core.errors import NotFound
    from copydesk.distribution.threads import part_tried

    submission = post = None
    deliveries = []
    subjects = [id]
    if id.startswith("dlv_"):
        deliveries = [await unit.deliveries.get(id)]
        found: Any = deliveries[0]
        noun = "delivery"
    elif id.startswith("pst_"):
        found = post = await unit.posts.get(id)
        noun = "post"
    elif not id.startswith("sub_"):
        raise NotFound(
            f"There is nothing called {id}.",
            remedy="An id begins with sub_ (submission), pst_ (post) or dlv_ (delivery).",
        )
    else:
        found = submission = await unit.submissions.get(id)
        noun = "submission"
        if submission.post_id:
            post = await unit.posts.get(submission.post_id)
    if noun != "delivery":
        deliveries = await unit.deliveries.of_post(post.id) if post else []
        subjects = [id, *([post.id] if post else []), *(d.id for d in deliveries)]
    history = await unit.events.history(subjects)
    payload = looks = None
    if noun == "delivery":
        payload = await unit.letters.payload(found.rendition_id)
        looks = await unit.letters.looks(id)
    return {
        "noun": noun,
        "id": id,
        "state": found.state,
        "reason": getattr(found, "reason", ""),
        "post_id": post.id if post else getattr(found, "post_id", ""),
        "deliveries": [await delivery_row(unit, d) for d in deliveries],
        "tries": [
            {**entry, "part": part_tried(entry["key"], found)}
            for entry in (await unit.deliveries.tries(id) if noun == "delivery" else [])
        ],
        "looks": [{"at": s.at, "found": s.found, "evidence": s.evidence} for s in looks or ()],
        "payload": payload.text if payload else "",
        "payload_sha256": payload.sha256 if payload else "",
        "history": [
            {
                "at": event.at,
                "noun": event.noun,
                "id": event.subject_id,
                "actor": event.actor,
                "from": event.from_state,
                "to": event.to_state,
                "reason": event.reason,
            }
            for event in history
        ],
    }
