"""CSS and addresses within drawings: what points into the drawing itself or holds a picture stays;
what would be loaded from elsewhere goes."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_IMPORT: Final = re.compile(r"@import\b[^;]*;?", re.IGNORECASE)
#: A function that names a file, up to its end.
_LOADED: Final = re.compile(
    r"(url|src|image|image-set|-webkit-image-set|cross-fade|expression)\s*\("
    r"""(\s*(?:"[^"]*"|'[^']*'|[^()"']|\([^()]*\))*)\)?""",
    re.IGNORECASE,
)
_RUNNING: Final = re.compile(r"\b(?:-moz-binding|behavior)\s*:[^;}]*", re.IGNORECASE)
#: Pictures and fonts that stand in a drawing themselves.
_HELD: Final = re.compile(
    r"data:(image/(?:png|jpe?g|gif|webp|avif)|font/[\w+-]+|application/(?:x-)?font-[\w+-]+)"
    r"((?:;[\w=+-]+)*),(.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_SPACE: Final = re.compile(r"[\x00-\x20]+")
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_LINKED: Final = frozenset({"http", "https", "mailto", "tel"})


def plain_css(css: str) -> tuple[str, bool]:
    """Return CSS without comments and without what it would load from elsewhere, and whether there
    was any of that."""
    plain = _COMMENT.sub(" ", css)
    if "\\" in plain:
        # what was spelled out must not spell anything again
        plain = _ESCAPED.sub(_spelled, plain).replace("\\", "")
        plain = _COMMENT.sub(" ", plain)
    # a space, since what stands on both sides must not become one word
    less, rules = _IMPORT.subn(" ", plain)
    less, run = _RUNNING.subn(" ", less)
    dropped: list[str] = []
    less = _LOADED.sub(lambda found: _loaded(found, dropped), less)
    return less, bool(rules or run or dropped)


def plain_reference(value: str, *, is_link: bool = False) -> str | None:
    """Return an address that may stay in a drawing, None for one that may not.

    A link may lead anywhere (`is_link`); all else only to the drawing itself, or hold its file.
    """
    from copydesk.transformation.metadata.baring import without_metadata

    packed = _SPACE.sub("", value)
    if packed.startswith("#") or not packed:
        return value
    if is_link:
        scheme = _SCHEME.match(packed)
        return value if scheme is None or scheme[1].lower() in _LINKED else None
    held = _HELD.match(packed)
    if held is None:
        return None
    if not held[1].lower().startswith("image/"):
        return value
    try:
        if held[2].lower().endswith(";base64"):
            data = base64.b64decode(unquote_to_bytes(held[3]), validate=True)
        else:
            data = unquote_to_bytes(held[3])
    except (binascii.Error, ValueError):
        return None
    plain = without_metadata(data)
    if plain is data:
        return value
    return f"data:{held[1]};base64,{base64.b64encode(plain).decode()}"


def _spelled(found: re.Match[str]) -> str:
    """Return the character that an escape spells."""
    if found[1] is None:
        return found[2]
    number = int(found[1], 16)
    return chr(number) if 0 < number < 0xD800 or 0xDFFF < number < 0x110000 else ""


def _loaded(found: re.Match[str], dropped: list[str]) -> str:
    """Return what stands for a function that names a file; adds to `dropped` one that may not."""
    address = found[2].strip().strip("\"'")
    kept = plain_reference(address) if found[1].lower() == "url" else None
    if kept is None:
        dropped.append(address)
        return "none"
    return found[0] if kept == address else f'url("{kept}")'


__all__ = ["plain_css", "plain_reference"]
