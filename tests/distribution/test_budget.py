"""Buckets: never more than the pace in any window, whatever is lost, given back or heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from copydesk.distribution.budget import (
    Fill,
    Heard,
    allowed,
    from_stored,
    give_back,
    hear,
    lump,
    opens_at,
    resets_at,
    room,
    slice_at,
    take,
    to_stored,
    used,
)
from copydesk.platforms.kit.pace import Pace

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def pace(calls: int = 10, seconds: int = 60, **more: object) -> Pace:
    return Pace.model_validate(
        {"calls": calls, "seconds": seconds, "source": "a test", "checked": NOW.date(), **more}
    )


@given(
    calls=st.integers(1, 40),
    seconds=st.integers(1, 600),
    waits=st.lists(st.integers(0, 40_000_000), max_size=120),
    scope=st.sampled_from(["account", "app"]),
    unused=st.integers(0, 3),
)
def test_no_window_ever_holds_more_than_the_pace(
    calls: int, seconds: int, waits: list[int], scope: str, unused: int
) -> None:
    of = pace(calls, seconds, scope=scope)
    fill, now, made = Fill(), NOW, []
    held: tuple[int, int, datetime] = (0, 0, NOW)
    for wait in waits:
        now += timedelta(microseconds=wait)
        tokens, number, until = held
        if tokens == 0 or now >= until:
            # as the gate does: what was never used goes back before the next lump, or is lost
            if unused:
                fill = give_back(fill, number, tokens)
            tokens, until = lump(of, fill, 1, now)
            number = slice_at(of, now).number
            if tokens:
                fill = take(of, fill, tokens, now)
        if tokens:
            made.append(now)
            tokens -= 1
        held = (tokens, number, until)
    for first in range(len(made)):
        window = [at for at in made[first:] if at < made[first] + timedelta(seconds=seconds)]
        assert len(window) <= calls


@given(
    taken=st.lists(st.tuples(st.integers(0, 90), st.integers(1, 4)), max_size=15),
    cost=st.integers(1, 10),
    remaining=st.none() | st.integers(0, 12),
)
def test_a_bucket_opens_when_it_says(
    taken: list[tuple[int, int]], cost: int, remaining: int | None
) -> None:
    of, fill, now = pace(), Fill(), NOW
    for wait, tokens in taken:
        now += timedelta(seconds=wait / 10)
        if room(of, fill, now) >= tokens:
            fill = take(of, fill, tokens, now)
    if remaining is not None:
        fill = hear(of, fill, Heard(10, remaining, now + 20 * SECOND), now)
    opens = opens_at(of, fill, now, cost)
    assert room(of, fill, opens) >= cost
    assert opens == now or room(of, fill, opens - timedelta(microseconds=1)) < cost


def test_what_was_lost_with_a_process_counts_until_its_window_ends() -> None:
    of = pace(10, 60)
    fill = take(of, Fill(), 10, NOW)
    assert room(of, fill, NOW + 59 * SECOND) == 0
    assert opens_at(of, fill, NOW) == NOW + 61 * SECOND  # a slice lasts one of sixty seconds
    assert room(of, fill, NOW + 61 * SECOND) == 10
    assert resets_at(of, fill, NOW) == NOW + 61 * SECOND


def test_the_lower_of_both_counts_wins() -> None:
    of = pace(10, 60)
    fill = take(of, Fill(), 2, NOW)
    elsewhere = hear(of, fill, Heard(10, 3, NOW + 30 * SECOND), NOW)
    assert room(of, elsewhere, NOW) == 3
    late = hear(of, elsewhere, Heard(10, 8, NOW + 30 * SECOND), NOW)
    assert room(of, late, NOW) == 3, "an answer that was overtaken tells nothing new"
    assert room(of, elsewhere, NOW + 30 * SECOND) == 8
    generous = hear(of, fill, Heard(10, 10, NOW + 30 * SECOND), NOW)
    assert room(of, generous, NOW) == 8


def test_headers_lower_a_limit_and_raise_only_one_that_is_learned() -> None:
    assert allowed(pace(10), hear(pace(10), Fill(), Heard(4), NOW)) == 4
    assert allowed(pace(10), hear(pace(10), Fill(), Heard(50), NOW)) == 10
    learned = pace(10, learned=True)
    assert allowed(learned, hear(learned, Fill(), Heard(50), NOW)) == 50
    assert allowed(learned, hear(learned, Fill(), Heard(10**6), NOW)) == 100
    assert allowed(pace(10), hear(pace(10), Fill(), Heard(0, None, None), NOW)) == 10


def test_a_daily_cap_starts_anew_at_midnight_of_its_zone() -> None:
    of = pace(3, 86_400, resets="America/Los_Angeles")
    evening = datetime(2026, 11, 1, 1, 0, tzinfo=ZoneInfo("America/Los_Angeles")).astimezone(UTC)
    fill = take(of, Fill(), 3, evening)
    midnight = datetime(2026, 11, 2, 0, 0, tzinfo=ZoneInfo("America/Los_Angeles"))
    assert midnight.astimezone(UTC) - evening == timedelta(hours=24)  # the day has 25
    assert opens_at(of, fill, evening) == midnight
    assert room(of, fill, midnight - SECOND) == 0
    assert room(of, fill, midnight) == 3


def test_a_clock_that_was_set_back_gives_nothing_twice() -> None:
    of = pace(10, 60)
    fill = take(of, Fill(), 10, NOW)
    assert room(of, fill, NOW - timedelta(minutes=30)) == 0


def test_a_bucket_survives_being_stored() -> None:
    of = pace()
    fill = hear(of, take(of, Fill(), 4, NOW), Heard(10, 1, NOW + 9 * SECOND), NOW)
    assert from_stored(to_stored(fill)) == fill
    assert from_stored({}) == Fill()
    assert used(of, from_stored(to_stored(fill)), NOW) == 4


def test_shared_lumps_are_small_and_short_lived() -> None:
    tokens, until = lump(pace(600, 60, scope="app"), Fill(), 1, NOW)
    assert (tokens, until) == (5, NOW + SECOND)
    assert lump(pace(600, 60), Fill(), 1, NOW)[0] == 60
    assert lump(pace(3, 60), Fill(), 3, NOW)[0] == 3
    assert lump(pace(3, 60), take(pace(3, 60), Fill(), 1, NOW), 3, NOW)[0] == 0
