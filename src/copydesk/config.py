"""Settings: files, environment and flags meet here, once, in a frozen object that is handed down.

Precedence: flag, environment (`COPYDESK_…`), `copydesk.toml` in the home folder, default. Nothing
else in the project reads the environment.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from copydesk.core.checks import RiskClass
from copydesk.core.errors import ConfigError
from copydesk.core.review import DUE_WITHIN, ReviewTimes

SETTINGS_FILE = "copydesk.toml"
DEFAULT_HOME = ".copydesk"

#: How many characters the name of a workspace has at most.
_LONGEST_WORKSPACE = 200

#: The settings table of the documentation is generated from this.
KEYS: Mapping[str, str] = {
    "database": "sqlite:///FILE or postgresql://…; default: copydesk.db in the home folder",
    "host": "address the web server binds to; default 127.0.0.1",
    "port": "port of the web server; default 8642, 0 picks a free one",
    "workspace": "name of the workspace; default: desk",
    "inbox": "folders that are watched for new messages",
    "model": "one line, such as openai:NAME@BASE_URL; empty: rules only",
    "light_model": "a cheaper model for work that needs no judgement; empty: `model` does it all",
    "fallback_model": "models that stand in for `model` while it is away, in order",
    "light_fallback_model": "models that stand in for `light_model` while it is away, in order",
    "judge_model": "a model asked only about texts the gate is uncertain about; empty: a person is",
    "model_key": "the model's API key (environment only)",
    "light_model_key": "the light model's key, if it is at another server (environment only)",
    "fallback_model_key": "keys of the fallback models, in order (environment only)",
    "light_fallback_model_key": "keys of the light fallback models (environment only)",
    "judge_model_key": "the judge's key, if it is at another server (environment only)",
    "model_facts": "limits and prices of models that no public list knows: NAME key=value …",
    "model_timeout": "seconds until a model that does not answer counts as away; default 120",
    "light_model_timeout": "the same for the light model; default: as `model_timeout`",
    "model_cache_hours": "for how long an answer is used again for the same question; default 168",
    "model_evidence_days": "for how long what models answered is kept; its cost stays; default 90",
    "faithfulness_model": "folder of your own local faithfulness model; empty: none is asked",
    "faithfulness_timeout": "seconds until it is not waited for any longer; default 20",
    "faithfulness_unsupported": "support below which a statement goes to a person; default 0.2",
    "faithfulness_supported": "support from which a statement is borne out; default 0.8",
    "probes_per_week": "messages with a known answer sent down the live path; default 28, 0: none",
    "calibration": "file that `copydesk calibrate` wrote; empty: the one of the product",
    "checks_observed": "checks of the gate that only observe, by name",
    "checks_off": "checks of the gate that do not run, by name",
    "review_due_hours": "how soon a person has to answer, by risk; default critical=2, high=8, "
    "medium=24, low=72",
    "review_opinion_hours": "how soon an audit or a second opinion is asked for; default 168",
    "review_reminder_hours": "how often an overdue review is announced again; default 24",
    "review_claim_minutes": "for how long a review is whose who works on it; default 30",
    "key": "the keys that seal credentials, newest first (environment, else the file secret.key)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything copydesk is told from outside. Paths are absolute."""

    home: Path
    database: str
    host: str = "127.0.0.1"
    port: int = 8642
    workspace: str = "desk"
    inbox: tuple[Path, ...] = ()
    model: str = ""
    light_model: str = ""
    fallback_model: tuple[str, ...] = ()
    light_fallback_model: tuple[str, ...] = ()
    judge_model: str = ""
    model_key: str = field(default="", repr=False)
    light_model_key: str = field(default="", repr=False)
    fallback_model_key: tuple[str, ...] = field(default=(), repr=False)
    light_fallback_model_key: tuple[str, ...] = field(default=(), repr=False)
    judge_model_key: str = field(default="", repr=False)
    model_facts: tuple[str, ...] = ()
    model_timeout: float = 120.0
    light_model_timeout: float = 120.0
    model_cache_hours: float = 168.0
    model_evidence_days: float = 90.0
    faithfulness_model: str = ""
    faithfulness_timeout: float = 20.0
    faithfulness_unsupported: float = 0.2
    faithfulness_supported: float = 0.8
    probes_per_week: int = 28
    calibration: str = ""
    checks_observed: tuple[str, ...] = ()
    checks_off: tuple[str, ...] = ()
    review_due_hours: Mapping[str, float] = field(default_factory=lambda: _usual_hours())
    review_opinion_hours: float = 168.0
    review_reminder_hours: float = 24.0
    review_claim_minutes: float = 30.0
    key: str = field(default="", repr=False)
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def review_times(self) -> ReviewTimes:
        """Return deadlines and claims of reviews."""
        return ReviewTimes(
            due_within={
                RiskClass(risk): timedelta(hours=hours)
                for risk, hours in self.review_due_hours.items()
            },
            opinion_within=timedelta(hours=self.review_opinion_hours),
            reminded_every=timedelta(hours=self.review_reminder_hours),
            claimed_for=timedelta(minutes=self.review_claim_minutes),
        )


def find_home(flag: str | Path | None) -> Path:
    """Return the project folder: the flag, `COPYDESK_HOME`, or `.copydesk` here."""
    return Path(flag or os.environ.get("COPYDESK_HOME") or DEFAULT_HOME).expanduser().absolute()


def is_secret(key: str) -> bool:
    """Whether the setting `key` must not be shown, and not stand in a file."""
    return key == "key" or key.endswith("_key")


def environment_secret(name: str) -> str | None:
    """Return the secret `COPYDESK_SECRET_<NAME>` from the environment, or None."""
    return os.environ.get(f"COPYDESK_SECRET_{name.upper()}")


def load_settings(home: Path, flags: Mapping[str, Any] | None = None) -> Settings:
    """Merge flags, environment and file for the project folder `home`.

    Raises `ConfigError` with every problem found, not just the first.
    """
    problems: list[str] = []
    from_file = _read_file(home / SETTINGS_FILE, problems)
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for key in KEYS:
        variable = f"COPYDESK_{key.upper()}"
        if flags and flags.get(key) is not None:
            merged[key], origins[key] = flags[key], "flag"
        elif variable in os.environ:
            merged[key], origins[key] = os.environ[variable], variable
        elif key in from_file:
            merged[key], origins[key] = from_file[key], SETTINGS_FILE
    timeout = _number("model_timeout", merged, 120.0, 1.0, problems)
    settings = Settings(
        home=home,
        database=str(merged.get("database") or f"sqlite:///{home / 'copydesk.db'}"),
        host=str(merged.get("host", "127.0.0.1")),
        port=_port(merged.get("port", 8642), problems),
        workspace=_workspace(str(merged.get("workspace", "desk")), problems),
        inbox=_folders(merged.get("inbox", ()), home, origins.get("inbox", ""), problems),
        model=str(merged.get("model", "")),
        light_model=str(merged.get("light_model", "")),
        fallback_model=_lines("fallback_model", merged, problems),
        light_fallback_model=_lines("light_fallback_model", merged, problems),
        judge_model=str(merged.get("judge_model", "")),
        model_key=str(merged.get("model_key", "")),
        light_model_key=str(merged.get("light_model_key", "")),
        fallback_model_key=_lines("fallback_model_key", merged, problems),
        light_fallback_model_key=_lines("light_fallback_model_key", merged, problems),
        judge_model_key=str(merged.get("judge_model_key", "")),
        model_facts=_lines("model_facts", merged, problems),
        model_timeout=timeout,
        light_model_timeout=_number("light_model_timeout", merged, timeout, 1.0, problems),
        model_cache_hours=_number("model_cache_hours", merged, 168.0, 0.0, problems),
        model_evidence_days=_number("model_evidence_days", merged, 90.0, 1.0, problems),
        faithfulness_model=str(merged.get("faithfulness_model", "")),
        faithfulness_timeout=_number("faithfulness_timeout", merged, 20.0, 0.1, problems),
        faithfulness_unsupported=_number("faithfulness_unsupported", merged, 0.2, 0.0, problems),
        faithfulness_supported=_number("faithfulness_supported", merged, 0.8, 0.0, problems),
        probes_per_week=int(_number("probes_per_week", merged, 28.0, 0.0, problems)),
        calibration=str(merged.get("calibration", "")),
        checks_observed=_lines("checks_observed", merged, problems),
        checks_off=_lines("checks_off", merged, problems),
        review_due_hours=_hours_by_risk("review_due_hours", merged, problems),
        review_opinion_hours=_number("review_opinion_hours", merged, 168.0, 0.1, problems),
        review_reminder_hours=_number("review_reminder_hours", merged, 24.0, 0.1, problems),
        review_claim_minutes=_number("review_claim_minutes", merged, 30.0, 1.0, problems),
        key=str(merged.get("key", "")),
        origins=origins,
    )
    if problems:
        raise ConfigError(
            problems,
            remedy=f"Correct it in {home / SETTINGS_FILE} or in the environment; docs/reference/"
            "settings.md explains each.",
        )
    return settings


def _read_file(path: Path, problems: list[str]) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path.name}: {error}")
        return {}
    for key in found:
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1)
            meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(KEYS)}"
            problems.append(f"{path.name}: there is no setting {key!r}; {meant}")
        if is_secret(key):
            problems.append(f"{path.name}: {key} is a secret and belongs in the environment")
    return found


def _workspace(name: str, problems: list[str]) -> str:
    if len(name) > _LONGEST_WORKSPACE:
        problems.append(
            f"workspace: a name has at most {_LONGEST_WORKSPACE} characters; this has {len(name)}"
        )
    return name


def _port(value: Any, problems: list[str]) -> int:
    try:
        port = int(value)
    except (TypeError, ValueError):
        port = -1
    if not 0 <= port <= 65535:
        problems.append(f"port: {value!r} is not a port number")
        return 0
    return port


def _lines(key: str, merged: Mapping[str, Any], problems: list[str]) -> tuple[str, ...]:
    """Return a list of lines; in the environment commas part them."""
    value = merged.get(key, ())
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple) or not all(isinstance(line, str) for line in value):
        problems.append(
            f"{key}: {'what is given' if is_secret(key) else repr(value)} is not a list"
        )
        return ()
    return tuple(line.strip() for line in value if line.strip())


def _number(
    key: str, merged: Mapping[str, Any], usual: float, least: float, problems: list[str]
) -> float:
    value = merged.get(key, usual)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not least <= number < 1e6:
        problems.append(f"{key}: {value!r} is not a number from {least:g} on")
        return usual
    return number


def _usual_hours() -> dict[str, float]:
    return {risk.value: within / timedelta(hours=1) for risk, within in DUE_WITHIN.items()}


def _hours_by_risk(key: str, merged: Mapping[str, Any], problems: list[str]) -> dict[str, float]:
    """Return hours by risk, the usual ones where nothing is said: a table, or lines risk=hours."""
    hours, given = _usual_hours(), merged.get(key, {})
    if not isinstance(given, Mapping):
        pairs = [line.partition("=") for line in _lines(key, merged, problems)]
        given = {risk.strip(): value.strip() for risk, _, value in pairs}
    for risk, value in given.items():
        if risk not in hours:
            problems.append(f"{key}: there is no risk {risk!r}; there are {', '.join(hours)}")
            continue
        hours[risk] = _number(f"{key}.{risk}", {f"{key}.{risk}": value}, hours[risk], 0.1, problems)
    return hours


def _folders(value: Any, home: Path, origin: str, problems: list[str]) -> tuple[Path, ...]:
    if isinstance(value, str):
        value = [part for part in value.split(os.pathsep) if part]
    if not isinstance(value, list | tuple):
        problems.append(f"inbox: {value!r} is not a list of folders")
        return ()
    # a path in the file is meant from where the file is, any other from where we stand
    base = home if origin == SETTINGS_FILE else Path.cwd()
    return tuple((base / str(folder)).expanduser().absolute() for folder in value)
