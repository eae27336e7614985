"""The configured models, opened where they are needed: loading one costs seconds.

Each tier is a model with those that stand in for it. A key is only ever sent to the server that it
was given for, or to another model of the same server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from copydesk.core.errors import ConfigError
from copydesk.core.post import Tier
from copydesk.generation.address import ModelAddress, open_model, parse_model_line
from copydesk.generation.catalogue import ModelFacts, facts_of, parse_facts
from copydesk.generation.fallback import Fallback, Provider
from copydesk.work.models.routed import RoutedModel, TieredModel

if TYPE_CHECKING:
    from copydesk.config import Settings
    from copydesk.core.clock import Clock
    from copydesk.generation.port import Model
    from copydesk.work.desk import Desk


#: The setting that names the judge.
_JUDGE: Final = "judge_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A model that the settings name, in which setting, and what is known of it."""

    tier: Tier
    setting: str
    address: ModelAddress
    facts: ModelFacts
    key: str

    @property
    def is_judge(self) -> bool:
        """Whether it writes nothing, and is asked only about what others wrote."""
        return self.setting == _JUDGE

    @property
    def lacks_key(self) -> bool:
        """Whether its server wants a key and none is set."""
        return self.address.needs_key and not self.key


def configured_models(settings: Settings) -> tuple[Configured, ...]:
    """Return the models that `settings` name, the first of each tier before its stand-ins.

    Raises `ConfigError` with every line that cannot be read.
    """
    problems: list[str] = []
    remedy = ""
    stated: list[ModelFacts] = []
    found: list[Configured] = []
    for line in settings.model_facts:
        try:
            stated.append(parse_facts(line))
        except ConfigError as error:
            problems += error.problems
            remedy = error.remedy
    for tier, setting, line, key in _lines(settings):
        try:
            address = parse_model_line(line)
        except ConfigError as error:
            problems += [f"{setting}: {problem}" for problem in error.problems]
            remedy = error.remedy
            continue
        found.append(
            Configured(
                tier=tier,
                setting=setting,
                address=address,
                facts=facts_of(address, stated),
                key=key,
            )
        )
    if problems:
        raise ConfigError(problems, remedy=remedy)
    keys = {_server(one.address): one.key for one in reversed(found) if one.key}
    return tuple(
        one if one.key else replace(one, key=keys.get(_server(one.address), "")) for one in found
    )


@asynccontextmanager
async def opened_models(desk: Desk) -> AsyncIterator[Desk]:
    """Give `desk` with the models open that its settings name; those it has already stay.

    Raises `ConfigError` when a configured model cannot be opened.
    """
    if any((desk.model, desk.light_model, desk.judge_model)):
        yield desk
        return
    async with AsyncExitStack() as stack:
        configured = configured_models(desk.settings)
        model, light, judge = [
            await _opened(stack, models, desk.settings, desk.clock)
            for models in (
                _writing(configured, Tier.CAPABLE),
                _writing(configured, Tier.LIGHT),
                [one for one in configured if one.is_judge],
            )
        ]
        yield replace(desk, model=model, light_model=light, judge_model=judge)


@asynccontextmanager
async def opened_model(desk: Desk, submission_id: str = "") -> AsyncIterator[RoutedModel | None]:
    """Give what answers for the desk's models, with books, memory and stand-ins.

    None without a capable one. `submission_id` is what the calls are made for, "" where there is
    none. Raises `ConfigError` when a configured model cannot be opened.
    """
    async with opened_models(desk) as opened:
        yield routed_model(opened, submission_id) if opened.model is not None else None


def routed_model(desk: Desk, submission_id: str = "") -> RoutedModel | None:
    """Return what answers for the models that `desk` has open, None when it has none."""
    if desk.model is None and desk.light_model is None:
        return None
    return RoutedModel(desk, submission_id)


@asynccontextmanager
async def models_of(settings: Settings, clock: Clock) -> AsyncIterator[TieredModel | None]:
    """Give the models that `settings` name, without a project: nothing is booked.

    None where they name none. Raises `ConfigError` when one cannot be opened.
    """
    async with AsyncExitStack() as stack:
        configured = configured_models(settings)
        tiers: dict[Tier, Fallback] = {}
        for tier in (Tier.LIGHT, Tier.CAPABLE):
            opened = await _opened(stack, _writing(configured, tier), settings, clock)
            if opened is not None:
                tiers[tier] = opened
        yield TieredModel(tiers) if tiers else None


async def open_line(stack: AsyncExitStack, desk: Desk, line: str, tier: Tier) -> Model:
    """Open the model that `line` names for a version, to be closed with `stack`.

    It has no stand-ins: what they wrote would be taken for its own. Its key is the one that the
    settings have for the same server. Raises `ConfigError` when it cannot be opened.
    """
    address = parse_model_line(line)
    stated = [parse_facts(facts) for facts in desk.settings.model_facts]
    keys = {_server(one.address): one.key for one in configured_models(desk.settings) if one.key}
    named = Configured(
        tier=tier,
        setting="model",
        address=address,
        facts=facts_of(address, stated),
        key=keys.get(_server(address), ""),
    )
    model = await _opened(stack, [named], desk.settings, desk.clock)
    assert model is not None
    return model


def _writing(configured: Sequence[Configured], tier: Tier) -> list[Configured]:
    """Return the models of a tier that write."""
    return [one for one in configured if one.tier is tier and not one.is_judge]


async def _opened(
    stack: AsyncExitStack, configured: Sequence[Configured], settings: Settings, clock: Clock
) -> Fallback | None:
    providers = []
    for one in configured:
        model = open_model(
            one.address,
            key=one.key,
            clock=clock,
            timeout=_timeout(settings, one.tier),
            facts=one.facts,
            setting=one.setting,
        )
        await stack.enter_async_context(model)
        providers.append(Provider(name=one.address.label, model=model, facts=one.facts))
    return Fallback(tuple(providers)) if providers else None


def _timeout(settings: Settings, tier: Tier) -> float:
    """Return how many seconds one call to a model of `tier` may take."""
    return settings.light_model_timeout if tier is Tier.LIGHT else settings.model_timeout


def _lines(settings: Settings) -> list[tuple[Tier, str, str, str]]:
    """Return (tier, setting, line, key) of each model that is named."""
    light, capable = settings.light_fallback_model, settings.fallback_model
    found = [
        (Tier.CAPABLE, "model", settings.model, settings.model_key),
        *(
            (Tier.CAPABLE, "fallback_model", line or "", key or "")
            for line, key in zip_longest(capable, settings.fallback_model_key[: len(capable)])
        ),
        (Tier.LIGHT, "light_model", settings.light_model, settings.light_model_key),
        *(
            (Tier.LIGHT, "light_fallback_model", line or "", key or "")
            for line, key in zip_longest(light, settings.light_fallback_model_key[: len(light)])
        ),
        (Tier.CAPABLE, _JUDGE, settings.judge_model, settings.judge_model_key),
    ]
    return [entry for entry in found if entry[2]]


def _server(address: ModelAddress) -> tuple[str, str]:
    return address.vendor.value, address.url
