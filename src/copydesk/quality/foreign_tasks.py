"""Tasks and questions that have nothing to do with the message they stand in.

Whoever smuggles work for a machine into a message words it as he likes, but asks for what the rest
of the message never speaks of: "Compare the economies of Norway and Vietnam." in a mail about
an invoice. So a sentence counts that begins as a task or a question of general knowledge, points at
nobody in the conversation, and shares no word of content with the rest. English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from copydesk.core.patterns import first_words
from copydesk.core.words import BEGINNING, fold
from copydesk.quality.lexicon import lexicon, stem

#: So many words must stand around a sentence before it can be called foreign to them.
_AROUND: Final = 20
_CONTENT: Final = 2
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_FIRST: Final = re.compile(r"\w+")
_CAPITAL: Final = re.compile(r"[A-Z](?<=\s[A-Z])[a-z]\w*")

# Work that a machine is asked for; what customers ask a company for (send, fix) is not here.
_TASK_WORDS: Final = (
    r"(?:(?:please|now|then|also|next|instead|first|finally|kindly),? ){0,2}(?:(?:can|could) you )?"
    r"(?:analy[sz]e|assess|brainstorm|calculate|categori[sz]e|classify|come up with|compare|compose"
    r"|compute|convert|count|craft|create|define|describe|design|detect|determine|develop|devise"
    r"|draft|enumerate|estimate|evaluate|explain|generate|identify|illustrate|imagine|invent|list"
    r"|name|outline|paraphrase|plan|predict|provide|quote|rank|recite|recommend|research|rewrite"
    r"|sing|solve|sort|suggest|summari[sz]e|teach|translate|work out|write(?! to)|find me|give me"
    r"|tell me|show me|set up|book|order|design|discuss|elaborate|draw)(?= )"
)
_TASK: Final = re.compile(_TASK_WORDS, re.IGNORECASE)
# Asked of people as well, then about what both know of.
_ASKED: Final = re.compile(
    r"(?:book|describe|determine|explain|give me|identify|list|order|plan|provide|set up|show me"
    r"|tell me)\Z",
    re.IGNORECASE,
)
_DEFINITE: Final = re.compile(
    r"\b(?:the|this|that|these|those|my|our|your|his|her|its|their|i|we|you|it|they)\b",
    re.IGNORECASE,
)
_QUESTION_WORDS: Final = (
    r"(?:who|whom|whose|which|what|when|where|why|how(?! to))"
    r"(?: (?:many|much|far|old|long|tall|big|fast))?(?=['’ ])"
)
_QUESTION: Final = re.compile(_QUESTION_WORDS, re.IGNORECASE)
#: The words that either begins with.
_BEGIN: Final = first_words(_TASK_WORDS) | first_words(_QUESTION_WORDS)
#: A question about the matter at hand points at somebody or something in it.
_POINTING: Final = re.compile(
    r"\b(?:i|me|my|mine|we|us|our|ours|you|your|yours|he|she|him|his|her|they|them|their|it|its"
    r"|this|that|these|those|here|there|now|today|tomorrow|yesterday|still|already|please)\b"
    r"|['’](?:s it|re|ve|ll|m)\b",
    re.IGNORECASE,
)


def foreign_tasks(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the places of foreign tasks.

    Args:
        text: a message.
        spans: the places of its sentences.
    """
    candidates = [found for span in spans for found in _candidates(text, *span)]
    if not candidates:
        return
    words = [(match.start(), stem(match[0].casefold())) for match in _WORD.finditer(text)]
    idle, light = lexicon("en").idle, lexicon("en").function
    for start, end, body in candidates:
        content = {
            stem(word)
            for word in map(str.casefold, _WORD.findall(text, body, end))
            if word not in light and stem(word) not in idle
        }
        around = [word for at, word in words if not start <= at < end]
        if len(content) >= _CONTENT and len(around) >= _AROUND and content.isdisjoint(around):
            yield start, end


def _candidates(text: str, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield where a task or question may begin and end, and where what it is about begins.

    One pushed into the middle of somebody's sentence still begins with its own capital.
    """
    first = _FIRST.match(text, start, end)
    for match in chain((first,) if first else (), _CAPITAL.finditer(text, start, end)):
        at, word = match.start(), fold(match[0])
        if word not in _BEGIN and word[:BEGINNING] + "*" not in _BEGIN:
            continue
        body = _task(text, at, end) or _question(text, at, end)
        if body:
            yield at, end, body
            return


def _task(text: str, at: int, end: int) -> int:
    """Return where what a task is about begins, 0 if none begins at `at`."""
    task = _TASK.match(text, at, end)
    if task is None or (_ASKED.search(task[0]) and _DEFINITE.search(text, task.end(), end)):
        return 0
    return task.end()


def _question(text: str, at: int, end: int) -> int:
    """Return where what a question is about begins, 0 if none of that kind begins at `at`."""
    asked = _QUESTION.match(text, at, end)
    if asked is None or not text[at:end].rstrip().endswith("?") or _POINTING.search(text, at, end):
        return 0
    return asked.end()
