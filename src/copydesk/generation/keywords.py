"""Tags and a category read off a text by plain rules. None is better than nonsense.

A word becomes a tag only when the author came back to it, so a short note has no tags at all. In
scripts without spaces between words no tags are guessed.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import chain, permutations
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
_SIGN: Final = re.compile(r"[`@/{<]")
_HASHTAG: Final = regex.compile(rf"(?<![\w&#/])#(?=\w*\p{{L}})(\w{{2,{_MAX_HASHTAG}}})(?!\w)")
#: A word with what stands at it; the word, if there is one, is at its beginning.
_RUN: Final = regex.compile(r"[\w@#'’-]+")
_ASCII_RUN: Final = re.compile(rf"[\w@#'-]{{{_MIN_LETTERS},}}", re.ASCII)
_WORD: Final = regex.compile(r"\p{L}[\p{L}\p{M}]*(?:-\p{L}[\p{L}\p{M}]*)*(?![\w@])")
_UNSPACED: Final = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
)
#: Where the letters of those scripts stand, and those of others.
_MAY_BE_UNSPACED: Final = re.compile("[\u0e00-\u1fff\u2e80-\U0010ffff]")

_MIN_EVIDENCE: Final = 2
_QUESTION: Final = regex.compile(r"[?？](?=\s|$|[\"'”»)\]])|[？؟\u037e]")
_QUESTION_MARK: Final = re.compile("[?？؟\u037e]")
_TELLING: Final = regex.compile(r"[\p{L}\p{M}]+(?:['’][\p{L}]+)?")
_ASCII_TELLING: Final = re.compile(r"[a-z]+(?:'[a-z]+)?")


def label(subject: str, text: str) -> tuple[tuple[str, ...], str]:
    """Return at most five lower-case tags and one of `CATEGORIES`.

    Tags are the author's hashtags, then words used repeatedly. The category is `other` unless at
    least two words speak for something else.
    """
    prose, above = _prose(text), _prose(subject)
    # a fence that opens in the subject goes on below it
    both = _prose(f"{subject}\n{text}") if _is_fenced(subject) else f"{above}\n{prose}"
    return _tags(subject, above, prose), _category(both)


def _tags(subject: str, above: str, prose: str) -> tuple[str, ...]:
    tags: list[str] = []
    if "#" in prose or "#" in subject:
        tags += [match[1].lower() for match in _HASHTAG.finditer(f"{subject}\n{prose}")]
    if not _is_unspaced(prose):
        uses = Counter(_words(prose))
        in_subject = set(_words(above))
        wanted = [
            (-(count + 2 * (word in in_subject)), place, word)
            for place, (word, count) in enumerate(uses.items())
            if count >= _MIN_USES or word in in_subject
        ]
        tags += _joined([word for _, _, word in sorted(wanted)], prose, uses)
    return tuple(dict.fromkeys(tags))[:MAX_TAGS]


def _joined(tags: Sequence[str], prose: str, uses: Mapping[str, int]) -> list[str]:
    """Return `tags` with two words as one tag ("desk lamp") where each stands only beside the
    other."""
    joined = list(tags)
    often = [word for word in tags[: 2 * MAX_TAGS] if uses[word] >= _MIN_USES]
    text = prose.lower() if len(often) > 1 else ""
    for first, second in permutations(often, 2):
        pair, count = f"{first} {second}", uses[first]
        if uses[second] != count or pair not in text or {first, second} - set(joined):
            continue
        if len(regex.findall(rf"(?<!\w){pair}(?!\w)", text)) == count:
            joined[joined.index(first)] = pair
            joined.remove(second)
    return joined


def _is_unspaced(prose: str) -> bool:
    """Whether a quarter of a text, or more, is in scripts without spaces between words."""
    if prose.isascii() or _MAY_BE_UNSPACED.search(prose) is None:
        return not prose
    return len(_UNSPACED.findall(prose)) * 4 >= len(prose)


def _category(prose: str) -> str:
    lowered = prose.lower().replace("’", "'")
    words = (_ASCII_TELLING if lowered.isascii() else _TELLING).findall(lowered)
    telling = _told_by()
    told = Counter(chain.from_iterable(telling[word] for word in words if word in telling))
    # a question mark is the author's own word for it, so it weighs as much as two signs
    if _QUESTION_MARK.search(prose):
        told["question"] += 2 * len(_QUESTION.findall(prose))
    (first, most), (_, next_most) = [*told.most_common(2), ("", 0), ("", 0)][:2]
    return first if most >= max(_MIN_EVIDENCE, next_most + 1) else "other"


def _words(prose: str) -> Iterator[str]:
    """Yield the words that may become tags, in lower case, as often as they stand there."""
    common = _no_tags()
    runs = _ASCII_RUN.findall(prose.lower()) if prose.isascii() else _RUN.findall(prose)
    for run in runs:
        word = run.lower()
        if not run.isalpha():
            match = _WORD.match(run)
            word = match[0].lower() if match else ""
        if len(word) >= _MIN_LETTERS and word not in common:
            yield word


@cache
def stop_words() -> frozenset[str]:
    """Return the small words of the languages we know, in lower case."""
    return frozenset[str]().union(*_word_lists("stop_words").values())


@cache
def _no_tags() -> frozenset[str]:
    return stop_words().union(*_word_lists("plain_words").values())


@cache
def _told_by() -> dict[str, list[str]]:
    """Return the categories that each telling word speaks for."""
    told: dict[str, list[str]] = {}
    for category, words in _word_lists("category_words").items():
        for word in words:
            told.setdefault(word, []).append(category)
    return told


def _prose(text: str) -> str:
    """Return `text` with a space for code, addresses, paths and tags."""
    if _SIGN.search(text) is None and "~~~" not in text and "www." not in text.lower():
        return text
    if _is_fenced(text):
        return _NOT_PROSE.sub(" ", text)
    # but for fenced code nothing goes on in the next line, and most lines have none of the signs
    return "\n".join(
        _NOT_PROSE.sub(" ", line) if _SIGN.search(line) or "www." in line.lower() else line
        for line in text.split("\n")
    )


def _is_fenced(text: str) -> bool:
    return "```" in text or "~~~" in text


@cache
def _word_lists(table: str) -> dict[str, frozenset[str]]:
    file = resources.files("copydesk.generation").joinpath("keywords.toml")
    lists = tomllib.loads(file.read_text(encoding="utf-8"))[table]
    return {name: frozenset(words.split()) for name, words in lists.items()}
