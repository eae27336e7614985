"""Liquid, the template language every dev.to article runs through, and how to keep out of it.

A Forem renders Markdown first and Liquid second. Code it guards by itself; anything else that looks
like a tag is run: what is unknown makes the save fail, and a variable vanishes from the text. Read
in forem/forem, app/services/markdown_processor/parser.rb (2026-11-22).
"""

from __future__ import annotations

import re
from typing import Final

#: Tags and variables as Liquid cuts them out; an opening alone starts one that never ends.
_TOKEN: Final = re.compile(r"\{%.*?%\}|\{\{.*?\}\}?|\{%|\{\{", re.DOTALL)
_OPENING: Final = re.compile(r"\{%|\{\{")

#: What a Forem takes for code, and so guards; it looks at characters, not at Markdown.
_CODE: Final = re.compile(r"~{3}.*?~{3}|`{3}.*?`{3}|`{2}.+?`{2}|`.+?`", re.DOTALL)

_TAG: Final = re.compile(r"\{%-?\s*(\w+)")

#: The tags that we write ourselves.
_OURS: Final = frozenset({"embed", "cta", "endcta"})


def guard(text: str) -> str:
    """Return `text`, which is not code, so that Liquid shows it as it is."""
    return _TOKEN.sub(_raw, text)


def strays(body: str) -> list[str]:
    """Return what Liquid would run of `body`, a whole article, besides the tags we write."""
    found: list[str] = []
    is_raw = False
    for match in _TOKEN.finditer(_CODE.sub(" ", body)):
        token = match[0]
        name = _TAG.match(token)
        tag = name[1] if name else ""
        if is_raw:
            # a token ends a raw stretch even when it begins with what was to be shown
            is_raw = not re.search(r"\{%-?\s*endraw\s*-?%\}\Z", token)
        elif tag == "raw":
            is_raw = True
        elif tag not in _OURS:
            found.append(token)
    return found


def _raw(match: re.Match[str]) -> str:
    token = match[0]
    if "endraw" in token:
        # it would end the guard, so its openings are shown one by one
        return _OPENING.sub(lambda opening: f"{{% raw %}}{opening[0]}{{% endraw %}}", token)
    return f"{{% raw %}}{token}{{% endraw %}}"
