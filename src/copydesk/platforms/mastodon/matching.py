"""Recognising our own status among an account's: the text before the server made HTML of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any, Final

from copydesk.core.delivery import Outgoing
from copydesk.platforms.kit.retry_after import parse_date

#: How far the instance's clock may be behind ours before we overlook our own status.
CLOCK_TOLERANCE: Final = timedelta(minutes=2)

_SPACE = re.compile(r"\s+")
_REMOTE_MENTION = re.compile(r"(?<![=/\w])(@[\w.-]+)@[\w.-]+\w")


def window_start(outgoing: Outgoing) -> datetime | None:
    """Return the earliest time (aware UTC) a status of this delivery can have, None if unsent."""
    return outgoing.first_sent_at - CLOCK_TOLERANCE if outgoing.first_sent_at else None


def created_at(status: dict[str, Any]) -> datetime | None:
    """Return when `status` was made (aware UTC), None when it does not say."""
    return parse_date(str(status.get("created_at", "")))


def may_be_ours(status: Mapping[str, Any], sent: Mapping[str, Any], parent: str = "") -> bool:
    """Tell whether everything about `status` but its text agrees with what was `sent`; `parent` is
    the id of the status it answers."""
    return (
        status.get("reblog") is None
        and str(status.get("in_reply_to_id") or "") == parent
        and status.get("visibility", sent["visibility"]) == sent["visibility"]
        and len(status.get("media_attachments") or ()) == len(sent["media"])
        and same_words(status.get("spoiler_text"), sent["spoiler_text"])
    )


def same_words(shown: Any, sent: str) -> bool:
    """Tell whether a field `shown` by the instance (None for none) is what we `sent`."""
    return _even(str(shown or "")) == _even(sent)


def same_source(source: str, sent: Mapping[str, Any]) -> bool:
    """Tell whether `source`, the plain text a server keeps, is what was `sent`."""
    return _even(source) == _even(sent["status"])


def same_html(content: str, sent: Mapping[str, Any]) -> bool:
    """Tell whether `content`, a status as HTML, shows what was `sent`; for servers without sources.

    HTML shows a remote mention without its host, so hosts are left out of the comparison.
    """
    ours = _REMOTE_MENTION.sub(r"\1", sent["status"])
    shown = _REMOTE_MENTION.sub(r"\1", _text_of(content))
    return _even(shown) == _even(ours)


def _even(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


def _text_of(content: str) -> str:
    reader = _StatusText()
    reader.feed(content)
    reader.close()
    return "".join(reader.parts)


class _StatusText(HTMLParser):
    """Collects the text of a status; paragraphs and line breaks become white space."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"br", "p"}:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)
