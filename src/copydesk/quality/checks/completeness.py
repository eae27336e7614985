"""Completeness: every authored segment has a fate, and the text goes on to the source's end.

The cheapest check and the first: a reply that was cut fails here and is never published. It needs
no trust in the model's word: beside the map of fates it looks at the end of the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.ledger import VERBATIM, ProtectedToken, TokenClass, added
from copydesk.core.post import Fate
from copydesk.quality.comparison import Comparison
from copydesk.quality.lexicon import stem

NAME = "completeness"
VERSION = 1

_CLOSED = re.compile(r"[.!?…‽։؟۔।॥。！？][\"'”’»)\]}*_`~]*\Z")
_STRUCTURE = re.compile(r"\s*(?:[-*+•#>|]|\d{1,3}[.)]\s|```)")
_WORD = re.compile(r"\w{4,}")


def check(
    comparison: Comparison,
    *,
    segments: Sequence[str] = (),
    fates: Sequence[Fate] | None = None,
    truncated_because: str = "",
) -> CheckResult:
    """Check that nothing was cut.

    Args:
        comparison: source and text.
        segments: the authored segments of the source; a fate refers to them by index.
        fates: what the rewrite says became of each; None if it was made without a map, which is
            right for rules alone: then each segment must be found in the text.
        truncated_because: why the reply is taken for cut off, "" for a proved natural stop.

    Returns:
        `failed` if anything is cut or unaccounted for; `flagged` if a segment is called kept
        although hardly a word of it can be found.
    """
    cut = [*_stopped(truncated_because), *_lost_ending(comparison)]
    doubts: list[Evidence] = []
    if fates is not None:
        cut += _unmapped(segments, fates)
        kept = [f.segment for f in fates if f.fate == "kept" and 0 <= f.segment < len(segments)]
        doubts += _not_found(comparison, segments, kept)
    else:
        cut += _not_found(comparison, segments, range(len(segments)))
    verdict = Verdict.FAILED if cut else Verdict.FLAGGED if doubts else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=(*cut, *doubts))


def _stopped(truncated_because: str) -> Iterator[Evidence]:
    if truncated_because:
        yield Evidence(message=f"the reply did not stop by itself: {truncated_because}")


def _unmapped(segments: Sequence[str], fates: Sequence[Fate]) -> Iterator[Evidence]:
    by_segment = {fate.segment: fate for fate in fates}
    for index, segment in enumerate(segments):
        fate = by_segment.get(index)
        if fate is None:
            if segment.strip():
                yield _about(index, segment, "has no fate")
        elif fate.fate == "dropped":
            if not fate.reason.strip():
                yield _about(index, segment, "was dropped without a reason")
        elif fate.fate == "merged":
            into = by_segment.get(-1 if fate.into is None else fate.into)
            if into is None or into is fate or into.fate == "dropped":
                yield _about(index, segment, "was merged into nothing that is there")
        elif fate.fate != "kept":
            yield _about(index, segment, f"has an unknown fate {fate.fate!r}")
    for index in by_segment:
        if not 0 <= index < len(segments):
            yield Evidence(message=f"segment {index} is not one of the source", where="source")


def _about(index: int, segment: str, what: str) -> Evidence:
    return Evidence(message=f"segment {index} {what}", span=segment, where="source")


def _not_found(
    comparison: Comparison, segments: Sequence[str], indexes: Sequence[int]
) -> Iterator[Evidence]:
    said: set[str] = set()
    stems: set[str] = set()
    for index in indexes:
        if segments[index].strip() in comparison.text.text:
            continue  # it stands there as it is
        said = said or set(_WORD.findall(comparison.text.text.casefold()))
        written = set(_WORD.findall(segments[index].casefold()))
        # no more stems than words: most segments stand there word for word
        if len(written) < 4 or len(set(map(stem, written & said))) >= 0.2 * len(written):
            continue
        stems = stems or set(map(stem, said))
        words = set(map(stem, written))
        if len(words) >= 4 and len(words & stems) < 0.2 * len(words):
            yield _about(index, segments[index], "is said to be kept but hardly found")


def _lost_ending(comparison: Comparison) -> Iterator[Evidence]:
    for token in _lost_tail(comparison):
        yield Evidence(
            message=f"this {token.cls.value} at the end of the source is gone",
            span=token.text,
            where="source",
            start=token.start,
            end=token.end,
        )
    source, text = comparison.source.text.rstrip(), comparison.text.text.rstrip()
    if source and not text:
        yield Evidence(message="the text is empty", where="text")
    elif _CLOSED.search(source) and _breaks_off(comparison, text):
        start = max(0, len(text) - 40)
        yield Evidence(
            message="the text ends mid-sentence, the source does not",
            span=text[start:],
            where="text",
            start=start,
            end=len(text),
        )


def _lost_tail(comparison: Comparison) -> list[ProtectedToken]:
    """Return the tokens of the last third that are gone, if the very last ones are among them.

    A token that was exchanged for another of its class, or that is followed by one that survived,
    was changed and not cut: `protected_tokens` says so.
    """
    from_here = len(comparison.source.text) * 2 / 3
    tail = [
        t
        for t in comparison.source.tokens
        if t.start >= from_here and t.cls is not TokenClass.NAME and not comparison.is_omitted(t)
    ]
    gone = set(comparison.lost)
    if not tail or tail[-1] not in gone:
        return []
    exchanged = {t.cls for t in added(comparison.source, comparison.text)}
    return [t for t in tail if t in gone and t.cls not in exchanged]


def _breaks_off(comparison: Comparison, text: str) -> bool:
    if _CLOSED.search(text) or not (text[-1].isalnum() or text[-1] in ",;:–—-"):
        return False
    last_line = text.rpartition("\n")[2]
    if _STRUCTURE.match(last_line):
        return False
    ends_in_token = any(t.end == len(text) for t in comparison.text.of(*VERBATIM))
    signed = "\n" in text and len(last_line.split()) <= 3
    return not ends_in_token and not signed
