"""A local faithfulness model: any usual export is understood, and nothing is cut to fit it."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from copydesk.core.errors import ConfigError, ModelReplyInvalid
from copydesk.generation.faithfulness import FaithfulnessModel, Halt, Halted
from copydesk.generation.faithfulness.windows import best_windows, windows
from tests.generation.tiny_models import listener, pair_classifier, token_classifier

SOURCE = "The fair opens in March. Visitors like the rolls."
TEXT = "In March the fair opens. Visitors like warm cinnamon rolls."
WORDS = f"{SOURCE} {TEXT}"

#: 300 sentences of words of their own, none of which fits with another dozen into a short window.
LONG = " ".join(f"The item{n} costs price{n} in town{n}." for n in range(300))


def read(folder: Path, source: str, text: str) -> list[tuple[str, bool]]:
    """Return what a model points at, and whether it has support."""
    statements = FaithfulnessModel(folder).read(source, text)
    return [(text[s.start : s.end], s.support > 0.5) for s in statements]


def test_a_token_classifier_points_at_the_words_that_are_made_up(tmp_path: Path) -> None:
    folder = token_classifier(tmp_path / "lettuce", WORDS)
    assert read(folder, SOURCE.lower(), TEXT.lower()) == [
        ("in march the fair opens.", True),
        ("warm cinnamon", False),
    ]


def test_a_sequence_classifier_reads_sentence_by_sentence(tmp_path: Path) -> None:
    folder = pair_classifier(tmp_path / "nli", WORDS.lower())
    assert read(folder, SOURCE.lower(), TEXT.lower()) == [
        ("in march the fair opens.", True),
        ("visitors like warm cinnamon rolls.", False),
    ]


def test_what_stands_in_the_source_word_for_word_is_not_asked_about(tmp_path: Path) -> None:
    model = FaithfulnessModel(pair_classifier(tmp_path, WORDS))
    assert model.read(SOURCE, "The fair  opens\nin March.\n\n---\n\nVisitors like the rolls.") == ()


@pytest.mark.parametrize("make", [token_classifier, pair_classifier])
def test_of_a_source_longer_than_the_window_the_right_part_is_read(
    tmp_path: Path, make: Callable[..., Path]
) -> None:
    folder = make(tmp_path, LONG, max_position_embeddings=64)
    text = (
        "The town7 costs item7 in price7. The price299 costs item299 in town299. "
        "The item7 costs price299 in town7."
    )
    assert [supported for _, supported in read(folder, LONG, text)] == [True, True, False]


@pytest.mark.parametrize("make", [token_classifier, pair_classifier])
def test_a_sentence_longer_than_the_window_is_read_to_its_end(
    tmp_path: Path, make: Callable[..., Path]
) -> None:
    folder = make(tmp_path, f"{LONG} fraud", max_position_embeddings=64)
    sentence = LONG.replace(".", "")[:1_000].rpartition(" ")[0]
    ((_, supported),) = read(folder, LONG, f"{sentence}.")
    assert supported
    ((_, supported),) = read(folder, LONG, f"{sentence} fraud.")
    assert not supported


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=60),
    ends=st.sets(st.integers(0, 59)),
    room=st.integers(1, 12),
    overlap=st.integers(0, 12),
)
@example(lengths=[2, *[1] * 12], ends={0}, room=6, overlap=3)
@settings(max_examples=60, deadline=None)
def test_windows_hold_every_token_and_never_too_many(
    lengths: list[int], ends: set[int], room: int, overlap: int
) -> None:
    words = ["A" * length + ("." if n in ends else "") for n, length in enumerate(lengths)]
    text, tokens, place = " ".join(words), [], 0
    for word in words:
        tokens.append((place, place + len(word)))
        place += len(word) + 1
    spans = windows(text, tokens, room, overlap)
    shown = [[token for token in tokens if start <= token[0] < end] for start, end in spans]
    assert {token for one in shown for token in one} == set(tokens)
    assert all(len(one) <= room for one in shown)
    for (last, (_, before)), (one, (_, after)) in pairwise(zip(shown, spans, strict=True)):
        assert after > before, "each goes further than the last"
        assert sum(token[0] < before for token in one) >= min(overlap, room // 2, len(last))


def test_windows_overlap_by_whole_sentences() -> None:
    text = "One two. Three four. Five six. Seven."
    tokens = [(0, 3), (4, 8), (9, 14), (15, 20), (21, 25), (26, 30), (31, 37)]
    assert [text[a:b] for a, b in windows(text, tokens, 4, 1)] == [
        "One two. Three four.",
        "Three four. Five six.",
        "Five six. Seven.",
    ]


def test_the_windows_with_the_rarest_shared_words_are_read_first() -> None:
    shown = ["the the cat", "the dog", "the bird", "the zebra and the dog", "the fish"]
    assert best_windows("The zebra bit the dog", shown) == [3, 1, 0]


@pytest.mark.parametrize(
    "config",
    [
        {"architecture": "HHEMv2ForSequenceClassification"},
        {
            "architecture": "XForSequenceClassification",
            "id2label": {"0": "not_entailment", "1": "x"},
        },
        {"architecture": "XForSequenceClassification", "id2label": {"0": "no", "1": "Supported"}},
        {"architecture": "XForSequenceClassification", "alone": True},
    ],
    ids=["hhem", "against", "named", "single"],
)
def test_which_class_is_support_follows_from_the_names(
    tmp_path: Path, config: dict[str, Any]
) -> None:
    folder = listener(tmp_path, WORDS, to="cinnamon", **config)
    assert [supported for _, supported in read(folder, SOURCE, TEXT)] == [True, False]


def test_its_name_tells_the_weights(tmp_path: Path) -> None:
    one = FaithfulnessModel(listener(tmp_path / "a" / "hhem", WORDS))
    same = FaithfulnessModel(listener(tmp_path / "b" / "hhem", WORDS))
    other = FaithfulnessModel(listener(tmp_path / "c" / "hhem", WORDS, base=3.0))
    assert one.name == same.name != other.name
    assert one.name.startswith("hhem sha256:")


def _without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _with(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: void((folder / name).write_text(text))


def _config(**config: Any) -> Callable[[Path], None]:
    return _with("config.json", json.dumps(config))


def void(_: object) -> None: ...


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_without("model.onnx"), "there is no model.onnx"),
        (_without("tokenizer.json"), "tokenizer.json"),
        (_without("config.json"), "cannot be read"),
        (_with("config.json", "{"), "is not JSON"),
        (_with("config.json", "[]"), "holds no settings"),
        (_config(architectures=["TinyForCausalLM"]), "'TinyForCausalLM'"),
        (_config(architectures=["TForSequenceClassification"]), "which class means"),
        (_config(architectures=["HHEMv2ForSequenceClassification"], num_labels=0), "num_labels"),
        (
            _config(
                architectures=["TForSequenceClassification"],
                id2label={"0": "entailment", "1": "neutral", "2": "contradiction"},
            ),
            r"gave \(1, 2\) numbers",
        ),
        (
            _config(architectures=["HHEMv2ForSequenceClassification"], n_positions=8),
            "sees 8 tokens",
        ),
        (_with("model.onnx", "no model at all"), "cannot be loaded"),
        (_with("tokenizer.json", "{}"), "cannot be loaded"),
    ],
)
def test_a_broken_folder_says_what_is_wrong(
    tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    folder = listener(tmp_path, WORDS)
    damage(folder)
    with pytest.raises(ConfigError, match=said) as raised:
        FaithfulnessModel(folder)
    assert "model.onnx, tokenizer.json and config.json" in raised.value.remedy


def test_of_several_weights_the_usual_name_is_taken_and_none_is_guessed(tmp_path: Path) -> None:
    folder = listener(tmp_path, WORDS)
    (folder / "model_int8.onnx").write_bytes(b"other weights")
    FaithfulnessModel(folder)
    (folder / "model.onnx").rename(folder / "model_fp32.onnx")
    with pytest.raises(ConfigError, match=r"which of model_fp32\.onnx, model_int8\.onnx"):
        FaithfulnessModel(folder)


def test_a_number_that_is_none_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a value that is not a number"):
        FaithfulnessModel(listener(tmp_path, WORDS, base=float("nan")))
    # twice this is more than a number can hold
    model = FaithfulnessModel(listener(tmp_path, WORDS, to="cinnamon", step=3e38))
    with pytest.raises(ModelReplyInvalid, match="a value that is not a number"):
        model.read(SOURCE, "warm cinnamon cinnamon.")


def test_a_reading_is_halted_from_outside(tmp_path: Path) -> None:
    halt = Halt()
    halt.set()
    with pytest.raises(Halted):
        FaithfulnessModel(listener(tmp_path, WORDS)).read(SOURCE, TEXT, halt)
