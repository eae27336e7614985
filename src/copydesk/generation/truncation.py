"""The guard that does not believe the server: a natural stop is proved, not assumed.

Servers report cut replies as success, and libraries pass them on: pydantic-ai turns a missing
finish reason into `stop`, vLLM calls a turn cut at the cap `tool_calls` (vllm #58228), and JSON cut
and patched up parses. So each reply is held against what was asked and what it was made from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import regex

from copydesk.core.corrections import meant
from copydesk.core.errors import ReplyTruncated
from copydesk.core.ledger import VERBATIM, Ledger, TokenClass, extract, missing
from copydesk.core.protected import ProtectedToken
from copydesk.core.sentences import sentences
from copydesk.generation.port import Completion, ModelRequest

#: Words by which vendors say that a model stopped because it was done.
NATURAL: Final = frozenset(
    {"stop", "end_turn", "eos", "eos_token", "completed", "tool_call", "tool_calls", "tool_use"}
)

#: Punctuation that closes a sentence: Latin, Armenian, Arabic, Urdu, Indic, Ethiopic, CJK.
CLOSING: Final = frozenset(".!?…‽։؟۔।॥።。．！？")
#: What may stand behind it: quotes, brackets, Markdown emphasis.
WRAPPING: Final = "\"'”’»«›‹)]}）】」』*_`~"

_LAST_THIRD: Final = 2 / 3
# a name whose spelling was put right looks missing; the gate compares names with an alias list
_UNCERTAIN: Final = frozenset({TokenClass.NAME})

#: By how many of its last words the place is found where a reply ends.
_TAIL: Final = 3
_MIN_STEMS: Final = 3
_STEM: Final = 5
_MIN_RETURNED: Final = 0.4
_WORD: Final = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_UNSPACED: Final = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
)


def check_natural_stop(
    request: ModelRequest, completion: Completion, source: str, *, language: str = ""
) -> None:
    """Check a plain-text reply made from `source` on every signal.

    Raises `ReplyTruncated` whose `signal` names the first one that shows.
    """
    check_stop_signals(request, completion)
    check_coverage(source, completion.text, language=language)


def check_stop_signals(request: ModelRequest, completion: Completion) -> None:
    """Check what the envelope itself shows: finish reason, output tokens, unfinished JSON.

    Raises `ReplyTruncated` with signal `finish_reason`, `output_cap`, `empty` or `json_incomplete`.
    """
    reason = completion.finish_reason.strip().lower()
    if reason not in NATURAL:
        said = f"said {completion.finish_reason!r}" if reason else "gave no finish reason"
        raise ReplyTruncated("finish_reason", f"The model {said}; its reply was not used.")
    spent = completion.usage.output_tokens
    if spent is not None and spent >= request.max_tokens:
        raise ReplyTruncated(
            "output_cap",
            f"The reply used {spent} of at most {request.max_tokens} tokens; it was not used.",
        )
    if not completion.text.strip():
        raise ReplyTruncated("empty", "The model stopped before it said anything.")
    if request.reply is not None and completion.object is None:
        raise ReplyTruncated("json_incomplete", "The reply is not a complete JSON object.")


def check_coverage(
    source: str, text: str, omitted: Sequence[str] = (), *, language: str = ""
) -> None:
    """Check that the end of `source` came back in `text` or is named in `omitted`.

    `language` is the BCP 47 tag of both, "" when unknown.

    Raises `ReplyTruncated` with signal `tokens_missing` (a protected token of the last third),
    `mid_sentence` (the text breaks off, and the source does not or goes on there) or
    `ending_missing` (hardly a word of the last sentence came back).
    """
    named = "\n".join(omitted)
    returned = f"{text}\n{named}" if named else text
    wanted = extract(source, language=language)
    # what its author took back need not come back
    wanted = meant(wanted)
    # the very text first: its ledger is wanted again by the gate
    lost = _lost(wanted, text, named, language)
    if lost and named:
        lost = _lost(wanted, returned, named, language)
    if lost:
        names = ", ".join(token.text for token in lost[:5])
        raise ReplyTruncated("tokens_missing", f"The end of the message is missing: {names}.")
    if not ends_closed(text) and (
        not _ends_with_last(wanted, text)
        if ends_closed(source)
        else _stops_short(wanted.text, text, returned)
    ):
        raise ReplyTruncated("mid_sentence", f"The reply breaks off: …{text.rstrip()[-40:]}")
    ending = _ending_stems(wanted.text)
    if ending:
        share = len(ending & _stems(returned)) / len(ending)
        if share < _MIN_RETURNED:
            raise ReplyTruncated(
                "ending_missing", "The last sentence of the message did not come back."
            )


def _lost(wanted: Ledger, returned: str, named: str, language: str) -> list[ProtectedToken]:
    return [
        token
        for token in missing(wanted, extract(returned, language=language))
        if token.start >= len(wanted.text) * _LAST_THIRD
        and token.cls not in _UNCERTAIN
        and token.text not in named
    ]


def ends_closed(text: str) -> bool:
    """Whether `text` ends with closing punctuation, looking through quotes and emphasis."""
    bare = text.rstrip().rstrip(WRAPPING).rstrip()
    return bool(bare) and bare[-1] in CLOSING


def _ends_with_last(source: Ledger, text: str) -> bool:
    """Whether `text` ends with the last link or code of the source, where a full stop may go."""
    last = source.of(*VERBATIM)[-1:]
    return bool(last) and text.rstrip().rstrip(WRAPPING).endswith(last[0].text.rstrip(WRAPPING))


def _stops_short(source: str, text: str, returned: str) -> bool:
    """Whether `text` ends where `source`, which ends open as well, goes on with words that did not
    come back: in its last words, or within one of them."""
    wanted = _words(source)
    *before, last = _words(text)[-_TAIL:] or [""]
    for end in range(len(wanted) - 1, len(before) - 1, -1):
        if wanted[end - len(before) : end] == before and wanted[end].startswith(last):
            had, back = Counter(wanted), Counter(_words(returned))
            return wanted[end] != last or any(back[w] < had[w] for w in wanted[end + 1 :])
    return False


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _ending_stems(source: str) -> frozenset[str]:
    """Return the stems of the last sentence that has enough of them to be recognised by."""
    spans = sentences(source)
    for start, end in reversed(spans[len(spans) // 2 :]):
        if len(stems := _stems(source[start:end])) >= _MIN_STEMS:
            return stems
    return frozenset()


def _stems(text: str) -> frozenset[str]:
    """Return word beginnings; in scripts without spaces, pairs of neighbouring characters.

    Beginnings survive what an editor does to a word (plural, tense, case).
    """
    stems: set[str] = set()
    for word in _WORD.findall(text.lower()):
        if _UNSPACED.search(word):
            stems.update(word[i : i + 2] for i in range(len(word) - 1))
        elif len(word) >= 4:
            stems.add(word[:_STEM])
    return frozenset(stems)
