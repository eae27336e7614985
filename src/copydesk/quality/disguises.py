"""Undoing what hides an instruction: look-alike letters, spaced, mirrored, shifted, shuffled words.

Each way yields how a sentence would read without the disguise, and only where it looks disguised;
whether that is an instruction is for `injection` to say. Nothing here changes a text.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, TypeAlias

from copydesk.quality.lexicon import lexicon

_Way: TypeAlias = Callable[[str], Iterator[str]]

_LEET: Final = str.maketrans("013457@$", "oieastas")
_MIXED: Final = re.compile(r"(?<![\w@$])[\d@$]*+[A-Za-z][\w@$]*")
#: Where a letter stands beside what may stand for one; elsewhere `_MIXED` changes nothing.
_BESIDE_LETTER: Final = re.compile(r"[\d@$](?:(?=[^\W\d])|(?<=[^\W\d][\d@$]))")
_SPACED: Final = re.compile(r"(?<!\w)(?:\w[ .\-_]){4,80}\w(?!\w)")
_SPACED_ANYWHERE: Final = re.compile(r"[ .\-_]\w[ .\-_]\w[ .\-_]\w[ .\-_]\w")
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
_SHORTEST_BLOCK: Final = 20
_ENCODED: Final = re.compile(
    r"(?<![\w+/=])(?:(?P<hex>(?:[0-9a-fA-F]{2}){12,200})|(?P<base>[A-Za-z0-9+/]{20,400}={0,2}))(?![\w+/=])"
)


def ways_to_hide(text: str) -> list[_Way]:
    """Return the ways in which a sentence of `text` may be disguised.

    Each takes a sentence and yields how it may have been meant to be read, if it looks disguised.
    """
    ways: list[_Way] = [_turned]
    if not text.isascii():
        ways.append(_confused)
    if _BESIDE_LETTER.search(text) or _SPACED_ANYWHERE.search(text):
        ways.append(_replaced)
    words = set(_WORD.findall(text))
    if max(map(len, words), default=0) >= _LONG:
        ways.append(_glued)
    if any(len(word) >= _SHORTEST and _is_shuffled(word) for word in words):
        ways.append(_shuffled)
    return ways


def _turned(sentence: str) -> Iterator[str]:
    """Yield a sentence read backwards, and with its letters shifted by half the alphabet."""
    function = lexicon("en").function
    # a word in small letters between spaces is found faster
    if not function.isdisjoint(sentence.split()):
        return
    words = _WORD.findall(sentence)
    if len(words) >= _WORDS and function.isdisjoint(map(str.casefold, words)):
        yield sentence[::-1]
        yield codecs.encode(sentence, "rot13")


def _confused(sentence: str) -> Iterator[str]:
    if not sentence.isascii() and _TWO_SCRIPTS.search(sentence):
        yield sentence.translate(_CONFUSABLE)


def _replaced(sentence: str) -> Iterator[str]:
    """Yield a sentence with digits and signs read as letters, and spaced words closed."""
    closed = sentence
    if _SPACED_ANYWHERE.search(sentence):
        closed = _SPACED.sub(lambda m: re.sub(r"[ .\-_]", "", m[0]) + " ", sentence)
    lookalike = closed
    if _BESIDE_LETTER.search(closed):
        lookalike = _MIXED.sub(lambda m: m[0].translate(_LEET), closed)
    if lookalike != sentence:
        yield lookalike


def _glued(sentence: str) -> Iterator[str]:
    if any(len(word) >= _LONG for word in _WORD.findall(sentence)):
        for word in ("ignore", "disregard", "all", "previous", "above", "reveal", "your", "system"):
            sentence = re.sub(rf"(?i){word}", f"{word} ", sentence)
        yield sentence


def _shuffled(sentence: str) -> Iterator[str]:
    if any(len(word) >= _SHORTEST and _is_shuffled(word) for word in _WORD.findall(sentence)):
        yield _WORD.sub(lambda m: _SHUFFLED.get("".join(sorted(m[0].casefold())), m[0]), sentence)


# The same words come again and again.
@lru_cache(maxsize=8192)
def _is_shuffled(word: str) -> bool:
    folded = word.casefold()
    return _SHUFFLED.get("".join(sorted(folded)), folded) != folded


def encoded(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of encoded blocks (base 64 or hexadecimal) that hold readable words."""
    if max(map(len, text.split()), default=0) < _SHORTEST_BLOCK:
        return
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
