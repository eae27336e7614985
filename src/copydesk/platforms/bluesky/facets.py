"""The text of a post as it is shown, and the facets that make links, mentions and hashtags of it.

Nothing is linked by the server: a facet names a stretch of the text in UTF-8 bytes and what it is.
So a long address is shown in short, as Bluesky's own app does, and still leads to the whole one.
Source: https://docs.bsky.app/docs/advanced-guides/post-richtext (checked 2026-11-22).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from copydesk.core.findings import Loss
from copydesk.platforms.bluesky.addresses import is_handle
from copydesk.transformation.counting import graphemes, utf8_bytes
from copydesk.transformation.richtext import Span, SpanKind, find_spans

#: An address up to this long is shown as it is; of a longer one, so much of what follows its host.
SHOWN_WHOLE: Final = 30
_SHOWN_PATH: Final = 14

#: The longest hashtag; source: lexicon app.bsky.richtext.facet#tag.
_TAG_GRAPHEMES: Final = 64
_TAG_BYTES: Final = 640

_FACET: Final = "app.bsky.richtext.facet"


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as it is shown: its facets, the links shown in short, and the mentions that are none.

    The facet of a mention has a `handle` where the network wants a `did`: that is looked up when
    the post is prepared.
    """

    text: str
    facets: tuple[dict[str, Any], ...] = ()
    shortened: tuple[str, ...] = ()
    not_handles: tuple[str, ...] = ()


def show(text: str) -> Shown:
    """Return `text` as it is shown. Pure and deterministic."""
    parts: list[str] = []
    facets: list[dict[str, Any]] = []
    shortened: list[str] = []
    not_handles: list[str] = []
    position = offset = 0
    for span in find_spans(text):
        before = text[position : span.start]
        words, feature = _shown_span(text, span)
        offset += utf8_bytes(before)
        end = offset + utf8_bytes(words)
        if feature is not None:
            index = {"byteStart": offset, "byteEnd": end}
            facets.append({"index": index, "features": [feature]})
        elif span.kind is SpanKind.MENTION:
            not_handles.append(words)
        if words != text[span.start : span.end]:
            shortened.append(span.target)
        parts += (before, words)
        position, offset = span.end, end
    parts.append(text[position:])
    return Shown("".join(parts), tuple(facets), tuple(shortened), tuple(not_handles))


def shown_graphemes(text: str) -> int:
    """Return the length of `text` in user-perceived characters, as it is shown."""
    return graphemes(_shown_text(text))


def shown_bytes(text: str) -> int:
    """Return the length of `text` in UTF-8 bytes, as it is shown."""
    return utf8_bytes(_shown_text(text))


def losses_of(shown: tuple[Shown, ...]) -> tuple[Loss, ...]:
    """Return what showing these texts changed."""
    links = [url for one in shown for url in one.shortened]
    mentions = dict.fromkeys(words for one in shown for words in one.not_handles)
    losses = [
        Loss(
            what=f"mention {words}",
            how="stays plain text",
            why="handles on Bluesky are domain names, such as @ada.example.org",
        )
        for words in mentions
    ]
    if links:
        losses.append(
            Loss(
                what=f"{len(links)} long addresses" if len(links) > 1 else "a long address",
                how="shown in short; the link leads to all of it",
                why="every character counts, and Bluesky's own app shows addresses like that",
            )
        )
    return tuple(losses)


def _shown_text(text: str) -> str:
    # what is measured while a post is split, over and over: only addresses change the length
    return show(text).text if "://" in text else text


def _shown_span(text: str, span: Span) -> tuple[str, dict[str, Any] | None]:
    words = text[span.start : span.end]
    match span.kind:
        case SpanKind.LINK:
            in_code = text[: span.start].endswith("`")
            return (
                words if in_code else _short(words),
                {"$type": f"{_FACET}#link", "uri": span.target},
            )
        case SpanKind.TAG:
            fits = graphemes(span.target) <= _TAG_GRAPHEMES
            if fits and utf8_bytes(span.target) <= _TAG_BYTES:
                return words, {"$type": f"{_FACET}#tag", "tag": span.target}
            return words, None
        case SpanKind.MENTION:
            if is_handle(span.target):
                return words, {"$type": f"{_FACET}#mention", "handle": span.target.lower()}
            return words, None


def _short(words: str) -> str:
    if len(words) <= SHOWN_WHOLE:
        return words
    try:
        parts = urlsplit(words)
    except ValueError:
        return words
    if parts.scheme.lower() not in {"http", "https"} or not parts.netloc or "@" in parts.netloc:
        return words  # whom an address with a name in it leads to must stay readable
    rest = words.partition("://")[2].removeprefix(parts.netloc)
    if len(rest) <= _SHOWN_PATH + 1:
        return parts.netloc + rest.removesuffix("/")
    return f"{parts.netloc}{rest[:_SHOWN_PATH]}…"
