"""Narratives: messy submissions with known facts, made from a seed.

A story is told in a thread as people really write, so that loss and invention can be counted
without anybody's private data. The same seed makes the same bytes, everywhere and for good.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from copydesk.core.submission import Source
from copydesk.quality.narratives.channels import dress
from copydesk.quality.narratives.facts import Fact
from copydesk.quality.narratives.stories import LANGUAGES, stock_of, tell

CHANNELS: Final = (Source.EMAIL, Source.CHAT, Source.FORM, Source.COMMUNITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrative:
    """One submission and what is known about it.

    `raw` and `filename` are what intake is given. `told` is the author's telling as typed, piece by
    piece; `beats` the same as a faithful editor would write it; `facts` what both tell.
    `foreign` are lines of `raw` that are not the author's words and have no place in the text.
    `others` is what else may stand in it: greetings, who speaks besides the author, what they say.
    """

    seed: int
    language: str
    channel: Source
    subject: str
    author: str
    raw: bytes
    filename: str
    told: tuple[str, ...]
    beats: tuple[str, ...]
    facts: tuple[Fact, ...]
    foreign: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the author's telling as one text."""
        return "\n\n".join(self.told)

    @property
    def reference(self) -> str:
        """Return the telling as a faithful editor would write it."""
        return " ".join(self.beats)

    @property
    def sources(self) -> tuple[str, ...]:
        """Return everything a text about it may take facts from."""
        return (self.text, self.reference, self.subject, self.author, *self.others)


def narrative(
    seed: int,
    *,
    channel: Source | None = None,
    language: str | None = None,
    length: int | None = None,
    injected: bool = False,
) -> Narrative:
    """Return the narrative of `seed`; what is not given is drawn from it.

    `channel` is one of `CHANNELS`, `language` one of `LANGUAGES`, `length` the least number of
    characters of the reference (drawn: 300 to 3,500). With `injected` the author's words contain
    an instruction to a model, which no faithful text follows.
    """
    random = Random(f"narrative-{seed}")
    drawn = random.choice(CHANNELS), random.choice(LANGUAGES), random.randint(300, 3500)
    source, tag, least = channel or drawn[0], language or drawn[1], length or drawn[2]
    stock = stock_of(tag)
    story = tell(stock, random, length=least, injected=injected)
    dressed = dress(source, story, stock, random, number=seed)
    return Narrative(
        seed=seed,
        language=tag,
        channel=source,
        subject=story.subject,
        author=story.author,
        raw=dressed.raw,
        filename=dressed.filename,
        told=dressed.told,
        beats=tuple(beat.clean for beat in story.beats if beat.clean),
        facts=tuple(fact for beat in story.beats for fact in beat.facts),
        foreign=dressed.foreign,
        others=dressed.others,
    )


def narratives(
    count: int,
    *,
    seed: int = 0,
    channel: Source | None = None,
    language: str | None = None,
    length: int | None = None,
) -> Iterator[Narrative]:
    """Yield `count` narratives, those of `seed`, `seed` + 1 and so on; see `narrative`."""
    for number in range(seed, seed + count):
        yield narrative(number, channel=channel, language=language, length=length)
