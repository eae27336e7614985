"""What every page has around its content, and the pages that consist of little else."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The page's title, which part of the navigation it belongs to, and whether there is one."""

    title: str
    section: str
    signed_in: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to filter a list."""

    label: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView:
    """An error in words: what went wrong, what was done since, what is left to do. `what` is ""
    where `fields` say it all; `back_url` is where a refused form was filled in, "" when unknown."""

    frame: Frame
    status: int
    what: str
    since: str
    left: str
    fields: tuple[str, ...]
    request_id: str
    back_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginView:
    """The form for the token; `problem` says why the last try failed."""

    frame: Frame
    next: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Work is not being done: since when in words, and what stands in the way."""

    headline: str
    problems: tuple[str, ...]


def address(path: str, **query: str) -> str:
    """Return a path with those parts of the query that say something."""
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{given}" if given else path


def choices(path: str, states: list[str], current: str, **query: str) -> tuple[Choice, ...]:
    """Return the filters of a list by state, `all` first; `query` is kept in every address."""
    return (
        Choice(label="all", url=address(path, **query), current=not current),
        *(
            Choice(label=state, url=address(path, state=state, **query), current=state == current)
            for state in states
        ),
    )
