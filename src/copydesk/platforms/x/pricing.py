"""What one call costs: X charges by the request, and more for a text with a link."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.money import dollars
from copydesk.platforms.kit.pace import Price
from copydesk.transformation.weighted import find_addresses


def has_link(text: str) -> bool:
    """Tell whether X makes a link of anything in `text`; bare domains count."""
    return bool(find_addresses(unicodedata.normalize("NFC", text)))


def price(prices: Iterable[Price], outgoing: Outgoing) -> int:
    """Return what sending the part in flight of `outgoing` costs, in micro-dollars.

    The alternative texts of its files are charged with it, although they were sent before.
    """
    by_action = {price.action: price for price in prices}
    base = by_action[outgoing.action.value]
    if outgoing.action is Action.DELETE:
        return base.micros
    part = outgoing.payload["parts"][outgoing.part]
    described = sum(1 for item in part["media"] if item["alt"])
    return _of_text(base, part["text"]) + described * by_action["describe"].micros


def written_price(prices: Iterable[Price], texts: Iterable[str]) -> str:
    """Return what creating posts of `texts` costs, for people."""
    create = next(price for price in prices if price.action == "create")
    return dollars(sum(_of_text(create, text) for text in texts))


def _of_text(price: Price, text: str) -> int:
    if price.with_link is not None and has_link(text):
        return price.with_link
    return price.micros
