"""Style: what would read better, and how hard the text is to read; hints that never decide.

Long sentences and paragraphs, doubled words and marks, missing spaces, openings that repeat,
shouting, mixed quotes, what is opened and never closed. Nothing is said about code, addresses,
quotes or quoted lines, and no hint is a signal: the calibration has nothing to weigh here. How hard
a text is to read is told by LIX (C.-H. Björnsson, Läsbarhet, 1968): words per sentence plus the
share of words of more than six letters, in percent; under 30 is easy, over 50 hard.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from operator import eq
from typing import Final, TypeAlias

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.ledger import VERBATIM, TokenClass, protected_spans
from copydesk.quality.comparison import Comparison

NAME = "style"
VERSION = 1

_Span: TypeAlias = tuple[int, int]

#: From more words on a sentence, and a paragraph, is long.
LONG_SENTENCE: Final = 35
LONG_PARAGRAPH: Final = 150
#: So many hints of one kind are given; the last one says how many more there are.
MOST: Final = 5

_LONG_WORD: Final = 6
_EASY, _HARD = 30, 50
_SHOUTED_WORDS, _SHOUTED_LETTERS = 3, 12
_SAME: Final = 3
_SHOWN: Final = 6
_BULLET_LENGTH: Final = 14
#: Stands for every character that is not ours to judge: no word, space or mark.
_HIDDEN: Final = "\ufffc"

_OURS_TO_LEAVE: Final = VERBATIM | {TokenClass.QUOTE}
_LEFT_LINE: Final = re.compile(r"^[ \t]*[>|].*$", re.MULTILINE)
_BLANK_LINE: Final = re.compile(r"\n[ \t]*\n\s*")
#: What an item of a list or a heading begins with.
_BULLET: Final = r"^[ \t]{0,4}(?:[-*+•]|#{1,6}|\d{1,3}[.)])[ \t]{1,4}"
_ITEM: Final = re.compile(_BULLET, re.MULTILINE)
_AFTER_BULLET: Final = re.compile(_BULLET + r"\Z", re.MULTILINE)
_WORD: Final = re.compile(r"\w+(?:['’-]\w+)*")
#: Scripts that put no space between words, where a count of words says nothing.
_UNSPACED: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"
)
_GLUED: Final = re.compile(r"[,!?.](?=[^\W\d_]{2})")
_LETTERS_BEFORE: Final = re.compile(r"(?<!\w)[^\W\d_]{2,40}\Z")
_LETTERS: Final = re.compile(r"[^\W\d_]{2,40}(?!\w)")
_MARKS_IN_A_ROW: Final = re.compile(r"[!?,;.]{2,}")
_DOUBLED_MARK: Final = re.compile(r"[!?]{3,}|!!|\?\?|,+|;+|\.\.")
_PAIRED: Final = re.compile(r"[()\[\]“”„«»\"]")
#: A bracket that is a mouth is none.
_MOUTH: Final = re.compile(r"[:;=]-?[(\[]|[(\[]-?[:;=](?!\w)")
_CLOSES: Final = {")": "(", "]": "[", "”": "“„", "“": "„", "»": "«"}
_MARKS: Final = {'"': "straight", "“": "curly", "„": "curly", "«": "angled", "»": "angled"}
#: Languages in which « always opens; elsewhere it may close.
_ANGLED: Final = frozenset({"fr", "es"})


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Words that never stand twice in a row. "Had had", "die die" and "nous nous" may.
_NEVER_TWICE: Final = {
    "en": _set("a an the of to and or but my your our their from with"),
    "de": _set("eine einen einem eines und oder von für im am zum zur ist"),
    "fr": _set("le les un une des du de et dans pour avec sur"),
    "es": _set("el los las un una de del y en con por para"),
}
#: Words so common at the beginning that only with the next one they are an opening.
_ARTICLES: Final = {
    "en": _set("the a an"),
    "de": _set("der die das den dem ein eine"),
    "fr": _set("le la les un une des"),
    "es": _set("el la los las un una"),
}


class _Text:
    """A text with what is not ours to judge hidden, and its words by sentence and paragraph."""

    def __init__(self, comparison: Comparison) -> None:
        ledger = comparison.text
        self.language = comparison.language
        self.whole = ledger.text
        self.quotes = ledger.of(TokenClass.QUOTE)
        self.plain = _hidden(self.whole, protected_spans(ledger, _OURS_TO_LEAVE))
        self.is_spaced = _UNSPACED.search(self.plain) is None
        self.words = [match.span() for match in _WORD.finditer(self.plain)]
        self.written = [self.plain[start:end] for start, end in self.words]
        self.sentences = _divided(self.words, ledger.sentences)
        breaks = [(m.start(), m.end()) for m in _BLANK_LINE.finditer(self.plain)]
        starts = [0, *(end for _, end in breaks)]
        ends = [*(start for start, _ in breaks), len(self.plain)]
        self.paragraphs = list(zip(starts, ends, strict=True))

    def hint(self, kind: str, start: int, end: int, more: str = "") -> Evidence:
        message = f"{kind}: {more}" if more else kind
        span = self.whole[start:end]
        return Evidence(message=message, span=span, where="text", start=start, end=end)

    def opening(self, words: Sequence[_Span]) -> _Span:
        """Return the place of the first few words, up to what is hidden."""
        start, end = words[0]
        for after, last in words[1:_SHOWN]:
            if _HIDDEN in self.plain[end:after]:
                break
            end = last
        return start, end


def check(comparison: Comparison) -> CheckResult:
    """Look at the text alone.

    Returns:
        Always `passed`; at most `MOST` hints of each kind, then how hard the text is to read, where
        words can be counted. No evidence has a signal.
    """
    text = _Text(comparison)
    rules = (_doubled_words, _doubled_marks, _glued, _shouted, _unclosed, _mixed_quotes)
    by_words = (_long_sentences, _same_openings, _long_paragraphs) if text.is_spaced else ()
    evidence = [hint for rule in (*rules, *by_words) for hint in _bounded(list(rule(text)))]
    if text.is_spaced and text.words:
        evidence.append(Evidence(message=_readability(text)))
    return CheckResult(
        check=NAME, version=VERSION, verdict=Verdict.PASSED, evidence=tuple(evidence)
    )


def lix(words: int, sentences: int, long_words: int) -> float:
    """Return LIX: words per sentence, plus percent of words that are long. Both counts from 1."""
    return words / sentences + 100 * long_words / words


def _readability(text: _Text) -> str:
    words, sentences = len(text.words), len(text.sentences)
    long_words = sum(1 for word in text.written if len(word) > _LONG_WORD and word[0].isalpha())
    value = lix(words, sentences, long_words)
    level = "easy" if value < _EASY else "hard" if value > _HARD else "medium"
    return (
        f"readability: LIX {value:.0f}, {level} (words: {words}, long ones: {long_words}, "
        f"sentences: {sentences})"
    )


def _hidden(text: str, spans: Sequence[_Span]) -> str:
    """Return `text`, as long as before, with the spans and quoted lines and tables hidden."""
    parts, position = [], 0
    for start, end in spans:
        parts += [text[position:start], _HIDDEN * (end - start)]
        position = end
    plain = "".join([*parts, text[position:]])
    if ">" in plain or "|" in plain:
        plain = _LEFT_LINE.sub(lambda match: _HIDDEN * len(match[0]), plain)
    return plain


def _divided(words: Sequence[_Span], spans: Sequence[_Span]) -> list[Sequence[_Span]]:
    """Return the words of each span that has any; the spans follow each other."""
    found: list[Sequence[_Span]] = []
    first = 0
    for _, end in spans:
        last = bisect_left(words, (end,), first)
        if last > first:
            found.append(words[first:last])
            first = last
    return found


def _bounded(hints: Sequence[Evidence]) -> Iterator[Evidence]:
    yield from hints[:MOST]
    if len(hints) > MOST:
        kind = hints[0].message.partition(":")[0]
        yield Evidence(message=f"{kind}: {len(hints) - MOST} more like these")


# -- marks and words ------------------------------------------------------------------------------


def _doubled_words(text: _Text) -> Iterator[Evidence]:
    never, plain = _NEVER_TWICE.get(text.language, frozenset()), text.plain
    small = list(map(str.lower, text.written)) if never else []
    if not any(map(eq, small, islice(small, 1, None))):
        return
    for (start, end), (after, last) in pairwise(text.words):
        if end - start != last - after or (second := plain[after:last]) not in never:
            continue
        # "vitamin A a day": a capital that stands alone is a name
        if plain[start:end].lower() != second or plain[start:end] == "A":
            continue
        gap = plain[end:after]
        if gap.isspace() and gap.count("\n") < 2:
            yield text.hint("doubled word", start, last, f"once {second!r} is enough")


def _doubled_marks(text: _Text) -> Iterator[Evidence]:
    for match in _MARKS_IN_A_ROW.finditer(text.plain):
        start, end = match.span()
        follows_word = text.plain[start - 1 : start].isalnum()
        is_end = not text.plain[end : end + 1].strip()
        if not _DOUBLED_MARK.fullmatch(match[0]):
            continue
        if match[0][0] in "!?" or (follows_word and is_end):
            yield text.hint("doubled punctuation", start, end, "one is enough")


def _glued(text: _Text) -> Iterator[Evidence]:
    for match in _GLUED.finditer(text.plain):
        at = match.start()
        before = _LETTERS_BEFORE.search(text.plain, max(0, at - 41), at)
        after = _LETTERS.match(text.plain, at + 1)
        if not before or not after:
            continue
        # "node.js" and "e.V." have no sentence ending in them
        ends = (before[0].islower() or before[0].istitle()) and after[0].istitle()
        if match[0] != "." or ends:
            more = f"'{match[0]} ' before {after[0]!r}"
            yield text.hint("missing space", before.start(), after.end(), more)


def _shouted(text: _Text) -> Iterator[Evidence]:
    run: list[_Span] = []
    loud = [n for n, word in enumerate(text.written) if word.isupper() and len(word) > 1]
    for start, end in (text.words[number] for number in loud):
        # what commas part is more often a list of acronyms
        if run and not text.plain[run[-1][1] : start].isspace():
            yield from _loud(text, run)
            run = []
        run.append((start, end))
    yield from _loud(text, run)


def _loud(text: _Text, run: Sequence[_Span]) -> Iterator[Evidence]:
    letters = sum(end - start for start, end in run)
    if len(run) >= _SHOUTED_WORDS and letters >= _SHOUTED_LETTERS:
        yield text.hint("shouting", *text.opening(run), f"{len(run)} words in capitals")


def _unclosed(text: _Text) -> Iterator[Evidence]:
    marks = list(_PAIRED.finditer(text.plain))
    at = 0
    for number, (_, end) in enumerate(text.paragraphs):
        opened: dict[str, list[int]] = {}
        while at < len(marks) and marks[at].start() < end:
            _take(text, marks[at].start(), marks[at][0], opened)
            at += 1
        straight = opened.pop('"', [])
        if len(straight) == 1 and _opens(text.plain, straight[0]):
            opened['"'] = straight
        for place in sorted(place for places in opened.values() for place in places):
            if not _goes_on(text, number, place):
                yield text.hint("never closed", place, place + 1)


def _take(text: _Text, place: int, mark: str, opened: dict[str, list[int]]) -> None:
    partner = next((p for p in _CLOSES.get(mark, "") if opened.get(p)), "")
    if partner:
        opened[partner].pop()
        return
    opens = mark in '([“„"' or (mark == "«" and text.language in _ANGLED)
    if opens and not (mark in "([" and _MOUTH.search(text.plain, max(0, place - 2), place + 3)):
        opened.setdefault(mark, []).append(place)


def _opens(plain: str, at: int) -> bool:
    """Whether a straight mark opens a quote, and is no inch."""
    return not plain[at - 1 : at].strip() and plain[at + 1 : at + 2].isalpha()


def _goes_on(text: _Text, number: int, at: int) -> bool:
    """Whether the next paragraph opens the same quote again, as it should."""
    following = text.paragraphs[number + 1 : number + 2]
    return any(text.whole[start] == text.whole[at] for start, end in following if start < end)


def _mixed_quotes(text: _Text) -> Iterator[Evidence]:
    kinds = [(_MARKS[q.text[0]], q) for q in text.quotes if q.text[0] in _MARKS]
    if len(names := {kind for kind, _ in kinds}) > 1 and "straight" in names:
        odd = next(quote for kind, quote in kinds if kind != kinds[0][0])
        said = " and ".join(sorted(names))
        yield text.hint("mixed quotes", odd.start, odd.start + 1, f"{said} marks in one text")


# -- sentences and paragraphs ---------------------------------------------------------------------


def _long_sentences(text: _Text) -> Iterator[Evidence]:
    for words in text.sentences:
        if len(words) > LONG_SENTENCE:
            yield text.hint("long sentence", *text.opening(words), f"{len(words)} words")


def _same_openings(text: _Text) -> Iterator[Evidence]:
    run: list[Sequence[_Span]] = []
    opening = ""
    for words in text.sentences:
        begins = _beginning(text, words)
        goes_on = run and begins == opening and not _parted(text, run[-1], words)
        if not goes_on:
            yield from _alike(text, opening, run)
            run, opening = [], begins
        run.append(words)
    yield from _alike(text, opening, run)


def _parted(text: _Text, before: Sequence[_Span], after: Sequence[_Span]) -> bool:
    """Whether a new paragraph begins between two sentences."""
    return _BLANK_LINE.search(text.plain, before[-1][1], after[0][0]) is not None


def _alike(text: _Text, opening: str, run: Sequence[Sequence[_Span]]) -> Iterator[Evidence]:
    if opening and len(run) >= _SAME:
        third = run[_SAME - 1]
        start, end = third[0][0], third[opening.count(" ")][1]
        more = f"{len(run)} sentences in a row begin with {text.whole[start:end]!r}"
        yield text.hint("same opening", start, end, more)


def _beginning(text: _Text, words: Sequence[_Span]) -> str:
    """Return the opening of a sentence, "" if it is an item, a number, or too short to have one."""
    start, end = words[0]
    first = text.plain[start:end].casefold()
    is_item = _AFTER_BULLET.search(text.plain, max(0, start - _BULLET_LENGTH), start)
    if is_item or len(words) < _SAME or not first[0].isalpha():
        return ""
    if first not in _ARTICLES.get(text.language, frozenset()):
        return first
    after, last = words[1]
    return text.plain[start:last].casefold() if text.plain[end:after] == " " else ""


def _long_paragraphs(text: _Text) -> Iterator[Evidence]:
    for words in _divided(text.words, text.paragraphs):
        begin, end = words[0][0], words[-1][1]
        if len(words) > LONG_PARAGRAPH and not _ITEM.search(text.plain, begin, end):
            yield text.hint("long paragraph", *text.opening(words), f"{len(words)} words")
