"""One raw input in, one parsed message out: the pure entry to intake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import ParsedMessage, Source
from copydesk.intake.charsets import refuse_binary
from copydesk.intake.chat import parse_chat
from copydesk.intake.community import parse_community
from copydesk.intake.email import parse_email
from copydesk.intake.feed import parse_feed
from copydesk.intake.form import parse_form
from copydesk.intake.language import detect_language
from copydesk.intake.sources import detect_source

#: Bytes one input may have. Mail servers stop at about as much.
MAX_BYTES: Final = 25_000_000

_PARSERS: Final[dict[Source, Callable[..., ParsedMessage]]] = {
    Source.EMAIL: parse_email,
    Source.FORM: parse_form,
    Source.CHAT: parse_chat,
    Source.COMMUNITY: parse_community,
    Source.FEED: parse_feed,
}


def parse(raw: bytes, *, filename: str = "", source: Source | None = None) -> ParsedMessage:
    """Return what `raw` says: its decoded text tiled by segments, and what is known about it.

    `filename` helps to tell the source when `source` is None. Pure: the bytes are the caller's to
    keep. Raises `InputRefused` with one of the problems `empty`, `too_large`, `binary`,
    `undecodable`, `broken_mime`, `html_bomb`, `bad_json`, `bad_form`, `bad_csv`,
    `bad_feed`, `feed_bomb`, `no_text`.
    """
    if len(raw) > MAX_BYTES:
        raise InputRefused(
            "too_large",
            f"The input has {len(raw):,} bytes; {MAX_BYTES:,} are allowed.",
            remedy="Send the text alone, with large files as links.",
        )
    if not raw.strip():
        raise InputRefused(
            "empty", "The input is empty.", remedy="Check what was sent and send it again."
        )
    refuse_binary(raw)
    chosen = source or detect_source(raw, filename)
    message = _PARSERS[chosen](raw, filename=filename)
    return replace(message, language=detect_language(message.reply))
