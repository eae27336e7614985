"""Characters that no page and no feed may contain."""

from __future__ import annotations

from typing import Final

import regex

# https://www.w3.org/TR/xml/#charsets and https://html.spec.whatwg.org/#preprocessing-the-input-stream:
# controls but tab and line ends, surrogates, and the code points Unicode keeps for no character.
_FORBIDDEN: Final = regex.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\p{Cs}\p{Noncharacter_Code_Point}]"
)


def without_controls(text: str) -> str:
    """Return `text` without control characters and noncharacters; tabs and line ends stay."""
    return _FORBIDDEN.sub("", text)
