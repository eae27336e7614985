"""Long messages are parted where it does no harm, and everything is in exactly one part."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.errors import ContentInvalid
from copydesk.core.ledger import extract
from copydesk.core.post import Tier
from copydesk.core.submission import SegmentKind
from copydesk.generation.budget import REPLY_OVERHEAD, ModelLimits, estimate_tokens
from copydesk.generation.chunking import Room, halves, in_parts
from copydesk.generation.material import AuthoredSegment, ContextMessage, Material
from copydesk.generation.port import ModelRequest
from copydesk.generation.rewrite import Rewrite
from copydesk.generation.rewrite_and_polish import rewrite_and_polish
from copydesk.generation.scripted import ScriptedModel, faithful_reply
from tests.generation.messages import DELIMITER, LANGUAGES, completion, material, prose

SMALL = ModelLimits(window=6_000, output=1_500)


def message(*texts: str, **more: Any) -> Material:
    segments = tuple(AuthoredSegment(index=n, text=text) for n, text in enumerate(texts))
    return Material(segments=segments, **more)


def room(tokens: int) -> Room:
    return Room(reply=tokens, both=2 * tokens, overlap=100, around=100)


def put_together(parts: Sequence[Material]) -> list[tuple[int, str]]:
    """The segments as they were: pieces of one and the same joined again."""
    found: dict[int, str] = {}
    for segment in (segment for part in parts for segment in part.segments):
        found[segment.index] = found.get(segment.index, "") + segment.text
    return sorted(found.items())


# ---------------------------------------------------------------- where it is parted

TEXTS = st.lists(
    st.text(alphabet="abc .!?\n,。 😀ä", max_size=400).filter(str.strip), min_size=1, max_size=6
)


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, tokens=st.integers(min_value=60, max_value=600))
def test_every_character_is_in_exactly_one_part(texts: list[str], tokens: int) -> None:
    try:
        parts = in_parts(message(*texts), room(tokens))
    except ContentInvalid:
        return
    assert put_together(parts) == list(enumerate(texts))
    assert [part.part.number for part in parts if part.part] == list(range(1, len(parts) + 1))


def test_between_messages_rather_than_inside_one() -> None:
    texts = [prose("en", 500) + "\n" for _ in range(6)]
    parts = in_parts(message(*texts), room(1_000))
    assert len(parts) > 1
    assert [s.text for part in parts for s in part.segments] == texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_inside_one_message_only_between_sentences(language: str) -> None:
    text = prose(language, 12_000)
    parts = in_parts(message("hello all,\n", text, language=language), room(1_500))
    assert len(parts) > 2
    for part in parts:
        assert part.text[-1] in ".。।"
        assert estimate_tokens(part.text) < 1_500
    assert put_together(parts) == [(0, "hello all,\n"), (1, text)]


def test_a_paragraph_is_not_torn_where_the_part_is_full_enough_without_it() -> None:
    paragraphs = [prose("en", 900) for _ in range(8)]
    parts = in_parts(message("\n\n".join(paragraphs)), room(900))
    assert len(parts) > 2
    assert all(part.segments[-1].text.endswith("\n\n") for part in parts[:-1])


def test_never_inside_a_link_code_or_quotation() -> None:
    link = "https://example.org/a?b=1.%20Then.%20Stop&c=" + "x" * 120
    code = "```\n" + "print('One. Two. Three.')\n" * 12 + "```"
    quoted = '"It broke. Nobody came. We waited until Monday."'
    text = "\n\n".join(f"See {link} now.\n\n{code}\n\nAna said {quoted} to us." for _ in range(6))
    parts = in_parts(message(text), room(520))
    assert len(parts) > 2
    for piece in (link, code, quoted):
        assert sum(part.text.count(piece) for part in parts) == 6
    assert put_together(parts) == [(0, text)]


def test_a_sentence_without_an_end_is_parted_between_words() -> None:
    text = "and then it broke again, " * 400
    parts = in_parts(message(text), room(400))
    assert put_together(parts) == [(0, text)]
    assert len(parts) > 2
    assert {word for part in parts for word in part.text.split()} <= set(text.split())


def test_what_must_stay_whole_and_does_not_fit_is_refused_with_the_numbers() -> None:
    code = AuthoredSegment(index=0, text="x = 1\n" * 2_000, kind=SegmentKind.CODE)
    with pytest.raises(ContentInvalid, match=r"12,000 characters that must stay whole takes about"):
        in_parts(Material(segments=(code,)), room(500))


def test_more_calls_than_anybody_wants_to_pay_are_refused_with_their_number() -> None:
    with pytest.raises(ContentInvalid, match=r"it would take \d+ calls, more than 60"):
        in_parts(message(prose("en", 60_000)), room(300))


@pytest.mark.parametrize("language", LANGUAGES)
def test_halves_are_two_or_three(language: str) -> None:
    parts = halves(material(prose(language), language=language))
    assert 2 <= len(parts) <= 3
    assert put_together(parts)[0][1] == prose(language)


# ---------------------------------------------------------------- what each part knows


def test_every_part_carries_header_overlap_and_the_ledger_so_far() -> None:
    texts = [f"Order AB-{1000 + n} is late. {prose('en', 400)}\n" for n in range(9)]
    earlier = tuple(ContextMessage(author="Ana", text=prose("en", 300)) for _ in range(30))
    whole = message(
        *texts,
        subject="Late orders",
        participants=("Ana", "Ben"),
        metadata={"product": "Lamp"},
        language="en",
        context=earlier,
    )
    parts = in_parts(whole, Room(reply=900, both=1_800, overlap=400, around=400))
    assert len(parts) > 2
    for before, part in pairwise(parts):
        assert part.part is not None
        assert (part.subject, part.participants) == ("Late orders", ("Ana", "Ben"))
        assert part.metadata == {"product": "Lamp"}
        assert before.segments[-1].text.endswith(part.part.before[-1].text)
        assert "AB-1000" in part.part.ledger or len(part.part.ledger) > 20
        own = {token.text for s in part.segments for token in extract(s.text).tokens}
        assert set(part.protected) >= {t for t in own if t.startswith("AB-")}
        assert part.context == earlier[-len(part.context) :], "the newest are kept"
        assert any("earlier messages" in words for words in part.left_out)


# ---------------------------------------------------------------- written in parts


async def write(text: str, model: ScriptedModel, **more: Any) -> Rewrite:
    given = {"limits": SMALL, **more}
    language = given.pop("language", "en")
    return await rewrite_and_polish(
        material(text, language=language), model=model, delimiter=DELIMITER, **given
    )


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_long_message_is_written_in_parts_and_comes_back_whole(language: str) -> None:
    text = prose(language, 9_000)
    model = ScriptedModel(faithful_reply)
    rewrite = await write(text, model, language=language)
    assert rewrite.tier is Tier.CAPABLE
    assert rewrite.body == text
    assert [fate.fate for fate in rewrite.fates] == ["kept"]
    *parts, head = model.requests
    assert len(parts) > 2
    assert head.capability == "join"
    assert rewrite.notes[0] == f"written in {len(parts)} parts, since it was too long for one call"
    assert len(rewrite.attempts) == len(model.requests)
    assert len({request.delimiter for request in model.requests}) == len(model.requests)
    for number, request in enumerate(parts, 1):
        size = estimate_tokens(request.system) + estimate_tokens(request.user)
        assert size + request.max_tokens // 2 <= SMALL.usable_input
        assert request.max_tokens <= SMALL.output
        assert json.dumps({"part": f"{number} of {len(parts)}"}) in request.user


async def test_a_part_that_is_cut_twice_leaves_the_whole_to_the_rules() -> None:
    def say(request: ModelRequest) -> Any:
        if '"part": "2 of' in request.user:
            return completion('{"rewritten": "Half', finish_reason="length")
        return faithful_reply(request)

    text = prose("en", 9_000)
    model = ScriptedModel(say)
    rewrite = await write(text, model)
    assert rewrite.tier is Tier.RULES
    assert rewrite.body == text
    assert rewrite.degraded_because.startswith("Part 2 of ")
    assert len(model.requests) == 3, "nothing is paid for after that"


async def test_what_a_part_leaves_out_is_named_for_the_whole() -> None:
    def say(request: ModelRequest) -> Any:
        reply = dict(faithful_reply(request))
        if request.capability == "join":
            return {**reply, "title": "All of it", "summary": "It was long.", "tags": ["Fairs"]}
        number = request.user.partition('{"part": "')[2][0]
        return {**reply, "omitted": [f"fact {number}"], "open_questions": [f"Why {number}?"]}

    rewrite = await write(prose("en", 6_000), ScriptedModel(say))
    count = len(rewrite.omitted)
    assert count > 1
    assert rewrite.omitted == tuple(f"fact {n}" for n in range(1, count + 1))
    assert rewrite.open_questions == tuple(f"Why {n}?" for n in range(1, count + 1))
    assert (rewrite.title, rewrite.summary, rewrite.tags) == (
        "All of it",
        "It was long.",
        ("fairs",),
    )


async def test_a_piece_that_is_dropped_of_a_segment_that_is_kept_is_named() -> None:
    def say(request: ModelRequest) -> Any:
        reply = dict(faithful_reply(request))
        if '"part": "2 of' in request.user:
            reply["segment_map"] = [
                {"segment": "s0", "fate": "dropped:said before"},
                {"segment": "s1", "fate": "kept"},
            ]
            reply["rewritten"] = "The end of it stays."
        return reply

    ending = AuthoredSegment(index=1, text="the end of it stays.")
    first = AuthoredSegment(index=0, text=prose("en", 3_600) + "\n\n")
    whole = Material(segments=(first, ending), language="en")
    limits = ModelLimits(window=9_000, output=2_000)
    model = ScriptedModel(say)
    rewrite = await rewrite_and_polish(whole, model=model, delimiter=DELIMITER, limits=limits)
    assert rewrite.tier is Tier.CAPABLE, rewrite.degraded_because
    assert len(model.requests) == 3
    assert [(fate.segment, fate.fate) for fate in rewrite.fates] == [(0, "kept"), (1, "kept")]
    (piece,) = rewrite.omitted
    assert first.text.strip().endswith(piece)
    assert rewrite.body.endswith(". The end of it stays.")


async def test_without_a_title_of_the_whole_the_first_part_gives_it() -> None:
    def say(request: ModelRequest) -> Any:
        if request.capability == "join":
            return completion("{", finish_reason="length")
        return faithful_reply(request)

    rewrite = await write(prose("en", 6_000), ScriptedModel(say))
    assert rewrite.tier is Tier.CAPABLE
    assert rewrite.title
    assert "title and summary are those of the first part" in rewrite.notes[1]


async def test_long_earlier_messages_are_chosen_and_the_model_is_told() -> None:
    earlier = tuple(
        ContextMessage(author="Ana", text=f"Message {n}. {prose('en', 800)}") for n in range(40)
    )
    whole = Material(
        segments=(AuthoredSegment(index=0, text="when does it come?"),),
        language="en",
        context=earlier,
    )
    model = ScriptedModel(faithful_reply)
    rewrite = await rewrite_and_polish(whole, model=model, delimiter=DELIMITER, limits=SMALL)
    assert rewrite.tier is Tier.CAPABLE
    (request,) = model.requests
    assert "Message 39." in request.user
    assert "Message 0." not in request.user
    assert '{"not_shown": "the oldest ' in request.user
    assert "the model was not shown: the oldest" in rewrite.notes[0]
    shown = [json.loads(line) for line in request.user.splitlines() if line.startswith('{"from"')]
    assert shown[1:] == [{"from": m.author, "text": m.text} for m in earlier[-len(shown) + 1 :]]


def test_the_room_counts_what_every_call_repeats() -> None:
    small = Room.beside(1_000, REPLY_OVERHEAD, ModelLimits(window=2_000, output=1_000))
    large = Room.beside(100, REPLY_OVERHEAD, ModelLimits(window=2_000, output=1_000))
    assert large.both - small.both == pytest.approx(900 * 0.7, abs=3)
    assert large.reply == small.reply == 700
