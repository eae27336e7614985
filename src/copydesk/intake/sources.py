"""Which channel an input came through, when nobody said so: by file name, then by its looks."""

from __future__ import annotations

import json
import re
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Source
from copydesk.intake import charsets
from copydesk.intake.bodies import is_mail_page, is_mail_text
from copydesk.intake.chat import is_chat_export
from copydesk.intake.chat_exports import is_chat_table
from copydesk.intake.community import is_html
from copydesk.intake.feed import is_feed
from copydesk.intake.form import is_form_encoded, is_multipart
from copydesk.intake.mime import has_mail_headers
from copydesk.intake.tables import read_table
from copydesk.intake.transcripts import is_transcript

_BY_SUFFIX: Final = {
    "eml": Source.EMAIL,
    "mbox": Source.EMAIL,
    "form": Source.FORM,
    "urlencoded": Source.FORM,
    "csv": Source.FORM,
    "tsv": Source.FORM,
    "chat": Source.CHAT,
    "irc": Source.CHAT,
    "log": Source.CHAT,
    "md": Source.COMMUNITY,
    "markdown": Source.COMMUNITY,
    "rss": Source.FEED,
    "atom": Source.FEED,
    "rdf": Source.FEED,
}
_SAMPLE: Final = 64_000
_JSON: Final = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*(?:[\"{\]]|\[\s*\"))")


def detect_source(raw: bytes, filename: str = "") -> Source:
    """Return the likeliest source of `raw`.

    What cannot be told apart is a community post: that source cuts nothing.
    """
    suffix = filename.rsplit(".", 1)[-1].lower() if "." in filename else ""
    if suffix == "csv" and _is_chat_table(raw):
        return Source.CHAT
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if has_mail_headers(raw):
        return Source.EMAIL
    if is_feed(raw):
        return Source.FEED
    if is_multipart(raw):
        return Source.FORM
    start = raw[:4].lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    if suffix == "json" or start in (b"{", b"["):
        found = _json_source(raw, is_named=suffix == "json")
        if found is not None:
            return found
    text = charsets.decode(raw[:_SAMPLE].rsplit(b"\n", 1)[0] if len(raw) > _SAMPLE else raw).text
    if is_form_encoded(text):
        return Source.FORM
    if is_transcript(text):
        return Source.CHAT
    mail = is_mail_page(text) if is_html(text, filename) else is_mail_text(text)
    return Source.EMAIL if mail else Source.COMMUNITY


def _is_chat_table(raw: bytes) -> bool:
    try:
        return is_chat_table(read_table(raw).columns)
    except InputRefused:
        return False  # whoever reads it says what is wrong with it


def _json_source(raw: bytes, *, is_named: bool) -> Source | None:
    """Return the source of what begins as JSON may, None where it is a text all the same."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        # a transcript may begin with "[12:01]", a text with "[Update]"; what looks like JSON beyond
        # its first mark is a form with a fault in it
        text = raw[:_SAMPLE].decode("utf-8", "replace")
        if is_transcript(text):
            return Source.CHAT
        return Source.FORM if is_named or _JSON.match(text) else None
    return Source.CHAT if is_chat_export(value) else Source.FORM
