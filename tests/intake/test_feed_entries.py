"""What tells the entries of a feed apart, when their ids do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.submission import Source
from copydesk.intake.bundles import Bundle, unpack
from copydesk.intake.feed import Entry
from copydesk.intake.feed_entries import identify

ONE = Entry(id="1", url="https://a.example/1", title="One", html="<p>The pool opens.</p>")


def test_markup_and_white_space_are_no_change_and_words_are() -> None:
    other = replace(ONE, html="<div><p>The  pool\nopens.</p></div>")
    changed = replace(ONE, html="<p>The pool opens today.</p>")
    first, second, third = (identify([entry])[0] for entry in (ONE, other, changed))
    assert (first.key, first.content) == (second.key, second.content)
    assert third.key == first.key
    assert third.content != first.content


def test_an_id_that_several_entries_share_tells_nothing_apart() -> None:
    same = [replace(ONE, url=f"https://a.example/{n}", html=f"<p>Text {n}.</p>") for n in range(3)]
    assert len({one.key for one in identify(same)}) == 3
    without_links = [replace(entry, url="") for entry in same]
    assert len({one.key for one in identify(without_links)}) == 3
    assert len(identify([ONE, ONE])) == 1


def test_another_id_for_the_same_entry_leaves_its_fingerprint() -> None:
    (first,), (second,) = identify([ONE]), identify([replace(ONE, id="2")])
    assert first.key != second.key
    assert first.fingerprint == second.fingerprint


def test_the_oldest_comes_first_by_date_or_else_by_place() -> None:
    dated = [
        replace(ONE, id=str(day), title=str(day), at=datetime(2026, 11, day, tzinfo=UTC))
        for day in (2, 9, 5)
    ]
    assert [one.entry.id for one in identify(dated)] == ["2", "5", "9"]
    undated = [*dated, replace(ONE, id="x", title="x")]
    assert [one.entry.id for one in identify(undated)] == ["x", "5", "9", "2"]


@settings(max_examples=40)
@given(
    st.lists(
        st.builds(
            Entry,
            id=st.sampled_from(["", "1", "2"]),
            url=st.sampled_from(["", "https://a.example/1"]),
            title=st.sampled_from(["", "One", "Two", "Three"]),
            text=st.sampled_from(["", "Words", "Other words"]),
        ),
        max_size=8,
    )
)
def test_no_words_are_lost_whatever_ids_say(entries: list[Entry]) -> None:
    found = identify(entries)
    said = {(entry.title, entry.text) for entry in entries}
    assert {(one.entry.title, one.entry.text) for one in found} == said
    assert len({(one.key, one.content) for one in found}) == len(found)


def test_entries_of_a_file_that_share_an_id_are_all_taken() -> None:
    items = "".join(f"<item><guid>x</guid><title>Title {n}</title></item>" for n in range(3))
    raw = f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>".encode()
    bundle = unpack(raw, source=Source.FEED)
    assert isinstance(bundle, Bundle)
    assert [piece.key for piece in bundle.pieces] == ["", "", ""]
