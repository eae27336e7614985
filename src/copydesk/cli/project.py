"""`copydesk init` and `copydesk config`: the project folder and its settings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, fail, run, show

if TYPE_CHECKING:
    from copydesk.config import Settings

config_app = typer.Typer(help="Look at the settings.", no_args_is_help=True)


class Approve(StrEnum):
    """Who approves what passed the gate with low or medium risk."""

    AUTOMATIC = "automatic"
    EARNED = "earned"
    PERSON = "person"


SETTINGS_TEMPLATE = """\
# Settings of this copydesk project. `copydesk config show` explains each and says where it is from.
# inbox = ["inbox"]          # folders watched for new messages, from this folder
# port = 8642
# model = "openai:NAME@http://127.0.0.1:8000/v1"   # the key: COPYDESK_MODEL_KEY
"""


def init(
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The project folder to make.")
    ] = None,
    home: Home = None,
    approve: Annotated[
        Approve | None,
        typer.Option(
            help="Who approves what passed the gate and is not risky: nobody, nobody once audits "
            "prove that few are bad, or a person (the default for a new project)."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a project folder: settings, database, key.

    Running it again keeps what is there; only --approve, when given, changes.
    """
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk

    folder = find_home(directory or home)

    async def work() -> dict[str, str]:
        lay_out(folder)
        settings = load_settings(folder)
        rule = approve or await _rule_of(settings)
        async with open_desk(settings, approve=rule) as desk:
            return {
                "home": str(folder),
                "workspace": desk.settings.workspace,
                "approve": rule,
                "database": desk.store.address,
            }

    made = run(work())
    show(
        made,
        as_json,
        lambda: [
            f"Project ready in {folder} (approval: {made['approve']}).",
            f"Next: copydesk up --home {folder}",
        ],
    )


def lay_out(folder: Path) -> None:
    """Make what is not there yet of a project folder: its settings file and its inbox.

    Raises `ConfigError` when it cannot be made.
    """
    from copydesk.config import SETTINGS_FILE
    from copydesk.core.errors import ConfigError

    settings_file = folder / SETTINGS_FILE
    try:
        # it will hold private messages: nobody else on this machine reads them
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "inbox").mkdir(exist_ok=True)
        if not settings_file.exists():
            settings_file.write_text(SETTINGS_TEMPLATE, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            [f"the project folder {folder} cannot be made: {error.strerror}"],
            remedy="Name another folder, or make room and give us rights there.",
        ) from error


async def _rule_of(settings: Settings) -> Approve:
    """Return who approves in the project as it is; a person where there is none yet."""
    from copydesk.core.clock import SystemClock
    from copydesk.core.ids import IdFactory
    from copydesk.store import open_store

    clock = SystemClock()
    store = await open_store(settings.database, clock, IdFactory(clock))
    try:
        async with store.read() as unit:
            found = await unit.workspaces.find(settings.workspace)
    finally:
        await store.close()
    return Approve(found.approve) if found else Approve.PERSON


@config_app.command("show")
def config_show(home: Home = None, as_json: AsJson = False) -> None:
    """Print every setting, its value and where it comes from; secrets are masked."""
    from copydesk.config import KEYS, find_home, is_secret, load_settings
    from copydesk.core.errors import CopydeskError

    try:
        settings = load_settings(find_home(home))
    except CopydeskError as error:
        fail(error)
    rows = []
    for key, meaning in KEYS.items():
        value = getattr(settings, key)
        if is_secret(key):
            value = "(set)" if value else ""
        if isinstance(value, tuple):
            value = ", ".join(str(line) for line in value)
        if isinstance(value, dict):
            value = ", ".join(f"{name}={part:g}" for name, part in value.items())
        if key == "database":
            value = _without_password(str(value))
        rows.append((key, str(value), settings.origins.get(key, "default"), meaning))
    show(
        [dict(zip(("key", "value", "from", "meaning"), row, strict=True)) for row in rows],
        as_json,
        lambda: columns(rows, ("setting", "value", "from", "meaning")),
    )


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    scheme, mark, credentials = head.partition("://")
    if not at or ":" not in credentials:
        return url
    return f"{scheme}{mark}{credentials.partition(':')[0]}:***@{tail}"
