"""Undoing what hides an instruction: look-alike letters, spaced, mirrored, shifted, shuffled words.

Each way yields how a sentence would read without the disguise, and only where it looks disguised;
whether that is an instruction is for `injection` to say. Nothing here changes a text.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from copydesk.quality.lexicon import lexicon

_LEET: Final = str.maketrans("013457@$", "oieastas")
_LOOKALIKE: Final = frozenset("013457@$")
_MIXED: Final = re.compile(r"(?<![\w@$])[\d@$]*+[A-Za-z][\w@$]*")
_SPACED: Final = re.compile(r"(?<!\w)(?:\w[ .\-_]){4,80}\w(?!\w)")
# Cyrillic and Greek letters that look like Latin ones
_CONFUSABLE: Final = str.maketrans(
    "аеіорсухѕјԁһӏвкмнтАЕІОРСУХВКМНТαειοκνρτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeiopcyxsjdhlbkmhtAEIOPCYXBKMHTaeioknptuxABEZHIKMNOPTYX",
)
_TWO_SCRIPTS: Final = re.compile(r"[A-Za-z][\u0370-\u04ff]|[\u0370-\u04ff][A-Za-z]")
_WORD: Final = re.compile(r"[A-Za-z]+")
_WORDS: Final = 4
_LONG: Final = 16
#: What instructions to a machine are made of, for words whose letters were shuffled or glued.
_KEYWORDS: Final = (
    "answer", "assistant", "behave", "content", "disregard", "everything", "forget", "generate",
    "guidelines", "ignore", "instruction", "instructions", "message", "output", "override",
    "pretend", "previous", "print", "prompt", "repeat", "reply", "respond", "response", "reveal",
    "rules", "secret", "system", "translate",
)  # fmt: skip
_SHORTEST: Final = min(map(len, _KEYWORDS))
_SHUFFLED: Final = {"".join(sorted(word)): word for word in _KEYWORDS}
_ENCODED: Final = re.compile(
    r"(?<![\w+/=])(?:(?P<hex>(?:[0-9a-fA-F]{2}){12,200})|(?P<base>[A-Za-z0-9+/]{20,400}={0,2}))(?![\w+/=])"
)


def undisguised(sentence: str) -> Iterator[str]:
    """Yield the ways in which a sentence may have been meant to be read, if it looks disguised."""
    if not sentence.isascii() and _TWO_SCRIPTS.search(sentence):
        yield sentence.translate(_CONFUSABLE)
    if not _LOOKALIKE.isdisjoint(sentence) or _SPACED.search(sentence):
        spaced = _SPACED.sub(lambda m: re.sub(r"[ .\-_]", "", m[0]) + " ", sentence)
        lookalike = _MIXED.sub(lambda m: m[0].translate(_LEET), spaced)
        if lookalike != sentence:
            yield lookalike
    words = _WORD.findall(sentence)
    long = [word for word in words if len(word) >= _SHORTEST]
    if any(len(word) >= _LONG for word in long):
        yield _unglued(sentence)
    if len(words) >= _WORDS and lexicon("en").function.isdisjoint(map(str.casefold, words)):
        yield sentence[::-1]
        yield codecs.encode(sentence, "rot13")
    if any(map(_is_shuffled, long)):
        yield _WORD.sub(lambda m: _SHUFFLED.get("".join(sorted(m[0].casefold())), m[0]), sentence)


def _unglued(sentence: str) -> str:
    for word in ("ignore", "disregard", "all", "previous", "above", "reveal", "your", "system"):
        sentence = re.sub(rf"(?i){word}", f"{word} ", sentence)
    return sentence


# The same words come again and again.
@lru_cache(maxsize=8192)
def _is_shuffled(word: str) -> bool:
    folded = word.casefold()
    return _SHUFFLED.get("".join(sorted(folded)), folded) != folded


def encoded(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of encoded blocks (base 64 or hexadecimal) that hold readable words."""
    for match in _ENCODED.finditer(text):
        try:
            if match["hex"]:
                data = bytes.fromhex(match["hex"])
            else:
                block = match["base"].rstrip("=")
                data = base64.b64decode(block[: len(block) // 4 * 4], validate=True)
            decoded = data.decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue
        readable = sum(c.isalpha() or c.isspace() for c in decoded)
        if " " in decoded and readable > 0.8 * len(decoded):
            yield match.span()
