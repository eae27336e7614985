"""`copydesk accounts remove`: take an account away for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import run, show

if TYPE_CHECKING:
    from copydesk.core.account import Account
    from copydesk.work.accounts.removing import Removed


def remove(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Remove an account: its secrets are wiped, and what waits for it is cancelled.

    What may have landed already is held for you to settle. What was published stays where it is.
    Where the platform takes it back, copydesk's access ends there too.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.accounts.removing import remove_account
    from copydesk.work.desk import open_desk

    async def known() -> Account:
        async with open_desk(load_settings(find_home(home))) as desk, desk.store.read() as unit:
            return await unit.accounts.by_name(desk.workspace_id, name)

    if not yes:
        run(known())
        question = f"Remove {name} and wipe its secrets? This cannot be undone."
        typer.confirm(question, abort=True, err=True)

    async def work() -> Removed:
        async with open_desk(load_settings(find_home(home))) as desk:
            return await remove_account(desk, name, actor="cli")

    done = run(work())
    row = {
        "id": done.account.id,
        "state": done.account.state,
        "cancelled": done.cancelled,
        "held": done.held,
        "sending": done.sending,
        "credential": done.given_back.back,
        "problem": done.given_back.problem,
    }
    counted = "1 delivery" if done.cancelled == 1 else f"{done.cancelled} deliveries"
    words = [f"Removed {name}; {counted} cancelled."]
    if done.held:
        words.append(f"{done.held} may have landed and are held: copydesk settle says what became.")
    if done.sending:
        words.append(f"{done.sending} are being sent at this moment and come to their own end.")
    if done.given_back.words:
        words.append(done.given_back.words)
    show(row, as_json, lambda: words)
