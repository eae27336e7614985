"""`copydesk estimate`: what models would cost, from a few knobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from copydesk.cli.options import AsJson, Home
from copydesk.cli.output import columns, fail, show

if TYPE_CHECKING:
    from pathlib import Path

    from copydesk.generation.catalogue import ModelFacts
    from copydesk.generation.estimate import Estimate


def estimate(
    capable: Annotated[
        str, typer.Option("--model", help="A model line; default: the setting `model`.")
    ] = "",
    light: Annotated[
        str, typer.Option("--light-model", help="A model line; default: the setting.")
    ] = "",
    items: Annotated[int, typer.Option(min=1, help="How many messages.")] = 1000,
    context: Annotated[
        int, typer.Option(min=0, help="Tokens sent with each message: prompt, conversation.")
    ] = 1800,
    message: Annotated[int, typer.Option(min=1, help="Tokens of a message.")] = 150,
    output: Annotated[int, typer.Option(min=1, help="Tokens of an answer.")] = 440,
    kept: Annotated[
        int, typer.Option(min=0, help="Tokens of the prompt that the vendor keeps.")
    ] = 1700,
    calls: Annotated[int, typer.Option(min=1, help="Calls of a chain to compare with.")] = 3,
    untouched: Annotated[
        float, typer.Option(min=0, max=1, help="Share that reads well and goes to nobody.")
    ] = 0.2,
    light_share: Annotated[
        float, typer.Option("--light", min=0, max=1, help="Share that goes to the light model.")
    ] = 0.5,
    escalated: Annotated[
        float, typer.Option(min=0, max=1, help="Share of light answers that go on to the other.")
    ] = 0.05,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Estimate what messages would cost as separate calls, as one, and routed over two models.

    Nothing is asked. Take the tokens and shares from `copydesk costs`: every desk has its own.
    """
    from datetime import UTC

    from copydesk.core.clock import SystemClock
    from copydesk.core.errors import ConfigError
    from copydesk.generation.estimate import Load
    from copydesk.generation.estimate import estimate as reckon

    if untouched + light_share > 1:
        raise typer.BadParameter("--untouched and --light are shares of the same messages")
    try:
        big, small = _facts(home, capable, light)
    except ConfigError as error:
        fail(error)
    now = SystemClock().now().astimezone(UTC)
    load = Load(
        items=items,
        context=context,
        message=message,
        output=output,
        kept=kept,
        calls=calls,
        untouched=untouched,
        light=light_share,
        escalated=escalated,
    )
    found = reckon(
        load,
        capable=lambda usage: big.price(usage, now),
        light=(lambda usage: small.price(usage, now)) if small else None,
    )
    show(_data(found), as_json, lambda: _words(found, items, big, small))


def _facts(home: Path | None, capable: str, light: str) -> tuple[ModelFacts, ModelFacts | None]:
    from copydesk.config import find_home, load_settings
    from copydesk.core.errors import ConfigError
    from copydesk.generation.address import parse_model_line
    from copydesk.generation.catalogue import facts_of, parse_facts

    settings = load_settings(find_home(home))
    stated = [parse_facts(line) for line in settings.model_facts]
    if not (capable := capable or settings.model):
        raise ConfigError(
            ["there is no model to estimate for"],
            remedy="Give --model, such as openai:gpt-6.1-terra, or set `model`.",
        )
    light = light or settings.light_model
    return (
        facts_of(parse_model_line(capable), stated),
        facts_of(parse_model_line(light), stated) if light else None,
    )


def _data(found: tuple[Estimate, ...]) -> list[dict[str, Any]]:
    return [{"design": one.design, "calls": one.calls, "cost_usd": one.cost_usd} for one in found]


def _words(
    found: tuple[Estimate, ...], items: int, big: ModelFacts, small: ModelFacts | None
) -> list[str]:
    rows = [
        (
            one.design,
            f"{one.calls:,.0f}",
            "price not known" if one.cost_usd is None else f"${one.cost_usd:,.2f}",
        )
        for one in found
    ]
    models = f"{big.name} and {small.name}" if small else big.name
    return [
        f"{items:,} messages, {models}:",
        "",
        *columns(rows, ("design", "calls", "cost")),
        "",
        "A sum, not a promise: messages differ, and so do answers.",
    ]
