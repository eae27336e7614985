"""JSON exports of chat services, read into messages whoever made them.

Known shapes: a list of messages, or an object with such a list; a message is an object with a
sender and words (Slack, Discord and many others), or a pair of speaker and words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.intake import charsets
from copydesk.intake.speakers import BOT, SYSTEM, why_dropped

_MAX_MESSAGES: Final = 100_000
#: What exports call the words, the sender and the sender's name; the first one present counts.
_WORDS: Final = ("content", "text", "body", "message")
_SENDERS: Final = ("user_profile", "author", "sender", "from", "user", "speaker", "role", "name",
                   "username", "nick")  # fmt: skip
_NAMES: Final = ("nickname", "display_name", "real_name", "name", "username")


@dataclass(slots=True)
class Message:
    """One message of an export."""

    speaker: str
    text: str
    at: datetime | None = None
    id: str = ""
    dropped_because: str = ""


@dataclass(slots=True)
class Export:
    """A conversation: its messages, its room, and the id of the thread it belongs to."""

    messages: list[Message]
    meta: dict[str, str] = field(default_factory=dict)
    thread: str = ""


def read_export(value: object) -> Export:
    """Return the messages of an export, whoever made it. Raises `InputRefused` (`bad_json`)."""
    meta: dict[str, str] = {}
    listed: object = value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        value = value[0] if _listed(value[0]) is not None else value
    if isinstance(value, dict):
        listed = _listed(value)
        for name in ("channel", "guild", "room", "name", "topic", "convo_id", "id"):
            found = value.get(name)
            if isinstance(found, dict):
                found = found.get("name")
            if isinstance(found, str | int):
                meta[name] = str(found)
    if not isinstance(listed, list) or not listed:
        raise _not_an_export()
    if len(listed) > _MAX_MESSAGES:
        raise InputRefused(
            "too_large",
            f"The export holds more than {_MAX_MESSAGES:,} messages.",
            remedy="Send one conversation at a time.",
        )
    stamps = (item.get("thread_ts") for item in listed if isinstance(item, dict))
    thread = next((stamp for stamp in stamps if isinstance(stamp, str)), "")
    return Export([_message(item) for item in listed], meta, thread)


def _listed(value: dict[str, object]) -> list[object] | None:
    for name in ("messages", "original", "conversation", "turns", "transcript", "chat", "log"):
        found = value.get(name)
        if isinstance(found, list) and found:
            return found
    return None


def _not_an_export() -> InputRefused:
    return InputRefused(
        "bad_json",
        "The JSON is not a chat export this version knows.",
        remedy="Send a list of messages, each with “user” and “text”, or a plain transcript.",
    )


def _message(item: object) -> Message:
    if isinstance(item, list | tuple) and len(item) == 2 and all(isinstance(x, str) for x in item):
        speaker, text = str(item[0]), str(item[1])
        return Message(speaker, charsets.storable(text), dropped_because=why_dropped(speaker))
    if not isinstance(item, dict):
        raise _not_an_export()
    words = next((item[name] for name in _WORDS if isinstance(item.get(name), str)), None)
    if not isinstance(words, str):
        raise _not_an_export()
    speaker, bot = _speaker(item)
    kind = str(item.get("subtype") or item.get("type") or "")
    system = kind in ("channel_join", "channel_leave", "channel_topic", "GuildMemberJoin", "system")
    reason = SYSTEM if system else BOT if bot or kind == "bot_message" else why_dropped(speaker)
    moment = item.get("timestamp") or item.get("ts") or item.get("time") or item.get("created_at")
    identifier = item.get("id") or item.get("client_msg_id") or item.get("ts") or ""
    names = [
        f"[attachment: {name}]"
        for each in (item.get("attachments") or item.get("files") or ())
        if isinstance(each, dict)
        for name in [each.get("fileName") or each.get("name") or each.get("filename")]
        if isinstance(name, str)
    ]
    whole = "\n".join([words, *names])
    return Message(
        charsets.storable(speaker),
        charsets.storable(whole),
        _moment(moment),
        str(identifier),
        reason,
    )


def _speaker(item: dict[str, object]) -> tuple[str, bool]:
    """Return who wrote a message, and whether the export says it is a bot."""
    bot = bool(item.get("bot_id"))
    for name in _SENDERS:
        found = item.get(name)
        if isinstance(found, str) and found.strip():
            return " ".join(found.split()), bot
        if isinstance(found, dict):
            named = next((str(found[key]) for key in _NAMES if found.get(key)), "")
            if named.strip():
                bot = bot or bool(found.get("isBot") or found.get("bot"))
                return " ".join(named.split()), bot
    return "", bot


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            if re.fullmatch(r"\d{9,11}(?:\.\d{1,9})?", value):
                return datetime.fromtimestamp(float(value), UTC)
            moment = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            return None
        # without a zone the time is a guess, so it is none
        return moment.astimezone(UTC) if moment.tzinfo else None
    return None
