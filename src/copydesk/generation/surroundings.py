"""What stands around a message in a prompt, made to fit: earlier messages and our own passages.

The message comes first; what is left of the window goes to these. They are taken whole or not at
all, the newest message and the best passage first; one message at most is shortened, and then it
is its end that stays. Whatever is not shown is said in words, to the model and to people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from copydesk.core.sentences import sentences
from copydesk.generation.material import ContextMessage, Material, Reference
from copydesk.generation.showing import context_record, record_tokens, reference_record

#: Tokens below which the end of a message is no help any more.
_SHORTEST: Final = 40
#: Tokens set aside for the words that say what is not shown.
_WORDS: Final = 60


def with_room(material: Material, room: int) -> Material:
    """Return `material` with surroundings that take at most about `room` tokens.

    `left_out` of what is returned says what is missing. Passages get half the room at most.
    """
    left_out: list[str] = []
    references, spent = _fitting(material.references, max(0, room) // 2)
    if missing := len(material.references) - len(references):
        left_out.append(f"{_many(missing, 'passage')} of style guide and own posts")
    context = latest(material.context, room - spent)
    missing = len(material.context) - len(context)
    if missing:
        left_out.append(f"the oldest {_many(missing, 'earlier message')}")
    if context and context[0].not_shown:
        left_out.append(
            f"the first {context[0].not_shown:,} characters of the oldest message shown"
        )
    return replace(
        material,
        references=references,
        context=context,
        left_out=(*material.left_out, *left_out),
    )


def chosen(material: Material, *, most: int, tokens: int) -> Material:
    """Return `material` with its first `most` references that take `tokens` at most together.

    The others were candidates; nobody misses them.
    """
    references, _ = _fitting(material.references[:most], tokens)
    return replace(material, references=references)


def latest(messages: Sequence[ContextMessage], room: int) -> tuple[ContextMessage, ...]:
    """Return the newest of `messages` that fit into `room` tokens, oldest first.

    Where the next older one does not fit whole, its last sentences are taken that do.
    """
    if _cost_of(messages) <= room:
        return tuple(messages)
    room -= _WORDS
    taken: list[ContextMessage] = []
    for message in reversed(messages):
        cost = _cost_of([message])
        if cost <= room:
            taken.append(message)
            room -= cost
            continue
        if ending := _ending(message, room):
            taken.append(ending)
        break
    return tuple(reversed(taken))


def _fitting(references: Sequence[Reference], room: int) -> tuple[tuple[Reference, ...], int]:
    taken: list[Reference] = []
    spent = 0
    for reference in references:
        cost = record_tokens(reference_record(reference))
        if spent + cost <= room:
            taken.append(reference)
            spent += cost
    return tuple(taken), spent


def _ending(message: ContextMessage, room: int) -> ContextMessage | None:
    """Return the last whole sentences of `message` that fit, None where that is no help."""
    if room < _SHORTEST:
        return None
    room -= _cost_of([replace(message, text="", not_shown=len(message.text))])
    start = len(message.text)
    for begin, _ in reversed(sentences(message.text)):
        room -= record_tokens(message.text[begin:start])
        if room < 0:
            break
        start = begin
    if start == len(message.text):
        return None
    return replace(message, text=message.text[start:], not_shown=message.not_shown + start)


def _cost_of(messages: Sequence[ContextMessage]) -> int:
    return sum(record_tokens(context_record(message)) for message in messages)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
