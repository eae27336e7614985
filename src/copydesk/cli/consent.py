"""`copydesk consent`: whose words may teach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.opened import reading, writing
from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import run, show, show_table

if TYPE_CHECKING:
    from copydesk.store import UnitOfWork

app = typer.Typer(
    help="Say whose words may leave in an export. Without a yes nothing leaves.",
    no_args_is_help=True,
)

#: How many answers are listed.
MOST = 1000

Subject = Annotated[
    str,
    typer.Argument(
        metavar="SUBJECT", help="A submission (sub_…), author:ADDRESS, channel:NAME or everything."
    ),
]


@app.command()
def allow(
    subject: Subject,
    licence: Annotated[
        str, typer.Option(help="Under which licence; it stands in every exported line.")
    ] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Allow what is learnt from these messages to leave.

    The most particular answer decides: message, author, channel, everything.
    """
    _answer(subject, home, as_json, allowed=True, licence=licence)


@app.command()
def refuse(subject: Subject, home: Home = None, as_json: AsJson = False) -> None:
    """Refuse it, whatever is allowed under a wider name."""
    _answer(subject, home, as_json, allowed=False, licence="")


@app.command()
def withdraw(subject: Subject, home: Home = None, as_json: AsJson = False) -> None:
    """Take an answer back: the next wider one decides again."""
    from copydesk.editorial.consent import read_subject

    async def work(unit: UnitOfWork, workspace_id: str) -> dict[str, str]:
        named = read_subject(subject)
        await unit.consents.withdraw(workspace_id, named)
        return {"subject": named}

    done = run(writing(home, work))
    show(done, as_json, lambda: [f"Nothing is said about {done['subject']} any more."])


@app.command("list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List the answers."""

    async def work(unit: UnitOfWork, workspace_id: str) -> list[dict[str, Any]]:
        return [
            {
                "subject": answer.subject,
                "allowed": answer.allowed,
                "licence": answer.licence,
                "given_at": answer.given_at,
                "given_by": answer.given_by,
            }
            for answer in await unit.consents.page(workspace_id, limit=MOST)
        ]

    rows = run(reading(home, work))
    show_table(
        rows,
        as_json,
        ("subject", "answer", "licence"),
        lambda r: (r["subject"], "allowed" if r["allowed"] else "refused", r["licence"]),
        none="Nobody has allowed anything: nothing leaves. copydesk consent allow SUBJECT",
    )


def _answer(subject: str, home: Any, as_json: bool, *, allowed: bool, licence: str) -> None:
    from copydesk.editorial.consent import give_consent

    async def work(unit: UnitOfWork, workspace_id: str) -> dict[str, Any]:
        named = await give_consent(unit, workspace_id, subject, allowed=allowed, licence=licence)
        return {"subject": named, "allowed": allowed, "licence": licence}

    done = run(writing(home, work))
    words = "may leave in exports" if allowed else "stays here"
    show(done, as_json, lambda: [f"What is learnt from {done['subject']} {words}."])
