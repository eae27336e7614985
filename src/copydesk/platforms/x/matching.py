"""Recognising our own post among an account's: its text before X put its own links into it.

X escapes `&`, `<` and `>`, wraps every address in t.co, adds one for attached files, and keeps the
whole of a long post apart. The API is renaming tweets to posts (its specification since 2026-08-07,
its guides not yet), so both names of a field are read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from copydesk.core.delivery import Outgoing
from copydesk.platforms.kit.retry_after import parse_date
from copydesk.transformation.weighted import find_addresses

#: How far X's clock may be behind ours before we overlook our own post.
CLOCK_TOLERANCE: Final = timedelta(minutes=2)

#: What is read of a post to compare it with what was sent.
FIELDS: Final = (
    "attachments,conversation_id,created_at,entities,in_reply_to_user_id,note_tweet,"
    "referenced_tweets,text"
)

#: What the choice of fields is called, and how the fields are that have another name or none there.
OLD_NAME: Final = "tweet.fields"
NEW_NAME: Final = "post.fields"
_RENAMED: Final = {"note_tweet": "note_post", "referenced_tweets": "", "in_reply_to_user_id": ""}

_SHORT = re.compile(r"https?://t\.co/[A-Za-z0-9]+")
_OF_A_FILE = re.compile(r"/status/\d+/(?:photo|video)/\d+$")
_ESCAPES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_SPACE = re.compile(r"\s+")
_SCHEME = re.compile(r"^https?://", re.IGNORECASE)


def renamed(fields: str) -> str:
    """Return `fields` as the specification calls them since it says posts; what it has no word for
    it gives unasked."""
    names = (_RENAMED.get(name, name) for name in fields.split(","))
    return ",".join(filter(None, names))


def window_start(outgoing: Outgoing) -> datetime | None:
    """Return the earliest time (aware UTC) a post of this delivery can have, None if unsent."""
    if outgoing.first_sent_at is None:
        return None
    return (outgoing.first_sent_at - CLOCK_TOLERANCE).replace(microsecond=0)


def created_at(post: Mapping[str, Any]) -> datetime | None:
    """Return when `post` was made (aware UTC), None when it does not say."""
    return parse_date(str(post.get("created_at") or ""))


def history(post: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of all versions of `post`, the oldest first; () when it does not say."""
    ids = post.get("edit_history_tweet_ids") or post.get("edit_history_post_ids") or ()
    return tuple(str(id) for id in ids) if isinstance(ids, list) else ()


def answers(post: Mapping[str, Any], parent: str) -> bool:
    """Tell whether `post` stands where a part of ours belongs: a reply to `parent`, or with "" no
    reply at all. Where X does not say, its text has to do."""
    listed = post.get("referenced_tweets") or post.get("referenced_posts")
    replied = [
        str(one.get("id"))
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict) and one.get("type") == "replied_to"
    ]
    if parent:
        return not replied or parent in replied
    return not replied and not post.get("in_reply_to_user_id")


def same_text(post: Mapping[str, Any], sent: str) -> bool | None:
    """Tell whether `post` has the text we `sent`; None when a link in it cannot be undone and
    everything else agrees."""
    text, entities = _whole(post)
    shown = _unescaped(_expanded(text, entities))
    if not _SHORT.search(shown) or _SHORT.search(sent):
        return _even(shown) == _even(sent)
    pieces = [re.escape(_even(piece)) for piece in _SHORT.split(shown)]
    pattern = r"\s*\S*\s*".join(pieces)
    return None if re.fullmatch(pattern, _even(sent)) else False


def _whole(post: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    note = post.get("note_tweet") or post.get("note_post")
    if isinstance(note, dict) and isinstance(note.get("text"), str):
        return note["text"], _mapping(note.get("entities")) or _mapping(post.get("entities"))
    return str(post.get("text") or ""), _mapping(post.get("entities"))


def _expanded(text: str, entities: Mapping[str, Any]) -> str:
    urls = entities.get("urls")
    for one in urls if isinstance(urls, list) else []:
        if not isinstance(one, dict) or not one.get("url"):
            continue
        address = str(one.get("expanded_url") or "")
        if not address:
            continue
        is_file = one.get("media_key") or _OF_A_FILE.search(address)
        text = text.replace(str(one["url"]), "" if is_file else address)
    return text


def _unescaped(text: str) -> str:
    for escaped, character in _ESCAPES:
        text = text.replace(escaped, character)
    return text


def _even(text: str) -> str:
    """Return `text` with even white space and its addresses as X and we both may write them."""
    text = unicodedata.normalize("NFC", text)
    evened: list[str] = []
    position = 0
    for address in find_addresses(text):
        evened += [text[position : address.start], _bare(text[address.start : address.end])]
        position = address.end
    return _SPACE.sub(" ", "".join([*evened, text[position:]])).strip()


def _bare(address: str) -> str:
    # a bare domain comes back with a scheme and in lower case, perhaps with a slash
    return _SCHEME.sub("", address).rstrip("/").lower()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
