"""How a story reaches the desk: dressed as the mail, chat, form or post it would come in.

Each dressing adds what is not the author's telling: history, signatures, other people's chatter.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from random import Random

from copydesk.core.submission import Source
from copydesk.quality.narratives.stories import Stock, Story, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Dressed:
    """A raw message. `told` are the author's pieces as typed, in order; `foreign` are lines in it
    that are not the author's words; `others` is
    what else may stand in a text: greetings, those who speak besides the author, what they say."""

    raw: bytes
    filename: str
    told: tuple[str, ...]
    foreign: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def dress(source: Source, story: Story, stock: Stock, random: Random, *, number: int) -> Dressed:
    """Return `story` as it comes through `source`; `number` keeps message ids apart."""
    match source:
        case Source.EMAIL:
            return _mail(story, stock, random, number)
        case Source.CHAT:
            return _chat(story, stock, random, number)
        case Source.FORM:
            return _form(story, stock, random, number)
        case _:
            return _post(story, stock, random, number)


def _mail(story: Story, stock: Stock, random: Random, number: int) -> Dressed:
    values = Values(stock, random)
    history = [values.fill(line) for line in stock.history]
    attribution = values.fill(stock.attribution)
    paragraphs = _paragraphs([beat.messy for beat in story.beats], random)
    signature = f"-- \n{story.author}\n+49 561 {random.randint(100_000, 999_999)}"
    quoted = "\n".join(f"> {line}" for line in history)
    greeting, closing = random.choice(stock.greetings), random.choice(stock.closings)
    lines = [greeting, *paragraphs, closing, signature]
    body = "\n\n".join([*lines, f"{attribution}\n{quoted}"])
    if random.random() < 0.5:
        body += f"\n\n{stock.disclaimer}"
    message = EmailMessage()
    message["From"] = f"{story.author} <writer{number}@example.org>"
    message["To"] = "desk@example.com"
    message["Subject"] = f"Re: {story.subject}"
    message["Message-ID"] = f"<story-{number}-{random.getrandbits(32):08x}@example.org>"
    message["In-Reply-To"] = f"<desk-{number}@example.com>"
    message["Date"] = "Mon, 02 Mar 2026 09:40:00 +0000"
    message.set_content(body, cte="8bit" if random.random() < 0.5 else "quoted-printable")
    return Dressed(
        raw=message.as_bytes(),
        filename=f"story-{number}.eml",
        told=tuple(paragraphs),
        foreign=(*history, stock.disclaimer),
        others=(greeting, closing),
    )


def _chat(story: Story, stock: Stock, random: Random, number: int) -> Dressed:
    others = [name for name in stock.names if name != story.author]
    random.shuffle(others)
    minute = 9 * 60 + random.randint(0, 30)
    lines: list[str] = []
    chatter: list[str] = []
    for beat in story.beats:
        minute += random.randint(0, 2)
        lines.append(f"[{minute // 60:02}:{minute % 60:02}] {story.author}: {beat.messy}")
        if random.random() < 0.3:
            said = random.choice(stock.interjections)
            chatter.append(said)
            lines.append(f"[{minute // 60:02}:{minute % 60:02}] {others[0]}: {said}")
    return Dressed(
        raw="\n".join(lines).encode(),
        filename=f"story-{number}.chat.txt",
        told=tuple(beat.messy for beat in story.beats),
        others=(others[0], *chatter),
    )


def _form(story: Story, stock: Stock, random: Random, number: int) -> Dressed:
    paragraphs = _paragraphs([beat.messy for beat in story.beats], random)
    greeting = random.choice(stock.greetings)
    filled = {
        "name": story.author,
        "email": f"writer{number}@example.org",
        "subject": story.subject,
        "message": "\n\n".join([greeting, *paragraphs]),
    }
    return Dressed(
        raw=json.dumps(filled, ensure_ascii=False).encode(),
        filename=f"story-{number}.json",
        told=tuple(paragraphs),
        others=(greeting,),
    )


def _post(story: Story, stock: Stock, random: Random, number: int) -> Dressed:
    values = Values(stock, random)
    quoted = values.fill(stock.history[0])
    paragraphs = _paragraphs([beat.messy for beat in story.beats], random)
    body = "\n\n".join([f"# {story.subject}", f"> {quoted}", *paragraphs])
    return Dressed(raw=body.encode(), filename=f"story-{number}.md", told=tuple(paragraphs))


def _paragraphs(pieces: Sequence[str], random: Random) -> list[str]:
    """Return pieces run together as people do: some closed, some not, a few to a paragraph."""
    paragraphs: list[str] = []
    current = ""
    for piece in pieces:
        ended = piece if piece[-1] in "?!" else piece + random.choice([".", "...", " -", ","])
        current = f"{current} {ended}".strip()
        if random.random() < 0.3:
            paragraphs.append(current)
            current = ""
    return [*paragraphs, current] if current else paragraphs
