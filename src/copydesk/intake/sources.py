"""Which channel an input came through, when nobody said so: by file name, then by its looks."""

from __future__ import annotations

import json
from typing import Final

from copydesk.core.submission import Source
from copydesk.intake import charsets, separators
from copydesk.intake.chat import is_chat_export, is_transcript
from copydesk.intake.community import is_html
from copydesk.intake.feed import is_feed
from copydesk.intake.form import is_form_encoded, is_multipart
from copydesk.intake.lines import split_lines
from copydesk.intake.mime import has_mail_headers

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
    "html": Source.COMMUNITY,
    "htm": Source.COMMUNITY,
    "xhtml": Source.COMMUNITY,
    "rss": Source.FEED,
    "atom": Source.FEED,
    "rdf": Source.FEED,
}
_SAMPLE: Final = 64_000


def detect_source(raw: bytes, filename: str = "") -> Source:
    """Return the likeliest source of `raw`.

    What cannot be told apart is a community post: that source cuts nothing.
    """
    suffix = filename.rsplit(".", 1)[-1].lower() if "." in filename else ""
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
        return _json_source(raw)
    text = charsets.decode(raw[:_SAMPLE].rsplit(b"\n", 1)[0] if len(raw) > _SAMPLE else raw).text
    if is_form_encoded(text):
        return Source.FORM
    if is_transcript(text):
        return Source.CHAT
    if is_html(text, ""):
        return Source.COMMUNITY
    return Source.EMAIL if _quotes_mail(text) else Source.COMMUNITY


def _json_source(raw: bytes) -> Source:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        # a transcript may begin with "[12:01]"; anything else is a form with a fault in it
        text = raw[:_SAMPLE].decode("utf-8", "replace")
        return Source.CHAT if is_transcript(text) else Source.FORM
    return Source.CHAT if is_chat_export(value) else Source.FORM


def _quotes_mail(text: str) -> bool:
    lines = split_lines(text)
    return any(
        separators.is_original_marker(line)
        or separators.is_forward_marker(line)
        or (line.bare.endswith(":") and separators.attribution(lines, index) >= 0)
        or (":" in line.bare and separators.header_block(lines, index) > 0)
        for index, line in enumerate(lines)
        if not line.blank
    )
