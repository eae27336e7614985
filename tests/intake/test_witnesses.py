"""Whose words stand below "… wrote:" where nothing marks a quote: the author's are never lost.

In all shapes the mail comes from Ann, and Jane is quoted.
"""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest

from copydesk.intake.segmentation import segment_mail

ATTRIBUTIONS: dict[str, str] = tomllib.loads(
    Path(__file__).with_name("mail_programs.toml").read_text(encoding="utf-8")
)["attributions"]
SENDER = ("Ann Lee", "ann@mail.example")

# {} is the attribution; every line of the author's holds "own"
AUTHOR_BELOW = {
    "greeting, quote, answer": "Hi Jane, own\n\n{}\n\nWhen does it ship?\n\nFriday, own.",
    "greeting, answer": "Hi Jane, own\n\n{}\n\nIt ships on Friday, own.",
    "greeting in another language": "Jane様 own\n\n{}\n\nIt ships on Friday, own.",
    "nothing above": "{}\nWhen does it ship?\n\nFriday, own.\n\nAnn own",
    "signature above": "Hi Jane, own\n\n-- \nAnn\n\n{}\n\nWhen?\n\nIt ships on Friday, own.",
    "device line above": "Hi Jane, own\n\nSent from my iPhone\n\n{}\n\nWhen?\n\nFriday, own.",
    "announced": "Hi Jane, own.\nHere are my answers, own:\n\n{}\n\nWhen?\nOn Friday, own.",
    "between": "Hi Jane, own\n\n{}\n\nWhen?\nFriday, own.\n\nPrice?\n40 euros, own.\n\nAnn own",
    "both": "The price is 40, own.\n\n{}\n\nWhen does it ship?\n\nOn Friday, own.",
    "both, no blank line": "The price is 40, own.\n\n{}\nWhen does it ship?\nFriday, own.",
    "both, quote signed": "The price is 40, own.\n\n{}\n\nWhen?\n\nJane\n\nFriday, own.",
    "both, number to call": "The price is 40, own.\n\n{}\n\nWhen?\nJane\n\nown: +49 30 1234567",
    "both, signed": "The price is 40, own.\n\n{}\nWhen?\nFriday, own.\nAnn own",
    "letter": "The price is 40, own.\n\n{}\n\nHi Jane, own\n\nit ships on Friday, own.",
    "between, quote signed": "The price is 40, own.\n\n{}\n\nWhen?\nFriday, own.\n\nJane",
    "between, quote signed off": "It is 40, own.\n\n{}\n\nWhen?\n\nFriday, own.\n\nThanks,\nJane",
    "between, quote signed with a card": "It is 40, own.\n\n{}\n\nHi Ann,\nwhen?\nFriday, own.\n"
    "Price?\n40, own.\n\nBest regards\nJane Doe\nHead of Ops\n+49 30 123 4567",
    "arrows": "See, own.\n\n{}\n\nIt must ship soon.\n\n--> Friday, own.\n\nJane",
    "named": "See, own.\n\n{}\n\nIt must ship soon.\n\n[Ann] Friday, own.\n\nJane",
    "named, colon": "See, own.\n\n{}\n\nIt must ship.\nAnn: Friday, own.\n\nThanks,\nJane",
    "arrows, closed": "See, own.\n\nThanks,\nAnn own\n\n{}\n\nShip it.\n-> Friday, own.\n\nJane",
    "above the marked quote": "The price is 40, own.\n\n{}\n\nOn Friday, own.\n\n> When?\n> Price?",
}
HISTORY_BELOW = {
    "signed": "It ships on Friday, own.\n\n{}\n\nHi Ann,\n\nwhen does it ship?\n\nJane",
    "signed off": "It ships, own.\n\n{}\n\nHi Ann,\n\nwhen does it ship?\n\nRegards,\nJane",
    "signed, asked before": "Yes, own.\n\n{}\n\nDoes it ship? Tell me.\n\nMany ask.\n\nJane",
    "signed with a card": "It ships, own.\n\n{}\n\nWhen?\n\nJane Doe\nHead of Ops\n+49 30 123 4567",
    "one piece": "Works for me, own.\n\n{}\n\nPlease tell me the price too.",
    "closed": "It ships on Friday, own.\n\nThanks,\nAnn\n\n{}\n\nHi,\n\nwhen?\n\nAnd the price?",
    "device": "Friday, own.\n\nSent from my iPhone\n\n{}\n\nHi,\n\nwhen?\n\nAnd the price?",
    "indented": "It ships on Friday, own.\n\n {}\n \n Hi,\n \n when?\n \n And the price?",
    "chain": "On Friday, own.\n\n{}\n\nWhen?\n\nIs it dear?\n\n"
    "From: Ann <ann@mail.example>\nSent: 5 January 2026 10:15\nTo: Jane\nSubject: order\n\nNews.",
}


def kept(text: str) -> str:
    found = segment_mail(text, sender=SENDER)
    return "".join(text[s.start : s.end] for s in found.segments if s.kept)


@pytest.mark.parametrize("shape", sorted(AUTHOR_BELOW))
def test_no_word_of_the_author_is_lost_below_an_attribution(shape: str) -> None:
    for program, line in ATTRIBUTIONS.items():
        text = AUTHOR_BELOW[shape].format(line)
        lost = [own for own in text.split("\n") if "own" in own and own not in kept(text)]
        assert (program, lost) == (program, [])


@pytest.mark.parametrize("shape", sorted(HISTORY_BELOW))
def test_an_unmarked_earlier_message_is_history_where_a_second_witness_says_so(shape: str) -> None:
    for program, line in ATTRIBUTIONS.items():
        text = HISTORY_BELOW[shape].format(line)
        own = text.split(line)[0].split("\n")
        more = [each for each in kept(text).split("\n") if each.strip() and each not in own]
        assert (program, more) == (program, [])
        assert "own" in kept(text)


def test_text_in_doubt_is_marked_and_said() -> None:
    text = AUTHOR_BELOW["both"].format(ATTRIBUTIONS["en"])
    found = segment_mail(text, sender=SENDER)
    doubtful = [s for s in found.segments if s.rule == "below-attribution"]
    assert [(s.kind, s.confidence) for s in doubtful] == [("unknown", 0.5)]
    assert text[doubtful[0].start :].startswith("On Mon, Jan 5")
    assert any("Nothing marks the earlier message" in note for note in found.notes)


def test_thousands_of_attributions_take_no_longer_than_their_size_says() -> None:
    text = "On 1 May 2026 10:00, Jo <jo@mail.example> wrote:\nHi Jo,\n\nyes?\n\n> x\n" * 4000
    started = time.process_time()
    segment_mail(text, sender=SENDER)
    assert time.process_time() - started < 10


OUTLOOK = "From: Jane Doe <jane@mail.example>\nSent: 5 January 2026 10:15\nTo: Ann\nSubject: order"


@pytest.mark.parametrize("above", ["Hi Jane,", "Hallo Jane,\n\n-- \nAnn", "您好，"])
@pytest.mark.parametrize("header", [OUTLOOK, f"-----Original Message-----\n{OUTLOOK}"])
def test_who_has_only_greeted_above_a_header_answers_below_it(above: str, header: str) -> None:
    text = f"{above}\n\n{header}\n\nWhen does it ship?\nOn Friday.\n"
    assert "On Friday." in kept(text)


@pytest.mark.parametrize("above", ["Hello", "Hi Jane, it ships on Friday.", "Yes,\nAnn"])
def test_who_has_said_something_above_a_header_has_answered(above: str) -> None:
    assert "When does it ship?" not in kept(f"{above}\n\n{OUTLOOK}\n\nWhen does it ship?\n")
