"""Short texts for an article: one call, and a fault in one place never costs another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.errors import ModelUnavailable
from copydesk.core.post import Tier
from copydesk.generation.budget import ModelLimits, estimate_tokens
from copydesk.generation.material import Reference
from copydesk.generation.port import ModelRequest
from copydesk.generation.scripted import ScriptedModel, stopped_after
from copydesk.generation.social import Adapted, Article, Place, social
from tests.generation.messages import prose

ARTICLE = Article(
    title="The bridge reopens on 3 March",
    sections=(
        ("", "The bridge over the Ems reopens on 3 March. Repairs cost 2.4 million euros."),
        ("What changes", "Lorries above 7.5 tonnes have to take the detour."),
    ),
    language="en",
)
DELIMITER = "a1b2c3d4e5f6"
X = Place(name="x", kind="thread", characters=240, holds=lambda t: len(t) <= 280, most=4)
LINKEDIN = Place(name="linkedin", kind="post", characters=900, holds=lambda t: len(t) <= 1000)
FULL: Mapping[str, Any] = {
    "adaptations": [
        {"place": "x", "texts": ["The bridge reopens on 3 March.", "Lorries take the detour."]},
        {"place": "linkedin", "texts": ["The bridge over the Ems reopens on 3 March."]},
    ],
    "confidence": 0.9,
}


async def write(model: ScriptedModel, limits: ModelLimits | None = None) -> Adapted:
    return await social(ARTICLE, [X, LINKEDIN], model=model, delimiter=DELIMITER, limits=limits)


async def test_one_call_writes_for_every_place() -> None:
    model = ScriptedModel([FULL])
    adapted = await write(model)
    assert len(model.requests) == 1
    assert adapted.missing == {}
    assert adapted.adaptations["x"].texts == (
        "The bridge reopens on 3 March.",
        "Lorries take the detour.",
    )
    written = adapted.adaptations["linkedin"]
    assert (written.tier, written.model, written.prompt_version) == (
        Tier.CAPABLE,
        "scripted",
        "social.v2",
    )


async def test_the_request_says_what_fits_and_fences_the_article() -> None:
    model = ScriptedModel([FULL])
    await write(model)
    user = model.requests[0].user
    places = json.loads(user.split("Places: ")[1].split("\n")[0])
    assert places == [
        {"place": "x", "kind": "thread", "characters": 240, "texts": "2 to 4"},
        {"place": "linkedin", "kind": "post", "characters": 900, "texts": "1"},
    ]
    fenced = user.split(f"<<article {DELIMITER}>>")[1].split("<<end")[0]
    assert "Lorries above 7.5 tonnes" in fenced
    assert "2.4 million euros" in json.loads(fenced.strip().splitlines()[-1])["keep"]


@pytest.mark.parametrize(
    ("texts", "because"),
    [
        (["One text is no thread."], "1 texts instead of 2 to 4"),
        (["A."] * 5, "5 texts instead of 2 to 4"),
        (["Short.", "x" * 281 + "."], "too long"),
        (["Whole.", "This one ends in the mid"], "breaks off"),
        (["Whole.", " "], "missing"),
    ],
)
async def test_a_faulty_text_costs_only_its_own_place(texts: list[str], because: str) -> None:
    entries = [{"place": "x", "texts": texts}, FULL["adaptations"][1]]
    adapted = await write(ScriptedModel([{**FULL, "adaptations": entries}]))
    assert set(adapted.adaptations) == {"linkedin"}
    assert because in adapted.missing["x"]


async def test_a_place_the_reply_forgot_is_named() -> None:
    reply = {**FULL, "adaptations": FULL["adaptations"][:1]}
    adapted = await write(ScriptedModel([reply]))
    assert set(adapted.adaptations) == {"x"}
    assert "missing" in adapted.missing["linkedin"]


async def test_a_model_that_is_away_leaves_all_places_without() -> None:
    adapted = await write(ScriptedModel([ModelUnavailable("nobody answers")]))
    assert adapted.adaptations == {}
    assert set(adapted.missing) == {"x", "linkedin"}
    assert len(adapted.attempts) == 1


@pytest.mark.parametrize("claims", ["stop", "length"])
async def test_a_cut_reply_is_asked_for_again_and_never_used(claims: str) -> None:
    def cut(count: int) -> Any:
        whole = ScriptedModel([FULL])._envelope
        return lambda request: stopped_after(
            whole(request, FULL), count, finish_reason=claims, honest_usage=claims == "length"
        )

    model = ScriptedModel(cut(20))
    adapted = await write(model)
    assert adapted.adaptations == {}
    assert len(model.requests) == 2, "asked once more with a larger cap"
    assert len(adapted.attempts) == 2


async def test_an_article_that_does_not_fit_is_never_sent() -> None:
    model = ScriptedModel([FULL])
    adapted = await write(model, ModelLimits(window=200, output=100))
    assert model.requests == []
    assert all("not asked" in reason for reason in adapted.missing.values())


async def test_an_article_too_long_to_be_read_at_once_is_read_part_by_part() -> None:
    def say(request: ModelRequest) -> Mapping[str, Any]:
        if request.prompt_version.startswith("notes.v1"):
            number = len(model.requests)
            told = f"Note {number} says what happened."
            return {
                "edited": "",
                "written": told,
                "omitted": [],
                "open_questions": [],
                "confidence": 0.9,
            }
        return FULL

    model = ScriptedModel(say)
    long = replace(ARTICLE, sections=tuple(("Part", prose("en", 2_000)) for _ in range(6)))
    limits = ModelLimits(window=7_000, output=3_500)
    adapted = await social(long, [X, LINKEDIN], model=model, delimiter=DELIMITER, limits=limits)
    assert adapted.missing == {}
    *noted, last = model.requests
    assert len(noted) > 1
    assert len(adapted.attempts) == len(model.requests)
    assert all(f"Note {n} says" in last.user for n in range(1, len(noted) + 1))
    for request in model.requests:
        size = estimate_tokens(request.system) + estimate_tokens(request.user)
        assert size + request.max_tokens // 2 <= limits.usable_input


async def test_a_style_guide_is_shown_and_its_version_named() -> None:
    passage = Reference(id="style.v3#0", kind="style", text="Write Sunday, not Sun.")
    model = ScriptedModel([FULL])
    styled = replace(ARTICLE, references=(passage,), style="style.v3")
    adapted = await social(styled, [X, LINKEDIN], model=model, delimiter=DELIMITER)
    (request,) = model.requests
    assert request.passages == ("style.v3#0",)
    fenced = request.user.split(f"<<references {DELIMITER}>>")[1].split("<<end")[0]
    assert json.loads(fenced) == {
        "id": "style.v3#0",
        "kind": "style",
        "text": "Write Sunday, not Sun.",
    }
    assert adapted.adaptations["x"].prompt_version == "social.v2+style.v3"
