"""Short texts may leave out, never add."""

from __future__ import annotations

import pytest

from copydesk.core.checks import Verdict
from copydesk.quality.checks import nothing_new
from copydesk.quality.comparison import Comparison

ARTICLE = (
    "The bridge over the Ems reopens on 3 March, says Anna Vogel of the road office. "
    "Repairs cost 2.4 million euros; details at https://example.org/bridge (ref. BR-2210)."
)


@pytest.mark.parametrize(
    "text",
    [
        "The bridge reopens on 3 March.",
        "Repairs cost 2.4 million euros.",
        "Anna Vogel says the bridge reopens.",
        "Good news from the Road Office: the bridge reopens.",
        "Details: https://example.org/bridge",
    ],
)
def test_what_the_article_has_may_be_said(text: str) -> None:
    assert nothing_new.check(Comparison(ARTICLE, text, language="en")).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("text", "invented"),
    [
        ("The bridge reopens on 4 March.", "4 March"),
        ("Repairs cost 3.1 million euros.", "3.1 million euros"),
        ("Details: https://example.org/other", "https://example.org/other"),
        ("Minister Karl Brandt opens the bridge.", "Karl Brandt"),
        ("Ask @roadoffice about the bridge.", "@roadoffice"),
    ],
)
def test_what_the_article_does_not_have_fails(text: str, invented: str) -> None:
    result = nothing_new.check(Comparison(ARTICLE, text, language="en"))
    assert result.verdict is Verdict.FAILED
    assert any(
        invented in evidence.span or evidence.span in invented for evidence in result.evidence
    )
