"""Spelling is looked up once for each word, and gives what looking the text up would."""

from __future__ import annotations

import pytest

from copydesk.intake.typos import Typo, find_typos, typos_program
from copydesk.intake.vocabulary import Vocabulary
from copydesk.work.writing.spelling import Speller

needs_program = pytest.mark.skipif(typos_program() is None, reason="no typos program here")
TEXTS = (
    "i recieve teh order, Teh one you wnat; see teh_value, @teh, #teh and a/teh.",
    "It doesn't recieve anything. RECIEVE it untill Friday, pelase: recieve's odd",
    "nothing wrong here, é ü 日本 teh日本 don’t",
)


def test_only_new_words_are_unknown() -> None:
    vocabulary = Vocabulary()
    vocabulary.learn(["teh", "cat"], {"teh": "the"})
    assert vocabulary.unknown("teh cat sat") == {"sat"}
    assert vocabulary.typos("see teh cat, teh_x and /teh") == (Typo(4, "teh", "the"),)


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    vocabulary = Vocabulary(capacity=2)
    vocabulary.learn(["a", "teh", "c"], {"teh": "the"})
    assert vocabulary.unknown("a teh c") == {"a"}


@needs_program
async def test_words_alone_give_what_whole_texts_give() -> None:
    whole = (await find_typos(TEXTS)).found
    speller = Speller(Vocabulary())
    assert [await speller.find(text) for text in TEXTS] == list(whole)
    assert sum(map(len, whole)) > 4


@needs_program
async def test_a_word_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    speller = Speller(Vocabulary())
    first = await speller.find(TEXTS[0])
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("copydesk.intake.typos.typos_program", lambda: None)
    assert await speller.find(TEXTS[0]) == first
    # what cannot be looked up is not taken for right: it is asked for again
    assert await speller.find("untill tomorrow") == ()
    monkeypatch.undo()
    assert await speller.find("untill tomorrow") == (Typo(0, "untill", "until"),)
