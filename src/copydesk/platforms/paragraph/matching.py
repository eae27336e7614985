"""Recognising a post by its words. Paragraph keeps a document of its own and writes Markdown from
it anew, so the marks between the words differ from those that were sent."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from copydesk.transformation.document import parse_markdown
from copydesk.transformation.text import to_text


def is_same_post(shown: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Tell whether `shown`, a post with its content, has the title and words of `payload`."""
    return not differences(shown, payload)


def differences(shown: Mapping[str, Any], payload: Mapping[str, Any]) -> list[str]:
    """Return which of title, subtitle and text are not what was sent, in words for people."""
    same = {
        "title": _even(shown.get("title")) == _even(payload["title"]),
        "subtitle": _even(shown.get("subtitle")) == _even(payload["subtitle"]),
        "text": _words(shown.get("markdown")) == _words(payload["markdown"]),
    }
    return [field for field, is_same in same.items() if not is_same]


def _even(value: Any) -> str:
    return " ".join(str(value or "").split())


def _words(markdown: Any) -> str:
    """Return the letters and digits of a text as people read it: no marks, no addresses."""
    text, _ = to_text(parse_markdown(str(markdown or "")), images="drop", links="drop")
    return "".join(c for c in unicodedata.normalize("NFC", text) if c.isalnum())
