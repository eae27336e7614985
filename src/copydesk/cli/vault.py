"""`copydesk vault`: the keys that seal credentials."""

from __future__ import annotations

from typing import Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, run, show

app = typer.Typer(help="Replace and look at the keys that seal credentials.", no_args_is_help=True)


@app.command()
def status(home: Home = None, as_json: AsJson = False) -> None:
    """Show which key seals how many rows. Keys are named by fingerprints, never shown."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.accounts.rekeying import vault_status
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            found = await vault_status(desk)
            return {
                "source": found.source,
                "keys": [{"fingerprint": key, "rows": rows} for key, rows in found.keys],
                "unreadable": list(found.unreadable),
            }

    found = run(work())
    show(
        found,
        as_json,
        lambda: [
            f"Keys from {found['source']}; the first seals, all open.",
            *columns(
                [(key["fingerprint"], key["rows"]) for key in found["keys"]],
                ("key", "seals rows"),
            ),
            *[f"No key opens {row}." for row in found["unreadable"]],
        ],
    )
    if found["unreadable"]:
        raise typer.Exit(3)


@app.command()
def rotate(home: Home = None, as_json: AsJson = False) -> None:
    """Make a new key and seal every credential with it.

    Work goes on meanwhile. Interrupted, run it again: it goes on where it was. Old keys stay in the
    file until `copydesk vault prune`, so nothing that is under way can be lost.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.accounts.rekeying import rotate_vault
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            done = await rotate_vault(desk)
            return {"key": done.key, "resealed": done.resealed, "new": done.added}

    done = run(work())
    show(
        done,
        as_json,
        lambda: [
            f"{done['resealed']} rows are sealed with key {done['key']} now"
            + ("." if done["new"] else "; an interrupted rotation was brought to its end."),
            "Keep a copy of the key. Old ones stay until: copydesk vault prune",
        ],
    )


@app.command()
def prune(home: Home = None, as_json: AsJson = False) -> None:
    """Drop old keys that seal nothing any more from the key file."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.accounts.rekeying import prune_vault
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            return {"dropped": list(await prune_vault(desk))}

    done = run(work())
    show(done, as_json, lambda: [f"{len(done['dropped'])} old keys dropped."])


@app.command("new-key")
def new(as_json: AsJson = False) -> None:
    """Print a fresh key, for COPYDESK_KEY."""
    from copydesk.distribution.vault import new_key

    key = new_key().decode()
    show({"key": key}, as_json, lambda: [key])
