"""Judge: a model's votes on a text that the other checks are not sure about.

Asked only where the combiner is uncertain and nothing but wording speaks against the text. Two
equal votes decide; with fewer the text stays uncertain, and a person decides. It is optional
(setting `judge_model`), and never asked about a lost or new value, a name, an order, or a risk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.votes import Faithfulness, Vote

NAME = "judge"
VERSION = 1

#: How many equal votes decide.
ENOUGH: Final = 2


def check(
    votes: Sequence[Vote], *, source: str, text: str, model: str, prompt_version: str
) -> CheckResult:
    """Count the votes.

    Args:
        votes: as they were asked for, those that cannot be counted too.
        source: the author's own text.
        text: the rewrite.
        model: who answered, "" if nobody did.
        prompt_version: what it was asked with.

    Returns:
        `passed` for enough faithful votes; `flagged` for enough unfaithful ones, and where neither
        are enough. The evidence is the count, with model and prompt, and each vote with its reason
        and the words it points at.
    """
    counted = Counter(vote.answer for vote in votes if vote.answer is not None)
    answer = next((a for a, count in counted.most_common(1) if count >= ENOUGH), None)
    asked = f"asked {model or 'nobody'} with {prompt_version}"
    if answer is None:
        said = f"no {ENOUGH} of {len(votes)} votes agree, a person decides"
    else:
        said = f"{counted[answer]} of {len(votes)} votes say {answer}"
    return CheckResult(
        check=NAME,
        version=VERSION,
        verdict=Verdict.PASSED if answer is Faithfulness.FAITHFUL else Verdict.FLAGGED,
        evidence=(
            Evidence(message=f"{said}; {asked}"),
            *(_cast(number, vote, source, text) for number, vote in enumerate(votes, start=1)),
        ),
    )


def _cast(number: int, vote: Vote, source: str, text: str) -> Evidence:
    message = f"vote {number}, {vote.answer or 'not counted'}: {vote.why}"
    for where, whole in (("text", text), ("source", source)):
        start = whole.find(vote.span) if vote.span else -1
        if start >= 0:
            end = start + len(vote.span)
            return Evidence(message=message, span=vote.span, where=where, start=start, end=end)
    return Evidence(message=message, span=vote.span)
