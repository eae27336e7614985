"""What is known of a model: how much it takes, and what a token costs.

The operator's own word goes first (the setting `model_facts`), then public list prices, which come
with the package that knows the vendors' models. A server of one's own has no list price: what a
call there costs is unknown, which is not the same as free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from copydesk.core.errors import ConfigError
from copydesk.generation.address import ModelAddress, Vendor
from copydesk.generation.budget import ModelLimits
from copydesk.generation.port import Usage

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

_MILLION: Final = 1_000_000
_FORM: Final = (
    "Write NAME key=value …, for example: my-model window=32000 output=8000 input_price=0.10 "
    "cached_price=0.01 output_price=0.50 streamed=1 at_once=2. Tokens; prices in US dollars per "
    "million tokens; streamed=1 for a server that is to send its answers piece by piece; at_once "
    "is how many parts of a long text it is asked about side by side; thinking=off, minimal, low, "
    "medium or high is how much a model that thinks before it answers is asked to."
)
_TOKENS: Final = ("window", "output", "cliff", "reasoning")
_STREAMED: Final = "streamed"
_AT_ONCE: Final = "at_once"
_THINKING: Final = "thinking"
#: More calls for one text are not made together, whatever is stated.
_MOST_AT_ONCE: Final = 64
_PRICES: Final = ("input_price", "output_price", "cached_price")


class Thinking(StrEnum):
    """How much a model that thinks before it answers is asked to. What it cannot do less of it
    does as little as it can."""

    OFF = "off"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """US dollars per million tokens. `cached` is for input the server had kept, None as `input`."""

    input: float
    output: float
    cached: float | None = None

    def of(self, usage: Usage) -> float:
        """Return what this usage costs, in dollars."""
        known = min(usage.cached_tokens or 0, usage.input_tokens or 0)
        fresh = (usage.input_tokens or 0) - known
        cached = self.input if self.cached is None else self.cached
        paid = fresh * self.input + known * cached + (usage.output_tokens or 0) * self.output
        return paid / _MILLION


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of the model `name`; None where nothing is. Tokens.

    `cliff` is the input size from which on the vendor charges more, 0 when that is to be paid on
    purpose. `reasoning` is kept free in the output cap of a model that thinks before it answers.
    `streamed` asks for answers piece by piece, for servers that keep nobody waiting otherwise.
    `at_once` is how many parts of one text it is asked about side by side. `thinking` is how much
    it is asked to think, None for as much as it likes.
    """

    name: str
    window: int | None = None
    output: int | None = None
    cliff: int | None = None
    reasoning: int | None = None
    streamed: bool | None = None
    at_once: int | None = None
    thinking: Thinking | None = None
    prices: Prices | None = None
    listed: tuple[ModelInfo, Provider] | None = field(default=None, repr=False, compare=False)

    @property
    def limits(self) -> ModelLimits:
        """Return what a call may take; cautious where nothing is known."""
        usual = ModelLimits()
        window = self.window or usual.window
        return ModelLimits(
            window=window,
            output=self.output or min(usual.output, window),
            price_cliff=self.cliff or None,
            reasoning_reserve=self.reasoning or 0,
            at_once=self.at_once or usual.at_once,
        )

    def price(self, usage: Usage, at: datetime) -> float | None:
        """Return what a call at `at` (aware) costs in dollars, None where no price is known."""
        if self.prices is not None:
            return self.prices.of(usage)
        if self.listed is None:
            return None
        from genai_prices import Usage as Counted

        model, provider = self.listed
        counted = Counted(
            input_tokens=usage.input_tokens or 0,
            output_tokens=usage.output_tokens or 0,
            cache_read_tokens=min(usage.cached_tokens or 0, usage.input_tokens or 0),
        )
        priced = model.calc_price(counted, provider, genai_request_timestamp=at)
        return float(priced.total_price)

    def describe_price(self, at: datetime) -> str:
        """Return what a million tokens cost at `at` (aware), in words; "" where nobody knows."""
        # of a thousand, since large inputs cost more with some vendors
        read = self.price(Usage(input_tokens=1000), at)
        written = self.price(Usage(output_tokens=1000), at)
        if read is None or written is None:
            return ""
        return f"${read * 1000:g} in and ${written * 1000:g} out for a million tokens"


def facts_of(address: ModelAddress, stated: Sequence[ModelFacts] = ()) -> ModelFacts:
    """Return what is known of the model at `address`; what the operator `stated` goes first."""
    listed = _listed(address)
    facts = ModelFacts(name=address.name)
    if address.vendor is Vendor.OLLAMA:
        # it does one after the other unless its operator says so (OLLAMA_NUM_PARALLEL, checked
        # 2026-11-22), and what waits there loses its time to answer
        facts = replace(facts, at_once=1)
    if listed is not None:
        facts = replace(
            facts, window=listed[0].context_window, cliff=_cliff(listed[0]), listed=listed
        )
    for own in stated:
        if own.name in {address.name, f"{address.vendor}:{address.name}"}:
            known = {
                key: value
                for key in (*_TOKENS, _STREAMED, _AT_ONCE, _THINKING, "prices")
                if (value := getattr(own, key)) is not None
            }
            facts = replace(facts, **known)
    return facts


def smallest(limits: Sequence[ModelLimits]) -> ModelLimits:
    """Return limits that hold for every model that may have to answer; the usual ones for none."""
    if not limits:
        return ModelLimits()
    cliffs = [one.price_cliff for one in limits if one.price_cliff is not None]
    return ModelLimits(
        window=min(one.window for one in limits),
        output=min(one.output for one in limits),
        price_cliff=min(cliffs, default=None),
        reasoning_reserve=max(one.reasoning_reserve for one in limits),
        at_once=min(one.at_once for one in limits),
    )


def parse_facts(line: str) -> ModelFacts:
    """Return the facts that a line of the setting `model_facts` states.

    Raises `ConfigError` that says what is wrong and shows the form.
    """
    name, *pairs = line.split()
    given: dict[str, float] = {}
    thinking: Thinking | None = None
    problems = []
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if key == _THINKING:
            thinking = next((one for one in Thinking if one == value), None)
            if thinking is None:
                problems.append(f"model_facts {name}: {pair!r} is none of {', '.join(Thinking)}")
            continue
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not equals or key not in (*_TOKENS, _STREAMED, _AT_ONCE, *_PRICES):
            problems.append(f"model_facts {name}: {pair!r} is none of the facts")
        elif key == _STREAMED and number not in (0, 1):
            problems.append(f"model_facts {name}: {pair!r} is neither 0 nor 1")
        elif key == _AT_ONCE and not 1 <= number <= _MOST_AT_ONCE:
            problems.append(f"model_facts {name}: {pair!r} is not from 1 to {_MOST_AT_ONCE}")
        elif number < 0 or number == float("inf") or number != number:
            problems.append(f"model_facts {name}: {pair!r} has no usable number")
        else:
            given[key] = number
    if ("input_price" in given) != ("output_price" in given):
        problems.append(f"model_facts {name}: input_price and output_price belong together")
    if "cached_price" in given and "input_price" not in given:
        problems.append(f"model_facts {name}: cached_price needs input_price and output_price")
    if not pairs:
        problems.append(f"model_facts {name}: states nothing")
    if problems:
        raise ConfigError(problems, remedy=_FORM)
    tokens: Mapping[str, Any] = {key: int(given[key]) for key in _TOKENS if key in given}
    prices = None
    if "input_price" in given:
        prices = Prices(
            input=given["input_price"],
            output=given["output_price"],
            cached=given.get("cached_price"),
        )
    return ModelFacts(
        name=name,
        prices=prices,
        streamed=bool(given[_STREAMED]) if _STREAMED in given else None,
        at_once=int(given[_AT_ONCE]) if _AT_ONCE in given else None,
        thinking=thinking,
        **tokens,
    )


def _listed(address: ModelAddress) -> tuple[ModelInfo, Provider] | None:
    if address.vendor is Vendor.OLLAMA:
        return None
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError:  # it comes with the extra [llm]
        return None
    vendor, url = (None, address.url) if address.custom else (address.vendor.value, None)
    try:
        # an address of one's own that is a known vendor's is priced like that vendor
        provider, model = get_snapshot().find_provider_model(address.name, None, vendor, url)
    except LookupError:
        return None
    return model, provider


def _cliff(model: ModelInfo) -> int | None:
    """Return the smallest input from which on tokens cost more, None where they never do."""
    from genai_prices.types import ModelPrice

    prices = model.prices
    current = prices if isinstance(prices, ModelPrice) else prices[0].prices
    tiers = getattr(getattr(current, "input_mtok", None), "tiers", ())
    return min((tier.start for tier in tiers), default=None)
