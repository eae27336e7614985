"""`copydesk export`: what is in here, for other programs, as JSON lines."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from copydesk.cli.options import Home
from copydesk.cli.output import hint, run

if TYPE_CHECKING:
    from copydesk.work.feedback.exporting import Handout

app = typer.Typer(help="Hand out what is in here, as JSON lines.", no_args_is_help=True)


class As(StrEnum):
    """The forms of `work.lines`, which is loaded when it exports."""

    CHAT = "chat"
    PREFERENCE = "preference"
    CORRECTION = "correction"
    LABELS = "labels"


@app.command()
def feedback(
    form: Annotated[As, typer.Option("--as", help="What the lines are for.")],
    since: Annotated[
        str | None,
        typer.Option("--since", help="Only what was decided from then on, such as 2026-11-01."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also what was exported in this form before.")
    ] = False,
    bare: Annotated[
        bool,
        typer.Option(
            "--bare", help="With --as chat: lines of `messages` alone, for trainers that want that."
        ),
    ] = False,
    home: Home = None,
) -> None:
    """Print what people's decisions teach, a JSON line each, oldest first.

    chat: a message and the text a person let go, for fine-tuning. preference: two ways to say it,
    and which was wanted. correction: what was written and what a person made of it. labels: what
    every check said, and whether the text was good.

    Nothing leaves twice unless you say --again, and nothing that nobody allowed
    (copydesk consent). Placeholders stand for personal data. Times without a zone are UTC.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.deliveries.times import read_time
    from copydesk.work.desk import open_desk
    from copydesk.work.feedback.exporting import PAGE, hand_out, mark_handed_out
    from copydesk.work.feedback.lines import Form

    if bare and form is not As.CHAT:
        raise typer.BadParameter("only chat lines have a bare form", param_hint="--bare")

    async def work() -> tuple[int, int]:
        written = withheld = 0
        moment = read_time(since, "UTC") if since else None
        wanted = Form(form.value)
        async with open_desk(load_settings(find_home(home))) as desk:
            printed: list[str] = []

            async def mark() -> None:
                async with desk.store.begin("cli") as unit:
                    await mark_handed_out(unit, desk, wanted, printed)
                printed.clear()

            async for handout in hand_out(desk, wanted, since=moment, again=again):
                withheld += handout.withheld
                if handout.withheld:
                    continue
                written += _print(handout, bare=bare)
                printed.append(handout.review_id)
                if len(printed) == PAGE:
                    await mark()
            await mark()
        return written, withheld

    written, withheld = run(work())
    hint(f"Lines: {written}.")
    if withheld:
        hint(
            f"Kept here, because nobody allowed them to leave: {withheld}. "
            "copydesk consent allow SUBJECT"
        )


def _print(handout: Handout, *, bare: bool) -> int:
    for line in handout.lines:
        shown = {"messages": line["messages"]} if bare else line
        typer.echo(json.dumps(shown, ensure_ascii=False))
    return len(handout.lines)
