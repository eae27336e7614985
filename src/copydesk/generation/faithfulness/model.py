"""The faithfulness model itself: loaded from its folder, and run on one core.

What is longer than it can see at once is shown to it in windows, statement by statement; nothing
is ever cut. It computes, so whoever asks does so in a thread of their own, and may halt it from
outside.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from copydesk.core.errors import ConfigError, ModelReplyInvalid
from copydesk.core.sentences import sentences
from copydesk.core.support import Statement
from copydesk.generation.faithfulness.files import Kind, broken, fingerprint, read_folder
from copydesk.generation.faithfulness.windows import Span, best_windows, windows

# What models were trained to see around a source (2026): LettuceDetect a task, HHEM 2.1 a question.
_TASK: Final = "\nSummarize the following text:\n{source}\noutput:\n"
_QUESTION: Final = (
    "<pad> Determine if the hypothesis is true given the premise?\n\n"
    "Premise: {source}\n\nHypothesis: {statement}"
)
#: A stretch cut out and counted again may take a few tokens more than inside its text.
_SLACK: Final = 4
#: A statement takes one part in so many of a window at most, its source the rest.
_PARTS: Final = 4
#: A token with less support than this belongs to what is pointed at.
_DOUBTED: Final = 0.5


class Halted(Exception):
    """The reading was stopped from outside before it was done."""


class Halt:
    """Stops a reading that runs in another thread, between two steps or within one."""

    def __init__(self) -> None:
        self.is_set = False
        self._options: Any = None

    def set(self) -> None:
        """Stop it, now or as soon as it begins."""
        self.is_set = True
        if self._options is not None:
            self._options.terminate = True

    def watch(self, options: Any) -> None:
        """Have the run with these options stopped; raises `Halted` when it was set before."""
        self._options = options
        self.check()

    def check(self) -> None:
        """Raise `Halted` when it was set."""
        if self.is_set:
            raise Halted


class FaithfulnessModel:
    """A model that says how far a source bears out each statement of a text.

    Loading takes seconds and as much memory as the weights; raises `ConfigError` where a file is
    missing, broken or not understood, and where the extra `[faithfulness]` is not installed.
    """

    def __init__(self, folder: Path) -> None:
        if any(importlib.util.find_spec(name) is None for name in ("onnxruntime", "tokenizers")):
            raise ConfigError(
                ["faithfulness_model: the extra [faithfulness] is not installed"],
                remedy="Install it with: pip install 'copydesk[faithfulness]'",
            )
        files = read_folder(folder)
        self._files = files
        try:
            self._tokenizer = _tokenizer(files.tokenizer)
            self._session = _session(files.weights)
        except Exception as error:
            # both libraries raise errors of their own making, without a common base
            raise broken(f"the model in {folder} cannot be loaded ({error})") from error
        self._wants = {one.name: one.type for one in self._session.get_inputs()}
        if strange := set(self._wants) - {"input_ids", "attention_mask", "token_type_ids"}:
            raise broken(f"the model asks for {', '.join(sorted(strange))}, which no text has")
        outputs = [one.name for one in self._session.get_outputs()]
        self._output = "logits" if "logits" in outputs else outputs[0]
        self.name = f"{files.name} sha256:{fingerprint(files)}"
        try:
            self._support("One.", "One.", Halt())
        except ModelReplyInvalid as error:
            raise broken(error.message) from error

    def read(self, source: str, text: str, halt: Halt | None = None) -> tuple[Statement, ...]:
        """Return the support of each sentence of `text` that does not stand in `source` as it is.

        Raises `Halted` when `halt` is set meanwhile, `ModelReplyInvalid` when the model gives no
        numbers or a part does not fit.
        """
        halt = halt or Halt()
        known = _plain(source)
        asked = [
            (start, end)
            for start, end in sentences(text)
            if any(letter.isalnum() for letter in text[start:end])
            and _plain(text[start:end]) not in known
        ]
        if not asked:
            return ()
        if self._files.kind is Kind.TOKENS and self._fits(source, text):
            # a sentence is read best among its neighbours
            found = self._support(source, text, halt)
            return tuple(_statement(span, _within(found, span)) for span in asked)
        tokens = self._tokens(source)
        return tuple(
            _statement(span, list(self._by_windows(source, tokens, text, span, halt)))
            for span in asked
        )

    def _by_windows(
        self, source: str, tokens: Sequence[Span], text: str, span: Span, halt: Halt
    ) -> Iterator[Statement]:
        """Yield the support of the parts of a sentence, each by the window that bears it best."""
        room = self._room()
        sentence = text[span[0] : span[1]]
        for start, end in windows(sentence, self._tokens(sentence), room // _PARTS):
            part = sentence[start:end]
            long = len(self._tokens(part))
            shown = [source[a:b] for a, b in windows(source, tokens, room - long, 2 * long)] or [""]
            held = [
                self._support(shown[number], part, halt) for number in best_windows(part, shown)
            ]
            # one stretch has to bear all of it: what is mixed from two may be true of neither
            for place in max(held, key=_least):
                yield Statement(
                    start=span[0] + start + place.start,
                    end=span[0] + start + place.end,
                    support=place.support,
                )

    def _support(self, source: str, part: str, halt: Halt) -> list[Statement]:
        """Return the support of each token of `part`, or of all of it, as the model tells."""
        encoded = self._encoded(source, part)
        if len(encoded.ids) > self._files.window:
            raise ModelReplyInvalid(
                f"A part of {len(encoded.ids)} tokens does not fit into the model's window of "
                f"{self._files.window}."
            )
        logits = self._run(encoded, halt)
        if self._files.kind is not Kind.TOKENS:
            (row,) = logits
            return [Statement(start=0, end=len(part), support=self._probability(row))]
        return [
            Statement(start=start, end=end, support=self._probability(row))
            for row, (start, end), place in zip(
                logits, encoded.offsets, encoded.sequence_ids, strict=True
            )
            if place == 1 and end > start
        ]

    def _run(self, encoded: Any, halt: Halt) -> Sequence[Sequence[float]]:
        """Return the logits: a row for each token, or one for the pair."""
        import numpy
        from onnxruntime import RunOptions

        options = RunOptions()
        halt.watch(options)
        columns = {
            "input_ids": encoded.ids,
            "attention_mask": encoded.attention_mask,
            "token_type_ids": encoded.type_ids,
        }
        feed = {
            name: numpy.array([columns[name]], dtype="int32" if "int32" in kind else "int64")
            for name, kind in self._wants.items()
        }
        try:
            (found,) = self._session.run([self._output], feed, options)
        except Exception as error:
            halt.check()
            raise ModelReplyInvalid(f"The faithfulness model failed: {error}") from error
        halt.check()
        rows = len(encoded.ids) if self._files.kind is Kind.TOKENS else 1
        if found.size != rows * self._files.classes:
            raise ModelReplyInvalid(
                f"The faithfulness model gave {found.shape} numbers, where {rows} times "
                f"{self._files.classes} were expected."
            )
        return found.reshape(rows, self._files.classes).tolist()  # type: ignore[no-any-return]

    def _probability(self, logits: Sequence[float]) -> float:
        if not all(map(math.isfinite, logits)):
            raise ModelReplyInvalid("The faithfulness model gave a value that is not a number.")
        if self._files.supported is None:
            return 1 / (1 + math.exp(-max(-500.0, logits[0])))
        most = max(logits)
        powers = [math.exp(logit - most) for logit in logits]
        return powers[self._files.supported] / math.fsum(powers)

    def _encoded(self, source: str, part: str) -> Any:
        match self._files.kind:
            case Kind.TOKENS:
                return self._tokenizer.encode(_TASK.format(source=source), part)
            case Kind.PAIR:
                return self._tokenizer.encode(source, part)
            case Kind.PROMPT:
                return self._tokenizer.encode(_QUESTION.format(source=source, statement=part))

    def _fits(self, source: str, text: str) -> bool:
        return len(self._encoded(source, text).ids) <= self._files.window

    def _room(self) -> int:
        """Return how many tokens of source and statement together fit into the window."""
        room = self._files.window - len(self._encoded("", "").ids) - _SLACK
        if room < _PARTS:
            raise ModelReplyInvalid("The model's window is too short for any statement.")
        return room

    def _tokens(self, text: str) -> list[Span]:
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return [(start, end) for start, end in encoded.offsets if end > start]


def _statement(span: Span, parts: Sequence[Statement]) -> Statement:
    """Return a sentence with the support of its worst part, pointing at what is doubted in it."""
    doubted = [part for part in parts if part.support < _DOUBTED]
    return Statement(
        start=min((part.start for part in doubted), default=span[0]),
        end=max((part.end for part in doubted), default=span[1]),
        support=_least(parts),
    )


def _least(parts: Sequence[Statement]) -> float:
    return min((part.support for part in parts), default=1.0)


def _within(parts: Sequence[Statement], span: Span) -> list[Statement]:
    return [part for part in parts if part.start < span[1] and part.end > span[0]]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(str(path))
    # exported files often ask for both: what is too long would be cut without a word
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _session(weights: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # one core: with more threads than free ones a run takes many times as long
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # the arena keeps the memory of the longest text that was ever read
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(
        str(weights), sess_options=options, providers=["CPUExecutionProvider"]
    )
