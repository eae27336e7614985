"""Votes: what a model said when it was asked whether a text says what its source says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Faithfulness(StrEnum):
    """Whether a text says what its source says."""

    FAITHFUL = "faithful"
    UNFAITHFUL = "unfaithful"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One answer. `answer` is None where none can be counted, and `why` says why not.

    `span` is what the answer points at, in the words of the source or of the text.
    """

    answer: Faithfulness | None
    span: str = ""
    why: str = ""
