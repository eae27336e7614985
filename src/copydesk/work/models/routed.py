"""The desk's models as one: whoever asks says which tier, and gets an answer or a reason.

Behind it stand the models of the tier in order, each with its books and its breaker
(`work.booked`). Light work goes to the capable model only where there is no light one at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from copydesk.core.errors import ModelUnavailable
from copydesk.core.post import Tier
from copydesk.generation.fallback import Fallback, Provider, providers_of
from copydesk.work.models.booked import BookedModel
from copydesk.work.models.breakers import resting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from copydesk.generation.budget import ModelLimits
    from copydesk.generation.port import Completion, Model, ModelRequest
    from copydesk.work.desk import Desk


class TieredModel:
    """Answers for the models of each tier."""

    def __init__(self, tiers: Mapping[Tier, Fallback]) -> None:
        self._tiers = dict(tiers)

    @property
    def tiers(self) -> frozenset[Tier]:
        """Return the tiers that have a model of their own."""
        return frozenset(self._tiers)

    @property
    def limits(self) -> ModelLimits:
        """Return limits that hold whoever of the capable tier answers."""
        return self.limits_of(Tier.CAPABLE)

    def limits_of(self, tier: Tier) -> ModelLimits:
        """Return limits that hold whoever of `tier` answers."""
        return self._answering(tier).limits

    async def complete(self, request: ModelRequest) -> Completion:
        """Ask whoever stands for `request.tier`; see `Model.complete`."""
        answering = self._answering(request.tier)
        if request.tier not in self._tiers:
            request = replace(request, tier=Tier.CAPABLE)
        return await answering.complete(request)

    def _answering(self, tier: Tier) -> Fallback:
        answering = self._tiers.get(tier)
        if answering is None and tier is Tier.LIGHT:
            answering = self._tiers.get(Tier.CAPABLE)
        if answering is None:
            raise ModelUnavailable(
                f"No model of the tier {tier} is configured.",
                remedy="Name one in the setting `model`.",
            )
        return answering


class RoutedModel(TieredModel):
    """Answers for the models that a desk has open, on behalf of one submission ("": none), and
    keeps books about it."""

    def __init__(self, desk: Desk, submission_id: str = "") -> None:
        self._desk = desk
        self._submission_id = submission_id
        found = ((Tier.LIGHT, desk.light_model), (Tier.CAPABLE, desk.model))
        super().__init__({tier: self._booked(model) for tier, model in found if model is not None})

    async def afford(self, requests: Sequence[ModelRequest]) -> None:
        """Raise `ModelUnavailable` where nobody who would answer has the money for all
        `requests`, which are of one tier."""
        asked = [provider.model for provider in self._answering(requests[0].tier).providers]
        refusals: list[ModelUnavailable] = []
        async with self._desk.store.begin("model") as unit:
            booked = [model for model in asked if isinstance(model, BookedModel)]
            away = await resting(unit, [model.name for model in booked])
            for model in booked:
                if model.name in away:
                    continue
                refusal = await model.afford(unit, requests)
                if refusal is None:
                    return
                refusals.append(refusal)
        if refusals:
            raise refusals[0]

    async def reject(self, completion: Completion, signal: str, because: str) -> None:
        """Write down that an answer was not used."""
        if completion.call_id:
            async with self._desk.store.begin("model") as unit:
                await unit.model_calls.reject(completion.call_id, signal, because)

    def _booked(self, model: Model) -> Fallback:
        return Fallback(
            tuple(
                Provider(
                    name=provider.name,
                    facts=provider.facts,
                    model=BookedModel(self._desk, provider, self._submission_id),
                )
                for provider in providers_of(model)
            )
        )
