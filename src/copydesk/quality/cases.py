"""Cases: messages that went wrong once, with properties that any text about them must have.

Properties rather than a model answer: a better text may say the same in other words. Each is
looked for by rules alone, so the same text is judged the same way each time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from copydesk.core.checks import Verdict
from copydesk.core.corrections import meant
from copydesk.core.ledger import Ledger, TokenClass, added, extract, missing
from copydesk.core.sentences import sentences
from copydesk.core.submission import SegmentKind, Source
from copydesk.quality.checks import risk
from copydesk.quality.gate import run_gate

#: Kinds of segments that a text may leave out: they hold what people say around a message.
_AROUND: Final = frozenset({SegmentKind.GREETING, SegmentKind.SIGNATURE, SegmentKind.BOILERPLATE})
#: What a text may say in other words, or leave to its title.
_LOOSE: Final = frozenset({TokenClass.NAME})
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSegment:
    """A part of the author's own text, and who wrote it where the channel tells."""

    text: str
    kind: SegmentKind = SegmentKind.AUTHORED
    speaker: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A message and what is expected of any text about it.

    `must_say` are facts in the words of the message; `must_not_say` what was made up once.
    `questions` is how many the message asks. `verdict` is what the gate is to say of the text, None
    for whatever it says. `faulty` is a text that went wrong, in which some check has to find a
    fault, "" for none.
    """

    id: str
    segments: tuple[CaseSegment, ...]
    channel: Source = Source.EMAIL
    subject: str = ""
    language: str = ""
    because: str = ""
    must_say: tuple[str, ...] = ()
    must_not_say: tuple[str, ...] = ()
    questions: int = 0
    verdict: Verdict | None = None
    faulty: str = ""

    @property
    def text(self) -> str:
        """Return the author's own text."""
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One thing a text has or lacks; `detail` says in words what is wrong, "" when nothing is."""

    name: str
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether the text has it."""
        return not self.detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a version made of a message."""

    text: str
    title: str = ""
    omitted: tuple[str, ...] = ()
    open_questions: tuple[str, ...] = ()
    verdict: Verdict = Verdict.PASSED
    degraded_because: str = field(default="")


def facts_in(segments: Sequence[CaseSegment], language: str) -> tuple[str, ...]:
    """Return what a text about these segments must say: each protected token once, in order.

    Names are left out, since a text may say "he"; so is what stands in a greeting or signature, and
    what the author took back.
    """
    told = "".join(s.text if s.kind not in _AROUND else "\n" for s in segments)
    ledger = extract(told, language=language)
    tokens = meant(ledger).tokens
    return tuple(dict.fromkeys(t.text for t in tokens if t.cls not in _LOOSE))


def questions_in(text: str) -> int:
    """Return how many sentences of a text ask something."""
    return sum("?" in text[start:end] or "？" in text[start:end] for start, end in sentences(text))


def judge(case: Case, written: Written, *, monotonic: Callable[[], float]) -> tuple[Property, ...]:
    """Return every property that `case` asks for, and whether what was written has it.

    `monotonic` returns seconds and only measures what checks cost.
    """
    return tuple(_properties(case, written, monotonic))


def _properties(case: Case, written: Written, monotonic: Callable[[], float]) -> Iterator[Property]:
    said = f"{written.title}\n\n{written.text}"
    ledger = extract(said, language=case.language)
    yield Property(
        name="answered",
        detail=written.degraded_because,
    )
    excused = "\n".join(written.omitted)
    lost = [
        fact
        for fact in case.must_say
        if not says(fact, ledger) and fact.casefold() not in excused.casefold()
    ]
    yield Property(name="facts_kept", detail=_listed("lost", lost))
    source = extract(f"{case.subject}\n\n{case.text}", language=case.language)
    invented = [token.text for token in added(source, ledger) if token.cls not in _LOOSE]
    yield Property(name="nothing_invented", detail=_listed("made up", invented))
    if case.must_not_say:
        told = [phrase for phrase in case.must_not_say if says(phrase, ledger)]
        yield Property(name="not_said_again", detail=_listed("said", told))
    if case.questions:
        asked = questions_in(written.text) + len(written.open_questions)
        short = asked < case.questions
        yield Property(
            name="questions_kept", detail=f"{asked} of {case.questions} are left" if short else ""
        )
    if case.verdict is not None:
        other = written.verdict is not case.verdict
        yield Property(
            name="verdict",
            detail=f"the gate said {written.verdict}, not {case.verdict}" if other else "",
        )
    if case.faulty:
        gate = run_gate(case.text, case.faulty, monotonic=monotonic, language=case.language)
        # that a text is risky says nothing of what is wrong with it
        caught = any(
            result.verdict is not Verdict.PASSED
            for result in gate.checks
            if result.check != risk.NAME
        )
        yield Property(
            name="fault_caught", detail="" if caught else "no check sees the text that went wrong"
        )


def says(phrase: str, ledger: Ledger) -> bool:
    """Whether the text of `ledger` says `phrase`: its facts in any writing, else its very words."""
    asked = extract(phrase, language=ledger.language)
    hard = [token for token in asked.tokens if token.cls not in _LOOSE]
    if hard:
        gone = set(missing(asked, ledger))
        return not any(token in gone for token in hard)
    words = r"\s+".join(re.escape(word) for word in phrase.split())
    return bool(words) and re.search(rf"(?<!\w){words}(?!\w)", ledger.text, re.I) is not None


def _listed(word: str, found: Sequence[str]) -> str:
    if not found:
        return ""
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{word}: {', '.join(found[:_SHOWN])}{more}"
