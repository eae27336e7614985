"""`copydesk conversation`: which messages of a chat belong together, and putting that right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import run, shortened, show, show_table

if TYPE_CHECKING:
    from copydesk.store import UnitOfWork
    from copydesk.store.conversations import Neighbour
    from copydesk.work.incoming.regrouping import Conversation, Moved

app = typer.Typer(
    help="See which messages of a chat belong together, and put it right.", no_args_is_help=True
)

Id = Annotated[
    str, typer.Argument(metavar="ID", help="A submission: a conversation that a log held.")
]


@app.command("list")
def list_(
    log: Annotated[
        str, typer.Argument(metavar="LOG", help="The submission of a log, as `ingest` gives it.")
    ],
    after: Annotated[str, typer.Option(help="Go on behind this conversation.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List the conversations a log was parted into, in the order of their beginning."""
    from copydesk.cli.opened import reading
    from copydesk.cli.output import hint
    from copydesk.core.errors import NotFound

    async def work(unit: UnitOfWork, workspace_id: str) -> list[dict[str, Any]]:
        if (await unit.submissions.get(log)).workspace_id != workspace_id:
            raise NotFound.of(f"submission {log}")
        found = await unit.conversations.page(log, after=after, limit=limit + 1)
        return [_near(other) for other in found]

    rows = run(reading(home, work))
    if len(rows) > limit:
        rows = rows[:limit]
        hint(f"There are more: --after {rows[-1]['id']} goes on.")
    show_table(
        rows,
        as_json,
        ("conversation", "state", "begins"),
        lambda row: (row["id"], row["state"], shortened(row["begins"], 60)),
        none="It was not parted: `conversation show` shows its messages, if it is a chat.",
    )


@app.command("show")
def show_(id: Id, home: Home = None, as_json: AsJson = False) -> None:
    """Show the messages of a conversation, what each answers and how sure that is.

    Below them stand the conversations of the same log that began near it.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.incoming.regrouping import conversation_of

    async def work() -> Conversation:
        async with open_desk(load_settings(find_home(home))) as desk:
            return await conversation_of(desk, id)

    found = _rows(run(work()))
    show(found, as_json, lambda: _words(found))


@app.command()
def move(
    id: Id,
    message: Annotated[
        str, typer.Argument(metavar="MESSAGE", help="The message, as `show` numbers or names it.")
    ],
    to: Annotated[
        str, typer.Option("--to", help="The submission of the conversation it belongs to.")
    ] = "",
    alone: Annotated[
        bool, typer.Option("--alone", help="It belongs to none: it begins one of its own.")
    ] = False,
    as_: Annotated[str, typer.Option("--as", help="Who you are; default: your login name.")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Let a message, with what answers it, go to another conversation of its log.

    The log is parted anew: what has other messages than before is written up from the beginning. A
    conversation that has been decided about, or is out, is not taken back.
    """
    from copydesk.cli.reviewing import actor
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.incoming.regrouping import conversation_of
    from copydesk.work.incoming.regrouping import move as move_

    if bool(to) == alone:
        raise typer.BadParameter("say --to ID or --alone")

    async def work() -> Moved:
        async with open_desk(load_settings(find_home(home))) as desk:
            said = (await conversation_of(desk, id)).said
            is_number = message.isdecimal() and 0 < int(message) <= len(said)
            turn = said[int(message) - 1].id if is_number else message
            return await move_(desk, id, turn, to, actor=actor(as_))

    moved = run(work())
    row = {name: getattr(moved, name) for name in moved.__dataclass_fields__}
    show(
        row,
        as_json,
        lambda: [
            f"{moved.to} holds the message now.",
            f"Written up anew: {', '.join(moved.added) or 'nothing'}.",
            f"Replaced: {', '.join(moved.replaced) or 'nothing'}.",
        ],
    )


def _rows(found: Conversation) -> dict[str, Any]:
    return {
        "id": found.submission.id,
        "log_id": found.log_id,
        "state": found.submission.state,
        "messages": [
            {
                "number": number,
                "id": said.id,
                "speaker": said.turn.speaker,
                "text": said.text,
                "answers": said.answers,
                "confidence": said.turn.confidence,
                "doubtful": said.turn.doubtful,
                "why": said.turn.why,
            }
            for number, said in enumerate(found.said, start=1)
        ],
        "near": [_near(other) for other in found.near],
    }


def _near(other: Neighbour) -> dict[str, Any]:
    return {"id": other.id, "state": other.state, "begins": other.begins}


def _words(found: dict[str, Any]) -> list[str]:
    numbers = {row["id"]: row["number"] for row in found["messages"]}
    lines = [f"{found['id']}: {len(numbers)} messages, a conversation of {found['log_id']}"]
    for row in found["messages"]:
        link = f"answers {numbers[row['answers']]}" if row["answers"] in numbers else "begins"
        mark = "  DOUBTFUL" if row["doubtful"] else ""
        lines.append(f"{row['number']:>4} {shortened(' '.join(row['text'].split()), 80)}")
        lines.append(f"       {link}, {row['confidence']:.0%} sure: {row['why']}{mark}")
    if found["near"]:
        lines += ["", "other conversations of this log:"]
        lines += [f"  {row['id']}  {shortened(row['begins'], 60)}" for row in found["near"]]
    return lines
