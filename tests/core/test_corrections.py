"""What authors take back while they write, and what they do not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.corrections import as_meant, corrections
from copydesk.core.ledger import extract

#: Language, what was typed, and what of it no longer counts.
TAKEN_BACK = [
    ("en", "At 19:12, no wait, 10:28.", ["19:12"]),
    ("en", "The total is $206.90. Sorry, I meant $689.57.", ["$206.90"]),
    ("en", "Meet at 3pm on Tuesday, no wait, 4pm.", ["3pm"]),
    ("en", "Sorry, 20 chairs came, actually 30 chairs.", ["20"]),
    ("en", "The fee is 20 euros. I meant 30 euros, not 20 euros.", ["20 euros", "20 euros"]),
    ("en", "I said 20 boxes. Sorry, not 20 but 30.", ["20", "20"]),
    ("en", "Pay $20 on 3 May, correction, $30 on 4 May.", ["$20", "3 May"]),
    ("en", "We paid ~~$45.00~~ $54.00.", ["~~$45.00~~"]),
    ("en", "Cancel it. Scratch that, keep it.", ["Cancel it."]),
    ("en", "The tap leaks. Cancel it, forget that, keep it.", ["Cancel it,"]),
    ("en", "Ship it to the old hall, no wait, the new hall.", ["the old hall,"]),
    ("en", "Fee: 20 euros.\n\nEDIT: the fee is 30 euros.", ["20 euros"]),
    ("en", "**Edit:** the fee is 30 euros.\n\nThe fee was 20 euros, the rest free.", ["20 euros"]),
    ("de", "Es sind 20, nein, moment, 30 Stühle.", ["20"]),
    ("de", "Den grünen Ordner. Quatsch, ich meinte den roten Ordner.", ["Den grünen Ordner."]),
    ("de", "Die Miete ist 300 €. Korrektur: Die Miete ist 350 €.", ["300 €"]),
    ("de", "Bitte stornieren. Vergessen Sie das, bitte liefern.", ["Bitte stornieren."]),
    ("fr", "Le 12 mars, je me reprends, le 14 mars.", ["12 mars", "Le 12 mars,"]),
    ("fr", "C'est 15h, enfin non, 16h.", ["15h"]),
    ("es", "Son 640 €, mejor dicho, 690 €.", ["640 €"]),
    ("es", "El martes, digo, el jueves.", ["El martes,", "martes"]),
    ("es", "A las 20:40 pagó 656,25 €, no, perdón, 40,21 €.", ["656,25 €"]),
]

#: An apology, a reproach, a comparison, and two things that are both so.
NOT_TAKEN_BACK = [
    ("en", "20 boxes came, sorry for the delay, 30 more follow."),
    ("en", "Hold $206.90 until 11 June - hold $689.57 until 6 June."),
    ("en", "We were charged $50 instead of $30."),
    ("en", "Sorry, 3 of 5 lamps are broken."),
    ("en", "At the moment 12 seats are free, 15 are booked."),
    ("en", "No, 20 people never came. 35 did."),
    ("en", "I mean the 20 blue ones, the 30 red ones are fine."),
    ("en", "Update: 20 units are here. 30 are on the way."),
    ("en", "Run `echo ~~a~~ b` first."),
    ("en", "Forget about it, the rest is fine."),
    ("de", "Im Moment sind 12 Plätze frei, 15 sind belegt."),
    ("de", "Nein, 40 € kamen nicht an, 60 € schon."),
    ("fr", "Le prix est de 20 € et non 30 €."),
    ("fr", "Je préfère 20 places plutôt que 30."),
    ("es", "Son 20 sillas, no 30."),
]


def taken_back(text: str, language: str) -> list[str]:
    found = corrections(extract(text, language=language))
    return sorted(text[a:b].strip() for one in found for a, b in one.taken_back)


@pytest.mark.parametrize(("language", "text", "gone"), TAKEN_BACK)
def test_what_an_author_takes_back_is_found(language: str, text: str, gone: list[str]) -> None:
    assert taken_back(text, language) == sorted(gone)


@pytest.mark.parametrize(("language", "text"), NOT_TAKEN_BACK)
def test_nothing_is_taken_back_without_need(language: str, text: str) -> None:
    assert taken_back(text, language) == []


def test_what_is_left_keeps_its_place() -> None:
    ledger = extract("We need 20,\nno wait, 30 chairs.", language="en")
    meant = as_meant(ledger, corrections(ledger))
    assert [token.text for token in meant.tokens] == ["30"]
    assert meant.text.index("30") == ledger.text.index("30")
    assert meant.text.count("\n") == 1
    assert as_meant(ledger, ()) is ledger


PIECES = st.sampled_from(
    ["20", "30", "~~", "a", " the ", "no wait", "Sorry, ", "scratch that", "Edit:", ". ", "\n", ","]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=24))
def test_any_text_keeps_its_length(pieces: list[str]) -> None:
    ledger = extract(" ".join(pieces))
    found = corrections(ledger)
    meant = as_meant(ledger, found)
    assert len(meant.text) == len(ledger.text)
    assert set(meant.tokens) <= set(ledger.tokens)
    assert all(
        0 <= start <= end <= len(ledger.text) for one in found for start, end in one.taken_back
    )
