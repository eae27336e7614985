"""A log is parted into its conversations, and no word of a person is lost or doubled on the way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.errors import InputRefused
from copydesk.core.submission import ParsedMessage, Source
from copydesk.intake.bundles import Bundle
from copydesk.intake.conversations import part
from copydesk.intake.parsing import parse
from copydesk.intake.reading import read

IRC = Path(__file__).resolve().parents[2] / "../shared/data/threads/irc/new-domains"


def words_of_parts(bundle: Bundle) -> Counter[str]:
    words: Counter[str] = Counter()
    for piece in bundle.pieces:
        message = read(piece.raw, filename=piece.filename, source=piece.source)
        assert isinstance(message, ParsedMessage), "a part is one conversation"
        words.update(message.reply.split())
    return words


def check(raw: bytes) -> None:
    message = parse(raw, source=Source.CHAT)
    bundle = part(message)
    if bundle is not None:
        assert words_of_parts(bundle) == Counter(message.reply.split())


def test_words_without_a_speaker_stay() -> None:
    log = (
        "somebody wrote this above\n<ann> hi all, is the server down for you?\n<buildbot> done\n"
        "nobody knows who said this\n<bob> hello, where do I find the lamp manual?\n"
        "and more of it\n"
        "<cy> ann: it is up again\n<dan> bob: in the box\n<ann> cy: thanks\n<bob> dan: thanks\n"
    )
    check(log.encode())
    bundle = part(parse(log.encode(), source=Source.CHAT))
    assert bundle is not None
    kept = words_of_parts(bundle)
    assert kept["nobody"] == 1
    assert kept["above"] == 1
    assert kept["done"] == 0


def test_one_conversation_is_not_parted() -> None:
    raw = b"[10:02] ann: hi\n[10:03] bob: hello\n[10:04] ann: bye\n"
    assert part(parse(raw, source=Source.CHAT)) is None
    assert part(parse(b"# Hello\n\nthere", source=Source.COMMUNITY)) is None


_LINE = st.builds(
    "{}<{}> {}".format,
    st.sampled_from(["", "[10:02] ", "[2026-11-04 23:59] "]),
    st.sampled_from(["ann", "bob", "cy", "buildbot", "system", "Ann Lee", "<", "ann_"]),
    st.text(max_size=30) | st.sampled_from(["hello ann: how?", "```", "@bob yes", "* x joined"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_LINE | st.text(max_size=20), max_size=25))
def test_no_word_is_lost_in_any_log(lines: list[str]) -> None:
    try:
        check("\n".join(lines).encode("utf-8", "replace"))
    except InputRefused:
        return


@pytest.mark.skipif(not IRC.is_dir(), reason="no ../shared/data beside the checkout")
def test_no_word_is_lost_in_a_public_log() -> None:
    for path in sorted(IRC.glob("rust.2.ascii.txt")):
        check(path.read_bytes())
