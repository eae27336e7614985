"""Tags and a category read off a text by plain rules. None is better than nonsense.

A word becomes a tag only when the author came back to it, so a short note has no tags at all. In
scripts without spaces between words no tags are guessed.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from importlib import resources
from typing import Final

import regex

from copydesk.generation.rewrite import MAX_TAGS

_MIN_LETTERS: Final = 4
_MIN_USES: Final = 2
_MAX_HASHTAG: Final = 40

_NOT_PROSE: Final = regex.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`|\b[a-z][a-z0-9+.-]{0,14}://\S+|\bwww\.\S+"
    r"|\S{1,64}@\S+|(?:^|(?<=\s))[~./]?/\S+|\{[^{}\n]*\}|<[^<>\n]*>",
    regex.DOTALL | regex.IGNORECASE,
)
#: Without one of these signs, and without "www.", a line is prose.
_SIGNS: Final = frozenset("`:@/{<")
_HASHTAG: Final = regex.compile(rf"(?<![\w&#/])#(?=\w*\p{{L}})(\w{{2,{_MAX_HASHTAG}}})(?!\w)")
_WORD: Final = regex.compile(r"(?<![\w@#'’-])\p{L}[\p{L}\p{M}]*(?:-\p{L}[\p{L}\p{M}]*)*(?![\w@])")
_UNSPACED: Final = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
)

_MIN_EVIDENCE: Final = 2
_QUESTION: Final = regex.compile(r"[?？](?=\s|$|[\"'”»)\]])|[？؟\u037e]")


def find_tags(subject: str, text: str) -> tuple[str, ...]:
    """Return at most five lower-case tags: the author's hashtags, then words used repeatedly."""
    prose = _prose(text)
    tags = [match[1].lower() for match in _HASHTAG.finditer(f"{subject}\n{prose}")]
    if len(_UNSPACED.findall(prose)) * 4 < len(prose):
        uses = Counter(_words(prose))
        in_subject = set(_words(_prose(subject)))
        wanted = [
            (-(count + 2 * (word in in_subject)), place, word)
            for place, (word, count) in enumerate(uses.items())
            if count + (word in in_subject) >= _MIN_USES
        ]
        tags += [word for _, _, word in sorted(wanted)]
    return tuple(dict.fromkeys(tags))[:MAX_TAGS]


def guess_category(subject: str, text: str) -> str:
    """Return one of `CATEGORIES`; `other` unless at least two words speak for something else."""
    prose = _prose(f"{subject}\n{text}")
    words = Counter(
        regex.findall(r"[\p{L}\p{M}]+(?:['’][\p{L}]+)?", prose.lower().replace("’", "'"))
    )
    scores = {
        category: sum(count for word, count in words.items() if word in signs)
        for category, signs in _word_lists("category_words").items()
    }
    # a question mark is the author's own word for it, so it weighs as much as two signs
    scores["question"] = 2 * len(_QUESTION.findall(prose))
    best = max(scores.values())
    leading = [category for category, score in scores.items() if score == best]
    return leading[0] if best >= _MIN_EVIDENCE and len(leading) == 1 else "other"


def _words(prose: str) -> list[str]:
    common = stop_words()
    lowered = (match.group().lower() for match in _WORD.finditer(prose))
    return [word for word in lowered if len(word) >= _MIN_LETTERS and word not in common]


@cache
def stop_words() -> frozenset[str]:
    """Return the small words of the languages we know, in lower case."""
    return frozenset[str]().union(*_word_lists("stop_words").values())


def _prose(text: str) -> str:
    """Return `text` with a space for code, addresses, paths and tags."""
    if "```" in text or "~~~" in text:
        return _NOT_PROSE.sub(" ", text)
    # but for fenced code nothing goes on in the next line, and most lines have none of the signs
    return "\n".join(
        line
        if _SIGNS.isdisjoint(line) and "www." not in line.lower()
        else _NOT_PROSE.sub(" ", line)
        for line in text.split("\n")
    )


@cache
def _word_lists(table: str) -> dict[str, frozenset[str]]:
    file = resources.files("copydesk.generation").joinpath("keywords.toml")
    lists = tomllib.loads(file.read_text(encoding="utf-8"))[table]
    return {name: frozenset(words.split()) for name, words in lists.items()}
