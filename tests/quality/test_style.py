"""Style gives hints at the right places, and can neither hold a text nor move the calibration."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.checks import CheckResult, Verdict
from copydesk.core.ledger import VERBATIM, TokenClass, extract
from copydesk.quality.calibration import signals_of
from copydesk.quality.checks import style
from copydesk.quality.comparison import Comparison
from copydesk.quality.examining import examine
from copydesk.quality.gate import run_gate
from copydesk.quality.policy import Mode, Policy


def checked(text: str, language: str = "en") -> CheckResult:
    return style.check(Comparison("", text, language=language))


def hints(text: str, language: str = "en") -> list[tuple[str, str]]:
    """Return kind and place of every hint."""
    return [
        (evidence.message.partition(":")[0], evidence.span)
        for evidence in checked(text, language).evidence
        if evidence.span
    ]


@pytest.mark.parametrize(
    ("language", "text", "kind", "span"),
    [
        ("en", "We opened the the box.", "doubled word", "the the"),
        ("de", "Er sitzt im im Garten.", "doubled word", "im im"),
        ("fr", "Il est dans dans la maison.", "doubled word", "dans dans"),
        ("es", "Vamos con con ella.", "doubled word", "con con"),
        ("en", "It broke,and I left.", "missing space", "broke,and"),
        ("en", "It broke.Then I left.", "missing space", "broke.Then"),
        ("sv", "Den kom aldrig!!", "doubled punctuation", "!!"),
        ("ru", "ПОЧЕМУ ВЫ НИКОГДА не пишете?", "shouting", "ПОЧЕМУ ВЫ НИКОГДА"),
        ("en", "It is late (again.\n\nBye.", "never closed", "("),
        ("fr", "Il a dit « oui.", "never closed", "«"),
        ("en", 'He said "come in" and “sit down”.', "mixed quotes", "“"),
        ("", f"{'very ' * 35}long.", "long sentence", "very very very very very very"),
        ("en", "I ran far. I hid well. I won it.", "same opening", "I"),
        ("en", "The cat ran far. The cat hid. The cat won.", "same opening", "The cat"),
        ("it", "Piove oggi. " * 76, "long paragraph", "Piove oggi. Piove oggi. Piove oggi"),
    ],
)  # fmt: skip
def test_a_hint_points_at_the_place(language: str, text: str, kind: str, span: str) -> None:
    assert (kind, span) in hints(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "She had had enough, and that that happened. Vitamin A a day."),
        ("de", "Die Frau, die die Katze sah, sagte: „Gut.“"),
        ("fr", "Nous nous aimons ! Vraiment ?"),
        ("en", "Run `the the` or see https://a.example/x,y!!z and node.js, e.g. 3.5."),
        ("en", "> WHY DO YOU NEVER ANSWER the the (\n\nHe wrote “the the,and so!!”."),
        ("en", "We speak HTTP, JSON, YAML and HTML. Well :( or (: that is it..."),
        ("en", "- I take this one.\n- I take that one.\n- I take both of them."),
        ("en", "The cat ran far. The dog hid well. The end was near."),
        ("en", "I ran very far.\n\nI hid very well.\n\nI won it all."),
        ("en", "“One paragraph of it.\n\n“And the next of the same.”"),
        ("en", 'The 15" screen is fine.\n\n1) one thing\n2) another'),
        ("zh", "这是一个很长的句子" * 30),
        ("", ""),
    ],
)
def test_what_is_right_or_not_ours_gets_no_hint(language: str, text: str) -> None:
    assert hints(text, language) == []


def test_the_figure_is_lix() -> None:
    (figure,) = checked("The cat sat on the mat. It considered everything.").evidence
    # nine words in two sentences, two of more than six letters
    assert style.lix(9, 2, 2) == pytest.approx(4.5 + 200 / 9)
    assert figure.message == "readability: LIX 27, easy (words: 9, long ones: 2, sentences: 2)"
    assert checked("这是一个句子。", "zh").evidence == (), (
        "without spaces there is nothing to count"
    )


def test_many_hints_of_a_kind_are_counted_not_listed() -> None:
    found = [e.message for e in checked("No!! " * 40).evidence if "punctuation" in e.message]
    assert len(found) == style.MOST + 1
    assert found[-1] == "doubled punctuation: 35 more like these"


_PIECES = st.sampled_from(
    ["the the ", "I ran on. ", "WHY DO YOU NEVER ", "!!", "( ", "“", "„ ", "\n\n", "\n- ", '"a b" ',
     "`x,y` ", "https://a.example/b ", "a,b cc,dd ", "ok.No ", "42 ", "é", "\x00", "İ", "> q\n",
     "字"]
)  # fmt: skip


@settings(max_examples=80)
@given(
    text=st.lists(_PIECES, max_size=30).map("".join) | st.text(max_size=80),
    language=st.sampled_from(["", "en", "de", "fr", "es", "tr"]),
)
def test_it_always_passes_and_points_into_the_text_beside_what_is_protected(
    text: str, language: str
) -> None:
    result = checked(text, language)
    assert result.verdict is Verdict.PASSED
    assert signals_of([result]) == {}
    kept = [
        (t.start + 1, t.end - 1) if t.cls is TokenClass.QUOTE else (t.start, t.end)
        for t in extract(text, language=language).of(*VERBATIM, TokenClass.QUOTE)
    ]
    for evidence in result.evidence:
        if evidence.span:
            assert text[evidence.start : evidence.end] == evidence.span
            assert all(evidence.end <= a or b <= evidence.start for a, b in kept)


SOURCE = "The export is broken since the update. Please do not delete my data."


@pytest.mark.parametrize(
    "text",
    [
        SOURCE.replace("update. ", "the the update.") + "!!",
        SOURCE.replace("do not delete", "delete"),
        "The export is broken since",
    ],
)
def test_nothing_but_its_own_line_changes_where_it_is_off(text: str) -> None:
    def run(policy: Policy) -> object:
        ticks = count()
        gate = run_gate(SOURCE, text, monotonic=lambda: next(ticks), language="en", policy=policy)
        others = tuple(result for result in gate.checks if result.check != style.NAME)
        return others, gate.verdict, gate.risk, gate.badness, gate.hold_reasons

    off = Policy(modes={style.NAME: Mode.OFF})
    assert run(Policy()) == run(off) == run(Policy(modes={style.NAME: Mode.OBSERVE}))


def test_how_a_text_reads_is_no_objection_to_it() -> None:
    text = SOURCE.replace("export", "the the export")
    found = examine(text, source=SOURCE, seed=SOURCE, monotonic=lambda: 0.0, language="en")
    assert all(objection.check != style.NAME for objection in found.objections)
