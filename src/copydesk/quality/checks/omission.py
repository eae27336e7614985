"""Omission: every sentence of the source is still told, in whatever words.

Recall of the words that carry content, sentence by sentence, against the whole text: an editor may
move, merge and paraphrase, but a sentence of which hardly a word or a synonym is left was dropped.
Greetings and thanks carry no content. A question has to remain a question. What the author took
back ("scratch that") may go, what stands instead may not.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.quality.comparison import Comparison
from copydesk.quality.wording import Sentence, Word, Wording, longest_run

NAME = "omission"
VERSION = 2

_FEW: Final = 2
_MANY: Final = 4
_RECALL: Final = 0.34
_RUN: Final = 3
_HALF: Final = 0.5
#: Ways to ask without a question mark.
_ASKS: Final = re.compile(
    r"\b(?:whether|wonder\w*|like to know|let me know|let us know|please tell|please confirm"
    r"|perhaps|please (?:advise|explain)|ob|wüsste gern|wissen|savoir|dites-moi|saber|díganme"
    r"|dígame)\b"
)


def check(comparison: Comparison) -> CheckResult:
    """Look for sentences, questions and long stretches that the text does not tell.

    Returns:
        `flagged` with one piece of evidence per loss, `passed` if there is none.
    """
    evidence: tuple[Evidence, ...] = ()
    if not comparison.is_unchanged and (comparison.gone or "?" in comparison.source.text):
        evidence = (*_lost(comparison), *_not_put_right(comparison))
    verdict = Verdict.FLAGGED if evidence else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=evidence)


def _lost(comparison: Comparison) -> Iterator[Evidence]:
    gone = {word.start for word in comparison.gone}
    lacking = {word.sentence for word in comparison.gone}
    asked = sum("?" in s.text for s in comparison.theirs.sentences)
    questions: list[tuple[float, Sentence]] = []
    for number, sentence in enumerate(comparison.ours.sentences):
        words = comparison.ours.content_of(number) if number in lacking else []
        missing = [word for word in words if word.start in gone]
        recall = 1 - len(missing) / len(words) if words else 1.0
        if comparison.excuses(sentence.text):
            continue
        if "?" in sentence.text:
            questions.append((recall, sentence))
        if len(words) >= _FEW and recall <= _RECALL:
            many = "" if len(words) >= _MANY else "short_"
            message = f"hardly a word of this is left ({len(missing)} of {len(words)} are gone)"
            yield comparison.spanning([sentence], "source", message, f"omission.{many}sentence")
        elif (run := longest_run(words, gone)) and len(run) >= _RUN:
            message = f"this stretch is gone: {' '.join(word.bare for word in run)}"
            yield comparison.spanning(run, "source", message, "omission.stretch")
    if len(questions) > asked and not _ASKS.search(comparison.text.text.casefold()):
        recall, sentence = min(questions, key=lambda question: question[0])
        much = "turned_question" if recall > _HALF else "question"
        yield comparison.spanning(
            [sentence], "source", "this question is not asked any more", f"omission.{much}"
        )


def _not_put_right(comparison: Comparison) -> Iterator[Evidence]:
    """Yield what stands instead of words that were taken back, where the text says those."""
    gone = {word.start for word in comparison.gone}
    for one in comparison.taken_back:
        instead = _within(comparison.ours, one.instead)
        if not instead or any(word.start not in gone for word in instead):
            continue
        old = [word for span in one.taken_back for word in _within(comparison.said, span)]
        if old and all(comparison.theirs.says(word.stem) for word in old):
            message = "the author put this right, the text tells what was before"
            yield comparison.spanning(instead, "source", message, "omission.taken_back")


def _within(wording: Wording, span: tuple[int, int]) -> list[Word]:
    """Return the words of a stretch that carry content."""
    begins = [sentence.start for sentence in wording.sentences]
    first, last = max(0, bisect_right(begins, span[0]) - 1), bisect_left(begins, span[1])
    words = (word for number in range(first, last) for word in wording.content_of(number))
    return [word for word in words if span[0] <= word.start < span[1]]
