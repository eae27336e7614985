"""The sums come out as a person would reckon them by hand."""

from __future__ import annotations

import pytest

from copydesk.generation.catalogue import Prices
from copydesk.generation.estimate import Load, estimate

CAPABLE = Prices(input=2, output=10, cached=0.1)
LIGHT = Prices(input=0.1, output=0.5, cached=0.01)
#: Nothing is kept, so that only the routing shows.
BARE = Load(kept=0, untouched=0, escalated=0)


def cost(load: Load, design: int) -> float:
    found = estimate(load, capable=CAPABLE.of, light=LIGHT.of)[design].cost_usd
    assert found is not None
    return found


def test_one_call_costs_a_third_of_three() -> None:
    # (1,950 x 2 + 440 x 10) / 1e6 dollars, a thousand times
    assert cost(Load(), 1) == pytest.approx(8.3)
    assert cost(Load(), 0) == pytest.approx(24.9)


def test_a_kept_prompt_is_paid_at_its_own_price() -> None:
    assert cost(Load(), 2) == pytest.approx((250 * 2 + 1700 * 0.1 + 440 * 10) / 1000)


@pytest.mark.parametrize(("light", "together"), [(0.5, 4.36), (0.7, 2.78), (0.8, 1.99)])
def test_what_goes_to_the_light_model_costs_little(light: float, together: float) -> None:
    load = Load(kept=0, untouched=0, escalated=0, light=light)
    assert cost(load, 3) == pytest.approx(together, abs=0.01)


def test_what_goes_up_is_paid_twice_and_what_is_left_alone_not_at_all() -> None:
    up = Load(kept=0, untouched=0, light=1, escalated=1)
    assert cost(up, 3) == pytest.approx(8.3 + 0.415)
    assert cost(Load(kept=0, untouched=1, light=0), 3) == 0
    assert estimate(up, capable=CAPABLE.of, light=LIGHT.of)[3].calls == 2000


def test_an_unknown_price_stays_unknown() -> None:
    found = estimate(Load(), capable=lambda _: None, light=LIGHT.of)
    assert [one.cost_usd for one in found] == [None] * 4


def test_without_a_light_model_only_what_reads_well_is_saved() -> None:
    found = estimate(Load(kept=0, untouched=0.25), capable=CAPABLE.of, light=None)
    assert found[3].cost_usd == pytest.approx(8.3 * 0.75)
