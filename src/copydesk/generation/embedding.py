"""Embedders: texts as vectors, with a small model where one is installed and by rule elsewhere.

The model's files come with the package `wordllama` (extra `[embeddings]`) and are read as they lie
there: the package itself looks for them in another folder and then asks the network for them
(0.4.0, 2026-11).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from copydesk.core.similarity import Embedder, HashedGrams, Vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WEIGHTS: Final = "weights/l2_supercat_256.safetensors"
_TOKENIZER: Final = "tokenizers/l2_supercat_tokenizer_config.json"


@cache
def open_embedder() -> Embedder:
    """Return the best embedder that is installed; reading its files takes half a second once."""
    folder = _folder()
    return HashedGrams() if folder is None else WordVectors(folder)


class WordVectors:
    """The mean of word vectors, of length 1. STS-B Spearman 0.759 (measured 2026-11).

    It loads numpy and tokenizers, about 90 MB.
    """

    name = "wordllama-l2-supercat-256"

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(folder / _TOKENIZER))
        self._weights = _read_weights(folder / _WEIGHTS)

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Return the vectors of `texts`; one without any known word has one of zeros."""
        import numpy

        found: list[Vector] = []
        for encoded in self._tokenizer.encode_batch(list(texts), add_special_tokens=False):
            vector = numpy.zeros(self._weights.shape[1], dtype=numpy.float32)
            if encoded.ids:
                vector = self._weights[encoded.ids].astype(numpy.float32).mean(axis=0)
            size = float(numpy.linalg.norm(vector))
            found.append((vector / size if size else vector).tolist())
        return found


def _folder() -> Path | None:
    """Return where the files of the model lie, None where they are not installed."""
    package = find_spec("wordllama")
    if package is None or find_spec("tokenizers") is None or find_spec("numpy") is None:
        return None
    for location in package.submodule_search_locations or ():
        folder = Path(location)
        if (folder / _WEIGHTS).is_file() and (folder / _TOKENIZER).is_file():
            return folder
    return None


def _read_weights(path: Path) -> NDArray[Any]:
    """Return the one matrix of a safetensors file (format: an 8-byte length, JSON, the data)."""
    import numpy

    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    (tensor,) = (value for name, value in header.items() if name != "__metadata__")
    kind = {"F16": "<f2", "F32": "<f4"}[tensor["dtype"]]
    first, last = (start + offset for offset in tensor["data_offsets"])
    return numpy.frombuffer(data[first:last], dtype=kind).reshape(tensor["shape"])
