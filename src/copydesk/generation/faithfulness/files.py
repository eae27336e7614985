"""The folder of a faithfulness model: which files it takes, and what the model's answers mean.

It is what the usual tools export: an ONNX file, `tokenizer.json` and `config.json`. Two kinds are
known. Token classifiers (LettuceDetect, TinyLettuce) say of each token whether it is made up;
sequence classifiers (NLI cross-encoders, HHEM) say of a statement whether its source entails it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from copydesk.core.errors import ConfigError

#: What a model is shown at most, in tokens: LettuceDetect was trained with so many, and what one
#: look costs grows with their square.
LARGEST_WINDOW: Final = 4_096
SMALLEST_WINDOW: Final = 16
#: The window of a model whose files do not say.
_USUAL_WINDOW: Final = 512

#: What classes are called. A class with another name may mean anything, so it is not guessed at.
_SUPPORTED: Final = frozenset(
    {"entailment", "entailed", "supported", "consistent", "faithful", "factual", "o"}
)
_UNSUPPORTED: Final = frozenset(
    {"not_entailment", "unsupported", "inconsistent", "unfaithful", "hallucinated", "hallucination"}
)
#: Their first two positions are taken by padding.
_PADDED: Final = frozenset({"roberta", "xlm-roberta", "camembert", "longformer"})


class Kind(StrEnum):
    """How a model is asked."""

    TOKENS = "token classifier"
    PAIR = "sequence classifier"
    PROMPT = "sequence classifier with a prompt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What lies in the folder.

    `supported` is the class whose probability is the support, None where the only class is it.
    `window` is what the model can see at once, in tokens.
    """

    name: str
    weights: Path
    tokenizer: Path
    kind: Kind
    supported: int | None
    classes: int
    window: int


def read_folder(folder: Path) -> Files:
    """Return what lies in `folder`; raises `ConfigError` for what is missing or not understood."""
    if not folder.is_dir():
        raise broken(f"there is no folder {folder}")
    config = _read(folder / "config.json")
    kind = _kind(config)
    tokenizer = folder / "tokenizer.json"
    if not tokenizer.is_file():
        raise broken(f"there is no {tokenizer}")
    labels = _labels(config)
    return Files(
        name=folder.resolve().name,
        weights=_weights(folder),
        tokenizer=tokenizer,
        kind=kind,
        supported=_supported(kind, labels),
        classes=len(labels),
        window=_window(config, folder / "tokenizer_config.json"),
    )


def fingerprint(files: Files) -> str:
    """Return the first 12 digits of the SHA-256 of the weights, with what is kept beside them."""
    digest = hashlib.sha256()
    beside = sorted(files.weights.parent.glob(f"{files.weights.name}*data"))
    for path in (files.weights, *beside):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


def broken(problem: str) -> ConfigError:
    """Return the error that says what is wrong with the folder."""
    return ConfigError(
        [f"faithfulness_model: {problem}"],
        remedy="It wants a folder with model.onnx, tokenizer.json and config.json, as tools that "
        "export models to ONNX write them.",
    )


def _weights(folder: Path) -> Path:
    for usual in (folder / "model.onnx", folder / "onnx" / "model.onnx"):
        if usual.is_file():
            return usual
    found = sorted([*folder.glob("*.onnx"), *folder.glob("onnx/*.onnx")])
    if len(found) == 1:
        return found[0]
    if not found:
        raise broken(f"there is no model.onnx in {folder}")
    names = ", ".join(str(path.relative_to(folder)) for path in found)
    raise broken(f"which of {names} is meant? Call it model.onnx")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise broken(f"{path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise broken(f"{path} is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise broken(f"{path} holds no settings of a model")
    return found


def _kind(config: Mapping[str, Any]) -> Kind:
    named = config.get("architectures")
    name = str(named[0]) if isinstance(named, list) and named else ""
    if name.endswith("ForTokenClassification"):
        return Kind.TOKENS
    if name.endswith("ForSequenceClassification"):
        return Kind.PROMPT if "hhemv2" in name.casefold() else Kind.PAIR
    raise broken(
        f"config.json names the architecture {name or 'of no model'!r}; only models for token or "
        "sequence classification can be asked"
    )


def _labels(config: Mapping[str, Any]) -> list[str]:
    """Return the names of the classes, "" for one that has none."""
    named = config.get("id2label")
    if isinstance(named, dict):
        try:
            found = {int(number): str(label).casefold() for number, label in named.items()}
            return [found[number] for number in range(len(found))]
        except (KeyError, ValueError) as error:
            raise broken("id2label in config.json does not number its classes from 0") from error
    count = config.get("num_labels", 2)
    if not isinstance(count, int) or count < 1:
        raise broken(f"num_labels in config.json is {count!r}")
    return [""] * count


def _supported(kind: Kind, labels: Sequence[str]) -> int | None:
    """Return the class that stands for support; of one that is alone its own probability does."""
    plain = [label.replace("-", "_").replace(" ", "_") for label in labels]
    for_it = [number for number, label in enumerate(plain) if label in _SUPPORTED]
    if len(for_it) == 1:
        return for_it[0]
    against = [number for number, label in enumerate(plain) if label in _UNSUPPORTED]
    if len(plain) == 2 and len(against) == 1:
        return 1 - against[0]
    unnamed = all(not label or label.startswith("label_") for label in plain)
    if unnamed and len(plain) == 1 and kind is not Kind.TOKENS:
        return None
    if unnamed and len(plain) == 2 and kind is not Kind.PAIR:
        # LettuceDetect's classes are 0 supported, 1 made up; HHEM's are the other way round (2026)
        return 0 if kind is Kind.TOKENS else 1
    raise broken(
        f"which class means that the source bears a statement out? id2label in config.json names "
        f"{', '.join(labels)}; call one of them entailment or supported"
    )


def _window(config: Mapping[str, Any], beside: Path) -> int:
    """Return the smallest length that the files state, in tokens."""
    stated = [config.get("max_position_embeddings"), config.get("n_positions")]
    if config.get("model_type") in _PADDED and isinstance(stated[0], int):
        stated[0] -= 2
    if beside.is_file():
        stated.append(_read(beside).get("model_max_length"))
    # a tokenizer without a limit states a huge one
    known = [length for length in stated if isinstance(length, int) and 0 < length < 1_000_000]
    window = min([*known, LARGEST_WINDOW]) if known else _USUAL_WINDOW
    if window < SMALLEST_WINDOW:
        raise broken(f"it sees {window} tokens at once; at least {SMALLEST_WINDOW} are needed")
    return window
