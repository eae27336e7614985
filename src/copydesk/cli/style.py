"""`copydesk style`: the style guide that models are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import fail, run, show

app = typer.Typer(help="Show and set the style guide that models are shown.", no_args_is_help=True)


@app.command("show")
def show_style(home: Home = None, as_json: AsJson = False) -> None:
    """Print the style guide of the workspace."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.writing.styling import current_style

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            guide = await current_style(desk)
            return {"version": guide.number, "text": guide.text}

    found = run(work())
    nothing = "There is no style guide. `copydesk style set FILE` makes one."
    show(found, as_json, lambda: [found["text"] or nothing])


@app.command("set")
def set_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CommonMark; - for standard input.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make FILE the style guide; an empty file takes it away.

    Rules on wording, spelling and form, in short paragraphs below headings. The passages that fit a
    message go into the prompt, and the version stands beside that of the prompt in the evidence.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.core.errors import NotFound
    from copydesk.intake.charsets import decode, refuse_binary
    from copydesk.work.desk import open_desk
    from copydesk.work.incoming.folder import read_file
    from copydesk.work.writing.styling import set_style

    try:
        raw = read_file(file)
    except OSError as error:
        fail(NotFound(f"The file {file} cannot be read: {error.strerror}."))

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            refuse_binary(raw)
            text = decode(raw, what="The style guide").text
            guide = await set_style(desk, text, actor="cli")
            return {"version": guide.number, "text": guide.text}

    found = run(work())
    words = (
        f"The style guide is version {found['version']} now."
        if found["text"]
        else "There is no style guide now."
    )
    show(found, as_json, lambda: [words])
