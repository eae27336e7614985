"""Fact diff: what changed in meaning between aligned sentences although every word may be familiar.

Looks at values and names that appear from nowhere, at negation, at families of words that bind or
limit ("must", "only", "until", "monthly"), at opposites, and at the order of names and values. It
flags spans for a person; it does not know paraphrases, so it never fails a text by itself.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.ledger import VERBATIM, Ledger, TokenClass
from copydesk.quality.comparison import Comparison, Pairing, Sentence, stem

NAME = "fact_diff"
VERSION = 1

# Verbatim tokens that may be an editor's own; a new link or address fails `protected_tokens`.
_NEW_WORDS = (TokenClass.HASHTAG, TokenClass.ID, TokenClass.VERSION)
_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non", "mis")
_TURNED = re.compile(r"n['’]t\Z")


@dataclass(frozen=True, slots=True)
class _Facts:
    """The word lists of one language."""

    negation: re.Pattern[str]
    harmless: re.Pattern[str]
    families: tuple[tuple[str, re.Pattern[str]], ...]
    opposites: tuple[tuple[frozenset[str], frozenset[str]], ...]


def _phrases(words: Sequence[str]) -> re.Pattern[str]:
    either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{either or '(?!)'})(?!\w)")


@cache
def _facts(language: str) -> _Facts:
    path = resources.files("copydesk.quality").joinpath("facts.toml")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    key = language if language in data["negation"] else "en"
    families = tuple((f["name"], _phrases(f[key])) for f in data["family"] if key in f)
    opposites = tuple(
        (frozenset(map(stem, pair[key][0])), frozenset(map(stem, pair[key][1])))
        for pair in data["opposites"]
        if key in pair
    )
    return _Facts(
        _phrases(data["negation"][key]), _phrases(data["harmless"][key]), families, opposites
    )


def check(comparison: Comparison) -> CheckResult:
    """Compare the facts of aligned sentences.

    Returns:
        `flagged` with one piece of evidence per change, `passed` if there is none.
    """
    facts = _facts(comparison.language)
    evidence = list(_from_nowhere(comparison))
    for pairing in comparison.pairings:
        if pairing.source and pairing.text:
            evidence += _turned(pairing, facts)
            evidence += _rebound(pairing, facts)
    evidence += _alone(comparison, facts)
    evidence += _reordered(comparison)
    verdict = Verdict.FLAGGED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=tuple(evidence))


def _from_nowhere(comparison: Comparison) -> Iterator[Evidence]:
    for token in comparison.unsupported:
        if token.cls not in VERBATIM or token.cls in _NEW_WORDS:
            yield Evidence(
                message=f"the source has no such {token.cls.value}",
                span=token.text,
                where="text",
                start=token.start,
                end=token.end,
            )


def _plain(sentences: Sequence[Sentence]) -> str:
    return " ".join(s.text for s in sentences).casefold().replace("’", "'")


def _negations(sentences: Sequence[Sentence], facts: _Facts) -> int:
    plain = facts.harmless.sub(" ", _plain(sentences))
    count = len(facts.negation.findall(plain))
    return count + sum(bool(_TURNED.search(word)) for word in re.findall(r"\w+'t(?!\w)", plain))


def _stems(sentences: Sequence[Sentence]) -> frozenset[str]:
    return frozenset(stem(word) for sentence in sentences for word in sentence.words)


def _prefixed(words: frozenset[str], others: frozenset[str]) -> dict[str, str]:
    """Return words that deny, by a prefix, a word the other side has ("unable": "able")."""
    return {
        word: word.removeprefix(prefix)
        for word in words - others
        for prefix in _PREFIXES
        if word.startswith(prefix)
        and len(word) - len(prefix) >= 4
        and word[len(prefix) :] in others
    }


def _turned(pairing: Pairing, facts: _Facts) -> Iterator[Evidence]:
    """Negations and opposites; a negation traded for an opposite ("not cheap") cancels out."""
    if _plain(pairing.source) == _plain(pairing.text):
        return  # most sentences of a light edit
    ours, theirs = _stems(pairing.source), _stems(pairing.text)
    before, after = _negations(pairing.source, facts), _negations(pairing.text, facts)
    denied = _prefixed(theirs, ours) | _prefixed(ours, theirs)
    known = {*denied, *denied.values()}
    turned = set(denied)
    for one, other in facts.opposites:
        for here, there in ((one, other), (other, one)):
            gone, come = (ours & here) - theirs, (theirs & there) - ours
            if (gone | come) <= known:
                continue
            if gone and come and not ours & there and not theirs & here:
                turned |= {*come}
    if abs(before - after) == len(turned):
        return
    if before != after:
        message = f"negations: {before} in the source, {after} here"
    else:
        message = "turned into its opposite: " + ", ".join(sorted(turned))
    yield _about(pairing.text, "text", message)


def _rebound(pairing: Pairing, facts: _Facts) -> Iterator[Evidence]:
    before, after = _plain(pairing.source), _plain(pairing.text)
    if before == after:
        return
    for name, words in facts.families:
        had, has = words.search(before), words.search(after)
        if bool(had) == bool(has):
            continue
        if has:
            yield _about(pairing.text, "text", f"{name}: {has[0]!r} is new")
        elif had:
            yield _about(pairing.source, "source", f"{name}: {had[0]!r} is gone")


def _alone(comparison: Comparison, facts: _Facts) -> Iterator[Evidence]:
    """A negation in a sentence of the text's own, unless the source denies as often."""
    ours = [sentence for pairing in comparison.pairings for sentence in pairing.source]
    theirs = [sentence for pairing in comparison.pairings for sentence in pairing.text]
    if _negations(theirs, facts) <= _negations(ours, facts):
        return
    for pairing in comparison.pairings:
        if not pairing.source and _negations(pairing.text, facts):
            yield _about(pairing.text, "text", "a negation in a sentence the source does not have")


def _about(sentences: Sequence[Sentence], where: str, message: str) -> Evidence:
    return Evidence(
        message=message,
        span=" ".join(sentence.text for sentence in sentences),
        where=where,
        start=sentences[0].start,
        end=sentences[-1].end,
    )


def _reordered(comparison: Comparison) -> Iterator[Evidence]:
    """Names or values that all survived within a sentence, but not in their order.

    A name is followed by its words, for one that begins a sentence is not seen as a name there.
    """
    tokens = (*comparison.source.of(TokenClass.NAME), *comparison.text.of(TokenClass.NAME))
    names = {word for token in tokens for word in token.norm.split()}
    for pairing in comparison.pairings:
        if len(pairing.source) != 1 or len(pairing.text) != 1:
            continue
        ours, theirs = pairing.source[0], pairing.text[0]
        for noun, mine, other in (
            ("names", _of(ours, names), _of(theirs, names)),
            ("values", _values(comparison.source, ours), _values(comparison.text, theirs)),
        ):
            if mine != other and sorted(mine) == sorted(other):
                yield _about([theirs], "text", f"the order of {noun} changed: {', '.join(mine)}")


def _of(sentence: Sentence, names: set[str]) -> list[str]:
    return list(dict.fromkeys(word for word in sentence.words if word in names))


def _values(ledger: Ledger, sentence: Sentence) -> list[str]:
    classes = (TokenClass.NUMBER, TokenClass.MONEY, TokenClass.PERCENT, TokenClass.UNIT)
    inside = (t for t in ledger.of(*classes) if sentence.start <= t.start < sentence.end)
    return list(dict.fromkeys(token.norm for token in inside))
