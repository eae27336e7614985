"""Exchange: a thing traded for another of its kind is another fact.

Days, months, colours, roles, ways to pay, parts of a house: words of one kind exclude each other
(`facts.toml`). A text that drops one and brings another, in sentences that belong together, is
flagged, whatever else it paraphrases.
"""

from __future__ import annotations

from collections.abc import Iterator

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.quality.comparison import Comparison
from copydesk.quality.pairings import Pairing
from copydesk.quality.wording import Word

NAME = "exchange"
VERSION = 2


def check(comparison: Comparison) -> CheckResult:
    """Look for members of a kind that took the place of others.

    Returns:
        `flagged` with one piece of evidence per exchange, `passed` if there is none.
    """
    evidence: tuple[Evidence, ...] = ()
    if not comparison.is_unchanged and comparison.ours.members != comparison.theirs.members:
        evidence = tuple(_exchanged(comparison))
    verdict = Verdict.FLAGGED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=evidence)


def _exchanged(comparison: Comparison) -> Iterator[Evidence]:
    gone = comparison.ours.members - comparison.theirs.members
    come = comparison.theirs.members - comparison.ours.members
    kinds = {kind for kind, _ in gone} & {kind for kind, _ in come}
    if not kinds:
        return
    for pairing in comparison.pairings:
        lost = _members(comparison, pairing, "source", gone)
        new = _members(comparison, pairing, "text", come)
        for kind in sorted(kinds & lost.keys() & new.keys()):
            message = f"{comparison.lexicon.kinds[kind]}: the source says {lost[kind].bare!r} here"
            yield comparison.at(new[kind], message, "exchange.kind")


def _members(
    comparison: Comparison, pairing: Pairing, side: str, wanted: frozenset[tuple[int, int]]
) -> dict[int, Word]:
    """Return the first word of each kind whose member is among those wanted."""
    words = comparison.ours if side == "source" else comparison.theirs
    found: dict[int, Word] = {}
    for sentence in pairing.source if side == "source" else pairing.text:
        for word in words.within(sentence.number):
            for kind, member in words.members_of_stem(word.stem):
                if (kind, member) in wanted:
                    found.setdefault(kind, word)
    return found
