"""Support: how far a source bears out what a text says, as a local model reads the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A stretch of a text, in code points, and its support: 0 for none, 1 for all of it."""

    start: int
    end: int
    support: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportBounds:
    """Below `unsupported` a statement has no support, from `supported` on it has; between them
    nothing is decided. Raises `ValueError` unless 0 <= unsupported <= supported <= 1."""

    unsupported: float = 0.2
    supported: float = 0.8

    def __post_init__(self) -> None:
        if not 0.0 <= self.unsupported <= self.supported <= 1.0:
            raise ValueError(
                f"bounds from {self.unsupported:g} to {self.supported:g} do not lie in order "
                "between 0 and 1"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a model made of a text: one statement for each sentence that it had to read.

    Sentences that stand in the source word for word are not among them. `model` is its name and the
    hash of its weights. `unread_because` says why there is no answer, "" where there is one.
    """

    model: str
    statements: Sequence[Statement] = ()
    unread_because: str = ""

    @property
    def least(self) -> float:
        """Return the support of the statement that has least, 1 where there is none."""
        return min((statement.support for statement in self.statements), default=1.0)
