"""Neither a platform that hangs nor a workspace with many accounts uses up a process's hands."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.work.in_hand import Bounds, InHand, Place

ROOMY = Bounds(couriers=100, reserved=10, few=2, in_lane=3, outside=5)


def place(lane: str, workspace: str = "ws_1") -> Place:
    return Place(workspace, lane)


def test_a_lane_that_is_full_leaves_room_for_another() -> None:
    hands = InHand(ROOMY)
    assert [hands.take(f"acc_{n}", place("slow")) for n in range(5)] == [True] * 3 + [False] * 2
    assert hands.take("acc_quick", place("quick"))


def test_who_is_turned_away_follows_who_leaves_in_the_order_of_arrival() -> None:
    hands = InHand(ROOMY)
    for n in range(5):
        hands.take(f"acc_{n}", place("slow"))
    assert hands.next_one() is None
    hands.leave("acc_1")
    assert hands.next_one() == "acc_3"
    assert hands.take("acc_3", place("slow"))
    hands.leave("acc_0")
    assert hands.next_one() == "acc_4"


def test_the_next_one_is_of_the_workspace_that_has_the_fewest_in_hand() -> None:
    hands = InHand(ROOMY)
    for n in range(3):
        hands.take(f"acc_{n}", place("slow", "ws_many"))
    hands.take("acc_3", place("slow", "ws_many"))
    hands.take("acc_other", place("slow", "ws_other"))
    hands.leave("acc_0")
    assert hands.next_one() == "acc_other"


def test_an_account_is_in_hand_once() -> None:
    hands = InHand(ROOMY)
    assert hands.take("acc_1", place("a"))
    assert not hands.take("acc_1", place("a"))
    hands.leave("acc_1")
    assert hands.next_one() is None
    assert hands.take("acc_1", place("a"))


def test_a_workspace_with_many_leaves_some_hands_to_others() -> None:
    hands = InHand(Bounds(couriers=5, reserved=2, few=2, in_lane=100, outside=5))
    taken = [hands.take(f"acc_{n}", place(f"lane-{n}", "ws_many")) for n in range(5)]
    assert taken == [True, True, True, False, False]
    assert hands.take("acc_other", place("lane", "ws_other"))


def test_what_waits_outside_is_bounded_and_sent_again_once_there_is_room() -> None:
    hands = InHand(ROOMY)
    for n in range(20):
        hands.take(f"acc_{n}", place("slow"))
    assert len(hands.known()) == 3 + 5
    hands.leave("acc_0")
    assert hands.known() == {"acc_1", "acc_2"}
    assert hands.next_one() is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2), st.booleans()), max_size=60))
def test_no_bound_is_passed_and_nothing_is_kept_in_the_end(
    steps: list[tuple[int, int, bool]],
) -> None:
    bounds = Bounds(couriers=6, reserved=2, few=1, in_lane=3, outside=4)
    hands = InHand(bounds)
    inside: dict[str, Place] = {}
    for number, where, leaves in steps:
        account = f"acc_{number}"
        if leaves and account in inside:
            hands.leave(account)
            del inside[account]
            continue
        there = place(f"lane-{number % 3}", f"ws_{where}")
        if hands.take(account, there):
            inside[account] = there
        lanes = [one.lane for one in inside.values()]
        assert all(lanes.count(lane) <= bounds.in_lane for lane in lanes)
        assert len(inside) <= bounds.couriers
        assert hands.known() >= inside.keys()
        assert len(hands.known()) <= len(inside) + bounds.outside
    for account in list(inside):
        hands.leave(account)
    assert hands.known() == set()
