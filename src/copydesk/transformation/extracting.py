"""Extracts: short forms taken from a post by rule, without changing a word.

Each says less than the post and nothing else. What is left behind is the caller's to tell; what
had no room although it belongs there (tags, the summary, a section) is told here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from copydesk.transformation.counting import graphemes
from copydesk.transformation.outline import Outline, Section, sentences_of
from copydesk.transformation.room import Room

#: How many sentences of one section a part of a thread shows.
_PER_SECTION: Final = 3
#: How much of the beginning announces a post (characters), and how much of it a newsletter shows.
_GIST: Final = 300
_LEAD: Final = 600
#: How many points a newsletter makes of a post without headings.
_POINTS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What an extract is made of; the title is "" where the text must not repeat it."""

    title: str
    summary: str
    link: str
    tags: str
    outline: Outline


@dataclass(slots=True)
class Extract:
    """The texts taken, how many of the post's sentences are in them, what had no room, and the
    sections without a sentence (code, tables and images alone)."""

    texts: list[str] = field(default_factory=list)
    sentences: int = 0
    no_room: list[str] = field(default_factory=list)
    wordless: list[str] = field(default_factory=list)


class _Point(NamedTuple):
    """What a part of a thread says: its words, how many of the post's sentences, and its name."""

    text: str
    sentences: int
    name: str


def join(*parts: str) -> str:
    """Return the parts that say something as paragraphs."""
    return "\n\n".join(part for part in parts if part)


def _run(said: Sequence[str]) -> str:
    """Return sentences as they follow one another: after an ideographic full stop without space."""
    text = ""
    for sentence in said:
        is_close = not text or text.endswith(tuple("。！？」』"))
        text = f"{text}{sentence}" if is_close else f"{text} {sentence}"
    return text


def as_post(source: Source, room: Room, most: int | None = None) -> Extract:
    """Return one text: title, gist, link, tags. The gist is the summary, else the first sentences,
    `most` characters of it at most; what has no room is left out, the tags first."""
    taken = Extract()
    tags = _tags(source, taken, room)
    gist = _gist(
        source, taken, most, lambda gist: room.holds(join(source.title, gist, source.link, tags))
    )
    taken.texts.append(join(source.title, gist, source.link, tags))
    return taken


def as_announcement(source: Source, room: Room) -> Extract:
    """Return one short text for a chat: headline, gist, link, tags."""
    return as_post(source, room, _GIST)


def as_thread(source: Source, room: Room, most_parts: int, numbered: bool) -> Extract:
    """Return the parts of a thread: title and gist, then what each section says, the link last.

    Without headings the paragraphs say it. At most `most_parts`; later sections have no room.
    """
    taken = Extract()
    width = len(str(most_parts))
    ending = f" ({'9' * width}/{'9' * width})" if numbered else ""

    def holds(text: str) -> bool:
        return room.holds(text + ending)

    closing = join(source.link, source.tags)
    if source.tags and not holds(closing):
        taken.no_room.append(f"tags {source.tags}")
        closing = source.link
    parts = [
        join(source.title, _gist(source, taken, None, lambda gist: holds(join(source.title, gist))))
    ]
    points = _points(source, taken, parts[0], holds)
    shown = points[: most_parts - 1]
    last = shown[-1].text if shown else parts[0]
    if closing and len(shown) == most_parts - 1 and not holds(join(last, closing)):
        shown = shown[:-1]
    taken.no_room += [point.name for point in points[len(shown) :]]
    taken.sentences += sum(point.sentences for point in shown)
    parts += [point.text for point in shown]
    if closing and holds(join(parts[-1], closing)):
        parts[-1] = join(parts[-1], closing)
    elif closing:
        parts.append(closing)
    taken.texts = [part for part in parts if part]
    if numbered and len(taken.texts) > 1:
        total = len(taken.texts)
        taken.texts = [f"{text} ({n}/{total})" for n, text in enumerate(taken.texts, start=1)]
    return taken


def as_summary(source: Source, room: Room) -> Extract:
    """Return one text for a newsletter: title, lead, a point for each section, link, tags."""
    taken = Extract()
    tags = _tags(source, taken, room)

    def whole(gist: str, lines: Sequence[str] = ()) -> str:
        return join(source.title, gist, "\n".join(lines), source.link, tags)

    gist = _gist(source, taken, _LEAD, lambda gist: room.holds(whole(gist)))
    points = [
        (section.heading, section.telling)
        for section in source.outline.sections
        if not section.telling or section.telling[0] not in gist
    ]
    if not source.outline.sections:
        said = [sentence for sentence in source.outline.lead.openings if sentence not in gist]
        points = [("", (sentence,)) for sentence in said[:_POINTS]]
    lines = [f"- {': '.join(part for part in (name, _run(said)) if part)}" for name, said in points]
    while lines and not room.holds(whole(gist, lines)):
        lines.pop()
        name = points[len(lines)][0]
        taken.no_room.insert(0, f"section {name!r}" if name else "a paragraph")
    taken.sentences += sum(len(said) for _, said in points[: len(lines)])
    taken.texts.append(whole(gist, lines))
    return taken


def _tags(source: Source, taken: Extract, room: Room) -> str:
    """Return the tags where they have room beside title and link."""
    if not source.tags or room.holds(join(source.title, source.link, source.tags)):
        return source.tags
    taken.no_room.append(f"tags {source.tags}")
    return ""


def _gist(source: Source, taken: Extract, most: int | None, holds: Callable[[str], bool]) -> str:
    """Return the summary, or as many of the first sentences as `holds` and `most` (characters)
    allow; the first one may be longer than `most`."""
    if source.summary and holds(source.summary):
        return source.summary
    if source.summary:
        said = [(sentence, 0) for sentence in sentences_of(source.summary)]
        taken.no_room.append("the summary")
    else:
        said = list(_beginning(source).quotable)
    gist, count, last = "", 0, -1
    for sentence, paragraph in said:
        if sentence == source.title:
            continue
        longer = _run((gist, sentence)) if paragraph == last else join(gist, sentence)
        if not holds(longer) or (gist and most is not None and graphemes(longer) > most):
            break
        gist, count, last = longer, count + 1, paragraph
    if source.summary and gist:
        taken.no_room[-1] = "the end of the summary"
    elif not source.summary:
        taken.sentences += count
    return gist


def _beginning(source: Source) -> Section:
    """Return where the post begins to say something."""
    parts = (source.outline.lead, *source.outline.sections)
    return next((part for part in parts if part.quotable), parts[0])


def _points(
    source: Source, taken: Extract, hook: str, holds: Callable[[str], bool]
) -> list[_Point]:
    """Return what the sections say, or without any the paragraphs; not what `hook` said already."""
    if not source.outline.sections:
        return _paragraph_points(source.outline.lead, hook, taken, holds)
    points: list[_Point] = []
    for section in source.outline.sections:
        name = f"section {section.heading!r}"
        said = [sentence for sentence, _ in section.quotable if sentence not in hook]
        if not said:
            if not section.quotable:
                taken.wordless.append(name)
            continue
        text = section.heading
        count = 0
        for sentence in said[:_PER_SECTION]:
            longer = _run((text, sentence)) if count else join(section.heading, sentence)
            if not holds(longer):
                break
            text, count = longer, count + 1
        if text and holds(text):
            points.append(_Point(text, count, name))
        else:
            taken.no_room.append(name)
    return points


def _paragraph_points(
    lead: Section, hook: str, taken: Extract, holds: Callable[[str], bool]
) -> list[_Point]:
    points: list[_Point] = []
    for sentence in lead.openings:
        if sentence in hook:
            continue
        if points and holds(longer := join(points[-1].text, sentence)):
            points[-1] = _Point(longer, points[-1].sentences + 1, points[-1].name)
        elif holds(sentence):
            points.append(_Point(sentence, 1, f"paragraph {_begin(sentence)!r}"))
        else:
            taken.no_room.append(f"paragraph {_begin(sentence)!r}")
    return points


def _begin(sentence: str) -> str:
    return sentence if len(sentence) <= 40 else f"{sentence[:39]}…"
