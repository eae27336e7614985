"""Tags as platforms write them: nothing changed or left out without a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.transformation.tags import TagRule, map_tags

PLAIN = TagRule(allowed="a-z0-9", longest=30, most=4)


@pytest.mark.parametrize(
    ("tag", "rule", "written"),
    [
        ("Open Source", PLAIN, "opensource"),
        ("open-source", PLAIN, "opensource"),
        ("Open Source", TagRule(allowed="a-z0-9", joiner="-"), "open-source"),
        ("Open Source", TagRule(allowed=r"\p{L}\p{N} ", joiner=" ", lower=False), "Open Source"),
        ("日本 語", TagRule(allowed=r"\p{L}", transliterate=False), "日本語"),
    ],
)
def test_case_and_spaces_change_without_a_loss(tag: str, rule: TagRule, written: str) -> None:
    assert map_tags([tag], rule) == ((written,), ())


@pytest.mark.parametrize(
    ("tag", "written"),
    [("C++", "c"), ("Köln", "koln"), ("привет", "privet"), ("🎉 party", "party")],
)
def test_what_may_change_the_meaning_is_told(tag: str, written: str) -> None:
    tags, losses = map_tags([tag], PLAIN)
    assert tags == (written,)
    assert [(loss.what, loss.how) for loss in losses] == [
        (f"tag {tag!r}", f"written as {written!r}")
    ]


def test_what_has_no_room_is_left_out_whole() -> None:
    tags, losses = map_tags(["one", "One", "x" * 31, "🎉", "two", "three", "four", "five"], PLAIN)
    assert tags == ("one", "two", "three", "four")
    assert [(loss.what, loss.why) for loss in losses] == [
        (f"tag {'x' * 31!r}", "31 of 30 characters"),
        ("tag '🎉'", "nothing of it can be written with a-z0-9"),
        ("tag 'five'", "there is room for 4 tags"),
    ]
    in_total = map_tags(["abc", "def", "g"], TagRule(allowed="a-z", in_total=7))
    assert in_total[0] == ("abc", "def")


@given(st.lists(st.text(max_size=20), max_size=12), st.sampled_from(["", "-"]), st.booleans())
def test_any_tags_keep_the_rule(tags: list[str], joiner: str, lower: bool) -> None:
    rule = TagRule(allowed="a-z0-9A-Z", joiner=joiner, lower=lower, longest=9, most=5, in_total=30)
    written, losses = map_tags(tags, rule)
    assert len(written) == len(set(written)) <= 5
    assert len(",".join(written)) <= 30
    assert all(tag and tag.isascii() and len(tag) <= 9 for tag in written)
    assert len(losses) <= len(tags)
