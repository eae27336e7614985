"""A reply that stopped early never becomes a text, whatever the server says about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from copydesk.core.errors import ReplyTruncated
from copydesk.core.post import Tier
from copydesk.generation.port import Completion, ModelRequest, ReplySchema, Usage
from copydesk.generation.replies import json_object
from copydesk.generation.rewrite_and_polish import rewrite_and_polish
from copydesk.generation.scripted import ScriptedModel, faithful_reply, stopped_after, tokens
from copydesk.generation.truncation import check_coverage, check_natural_stop, check_stop_signals
from tests.generation.messages import (
    DELIMITER,
    LANGUAGES,
    completion,
    material,
    prose,
    request,
)

SCHEMA = ReplySchema(name="any", json_schema={"type": "object"})


# ---------------------------------------------------------------- the whole range


def envelope(asked: ModelRequest, text: str) -> Completion:
    """A reply that claims a natural stop and few tokens."""
    return Completion(
        text=text,
        object=json_object(text),
        finish_reason="stop",
        usage=Usage(input_tokens=1, output_tokens=1),
        model="liar",
        prompt_version=asked.prompt_version,
        tier=asked.tier,
    )


def patched(text: str) -> str:
    """Close a cut JSON text as lenient servers and parsers do."""
    for tail in ("".join(t) for n in range(5) for t in product('"]}', repeat=n)):
        try:
            json.loads(text + tail)
        except ValueError:
            continue
        return text + tail
    return text


def honest(asked: ModelRequest, full: dict[str, Any], count: int) -> Completion:
    return stopped_after(envelope(asked, json.dumps(full, ensure_ascii=False)), count)


def says_stop(asked: ModelRequest, full: dict[str, Any], count: int) -> Completion:
    whole = envelope(asked, json.dumps(full, ensure_ascii=False))
    return stopped_after(whole, count, finish_reason="stop", honest_usage=False)


def says_tool_calls(asked: ModelRequest, full: dict[str, Any], count: int) -> Completion:
    return replace(says_stop(asked, full, count), finish_reason="tool_calls")


def says_nothing(asked: ModelRequest, full: dict[str, Any], count: int) -> Completion:
    return replace(says_stop(asked, full, count), finish_reason="")


def patches_json(asked: ModelRequest, full: dict[str, Any], count: int) -> Completion:
    cut = says_stop(asked, full, count).text
    return envelope(asked, patched(cut))


def shortens_text(asked: ModelRequest, full: dict[str, Any], count: int) -> Completion:
    short = {**full, "rewritten": "".join(tokens(full.get("rewritten", ""))[:count])}
    return envelope(asked, json.dumps(short, ensure_ascii=False))


Fault = Callable[[ModelRequest, dict[str, Any], int], Completion]
FAULTS: tuple[Fault, ...] = (
    honest,
    says_stop,
    says_tool_calls,
    says_nothing,
    patches_json,
    shortens_text,
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_no_cut_at_any_token_yields_a_short_text(fault: Fault, language: str) -> None:
    text = prose(language)
    assert 3200 <= len(text) < 3300
    message = material(text, language=language)
    size = len(tokens(text))
    # the ends, where guards are weakest, and a sample between; a short message below has it all
    for count in [*range(3), *range(3, size - 6, 151), *range(size - 6, size)]:

        def script(asked: ModelRequest, count: int = count) -> Completion:
            return fault(asked, dict(faithful_reply(asked)), count)

        rewrite = await rewrite_and_polish(
            message, model=ScriptedModel(script), delimiter=DELIMITER
        )
        assert rewrite.body == text, f"stopped after {count} of {size} tokens"
        # a server that stops late enough brings the halves whole; nothing else gets through
        assert (rewrite.tier is Tier.RULES) == bool(rewrite.degraded_because)
        used = [attempt for attempt in rewrite.attempts if not attempt.rejected_because]
        assert (len(rewrite.attempts) - len(used)) >= 2
        assert bool(used) or rewrite.tier is Tier.RULES


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_same_reply_in_full_is_used(language: str) -> None:
    text = prose(language)
    rewrite = await rewrite_and_polish(
        material(text, language=language), model=ScriptedModel(faithful_reply), delimiter=DELIMITER
    )
    assert rewrite.tier is Tier.CAPABLE
    assert rewrite.body == text
    assert not rewrite.degraded_because


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_every_single_place_of_a_short_message(fault: Fault) -> None:
    text = prose("en", 300)
    message = material(text)
    probe = ScriptedModel(faithful_reply)
    await rewrite_and_polish(message, model=probe, delimiter=DELIMITER)
    whole = json.dumps(faithful_reply(probe.requests[0]), ensure_ascii=False)
    for count in range(len(tokens(whole))):

        def script(asked: ModelRequest, count: int = count) -> Completion:
            return fault(asked, dict(faithful_reply(asked)), count)

        rewrite = await rewrite_and_polish(
            message, model=ScriptedModel(script), delimiter=DELIMITER
        )
        # patching may lose the confidence behind a complete text; never a part of the text
        assert rewrite.body == text
        if fault is honest:
            assert rewrite.tier is Tier.RULES


@pytest.mark.parametrize("language", LANGUAGES)
def test_plain_text_cut_anywhere_is_noticed(language: str) -> None:
    text = prose(language)
    whole = completion(text)
    size = len(tokens(text))
    for count in [*range(0, size, 23), *range(size - 30, size)]:
        cut = stopped_after(whole, count, finish_reason="stop", honest_usage=False)
        with pytest.raises(ReplyTruncated):
            check_natural_stop(request(), cut, text, language=language)
    check_natural_stop(request(), whole, text, language=language)


# ---------------------------------------------------------------- single signals


@pytest.mark.parametrize(
    "reason", ["length", "max_tokens", "MAX_TOKENS", "", " ", "content_filter", "pause_turn", "?"]
)
def test_only_a_known_natural_finish_reason_counts(reason: str) -> None:
    with pytest.raises(ReplyTruncated) as caught:
        check_stop_signals(request(), completion("Done.", finish_reason=reason))
    assert caught.value.signal == "finish_reason"


@pytest.mark.parametrize("reason", ["stop", "STOP", "end_turn", "tool_calls", "tool_use"])
def test_natural_finish_reasons_of_several_vendors_pass(reason: str) -> None:
    check_stop_signals(request(), completion("Done.", finish_reason=reason))


@pytest.mark.parametrize(("spent", "cut"), [(999, False), (1000, True), (1001, True)])
def test_a_reply_that_used_up_its_cap_is_cut(spent: int, cut: bool) -> None:
    reply = completion("Done.", usage=Usage(output_tokens=spent))
    if not cut:
        check_stop_signals(request(max_tokens=1000), reply)
        return
    with pytest.raises(ReplyTruncated) as caught:
        check_stop_signals(request(max_tokens=1000), reply)
    assert caught.value.signal == "output_cap"


def test_an_object_was_agreed_and_half_of_one_came() -> None:
    with pytest.raises(ReplyTruncated) as caught:
        check_stop_signals(request(reply=SCHEMA), completion('{"rewritten": "Half a'))
    assert caught.value.signal == "json_incomplete"


def test_a_fact_near_the_end_must_come_back() -> None:
    source = "The fair was a success and many came. Entry stays free. Write to desk@example.org."
    short = "The fair was a success and many came. Entry stays free. Do write to us."
    with pytest.raises(ReplyTruncated) as caught:
        check_coverage(source, short)
    assert caught.value.signal == "tokens_missing"
    assert "desk@example.org" in caught.value.message


def test_a_fact_that_is_named_as_omitted_is_no_truncation() -> None:
    source = "The fair was a success and many came. Entry stays free. Write to desk@example.org."
    check_coverage(
        source,
        "The fair was a success and many came. Entry stays free.",
        ["Write to desk@example.org"],
    )


def test_an_ending_without_any_fact_must_come_back_too() -> None:
    source = "The fair was a success and many came. Nobody expected the rain to hold off so long."
    with pytest.raises(ReplyTruncated) as caught:
        check_coverage(source, "The fair was a success and many came.")
    assert caught.value.signal == "ending_missing"
    check_coverage(source, "Many came to the fair. No one expected that rain would hold off long.")


def test_breaking_off_counts_only_when_the_source_does_not() -> None:
    with pytest.raises(ReplyTruncated) as caught:
        check_coverage("We repaired the roof today.", "Today we repaired the roof and")
    assert caught.value.signal == "mid_sentence"
    check_coverage("we repaired the roof today", "Today we repaired the roof")


OPEN = {
    "en": "we need for the flat\n\n- a new window for the kitchen\n- a ladder to keep until May",
    "de": "Das Fenster schließt noch nicht. Danke für Ihre Hilfe, und bitte rufen Sie vorher an",
    "hi": "खिड़की अब भी बंद नहीं होती। आपकी मदद के लिए धन्यवाद और आने से पहले फोन कीजिए",
    "zh": "窗户还是关不上。谢谢您的帮助，来之前请先打电话",
    "ar": "النافذة لا تغلق بعد. شكرا على مساعدتكم ونرجو الاتصال قبل الحضور",
}


@pytest.mark.parametrize("language", OPEN)
def test_a_text_that_ends_open_is_not_cut_in_its_last_words_either(language: str) -> None:
    text = OPEN[language]
    check_coverage(text, text, language=language)
    for end in range(len(text) - 30, len(text)):
        cut = text[:end].rstrip()
        with pytest.raises(ReplyTruncated):
            check_coverage(text, cut, language=language)


def test_what_ends_open_may_be_put_in_another_order_and_other_words() -> None:
    source = "the roof leaks\n- paint for the wall\n- a ladder to keep over winter"
    for text in (
        "The roof leaks:\n- a ladder to keep over winter\n- paint for the wall",
        "The roof leaks. We need wall paint and, over winter, a ladder",
        "The roof leaks. We need paint for the wall and a ladder over the winter months",
    ):
        check_coverage(source, text)
    check_coverage(f"{source}\ncheers anna", source, omitted=["cheers anna"])


def test_ending_with_a_link_is_not_breaking_off() -> None:
    check_coverage(
        "Read the whole report at https://example.org/r.",
        "The whole report can be read here: https://example.org/r",
    )
