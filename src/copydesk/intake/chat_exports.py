"""JSON exports of chat services, read into messages whoever made them.

Known shapes: a list of messages, or an object with such a list; a message is an object with a
sender and words, or a pair of speaker and words. Slack (exports and single channels), Discord
(DiscordChatExporter), Telegram (Desktop), Teams (Graph) and many others fit, each with its habits
as seen in November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Doubt
from copydesk.intake import charsets, slack
from copydesk.intake.html import html_to_text
from copydesk.intake.speakers import BOT, SYSTEM, why_dropped
from copydesk.intake.tables import read_table

_MAX_MESSAGES: Final = 100_000
DELETED = "deleted by its author"
#: What exports call the words, the sender and the sender's name; the first one present counts.
_WORDS: Final = ("content", "text", "body", "message")
_SENDERS: Final = ("user_profile", "author", "sender", "from", "user", "speaker", "role", "name",
                   "username", "nick", "actor")  # fmt: skip
_NAMES: Final = ("nickname", "display_name", "displayName", "real_name", "name", "username")
_MOMENTS: Final = ("date_unixtime", "timestamp", "ts", "createdDateTime", "time", "created_at",
                   "date", "sent_at")  # fmt: skip
_ANSWERED: Final = ("reply_to", "reply_to_message_id", "replyToId", "in_reply_to", "parent_id")
_LISTS: Final = ("messages", "original", "conversation", "turns", "transcript", "chat", "log",
                 "value")  # fmt: skip
#: Kinds of Discord and Teams messages that the system writes; a person writes Default and Reply.
_NOTICES: Final = slack.NOTICES | {
    "GuildMemberJoin", "UserPremiumGuildSubscription", "ChannelPinnedMessage", "RecipientAdd",
    "RecipientRemove", "Call", "ChannelNameChange", "ChannelIconChange", "ThreadCreated",
    "system", "service", "systemEventMessage", "unknownFutureValue",
}  # fmt: skip


@dataclass(slots=True)
class Message:
    """One message of an export. `answers` is the id of the one it answers, where the export tells;
    `guess` is how sure that is (0..1) where it was worked out, and why."""

    speaker: str
    text: str
    at: datetime | None = None
    id: str = ""
    dropped_because: str = ""
    answers: str = ""
    thread: str = ""
    guess: tuple[float, str] | None = None


@dataclass(slots=True)
class Export:
    """A conversation: its messages, its room, and the id of the thread it belongs to."""

    messages: list[Message]
    meta: dict[str, str] = field(default_factory=dict)
    thread: str = ""
    notes: tuple[str, ...] = ()


def read_export(value: object) -> Export:
    """Return the messages of an export, whoever made it. Raises `InputRefused` (`bad_json`)."""
    meta: dict[str, str] = {}
    users: dict[str, str] = {}
    notes: list[str] = []
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
                meta[name] = charsets.storable(str(found))
        people = value.get("users")
        if isinstance(people, dict):
            users = {str(id): charsets.storable(str(name)) for id, name in people.items()}
        notes += [
            Doubt(f"“{path}” of the export cannot be read; its messages are missing.")
            for path in value.get("unreadable") or ()
        ]
    if not isinstance(listed, list) or not listed:
        raise _not_an_export()
    if len(listed) > _MAX_MESSAGES:
        raise _too_many()
    users = {**_told_names(listed), **users}
    messages = [_message(item, users) for item in listed]
    if not any(message.text.strip() for message in messages):
        raise _not_an_export()
    return Export(messages, meta, _thread_of(messages), tuple(notes))


def is_chat_table(columns: Sequence[str]) -> bool:
    """Whether a CSV with these columns holds messages of a chat (DiscordChatExporter's do)."""
    return {"Author", "Date", "Content"} <= set(columns)


def read_chat_table(raw: bytes) -> Export:
    """Return the messages of a CSV export of a chat. Raises `InputRefused` (`bad_csv`, …)."""
    table = read_table(raw)
    notes = list(table.notes)
    messages: list[Message] = []
    for row in table.rows:
        if row.fault:
            notes.append(Doubt(f"A row of the export cannot be read: {row.lines.strip()[:200]}"))
            continue
        cells = row.cells
        names = [f"[attachment: {url}]" for url in cells.get("Attachments", "").split(",") if url]
        speaker = cells["Author"].removesuffix("#0000").strip()
        messages.append(Message(
            speaker, "\n".join([cells["Content"], *names]), _moment(cells["Date"]),
            dropped_because=why_dropped(speaker),
        ))  # fmt: skip
        if len(messages) > _MAX_MESSAGES:
            raise _too_many()
    return Export(messages, notes=tuple(notes))


def _too_many() -> InputRefused:
    return InputRefused(
        "too_large",
        f"The export holds more than {_MAX_MESSAGES:,} messages.",
        remedy="Send one conversation at a time.",
    )


def _told_names(listed: Sequence[object]) -> dict[str, str]:
    """Return the names that messages of a single channel tell about their own authors."""
    return {
        item["user"]: slack.name_of({"profile": item["user_profile"]})
        for item in listed
        if isinstance(item, dict)
        and isinstance(item.get("user"), str)
        and isinstance(item.get("user_profile"), dict)
    }


def _thread_of(messages: Sequence[Message]) -> str:
    """Return the id of the thread that all messages belong to, or ""."""
    threads = {message.thread or message.id for message in messages if not message.dropped_because}
    return threads.pop() if len(threads) == 1 else ""


def _listed(value: Mapping[str, object]) -> list[object] | None:
    for name in _LISTS:
        found = value.get(name)
        # Graph calls every list "value"; only one of messages tells when each was written
        if isinstance(found, list) and found and (name != "value" or _is_of_teams(found[0])):
            return found
    return None


def _is_of_teams(item: object) -> bool:
    return isinstance(item, dict) and "createdDateTime" in item


def _not_an_export() -> InputRefused:
    return InputRefused(
        "bad_json",
        "The JSON is not a chat export this version knows.",
        remedy="Send a list of messages, each with “user” and “text”, or a plain transcript.",
    )


def _message(item: object, users: Mapping[str, str]) -> Message:
    if isinstance(item, list | tuple) and len(item) == 2 and all(isinstance(x, str) for x in item):
        speaker, text = str(item[0]), str(item[1])
        return Message(speaker, charsets.storable(text), dropped_because=why_dropped(speaker))
    if not isinstance(item, dict):
        raise _not_an_export()
    changed = item.get("message")
    if item.get("subtype") == "message_changed" and isinstance(changed, dict):
        item = changed
    words = _words(item, users)
    if words is None:
        raise _not_an_export()
    speaker, bot = _speaker(item, users)
    kind = str(item.get("subtype") or item.get("messageType") or item.get("type") or "")
    reason = SYSTEM if kind in _NOTICES else BOT if bot or kind == "bot_message" else ""
    if isinstance(item.get("dropped_because"), str):
        reason = str(item["dropped_because"])
    if kind in ("tombstone", "message_deleted") or item.get("deletedDateTime"):
        reason = DELETED
    moment = next((item[name] for name in _MOMENTS if item.get(name)), None)
    # Slack's threads are told by `ts`, so that is a message's id there, not `client_msg_id`
    identifier = item.get("ts") or item.get("id") or item.get("client_msg_id") or ""
    whole = "\n".join(part for part in (words, *_hanging(item)) if part)
    thread = item.get("thread_ts")
    return Message(
        charsets.storable(speaker),
        charsets.storable(whole),
        _moment(moment),
        str(identifier),
        reason or why_dropped(speaker),
        answers=_answered(item),
        thread=thread if isinstance(thread, str) else "",
        guess=_guess(item),
    )


def _words(item: Mapping[str, object], users: Mapping[str, str]) -> str | None:
    if isinstance(item.get("blocks"), list) or (users and "text" in item):
        return slack.words_of(item, users)
    for name in _WORDS:
        found = item.get(name)
        if isinstance(found, str):
            return slack.plain(found, users) if "ts" in item else found
        if isinstance(found, list) and name == "text":
            # Telegram: words, and objects for what is marked up in them
            return "".join(
                str(part.get("text", "")) if isinstance(part, dict) else str(part) for part in found
            )
        if isinstance(found, dict) and isinstance(found.get("content"), str):
            is_html = found.get("contentType") == "html"
            return html_to_text(found["content"]).text if is_html else str(found["content"])
    return "" if item.get("files") or item.get("attachments") or item.get("subtype") else None


def _hanging(item: Mapping[str, object]) -> list[str]:
    """Return what hangs on a message, as words: files, stickers, and links with their titles."""
    found: list[str] = []
    files = [item.get(name) for name in ("attachments", "files")]
    for each in (one for some in files if isinstance(some, list) for one in some):
        name = isinstance(each, dict) and (
            each.get("fileName") or each.get("name") or each.get("filename")
        )
        if isinstance(name, str):
            found.append(f"[attachment: {name}]")
    if isinstance(item.get("embeds"), list):
        found += _embedded(item)
    poll = item.get("poll")
    if isinstance(poll, dict):
        found += _poll(poll)
    stickers = item.get("stickers")
    found += [
        f"[sticker: {each['name']}]"
        for each in (stickers if isinstance(stickers, list) else ())
        if isinstance(each, dict) and isinstance(each.get("name"), str)
    ]
    for name in ("photo", "file", "file_name"):
        if isinstance(item.get(name), str):
            found.append(f"[attachment: {item[name]}]")
            break
    return found


def _embedded(item: Mapping[str, object]) -> list[str]:
    """Return the words of cards that programs write (Discord). The preview of a link in the words
    of a message is somebody else's text and stays away."""
    embeds = item.get("embeds")
    words = str(item.get("content") or "")
    lines: list[str] = []
    for card in embeds if isinstance(embeds, list) else ():
        if not isinstance(card, dict) or (card.get("url") and str(card["url"]) in words):
            continue
        named = card.get("fields")
        pairs = [
            f"{field.get('name', '')}: {field.get('value', '')}"
            for field in (named if isinstance(named, list) else ())
            if isinstance(field, dict)
        ]
        whole = [str(card[name]) for name in ("title", "description") if card.get(name)]
        lines += [line for line in (*whole, *pairs) if line.strip()]
    return lines


def _poll(poll: Mapping[str, object]) -> list[str]:
    """Return the question of a poll and what one may answer."""
    answers = poll.get("answers")
    return [
        str(poll.get("question") or ""),
        *(
            f"- {answer.get('text', '')}"
            for answer in (answers if isinstance(answers, list) else ())
            if isinstance(answer, dict)
        ),
    ]


def _answered(item: Mapping[str, object]) -> str:
    reference = item.get("reference")
    if isinstance(reference, dict) and reference.get("messageId"):
        return str(reference["messageId"])
    return next((str(item[name]) for name in _ANSWERED if item.get(name)), "")


def _guess(item: Mapping[str, object]) -> tuple[float, str] | None:
    guess = item.get("guess")
    if isinstance(guess, dict) and isinstance(guess.get("confidence"), float):
        return min(1.0, max(0.0, guess["confidence"])), str(guess.get("why", ""))
    return None


def _speaker(item: Mapping[str, object], users: Mapping[str, str]) -> tuple[str, bool]:
    """Return who wrote a message, and whether the export says it is a bot."""
    bot = bool(item.get("bot_id"))
    user = item.get("user")
    if isinstance(user, str) and user in users:
        return users[user].removesuffix(" [bot]"), bot or users[user].endswith(" [bot]")
    for name in _SENDERS:
        found = item.get(name)
        if isinstance(found, str) and found.strip():
            return " ".join(found.split()), bot
        if isinstance(found, dict):
            # Teams says whether a user, a bot or an application wrote
            bot = bot or bool(found.get("application"))
            inner = found.get("user") or found.get("application")
            found = inner if isinstance(inner, dict) else found
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
            # without a zone the time is a guess, so it is none
            return moment.astimezone(UTC) if moment.tzinfo else None
        except (ValueError, OverflowError):
            return None
    return None
