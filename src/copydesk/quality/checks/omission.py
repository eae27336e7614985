"""Omission: every sentence of the source is still told, in whatever words.

Recall of the words that carry content, sentence by sentence, against the whole text: an editor may
move, merge and paraphrase, but a sentence of which hardly a word or a synonym is left was dropped.
Greetings and thanks carry no content. A question has to remain a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.quality.comparison import Comparison
from copydesk.quality.wording import Sentence, Word

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
        evidence = tuple(_lost(comparison))
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
        elif (run := _longest(words, gone)) and len(run) >= _RUN:
            message = f"this stretch is gone: {' '.join(word.bare for word in run)}"
            yield comparison.spanning(run, "source", message, "omission.stretch")
    if len(questions) > asked and not _ASKS.search(comparison.text.text.casefold()):
        recall, sentence = min(questions, key=lambda question: question[0])
        much = "turned_question" if recall > _HALF else "question"
        yield comparison.spanning(
            [sentence], "source", "this question is not asked any more", f"omission.{much}"
        )


def _longest(words: Sequence[Word], among: set[int]) -> list[Word]:
    best: list[Word] = []
    run: list[Word] = []
    for word in words:
        run = [*run, word] if word.start in among else []
        if len(run) > len(best):
            best = run
    return best
