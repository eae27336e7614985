"""Texts without an author's text beside them: what turns their source into its contrary."""

from __future__ import annotations

import pytest

from copydesk.core.checks import Verdict
from copydesk.quality.examining import examine

CALL = (
    "Agent: We offer dental cover with the silver plan. The silver plan covers new glasses. "
    "Client: I do not want to cancel my contract. Agent: You can move from monthly to yearly "
    "billing. Fees for late payment are never refunded. Our APIs accept cards and cheques."
)


def verdict(text: str) -> Verdict:
    return examine(text, source=CALL, language="en", monotonic=lambda: 0.0).verdict


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("The client wants to cancel the contract.", "contrary.affirmed"),
        ("Fees for late payment are refunded.", "contrary.affirmed"),
        ("The silver plan does not cover new glasses.", "contrary.denied"),
        ("Cards are the only thing that the API accepts beside cheques.", "contrary.restriction"),
        ("You can move from yearly to monthly billing.", "contrary.order"),
    ],
)
def test_the_contrary_of_a_source_is_flagged(text: str, signal: str) -> None:
    found = examine(text, source=CALL, language="en", monotonic=lambda: 0.0)
    assert found.verdict is Verdict.FLAGGED
    assert [o.evidence.signal for o in found.objections] == [signal]


@pytest.mark.parametrize(
    "text",
    [
        "The client wants to keep the contract.",
        "Late fees are not refunded.",
        "The agent offers dental cover.",
        "Billing may change from monthly to yearly.",
        "The API takes cards.",
        "A call about insurance that did not lead anywhere.",
    ],
)
def test_a_summary_may_leave_out_and_say_otherwise(text: str) -> None:
    assert verdict(text) is Verdict.PASSED
