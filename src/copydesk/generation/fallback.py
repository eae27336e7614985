"""Models of one tier that stand in for each other: the first that answers, answers.

Only a model that is away has another in its place. What one has answered, however badly, is the
answer: whether a better model is asked is the router's business, never this one's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from copydesk.core.errors import ModelUnavailable
from copydesk.generation.budget import ModelLimits
from copydesk.generation.catalogue import ModelFacts, smallest
from copydesk.generation.port import Completion, Model, ModelRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A model with the name that people know it by, and what is known of it."""

    name: str
    model: Model
    facts: ModelFacts


@dataclass(frozen=True, slots=True)
class Fallback:
    """A model made of `providers`, asked in order."""

    providers: tuple[Provider, ...]

    @property
    def limits(self) -> ModelLimits:
        """Return limits that hold whichever of them answers."""
        return smallest([provider.facts.limits for provider in self.providers])

    async def complete(self, request: ModelRequest) -> Completion:
        """Ask one after the other; raises `ModelUnavailable` when all are away."""
        away: list[ModelUnavailable] = []
        for provider in self.providers:
            try:
                completion = await provider.model.complete(request)
            except ModelUnavailable as error:
                away.append(error)
            else:
                return replace(completion, away=tuple(away)) if away else completion
        if len(away) == 1:
            raise away[0]
        said = " ".join(dict.fromkeys(error.message for error in away))
        waits = [error.wait for error in away if error.wait is not None]
        asked = [error for error in away if error.asked]
        raise ModelUnavailable(
            said or None,
            remedy=away[-1].remedy if away else "",
            # only where each of them said so does anybody know that nothing is billed
            answered=asked[-1].answered if asked and all(one.answered for one in asked) else None,
            wait=min(waits, default=None),
            asked=bool(asked),
            arrived=any(one.arrived for one in asked),
            of=tuple(away),
        )


def providers_of(model: Model) -> tuple[Provider, ...]:
    """Return who answers for `model`: itself, under the name `model`, unless it is made of some."""
    if isinstance(model, Fallback):
        return model.providers
    return (Provider(name="model", model=model, facts=ModelFacts(name="model")),)
