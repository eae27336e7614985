"""`copydesk review`: decide on what waits for a person, change by change or as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from copydesk.cli import reviewing as shared
from copydesk.cli.given import read_text
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import hint, run, shortened, show, show_table

app = typer.Typer(help="Decide on what waits for a person.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The review, or its post.")]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="A suggestion, as `show` counts.")]
MaybeNumber = Annotated[
    str | None,
    typer.Argument(metavar="NUMBER", help="One suggestion; without it the whole review."),
]
Reason = Annotated[str, typer.Option(help="Why, for the history.")]
As = Annotated[str, typer.Option("--as", help="Who you are; default: your login name.")]
Over = Annotated[
    bool, typer.Option("--over", help="Decide over what somebody else decided in the meantime.")
]


@app.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    state: Annotated[str, typer.Option(help="opened, returned, accepted or rejected.")] = "opened",
    kind: Annotated[str, typer.Option(help="question, audit or second.")] = "",
    risk: Annotated[str, typer.Option(help="low, medium, high or critical.")] = "",
    mine: Annotated[bool, typer.Option("--mine", help="What you have at the moment.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Past its deadline.")] = False,
    after: Annotated[str, typer.Option(help="Go on behind this review.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    as_: As = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person: the greatest risk first, then the nearest deadline."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.checks import RiskClass
    from copydesk.core.review import ReviewKind
    from copydesk.core.states import ReviewState
    from copydesk.store.reviews import WantedReviews
    from copydesk.work.desk import open_desk

    wanted = WantedReviews(
        state=None if all_ else shared.choice(ReviewState, state, "--state"),
        kind=shared.choice(ReviewKind, kind, "--kind"),
        risk=shared.choice(RiskClass, risk, "--risk"),
        assignee=shared.person(as_) if mine else "",
        overdue=overdue,
    )

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            found = await unit.reviews.queue(
                desk.workspace_id, wanted, after=after, limit=limit + 1
            )
            return [shared.review_row(review) for review in found]

    rows = run(work())
    if len(rows) > limit:
        rows = rows[:limit]
        hint(f"There are more: --after {rows[-1]['id']} goes on.")
    show_table(
        rows,
        as_json,
        ("review", "risk", "due", "with", "title", "because"),
        lambda r: (
            r["id"],
            r["risk"] or r["kind"],
            f"{r['due_at']:%d %b %H:%M} UTC" if r["due_at"] else "",
            r["assignee"],
            shortened(r["title"], 40),
            shortened("; ".join(r["reasons"]), 70),
        ),
        none="Nothing waits for a person.",
    )


@app.command("show")
def show_(id: Id, home: Home = None, as_json: AsJson = False) -> None:
    """Show a review: the author's text, the one that would go out, numbered changes, evidence."""
    shared.show_review(id, home, as_json)


@app.command("next")
def next_(
    kind: Annotated[str, typer.Option(help="Only a question, an audit or a second.")] = "",
    as_: As = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take the most urgent review that nobody has, and show it."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.review import ReviewKind
    from copydesk.editorial import reviewing
    from copydesk.work.desk import open_desk

    wanted = shared.choice(ReviewKind, kind, "--kind")

    async def work() -> str:
        async with (
            open_desk(load_settings(find_home(home))) as desk,
            desk.store.begin(shared.actor(as_)) as unit,
        ):
            review = await reviewing.claim_next(unit, desk.workspace_id, kind=wanted)
        return review.id if review else ""

    id = run(work())
    if id:
        shared.show_review(id, home, as_json)
    else:
        show(None, as_json, lambda: ["Nothing waits for a person."])


# -- deciding -------------------------------------------------------------------------------------


@app.command()
def accept(
    id: Id,
    number: MaybeNumber = None,
    rest: Annotated[
        bool,
        typer.Option("--rest", help="With the whole: also what changes facts or meaning."),
    ] = False,
    fluency: Annotated[
        bool, typer.Option("--fluency", help="Only the suggestions that are for fluency.")
    ] = False,
    despite: Annotated[
        str, typer.Option(help="Why it goes although checks object to what was changed.")
    ] = "",
    reason: Reason = "",
    over: Over = False,
    as_: As = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Accept one suggestion, or the whole review: then its text goes its way."""
    from copydesk.core.states import SuggestionState

    if fluency:
        shared.accept_fluency(id, as_, home, as_json)
    elif number is not None:
        shared.decide(id, number, SuggestionState.ACCEPTED, "", reason, over, as_, home, as_json)
    else:
        shared.approve(id, reason, rest, despite, as_, home, as_json)


@app.command()
def reject(
    id: Id,
    number: MaybeNumber = None,
    because: Annotated[
        str,
        typer.Option(help="wrong_fact, tone, unneeded, breaks_voice or other."),
    ] = "",
    reason: Reason = "",
    over: Over = False,
    as_: As = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Reject one suggestion, with --because; or the whole review: its text goes nowhere."""
    from copydesk.core.states import SuggestionState

    if number is not None:
        shared.decide(
            id, number, SuggestionState.REJECTED, because, reason, over, as_, home, as_json
        )
        return
    from copydesk.config import find_home, load_settings
    from copydesk.core.suggestion import RejectionReason
    from copydesk.editorial import reviewing
    from copydesk.work.desk import open_desk

    code = shared.choice(RejectionReason, because, "--because")

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            async with desk.store.begin(shared.actor(as_)) as unit:
                review = await unit.reviews.get(id)
                post = await reviewing.reject(unit, review, reason, code)
            return {"post_id": post.id, "state": post.state}

    done = run(work())
    show(done, as_json, lambda: [f"{done['post_id']} is {done['state']}."])


@app.command()
def edit(
    id: Id,
    number: MaybeNumber = None,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What to put instead.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Your text of the whole, as Markdown; or of one suggestion."),
    ] = None,
    reason: Reason = "",
    over: Over = False,
    as_: As = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put your words in the place of a suggestion, or with --file alone your own whole text."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.suggestion import TextField
    from copydesk.work.desk import open_desk
    from copydesk.work.reviews import revising

    words = read_text(file) if file else text
    if words is None:
        raise typer.BadParameter("say the text, or --file with it")
    given: str = words

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk:
            if number is None:
                wanted = {TextField.BODY: given.rstrip("\n")}
                made = await revising.reword(desk, id, wanted, actor=shared.actor(as_), note=reason)
                return [shared.suggestion_row(one) for one in made]
            seen = await shared.seen(desk, id, number) if over else None
            one = await revising.edit(
                desk, id, number, given, actor=shared.actor(as_), note=reason, version=seen
            )
            return [shared.suggestion_row(one)]

    rows = run(work())
    show(
        rows,
        as_json,
        lambda: [shared.suggestion_line(row) for row in rows] or ["Nothing is different."],
    )


@app.command()
def undo(
    id: Id,
    number: Number,
    over: Over = False,
    as_: As = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take the newest decision on a suggestion back: it is as it was before."""
    from copydesk.config import find_home, load_settings
    from copydesk.editorial import deciding
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            seen = await shared.seen(desk, id, number) if over else None
            async with desk.store.begin(shared.actor(as_)) as unit:
                review = await unit.reviews.get(id)
                return shared.suggestion_row(
                    await deciding.undo(unit, review, number, version=seen)
                )

    row = run(work())
    show(row, as_json, lambda: [shared.suggestion_line(row)])


# -- who has it -----------------------------------------------------------------------------------


@app.command()
def claim(id: Id, as_: As = "", home: Home = None, as_json: AsJson = False) -> None:
    """Take a review for half an hour; every decision in it starts the time again."""
    shared.hand("claim", id, shared.actor(as_), "", home, as_json)


@app.command()
def release(id: Id, as_: As = "", home: Home = None, as_json: AsJson = False) -> None:
    """Let anybody take a review again. What was decided in it stays."""
    shared.hand("release", id, shared.actor(as_), "", home, as_json)


@app.command()
def assign(
    id: Id,
    person: Annotated[str, typer.Argument(help="To whom it is handed on.")],
    as_: As = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Hand a review on to somebody, whoever has it."""
    shared.hand("assign", id, shared.actor(as_), person, home, as_json)


@app.command("send-back")
def send_back(
    id: Id,
    to: Annotated[str, typer.Option(help="author or composer.")] = "author",
    reason: Reason = "",
    as_: As = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Send a text back to its author or the composer; it is held until `answer` comes."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.review import SentTo
    from copydesk.editorial import reviewing
    from copydesk.work.desk import open_desk

    whom = shared.choice(SentTo, to, "--to") or SentTo.AUTHOR

    async def work() -> dict[str, Any]:
        async with (
            open_desk(load_settings(find_home(home))) as desk,
            desk.store.begin(shared.actor(as_)) as unit,
        ):
            review = await unit.reviews.get(id)
            return shared.review_row(await reviewing.send_back(unit, review, whom, reason))

    row = run(work())
    show(row, as_json, lambda: [f"{row['id']} is with the {whom}; it stays held."])


@app.command()
def answer(
    id: Id,
    file: Annotated[Path, typer.Option("--file", help="The new text, as Markdown.")],
    title: Annotated[str, typer.Option(help="A new title; default: as it was.")] = "",
    reason: Reason = "",
    as_: As = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Give the new text of a review that was sent back; decisions are carried over to it."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.reviews import revising

    text = read_text(file)

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            return shared.review_row(
                await revising.answer(
                    desk,
                    id,
                    body=text.rstrip("\n"),
                    title=title,
                    reason=reason,
                    actor=shared.actor(as_),
                )
            )

    row = run(work())
    show(row, as_json, lambda: [f"{row['id']} is {row['state']} again."])
