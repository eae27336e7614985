"""LinkedIn's "little text": the format of a post's commentary.

Every reserved character has to be escaped, used or not: LinkedIn silently cuts the text at the
first one that is not. Two kinds of markup are ours: mentions `@[Name](urn:li:organization:1)` and
hashtags. Pure.
Source: https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format
(version 2026-05, checked 2026-11-22).
"""

from __future__ import annotations

from typing import Final

import regex

from copydesk.transformation.counting import utf16_units

#: What has a meaning in little text.
RESERVED: Final = "\\|{}@[]()<>#*_~"

_RESERVED: Final = regex.compile(f"[{regex.escape(RESERVED, special_only=False)}]")
_ESCAPED: Final = regex.compile(rf"\\({_RESERVED.pattern})")

_URN: Final = r"urn:li:(?:person|organization):[\w-]+"
_TAG: Final = r"[\p{L}\p{M}\p{N}_]*\p{L}[\p{L}\p{M}\p{N}_]*"

#: What stands in plain text and is more than characters. An address comes first, so that nothing in
#: it is taken for a hashtag. The second form of a mention is what plain text makes of a Markdown
#: link after an @.
_MARKUP: Final = regex.compile(
    rf"""(?P<address>https?://\S+)
    | @\[(?P<name>[^\[\]\n]+)\]\((?P<urn>{_URN})\)
    | @(?P<words>[^@()\[\]\n]{{1,100}}?)[ ]\((?P<named>{_URN})\)
    | (?<![\p{{L}}\p{{M}}\p{{N}}_&/\#@])\#(?P<tag>{_TAG})""",
    regex.VERBOSE,
)

#: What stands in little text.
_WRITTEN: Final = regex.compile(
    r"""\\(?P<plain>.)
    | @\[(?P<name>(?:\\.|[^\]\\])*)\]\s?\(urn:li:[^()\s]*\)
    | \{hashtag\|\\?[#＃]\|(?P<tag>(?:\\.|[^}\\])*)\}""",
    regex.VERBOSE | regex.DOTALL,
)


def escape(text: str) -> str:
    """Return `text` as little text in which nothing has a meaning."""
    return str(_RESERVED.sub(r"\\\g<0>", text))


def unescape(text: str) -> str:
    """Return escaped `text` as it was; markup stays as it is."""
    return str(_ESCAPED.sub(r"\1", text))


def to_little(text: str) -> str:
    """Return plain `text` as commentary: mentions and hashtags marked up, all else escaped."""
    parts: list[str] = []
    position = 0
    for found in _MARKUP.finditer(text):
        parts += (escape(text[position : found.start()]), _marked_up(found))
        position = found.end()
    return "".join((*parts, escape(text[position:])))


def length(text: str) -> int:
    """Return how long plain `text` is as commentary, in UTF-16 units after escaping.

    LinkedIn does not say what it counts; nothing it could count is more.
    """
    return utf16_units(to_little(text))


def shown(commentary: str) -> str:
    """Return the characters a reader sees of `commentary`: a mention is its name alone."""
    return str(_WRITTEN.sub(_as_read, commentary))


def _marked_up(found: regex.Match[str]) -> str:
    if found["address"] is not None:
        return escape(found["address"])
    if found["tag"] is not None:
        return f"{{hashtag|\\#|{escape(found['tag'])}}}"
    name, urn = found["name"] or found["words"], found["urn"] or found["named"]
    # LinkedIn escapes an underscore in the id itself when it shows a post
    return f"@[{escape(name)}]({escape(urn)})"


def _as_read(found: regex.Match[str]) -> str:
    if found["plain"] is not None:
        return str(found["plain"])
    if found["name"] is not None:
        return unescape(found["name"])
    return f"#{unescape(found['tag'])}"
