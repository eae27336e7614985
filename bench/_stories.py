"""Mails to measure with: narratives with known facts, each the last of a thread of four."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass

from copydesk.core.submission import Source
from copydesk.quality.narratives import Narrative, narrative

#: Earlier messages of each thread, and how long they are in characters.
EARLIER = 3
EARLIER_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Item:
    """A story, the mail that tells it, and the mails before it, oldest first."""

    story: Narrative
    raw: bytes
    earlier: tuple[bytes, ...]
    context: tuple[str, ...]


def items(count: int, seed: int, length: int) -> list[Item]:
    """Return `count` threads; their last mails grow from a tenth of `length` characters to it."""
    return [_item(number, seed, length) for number in range(count)]


def _item(number: int, seed: int, length: int) -> Item:
    share = 0.1 + 0.9 * ((number * 7919) % 101) / 100
    first = seed * 1_000_000 + number * (EARLIER + 1)
    story = narrative(first, channel=Source.EMAIL, length=round(length * share))
    before = [
        narrative(
            first + 1 + k, channel=Source.EMAIL, language=story.language, length=EARLIER_LENGTH
        )
        for k in range(EARLIER)
    ]
    raws = [_in_thread(one, number, place) for place, one in enumerate([*before, story])]
    return Item(story, raws[-1], tuple(raws[:-1]), tuple(one.text for one in before))


def _in_thread(story: Narrative, number: int, place: int) -> bytes:
    message = email.message_from_bytes(story.raw, policy=email.policy.default)
    ids = [f"<thread-{number}-{k}@example.org>" for k in range(place + 1)]
    for name in ("From", "Message-ID", "In-Reply-To"):
        del message[name]
    message["From"] = f"writer{number}@example.org"
    message["Message-ID"] = ids[-1]
    if place:
        message["In-Reply-To"] = ids[-2]
        message["References"] = " ".join(ids[:-1])
    return message.as_bytes()
