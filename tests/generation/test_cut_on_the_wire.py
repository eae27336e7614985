"""A server that stops early never gets a short text past us, in whatever form it travels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.generation.messages import LANGUAGES

pytest.importorskip("pydantic_ai", reason="the extra [llm] is not installed")

from tests.generation.cut_replies import (
    SHAPES,
    Shape,
    Tally,
    asking,
    attempt,
    run,
)


@pytest.fixture(autouse=True)
def _requests_allowed_here_only() -> Iterator[None]:
    from pydantic_ai.models import override_allow_model_requests

    with override_allow_model_requests(True):
        yield


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
async def test_no_short_text_is_used(shape: Shape, language: str) -> None:
    tally = await run(shape, language, 5)
    assert tally.tried >= 4
    assert tally.escapes == 0


@pytest.mark.parametrize(
    "shape",
    [s for s in SHAPES if s.cuts not in {"call", "patched"} and not s.drops],
    ids=lambda shape: shape.name,
)
async def test_the_same_reply_in_full_is_used(shape: Shape) -> None:
    """Else the guard could pass by refusing everything."""
    from tests.generation.messages import prose

    tally = Tally()
    async with asking(shape, prose("en")) as (cutter, model):
        cutter.count = 10**6
        await attempt(cutter, model, "en", tally)
    assert (tally.whole, tally.escapes) == (1, 0)
