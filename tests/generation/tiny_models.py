"""Faithfulness models of a few operations, written as ONNX by hand: they run as real ones do.

The wire format is that of `onnx.proto`; every field number below is from there.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

_FLOAT, _INT64 = 1, 7


def token_classifier(folder: Path, words: str, **config: Any) -> Path:
    """A model to which a word is made up that it sees only once in source and text together."""
    once = [
        *_counted(),
        _node("Sub", ["one_and_half", "count"], "rarity"),
        _node("Mul", ["rarity", "eight"], "made_up"),
        _node("Mul", ["made_up", "nought"], "supported"),
        _node("Concat", ["supported", "made_up"], "logits", axis=2),
    ]
    return _folder(folder, words, _model(once), "TinyForTokenClassification", config)


def pair_classifier(folder: Path, words: str, **config: Any) -> Path:
    """A model to which a statement is entailed when all its words stand in its source as well."""
    shared = [
        *_counted(),
        _node("Less", ["count", "one_and_half"], "is_new"),
        _node("Cast", ["is_new"], "new", to=_FLOAT),
        _node("Squeeze", ["new", "third"], "new_words"),
        _node("Cast", ["token_type_ids"], "stated", to=_FLOAT),
        _node("Mul", ["new_words", "stated"], "new_stated"),
        _node("ReduceSum", ["new_stated", "second"], "gap", keepdims=1),
        _node("Sub", ["half", "gap"], "support"),
        _node("Mul", ["support", "eight"], "entailed"),
        _node("Mul", ["entailed", "nought"], "other"),
        _node("Concat", ["other", "other", "entailed"], "logits", axis=1),
    ]
    labels = {"0": "CONTRADICTION", "1": "NEUTRAL", "2": "ENTAILMENT"}
    config = {"id2label": labels, **config}
    inputs = ("input_ids", "attention_mask", "token_type_ids")
    model = _model(shared, inputs, rank=2)
    return _folder(folder, words, model, "TinyForSequenceClassification", config)


def listener(
    folder: Path,
    words: str,
    *,
    to: str = "",
    base: float = 4.0,
    step: float = -8.0,
    alone: bool = False,
    architecture: str = "HHEMv2ForSequenceClassification",
    **config: Any,
) -> Path:
    """A model that listens for a word: its logit is `base`, and `step` more for each it hears.

    `alone`: it has one class. Else it has two, of which the second is support.
    """
    heard = [
        _node("Equal", ["input_ids", "word"], "is_heard"),
        _node("Cast", ["is_heard"], "heard", to=_FLOAT),
        _node("ReduceSum", ["heard", "second"], "times", keepdims=1),
        _node("Mul", ["times", "step"], "steps"),
        _node("Add", ["steps", "base"], "logits" if alone else "support"),
    ]
    if not alone:
        heard.append(_node("Mul", ["support", "nought"], "other"))
        heard.append(_node("Concat", ["other", "support"], "logits", axis=1))
    vocabulary = _vocabulary(words)
    own = [
        _integers("word", [vocabulary.get(to, -1)]),
        _number("base", base),
        _number("step", step),
    ]
    if alone:
        config = {"num_labels": 1, **config}
    return _folder(folder, words, _model(heard, rank=2, more=own), architecture, config)


def _counted() -> list[bytes]:
    """Nodes that count how often the word at each place stands in all that the model sees."""
    return [
        _node("Unsqueeze", ["input_ids", "third"], "down"),
        _node("Unsqueeze", ["input_ids", "second"], "across"),
        _node("Equal", ["down", "across"], "same"),
        _node("Cast", ["same"], "ones", to=_FLOAT),
        _node("ReduceSum", ["ones", "third"], "count", keepdims=1),
    ]


def _folder(
    folder: Path, words: str, model: bytes, architecture: str, config: dict[str, Any]
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    settings = {"architectures": [architecture], "max_position_embeddings": 512, **config}
    (folder / "config.json").write_text(json.dumps(settings))
    tokenizer = Tokenizer(WordLevel(_vocabulary(words), unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    # as exported files often are: what is too long is cut, what is short filled up
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _vocabulary(words: str) -> dict[str, int]:
    pieces = Whitespace().pre_tokenize_str(f"{words} Summarize the following text : output . ?")
    known = ["[UNK]", "[CLS]", "[SEP]", *dict.fromkeys(piece for piece, _ in pieces)]
    return {word: number for number, word in enumerate(known)}


# -- the wire format ------------------------------------------------------------------------------


def _model(
    nodes: Sequence[bytes],
    inputs: Sequence[str] = ("input_ids", "attention_mask"),
    *,
    rank: int = 3,
    more: Sequence[bytes] = (),
) -> bytes:
    constants = [
        _integers("second", [1]),
        _integers("third", [2]),
        _number("half", 0.5),
        _number("one_and_half", 1.5),
        _number("eight", 8.0),
        _number("nought", 0.0),
        *more,
    ]
    graph = b"".join(_field(1, node) for node in nodes)
    graph += _field(2, b"tiny")
    graph += b"".join(_field(5, constant) for constant in constants)
    graph += b"".join(_field(11, _value(name, _INT64, 2)) for name in inputs)
    graph += _field(12, _value("logits", _FLOAT, rank))
    return _whole(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _whole(2, 13))


def _node(op: str, inputs: Sequence[str], output: str, **attributes: int) -> bytes:
    node = b"".join(_field(1, name.encode()) for name in inputs)
    node += _field(2, output.encode()) + _field(4, op.encode())
    for name, value in attributes.items():
        node += _field(5, _field(1, name.encode()) + _whole(3, value) + _whole(20, 2))
    return node


def _integers(name: str, values: Sequence[int]) -> bytes:
    data = struct.pack(f"<{len(values)}q", *values)
    return _whole(1, len(values)) + _whole(2, _INT64) + _field(8, name.encode()) + _field(9, data)


def _number(name: str, value: float) -> bytes:
    return _whole(2, _FLOAT) + _field(8, name.encode()) + _field(9, struct.pack("<f", value))


def _value(name: str, kind: int, rank: int) -> bytes:
    shape = b"".join(_field(1, _field(2, f"{name}{n}".encode())) for n in range(rank))
    return _field(1, name.encode()) + _field(2, _field(1, _whole(1, kind) + _field(2, shape)))


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _whole(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
