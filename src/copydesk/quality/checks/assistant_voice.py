"""Assistant voice: the text speaks as the machine that wrote it, or answers an injected question.

Phrases the author used are not counted. An answer is suspected where the source held an
instruction to a machine, the text left it out, and says something the source never did.
"""

from __future__ import annotations

import re
from typing import Final

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.patterns import Patterns
from copydesk.core.words import told_by
from copydesk.quality.comparison import Comparison
from copydesk.quality.injection import instructions
from copydesk.quality.lexicon import stem
from copydesk.quality.wording import Sentence

NAME = "assistant_voice"
VERSION = 1

#: What it says of itself and of its work; each begins with a word.
_VOICES: Final = (
    r"as an? (?:ai|artificial intelligence|language model|large language model|assistant)",
    r"i(?:'m| am) (?:just |only )?an? (?:ai|assistant|language model)",
    r"here(?:'s| is| are)[ ](?:the|your|a|an)[ ](?:\w+[ ]){0,3}"
    r"(?:rewritten|rewrite|polished|revised|improved|edited|cleaned|corrected|version|translation)",
    r"(?:sure|certainly|of course|absolutely)[,!][ ](?:here|i|let)",
    r"i(?: have|'ve) (?:rewritten|rephrased|polished|revised|edited|corrected) (?:the|your)",
    r"i(?: can't| cannot| am unable to|'m unable to| won't) (?:assist|help with|comply|fulfil)",
    r"i hope this (?:helps|meets|rewrite|version)",
    r"let me know if you(?:'d| would) like (?:me to|any (?:changes|further))",
    r"(?:rewritten|revised|polished|improved) (?:text|version|message|email)[ ]?:",
    r"als (?:eine? )?(?:ki|sprachmodell|künstliche intelligenz)",
    r"hier ist (?:die|der|das|eine|ihre?) (?:überarbeitete|umgeschriebene|verbesserte|korrigierte)",
    r"(?:gerne|natürlich)[,!] hier",
    r"en tant qu(?:'|e )(?:ia|intelligence artificielle|modèle de langage)",
    r"voici (?:la|le|une|votre) (?:\w+ )?(?:version|texte|message)",
    r"como (?:una? )?(?:ia|inteligencia artificial|modelo de lenguaje)",
    r"aquí (?:está|tienes|tiene) (?:la|el|una|su|tu) (?:\w+ )?(?:versión|texto|mensaje)",
)
_VOICE: Final = re.compile(rf"\b(?:{'|'.join(_VOICES)})(?!\w)", re.IGNORECASE)
_POSSIBLE: Final = Patterns(_VOICES, before=r"\b")


def check(comparison: Comparison) -> CheckResult:
    """Look for the machine's own voice in the text.

    Returns:
        `failed` for a phrase of the machine, `flagged` for what may answer an injected question.
    """
    text, tells = comparison.text.text, told_by(comparison.text.text)
    if "’" in text:
        text, tells = text.replace("’", "'"), tells | {"'"}
    may_speak = _POSSIBLE.possible(tells)
    authored = _plain(comparison.source.text) if may_speak else ""
    spoken = [
        Evidence(
            message="speaks as the machine that wrote it",
            span=match[0],
            where="text",
            start=match.start(),
            end=match.end(),
        )
        for match in (_VOICE.finditer(text) if may_speak else ())
        if _plain(match[0]) not in authored
    ]
    answers = _answers(comparison)
    verdict = Verdict.FAILED if spoken else Verdict.FLAGGED if answers else Verdict.PASSED
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=(*spoken, *answers))


def _plain(text: str) -> str:
    return text.casefold().replace("’", "'")


def _answers(comparison: Comparison) -> list[Evidence]:
    marks = instructions(comparison.source.text)
    if not marks:
        return []
    texts = comparison.theirs.sentences
    said = frozenset[str]().union(*(sentence.stems for sentence in texts))
    if all(_kept(_stems(mark.span), said) for mark in marks):
        return []
    authored = frozenset[str]().union(*(s.stems for s in comparison.ours.sentences))
    return [
        Evidence(
            message="may answer an instruction found in the source",
            span=sentence.text,
            where="text",
            start=sentence.start,
            end=sentence.end,
        )
        for sentence in texts
        if _is_new(sentence, authored)
    ]


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(w) for w in re.findall(r"\w{4,}", text.casefold()))


def _kept(words: frozenset[str], said: frozenset[str]) -> bool:
    return len(words & said) >= 0.5 * len(words)


def _is_new(sentence: Sentence, authored: frozenset[str]) -> bool:
    words = sentence.stems
    return len(words) >= 3 and len(words - authored) > 0.6 * len(words)
