"""What an author took back may go; what stands instead, and all the rest, may not."""

from __future__ import annotations

import pytest

from copydesk.core.checks import Verdict
from copydesk.generation.truncation import check_coverage
from copydesk.quality.checks import omission
from copydesk.quality.comparison import Comparison
from copydesk.quality.examining import examine

#: Language, what was typed, a faithful text, one that keeps what was taken back instead, and one
#: that drops what was not.
STORIES = [
    (
        "en",
        "we need 20 chairs. no, sorry, 30 chairs. the caretaker has the keys to the side door",
        "We need 30 chairs. The caretaker has the keys to the side door.",
        "We need 20 chairs. The caretaker has the keys to the side door.",
        "We need 30 chairs.",
    ),
    (
        "en",
        "cancel my membership and refund me. scratch that, pause it. the invoices looked strange",
        "Please pause my membership. The invoices looked strange.",
        "Cancel my membership and refund me. The invoices looked strange.",
        "Please pause my membership.",
    ),
    (
        "en",
        "the fee was ~~$45.00~~ $54.00. the receipt never reached our bookkeeping",
        "The fee was $54.00. The receipt never reached our bookkeeping.",
        "The fee was $45.00. The receipt never reached our bookkeeping.",
        "The fee was $54.00.",
    ),
    (
        "de",
        "die miete ist 640 €, nein, moment, 690 €. der hausmeister hat die schlüssel zum keller",
        "Die Miete ist 690 €. Der Hausmeister hat die Schlüssel zum Keller.",
        "Die Miete ist 640 €. Der Hausmeister hat die Schlüssel zum Keller.",
        "Die Miete ist 690 €.",
    ),
    (
        "de",
        "monteur bitte montag schicken. streichen sie das, wir verreisen montag. schrauben fehlen",
        "Wir verreisen am Montag. Es fehlen Schrauben.",
        "Bitte schicken Sie den Monteur am Montag. Es fehlen Schrauben.",
        "Wir verreisen am Montag.",
    ),
    (
        "fr",
        "la réunion est le 12 mars, je me reprends, le 14 mars. le projecteur fait du bruit",
        "La réunion est le 14 mars. Le projecteur fait du bruit.",
        "La réunion est le 12 mars. Le projecteur fait du bruit.",
        "La réunion est le 14 mars.",
    ),
    (
        "es",
        "El curso cuesta 300 euros. La sala está sucia.\nCorrección: el curso cuesta 350 euros.",
        "El curso cuesta 350 euros. La sala está sucia.",
        "El curso cuesta 300 euros. La sala está sucia.",
        "El curso cuesta 350 euros.",
    ),
]


def verdict(source: str, text: str, language: str) -> Verdict:
    return examine(text, source="", seed=source, language=language, monotonic=lambda: 0.0).verdict


@pytest.mark.parametrize(("language", "typed", "faithful", "before", "short"), STORIES)
def test_only_what_was_taken_back_may_go(
    language: str, typed: str, faithful: str, before: str, short: str
) -> None:
    assert verdict(typed, faithful, language) is Verdict.PASSED
    assert verdict(typed, typed[0].upper() + typed[1:] + ".", language) is Verdict.PASSED
    assert verdict(typed, before, language) is not Verdict.PASSED
    assert verdict(typed, short, language) is not Verdict.PASSED


def test_a_value_that_was_taken_back_is_named_though_its_correction_stands_elsewhere() -> None:
    source = "The fee is $20, no wait, $30. The deposit is $30 too. Bring both in cash."
    wrong = "The fee is $20. Please bring it in cash, and do not forget the deposit of $30."
    comparison = Comparison(
        source, "The fee is $20. Bring cash. The deposit is $30.", language="en"
    )
    assert comparison.lost == ()
    assert verdict(source, wrong, "en") is not Verdict.PASSED


def test_the_story_of_a_correction_may_be_told() -> None:
    source = "The meeting is at 19:12, no wait, 10:28."
    told = "The meeting, first announced for 19:12, is at 10:28."
    comparison = Comparison(source, told, language="en")
    assert comparison.lost == comparison.unsupported == ()


def test_words_that_stand_instead_are_missed() -> None:
    source = "The technician can come. Forget it, everybody travels abroad that week."
    comparison = Comparison(source, "The technician can come.", language="en")
    signals = [evidence.signal for evidence in omission.check(comparison).evidence]
    assert "omission.taken_back" in signals


def test_a_reply_is_not_cut_because_it_leaves_out_what_was_taken_back() -> None:
    source = "The lamp flickers day and night. It cost 20 euros, no wait, 30 euros."
    check_coverage(source, "The lamp flickers day and night. It cost 30 euros.", language="en")
