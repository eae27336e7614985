"""Faithfulness: how far the source bears out each statement of a text, by a model read on this
machine.

Asked only where the combiner is uncertain and nothing but wording speaks against the text. Where
every statement has support the text passes; a statement without any sends it to a person; between
the two nothing is decided, and the judge is asked where there is one. It is optional (setting
`faithfulness_model`: a folder with your own weights), and never asked about a lost or new value, a
name, an order, or a risk.
"""

from __future__ import annotations

from typing import Final

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.support import Reading, Statement, SupportBounds

NAME = "faithfulness"
VERSION = 1

_UNSUPPORTED: Final = "faithfulness.unsupported"


def check(reading: Reading, *, text: str, bounds: SupportBounds) -> CheckResult:
    """Say what a reading means.

    Args:
        reading: what the model made of the text.
        text: the rewrite.
        bounds: from where on a statement has support, and below which it has none.

    Returns:
        `passed` where every statement has support, `flagged` where one has none, where one is in
        doubt, and where the model gave no answer. Only a statement without support is a sign.
    """
    if reading.unread_because:
        message = f"not read, {reading.unread_because}; asked {reading.model}"
        return _result(Verdict.FLAGGED, Evidence(message=message))
    poor = sorted(
        (s for s in reading.statements if s.support < bounds.supported), key=lambda s: s.support
    )
    of = len(reading.statements)
    said = f"{of - len(poor)} of {of} statements have support, the least {reading.least:.2f}"
    return _result(
        Verdict.FLAGGED if poor else Verdict.PASSED,
        Evidence(message=f"{said}; read by {reading.model}"),
        *(_evidence(statement, text, bounds) for statement in poor),
    )


def _evidence(statement: Statement, text: str, bounds: SupportBounds) -> Evidence:
    unsupported = statement.support < bounds.unsupported
    doubt = "the source does not bear this out" if unsupported else "the source may not say this"
    return Evidence(
        message=f"{doubt}, support {statement.support:.2f}",
        span=text[statement.start : statement.end],
        where="text",
        start=statement.start,
        end=statement.end,
        signal=_UNSUPPORTED if unsupported else "",
    )


def _result(verdict: Verdict, *evidence: Evidence) -> CheckResult:
    return CheckResult(check=NAME, version=VERSION, verdict=verdict, evidence=evidence)
