"""Finding passages that help: by words, by meaning, and both together."""

from __future__ import annotations

import sys

import pytest

from copydesk.core.passages import Passage, PassageKind
from copydesk.core.similarity import HashedGrams, cosine
from copydesk.generation import embedding
from copydesk.generation.embedding import open_embedder
from copydesk.generation.retrieval import (
    merged,
    query_terms,
    ranked_by_meaning,
    ranked_by_words,
)
from tests.generation.messages import LANGUAGES, prose


def passage(text: str, position: int = 0, vector: tuple[float, ...] = ()) -> Passage:
    return Passage(
        kind=PassageKind.POST,
        source_id="pst_1",
        version="rev_1",
        position=position,
        title="",
        text=text,
        vector=vector,
    )


def texts(found: list[Passage]) -> list[str]:
    return [one.text for one in found]


def test_small_words_are_not_looked_for() -> None:
    assert query_terms("when does the library open on the Sunday of the library?")[0] == "librar"
    assert "the" not in query_terms("the library")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_message_is_looked_for_by_a_bounded_number_of_terms(language: str) -> None:
    assert 5 < len(query_terms(prose(language, 50_000))) <= 40


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    found = [passage(f"The bridge number {n}.", n) for n in range(9)]
    found.append(passage("The herring.", 9))
    assert texts(ranked_by_words(["bridge", "herrin"], found))[0] == "The herring."
    assert len(ranked_by_words(["herrin"], found)) == 1


def test_what_is_not_near_is_not_found_by_meaning() -> None:
    found = [passage("far", 0, (0.0, 1.0)), passage("near", 1, (1.0, 0.0))]
    assert texts(ranked_by_meaning((1.0, 0.0), found, 5)) == ["near"]


def test_what_both_find_goes_before_what_one_finds() -> None:
    one, two, both = (passage(text, n) for n, text in enumerate(("one", "two", "both")))
    assert texts(merged([[one, both], [two, both]], 5))[0] == "both"
    assert len(merged([[one, both], [two, both]], 2)) == 2


# ---------------------------------------------------------------- vectors


def test_the_installed_model_knows_what_words_mean() -> None:
    embedder = open_embedder()
    if isinstance(embedder, HashedGrams):
        pytest.skip("the extra [embeddings] is not installed")
    same, other, empty = embedder.embed(["The shop is shut.", "The store is closed.", ""])
    (fish,) = embedder.embed(["Herring soup with saffron."])
    assert cosine(same, other) > 0.4 > cosine(same, fish)
    assert cosine(same, same) == pytest.approx(1.0)
    assert cosine(empty, same) == 0.0


def test_a_changed_amount_is_as_near_as_before() -> None:
    """Why vectors rank and never prove."""
    one, other = open_embedder().embed(["It costs $49.99.", "It costs $94.99."])
    assert cosine(one, other) > 0.8


def test_without_the_package_rules_make_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "find_spec", lambda _: None)
    open_embedder.cache_clear()
    try:
        assert isinstance(open_embedder(), HashedGrams)
    finally:
        open_embedder.cache_clear()


def test_the_package_itself_is_never_loaded() -> None:
    """It would ask the network for files that lie beside it."""
    open_embedder().embed(["x"])
    assert "wordllama" not in sys.modules
