"""Who speaks in a chat: people, bots, the system itself; customers and agents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

SYSTEM = "written by the chat system, not by a person"
BOT = "written by a bot"

_BOT_NAME = re.compile(
    r"(?:.*[a-z]Bot|.*[-_.\[( ]bot[\])]?\d{0,2}|bot|slackbot|buildbot|dependabot|renovate|"
    r"chanserv|nickserv|memoserv|github|gitlab|mee6|dyno|supybot|limnoria|ubottu|wikibugs|"
    r"stashbot)\*?"
)
SYSTEM_NAMES: Final = frozenset({"system", "action", "server", "notice", "info"})
CUSTOMERS: Final = frozenset(
    {"customer", "client", "user", "visitor", "guest", "kunde", "kundin", "cliente", "member"}
)
AGENTS: Final = frozenset({"agent", "support", "operator", "assistant", "bot", "advisor", "you"})


def why_dropped(speaker: str) -> str:
    """Return why what `speaker` says is left out, or "" for a person."""
    if speaker.lower() in SYSTEM_NAMES:
        return SYSTEM
    return BOT if is_bot(speaker) else ""


def is_bot(name: str) -> bool:
    """Whether a speaker's name is one that bots have; "Abbot" and "talbot" are people."""
    return _BOT_NAME.fullmatch(name) is not None


def author_of(people: Sequence[str]) -> str:
    """Return whose conversation it is: the customer, else the first who is no agent."""
    customer = next((name for name in people if name.lower() in CUSTOMERS), None)
    if customer:
        return customer
    return next(
        (name for name in people if name.lower() not in AGENTS), people[0] if people else ""
    )
