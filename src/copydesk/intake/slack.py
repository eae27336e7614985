"""Slack: its exports and the marks inside its messages.

An export is a zip or folder with `channels.json`, `users.json` and one JSON file a day for each
channel (Slack help, "How to read Slack data exports", November 2026). The words of a message are in
`text`; where that is empty they are in `blocks`, for messages of apps in `attachments`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import unescape
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.intake import charsets
from copydesk.intake.answers import load_json

_DAY = re.compile(r"(?:^|.*/)([^/]+)/\d{4}-\d{2}-\d{2}\.json")
_MARK = re.compile(r"<([@#!]?)([^<>|\s][^<>|\n]{0,2000})(?:\|([^<>\n]{0,2000}))?>")
_DEPTH: Final = 12
#: Subtypes that the system writes. A person writes `me_message`, `thread_broadcast`, `file_share`.
NOTICES: Final = frozenset({
    "bot_add", "bot_remove", "channel_archive", "channel_convert_to_private", "channel_join",
    "channel_leave", "channel_name", "channel_posting_permissions", "channel_purpose",
    "channel_topic", "channel_unarchive", "group_archive", "group_join", "group_leave",
    "group_name", "group_purpose", "group_topic", "group_unarchive", "huddle_thread",
    "message_deleted", "pinned_item", "reminder_add", "sh_room_created", "tombstone",
    "unpinned_item",
})  # fmt: skip


def is_export(paths: Sequence[str]) -> bool:
    """Whether files with these paths are an export of a Slack workspace."""
    names = {path.rsplit("/", 1)[-1] for path in paths}
    return "users.json" in names and any(_DAY.fullmatch(path) for path in paths)


def channels(paths: Sequence[str], load: Callable[[str], bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield every channel of an export with its messages and the names of its people, as JSON.

    A day that cannot be read is named in the channel's `unreadable`, and stops no other.
    """
    users = _users(paths, load)
    days: dict[str, list[str]] = {}
    for path in sorted(paths):
        match = _DAY.fullmatch(path)
        if match:
            days.setdefault(match.group(1), []).append(path)
    for name, files in days.items():
        messages: list[object] = []
        unreadable: list[str] = []
        for path in files:
            try:
                found = load_json(charsets.decode(load(path)).text)
            except InputRefused:
                found = None
            if isinstance(found, list):
                messages += found
            else:
                unreadable.append(path)
        whole = {"channel": name, "users": users, "messages": messages}
        if unreadable:
            whole["unreadable"] = unreadable
        yield name, json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace")


def _users(paths: Sequence[str], load: Callable[[str], bytes]) -> dict[str, str]:
    path = next(path for path in paths if path.rsplit("/", 1)[-1] == "users.json")
    try:
        listed = load_json(charsets.decode(load(path)).text)
    except InputRefused:
        return {}
    found: dict[str, str] = {}
    for user in listed if isinstance(listed, list) else ():
        if isinstance(user, dict) and isinstance(user.get("id"), str):
            name = name_of(user)
            found[user["id"]] = name + (" [bot]" if user.get("is_bot") else "")
    return found


def name_of(user: Mapping[str, object]) -> str:
    """Return what a person is called in Slack: the display name, else the real one."""
    profile = user.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    names = [each.get(name) for name in ("display_name", "real_name") for each in (profile, user)]
    found = next((name for name in (*names, user.get("name")) if name), "")
    return " ".join(str(found).split())


def words_of(item: Mapping[str, object], users: Mapping[str, str]) -> str:
    """Return what a message says, with names for ids and addresses for links."""
    text = item.get("text")
    if isinstance(text, str) and text.strip():
        return plain(text, users)
    blocks = item.get("blocks")
    said = _blocks(blocks, users, 0).strip("\n") if isinstance(blocks, list) else ""
    if said:
        return said
    parts: list[str] = []
    attachments = item.get("attachments")
    for each in attachments if isinstance(attachments, list) else ():
        if isinstance(each, dict):
            found = [each.get(name) for name in ("pretext", "title", "text")]
            texts = [plain(part, users) for part in found if isinstance(part, str) and part]
            parts.append("\n".join(texts) or plain(str(each.get("fallback") or ""), users))
    return "\n".join(part for part in parts if part)


def plain(text: str, users: Mapping[str, str]) -> str:
    """Return text with Slack's `<…>` marks and entities as a person reads them."""

    def shown(match: re.Match[str]) -> str:
        sign, target, label = match.groups()
        if sign == "@":
            return "@" + (users.get(target, "").removesuffix(" [bot]") or label or target)
        if sign == "#":
            return "#" + (label or target)
        if sign == "!":
            return label or "@" + target.split("^", 1)[0]
        address = target.removeprefix("mailto:").removeprefix("tel:")
        if not label or label in (address, target):
            return address
        return f"[{label}]({target})"

    return unescape(_MARK.sub(shown, text))


def _blocks(blocks: Sequence[object], users: Mapping[str, str], depth: int) -> str:
    if depth > _DEPTH:
        return ""
    return "\n".join(
        said for block in blocks if isinstance(block, dict)
        for said in [_block(block, users, depth)] if said
    )  # fmt: skip


def _block(block: Mapping[str, object], users: Mapping[str, str], depth: int) -> str:
    kind, elements = block.get("type"), block.get("elements")
    inner = elements if isinstance(elements, list) else []
    match kind:
        case "rich_text":
            return _blocks(inner, users, depth + 1)
        case "rich_text_list":
            items = [_block(each, users, depth + 1) for each in inner if isinstance(each, dict)]
            return "\n".join(f"- {item}" for item in items)
        case "rich_text_preformatted":
            return f"```\n{_spans(inner, users)}\n```"
        case "rich_text_quote":
            return "\n".join(f"> {line}" for line in _spans(inner, users).split("\n"))
        case "rich_text_section":
            return _spans(inner, users)
        case "section" | "header":
            text = block.get("text")
            return plain(str(text.get("text", "")), users) if isinstance(text, dict) else ""
        case _:
            return ""


def _spans(elements: Sequence[object], users: Mapping[str, str]) -> str:
    parts: list[str] = []
    for each in elements:
        if not isinstance(each, dict):
            continue
        text = str(each.get("text") or "")
        match each.get("type"):
            case "link":
                url = str(each.get("url") or "")
                parts.append(f"[{text}]({url})" if text and text != url else url)
            case "user":
                name = str(each.get("user_id") or "")
                parts.append("@" + users.get(name, name).removesuffix(" [bot]"))
            case "emoji":
                parts.append(f":{each.get('name')}:")
            case "channel":
                parts.append(f"#{each.get('channel_id')}")
            case "broadcast":
                parts.append(f"@{each.get('range')}")
            case _:
                parts.append(text)
    return "".join(parts)
