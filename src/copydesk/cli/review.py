"""`copydesk review`: decide on what waits for a person."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, run, shortened, show

app = typer.Typer(help="Decide on what waits for a person.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The review, or its post.")]
Reason = Annotated[str, typer.Option(help="Why, for the history.")]


@app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person, oldest first."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.states import ReviewState
    from copydesk.store.reviews import WantedReviews
    from copydesk.work.desk import open_desk

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            state = None if all_ else ReviewState.OPENED
            return [
                {
                    "id": review.id,
                    "post_id": review.post_id,
                    "title": review.title,
                    "state": review.state,
                    "risk": review.risk,
                    "reasons": list(review.reasons),
                    "opened_at": review.opened_at,
                }
                for review in await unit.reviews.queue(desk.workspace_id, WantedReviews(state=state))
            ]

    rows = run(work())
    show(
        rows,
        as_json,
        lambda: (
            columns(
                [
                    (
                        r["id"],
                        r["risk"],
                        shortened(r["title"], 50),
                        shortened("; ".join(r["reasons"]), 80),
                    )
                    for r in rows
                ],
                ("review", "risk", "title", "because"),
            )
            if rows
            else ["Nothing waits for a person."]
        ),
    )


@app.command("show")
def show_(id: Id, home: Home = None, as_json: AsJson = False) -> None:
    """Show a held text, why it is held, and the evidence of every check."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            review = await unit.reviews.get(id)
            revision = await unit.posts.revision(review.revision_id)
            post = await unit.posts.get(review.post_id)
            source = ""
            if post.submission_id:
                submission = await unit.submissions.get(post.submission_id)
                source = submission.parsed.reply if submission.parsed else ""
            return {
                "id": review.id,
                "post_id": review.post_id,
                "state": review.state,
                "risk": review.risk,
                "reasons": list(review.reasons),
                "tier": revision.tier,
                "title": revision.content.title,
                "source": source,
                "text": revision.content.body,
                "checks": [
                    {
                        "check": c.check,
                        "version": c.version,
                        "verdict": c.verdict,
                        "evidence": [{"message": e.message, "span": e.span} for e in c.evidence],
                    }
                    for c in await unit.posts.checks(revision.id)
                ],
            }

    found = run(work())

    def words() -> list[str]:
        lines = [
            f"{found['id']}  {found['state']}, {found['risk']} risk, written by {found['tier']}"
        ]
        lines += [f"  held because: {reason}" for reason in found["reasons"]]
        for check in found["checks"]:
            lines.append(f"  {check['verdict']:8} {check['check']} v{check['version']}")
            lines += [f"           {e['message']} {e['span']!r}" for e in check["evidence"]]
        return [
            *lines,
            "",
            "── as it came in",
            found["source"],
            "",
            f"── {found['title']}",
            found["text"],
        ]

    show(found, as_json, words)


@app.command()
def accept(id: Id, reason: Reason = "", home: Home = None, as_json: AsJson = False) -> None:
    """Accept a held text: it goes its way."""
    _decide("accept", id, reason, home, as_json)


@app.command()
def reject(id: Id, reason: Reason = "", home: Home = None, as_json: AsJson = False) -> None:
    """Reject a held text: it is kept and goes nowhere."""
    _decide("reject", id, reason, home, as_json)


def _decide(verb: str, id: str, reason: str, home: Any, as_json: bool) -> None:
    from copydesk.config import find_home, load_settings
    from copydesk.editorial import reviewing
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            async with desk.store.begin("cli") as unit:
                decide = reviewing.accept if verb == "accept" else reviewing.reject
                post = await decide(unit, id, reason)
            return {"post_id": post.id, "state": post.state}

    done = run(work())
    show(done, as_json, lambda: [f"{done['post_id']} is {done['state']}.{_onwards(done['state'])}"])


def _onwards(state: str) -> str:
    # the accounts that take inbox posts get it from a worker, not from this command
    return " `copydesk up` carries it on." if state == "approved" else ""
