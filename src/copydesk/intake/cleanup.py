"""Tier 0: cleans an author's text by rules, offline, before any model sees it. It does not rewrite.

English gets known misspellings, shorthand, spaces, repeated punctuation, a missing full stop and
capitals; any other or unknown language gets spaces and capitals at sentence starts alone. Links,
code, ids, names, values and quoted speech are masked; quoted lines, tables and code keep every
byte. Afterwards the ledger of protected tokens must be unchanged, or the whole text is put back.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from copydesk.core.clues import at_marks
from copydesk.core.ledger import Ledger, altered, extract
from copydesk.core.post import Edit
from copydesk.core.words import places
from copydesk.intake.edits import Change, compose, without_overlaps
from copydesk.intake.page import Page
from copydesk.intake.typos import Typo

# One pass can make room for another ("ok ?is it"); realistic texts need one or two.
_PASSES = 4
#: Texts up to so many code points are remembered, so that memory stays bounded.
_MAX_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The cleaned text and every change that led to it.

    Edits are in order and do not overlap; their offsets are code points of the *original* text.
    `reverted_because` names the rule and the span of a protected token that would have changed; the
    text is then the original and there are no edits.
    """

    text: str
    edits: tuple[Edit, ...] = ()
    reverted_because: str = ""


def clean(
    text: str, *, language: str, protected: Ledger | None = None, typos: Sequence[Typo] = ()
) -> Cleaned:
    """Clean one text.

    Args:
        text: the author's text, plain or Markdown.
        language: BCP 47 tag; "" counts as not English.
        protected: the ledger of `text` if the caller has it, else it is made here.
        typos: what `copydesk.intake.typos` found in `text`; used for English only.
    """
    if protected is None and len(text) <= _MAX_REMEMBERED:
        return _remembered(text, language, tuple(typos))
    return _clean(text, language, typos, protected or extract(text, language=language))


def _clean(text: str, language: str, typos: Sequence[Typo], before: Ledger) -> Cleaned:
    english = language.partition("-")[0].lower() == "en"
    edits: list[Change] = []
    page = Page(text, before)
    for number in range(_PASSES):
        found = _english(page, typos if number == 0 else ()) if english else _any_language(page)
        changes = _with_capitals(page, without_overlaps(found))
        if not changes:
            break
        edits, current = compose(text, edits, page.text, changes)
        after = extract(current, language=language)
        touched = altered(before, after)
        if touched:
            token = touched[0]
            rule = min(edits, key=lambda edit: abs(edit.start - token.start)).rule
            span = f"{token.cls.value} {token.text!r} at {token.start}"
            return Cleaned(text, (), f"{rule} would have changed {span}")
        page = Page(current, after)
    made = (Edit(rule=e.rule, before=text[e.start : e.end], after=e.after, start=e.start)
            for e in edits)  # fmt: skip
    return Cleaned(page.text, tuple(made))


# A message is cleaned again when it is tried again, replayed, or written up by another version. The
# rules are part of the process, so what is remembered never outlives them.
@lru_cache(maxsize=256)
def _remembered(text: str, language: str, typos: tuple[Typo, ...]) -> Cleaned:
    return _clean(text, language, typos, extract(text, language=language))


def _english(page: Page, typos: Sequence[Typo]) -> Iterator[Change]:
    for typo in typos:
        end = typo.start + len(typo.before)
        if not page.tokens.touches(typo.start, end):
            yield Change("typo", typo.start, end, typo.after)
    yield from _shorthand(page)
    yield from _spaces(page)
    yield from _punctuation(page)
    yield from _final_stop(page)
    for match in _LONE_I.finditer(page.text):
        if not page.tokens.touches(*match.span()):
            yield Change("capital", match.start(), match.end(), "I")


def _any_language(page: Page) -> Iterator[Change]:
    text = page.text
    for match in at_marks(text, _GAP, _WIDE_GAP) if "  " in text or "\t" in text else ():
        if not page.verbatim.touches(*match.span()) and not _is_structure(text, match):
            yield Change("space", match.start(), match.end(), " ")
    if text[-1:] not in " \t" and not _holds(text, _GAPS_AT_ENDS):
        return
    for match in at_marks(text, _GAP_AT_END, _LINE_END):
        if not page.verbatim.touches(*match.span()):
            yield Change("space", match.start(), match.end(), "")


# ---------------------------------------------------------------- shorthand


def _lexicon() -> dict[str, str]:
    data = resources.files("copydesk.intake").joinpath("lexicon.toml").read_text(encoding="utf-8")
    return {short: full for group in tomllib.loads(data).values() for short, full in group.items()}


LEXICON = _lexicon()
"""Shorthand of English chat, lower case, and what it stands for."""

_LETTERS = re.compile(r"[A-Za-z]+")
_SHORT = re.compile(r"(?<![\w'’@#/.&*_-])[A-Za-z]{1,8}(?![\w'’@#/&*_=-]|\.\w| ?=)")


def _shorthand(page: Page) -> Iterator[Change]:
    text = page.text
    known = LEXICON.keys() & _LETTERS.findall(text.lower())
    for place in places(text, known) if known else ():
        match = _SHORT.match(text, place)
        if match is None or page.all_but_dates.touches(*match.span()):
            continue
        # what begins like a word of the lexicon may go on
        word = match[0]
        full = LEXICON.get(word.lower())
        if full is None:
            continue
        if word.islower():
            yield Change("shorthand", match.start(), match.end(), full)
        elif word.istitle() and len(word) > 1:
            yield Change("shorthand", match.start(), match.end(), full[0].upper() + full[1:])


# ---------------------------------------------------------------- spaces and punctuation

_WIDE_GAP = re.compile(r"(?<=\S)(?<!\d)[ \t]{2,}(?=\S)|(?<=\d)[ \t]{2,}(?=[^\s\d])")
_GAP = re.compile(r"[ \t]{2,}")
_GAP_AT_END = re.compile(r"[ \t]+(?=\n|\Z)")
_GAP_AT_MARK = re.compile(r"[ \t]+(?=[,.!?;:])")
_MARK = re.compile(r"[!?,.]")
_LINE_END = re.compile(r"(?<=\S)[ \t](?=\n)|(?<=\S)[ \t]+\Z")
#: Texts that hold none of these have nothing to look for.
_GAPS_AT_ENDS = (" \n", "\t\n")
_GAPS_AT_MARKS = (" ,", " .", " !", " ?", " ;", " :", "\t")
_REPEATED_MARKS = ("!!", "!?", "?!", "??", ",,", "....")
_MARKER = re.compile(r"[ \t]*(?:[-*+•]|\d{1,9}[.)]|#{1,6}|\[[ xX]\])\Z")
_GAP_BEFORE = re.compile(r"(?<=\w)[ \t]+(?=[,.!?;:](?:[,.!?]|\s|\Z)|[,;][A-Za-z])")
_NO_GAP_AFTER = re.compile(r"[,;!?](?<=[a-z].)(?=[A-Za-z]{2})")
_REPEATED = re.compile(r"[!?]{2,}|,{2,}(?=\s)|(?<!\.)\.{4,}(?!\.)")


def _holds(text: str, signs: Iterable[str]) -> bool:
    return any(sign in text for sign in signs)


def _is_structure(text: str, match: re.Match[str]) -> bool:
    """Whether a gap stands after a list or heading marker, where its width means something."""
    line = text.rfind("\n", 0, match.start()) + 1
    return match.start() - line < 16 and bool(_MARKER.match(text, line, match.start()))


def _spaces(page: Page) -> Iterator[Change]:
    yield from _any_language(page)
    text = page.text
    for match in at_marks(text, _GAP_AT_MARK, _GAP_BEFORE) if _holds(text, _GAPS_AT_MARKS) else ():
        if not page.verbatim.touches(*match.span()) and not _is_structure(text, match):
            yield Change("space", match.start(), match.end(), "")
    for match in _NO_GAP_AFTER.finditer(text):
        end = match.end()
        if not page.verbatim.touches(end - 1, end + 1):
            yield Change("space", end, end, " ")


def _punctuation(page: Page) -> Iterator[Change]:
    if not _holds(page.text, _REPEATED_MARKS):
        return
    for match in at_marks(page.text, _MARK, _REPEATED):
        marks = match[0]
        if page.verbatim.touches(*match.span()):
            continue
        if marks[0] == ".":
            single = "..."
        elif "!" in marks and "?" in marks:
            single = "?!"
        else:
            single = marks[0]
        if marks != single:
            yield Change("punctuation", match.start(), match.end(), single)


# Openings that make a question beyond doubt; "when it rains, …" is none.
_QUESTION = re.compile(
    r"(?:(?:how|why|where|when|what|who)['’]?s?[ ]"
    r"(?:is|are|was|were|do|does|did|can|could|should|would|will)"
    r"|(?:can|could|would|will|do|did|are|have)[ ](?:you|u|we|i|they)|(?:is|are)[ ]there"
    r"|how[ ](?:long|many|much|often))\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_][\w'’-]*")


def _final_stop(page: Page) -> Iterator[Change]:
    """Close a paragraph whose last sentence is one: enough words, most of them small."""
    for block in page.paragraphs:
        last = page.text[block.end - 1]
        if not block.closes or not (last.isalpha() or last == ")"):
            continue
        if page.is_address(block.end) or page.verbatim.touches(block.end - 1, block.end):
            continue
        starts = page.starts_in(block) or [block.start]
        sentence = page.text[starts[-1] : block.end]
        words = _WORD.findall(sentence)
        small = sum(word[0].islower() for word in words)
        if len(words) < (4 if len(starts) == 1 else 2) or small * 2 < len(words):
            continue
        stop = "?" if _QUESTION.match(sentence) else "."
        yield Change("full stop", block.end, block.end, stop)


# ---------------------------------------------------------------- capitals

_LONE_I = re.compile(r"i(?<![\w'’./@&#-]i)(?=['’](?:m|ve|ll|d)\b|[,!?;:]|\s|\.(?!\w)|\Z)")
# A small word before a colon is a chat name more often than not, so it stays small.
_OPENING = re.compile(r"[\"'“‘«„(*_\[]{0,4}(?P<word>[^\W\d_]+)(?![\w@/:]|[.-]\w|\.\Z|\()")


def _with_capitals(page: Page, changes: Sequence[Change]) -> list[Change]:
    """Add a capital to every sentence start, be it the author's word or one just changed."""
    at = {change.start: change for change in changes if change.end > change.start}
    capitals: list[Change] = []
    for start in page.sentence_starts():
        match = _OPENING.match(page.text, start)
        if not match or page.verbatim.touches(*match.span("word")):
            continue
        first = match.start("word")
        change = at.get(first)
        word = change.after if change else match["word"]
        upper = word[:1].upper()
        if not word.split(" ")[0].replace("'", "").islower() or len(upper) != 1:
            continue
        if change:
            changes = [c for c in changes if c is not change]
            capitals.append(Change(change.rule, first, change.end, upper + word[1:]))
        elif not any(c.start < first + 1 and c.end > first for c in changes):
            capitals.append(Change("capital", first, first + 1, upper))
    return _sorted([*changes, *capitals])


def _sorted(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda c: (c.start, c.end))
