"""The gate stops early, always knows the risk, and never flags what clean-up alone did."""

from __future__ import annotations

import sys
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.checks import RiskClass, Verdict
from copydesk.core.post import Fate
from copydesk.intake.cleanup import clean
from copydesk.quality.gate import WEIGHED, GateResult, run_gate

SOURCE = "The export is broken since the update. Please do not delete my data."


def gate(source: str, text: str, **more: object) -> GateResult:
    ticks = count()
    return run_gate(source, text, monotonic=lambda: next(ticks) / 1000, language="en", **more)  # type: ignore[arg-type]


def names(result: GateResult) -> list[str]:
    return [check.check for check in result.checks]


def test_a_faithful_low_risk_rewrite_passes_every_check() -> None:
    result = gate(
        SOURCE,
        "Since the update, the export has been broken. Please do not delete my data.",
        segments=[SOURCE],
        fates=[Fate(segment=0, fate="kept")],
    )
    assert result.verdict is Verdict.PASSED
    assert result.risk is RiskClass.LOW
    assert result.hold_reasons == ()
    assert names(result) == [
        "completeness",
        "protected_tokens",
        "fact_diff",
        "polarity",
        "limits",
        "exchange",
        "order",
        "assistant_voice",
        "omission",
        "invention",
        "risk",
        "combiner",
        "style",
    ]
    assert [round(check.cost_ms, 6) for check in result.checks] == [1.0] * 13
    assert all(check.version >= 1 for check in result.checks)


def test_a_cut_text_stops_the_gate_at_once_but_risk_is_still_known() -> None:
    source = f"{SOURCE} Otherwise you will hear from my lawyer."
    result = gate(source, "The export is broken since the", truncated_because="length")
    assert result.verdict is Verdict.FAILED
    assert names(result) == ["completeness", "risk"]
    assert result.risk is RiskClass.CRITICAL
    assert result.hold_reasons[0].startswith(
        "completeness: the reply did not stop by itself: length"
    )


def test_a_lost_token_stops_before_the_fact_diff() -> None:
    result = gate("Order INV-2041 is late.", "The order is late.")
    assert result.verdict is Verdict.FAILED
    assert names(result) == ["completeness", "protected_tokens", "risk"]
    assert "INV-2041" in result.hold_reasons[0]


def test_a_flipped_negation_is_held_with_its_reason() -> None:
    result = gate(SOURCE, SOURCE.replace("do not delete", "delete"))
    assert result.verdict is not Verdict.PASSED
    (reason,) = result.hold_reasons
    assert reason.startswith("polarity: the source denies this: delete")


def test_a_high_class_given_before_holds_a_clean_text() -> None:
    result = gate(SOURCE, SOURCE, risk_input=RiskClass.HIGH)
    assert result.verdict is Verdict.FLAGGED
    assert result.risk is RiskClass.HIGH
    assert result.hold_reasons == ("risk: high, as it was classed before",)


def test_high_risk_is_held_although_every_fact_is_right() -> None:
    text = "I would like a refund of $20."
    result = gate(text, text)
    assert result.verdict is Verdict.FLAGGED
    assert result.categories == ("money",)


CONTENT_CHECKS = {"completeness", "protected_tokens", "assistant_voice", "combiner", *WEIGHED}


def flagged_content(source: str, text: str) -> list[str]:
    result = gate(source, text, segments=[source])
    return [r for r in result.hold_reasons if r.partition(":")[0] in CONTENT_CHECKS]


@pytest.mark.parametrize(
    "text",
    [
        "idk why but the app dont start  since v2.4.1 !!!! pls help , it cant be right",
        "hi jane,\n\ni gotta pay $20 by tmrw at 9am or i wont get it. u sure ??\n\nthx\nbob",
        "wanna know how long the trial is.the docs say 14 days, but i dunno",
        "- u said it works\n- it doesnt\n\n> quoted  text\n\nsee https://a.example/x?y=1!",
        "im not sure, imo its fine tho. lemme know asap",
    ],
)
def test_clean_up_alone_is_never_flagged(text: str) -> None:
    assert flagged_content(text, clean(text, language="en").text) == []


_PHRASES = st.sampled_from(
    ["i cant log in", "idk", "pls help !!!", "the app broke. it dont work", "thx jane miller",
     "order INV-2041 is late", "i paid $20 on march 5", "u must not stop it", "we gotta go , ok ?",
     "see https://a.example/x", "it costs 5 EUR a month", "call me tmrw at 9am", "- one  item\n",
     "\n\n"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(_PHRASES, min_size=1, max_size=8).map(". ".join))
def test_no_clean_up_of_plain_phrases_is_flagged(text: str) -> None:
    assert flagged_content(text, clean(text, language="en").text) == []


@pytest.mark.parametrize("line", ["! ", "Same words again here. ", "no. ", "- it broke\n"])
def test_a_long_log_of_alike_lines_costs_no_square(line: str) -> None:
    def cost(lines: int) -> int:
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            gate(line * lines, line * lines)
        finally:
            sys.setprofile(None)
        return calls

    # Eight times the lines; a square would be sixty-four times the work.
    assert cost(1_200) < 16 * cost(150)
