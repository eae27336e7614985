"""Having a model vote on a text that the gate is uncertain about, where one is configured for it.

Three calls, booked and paid for like any other. What they cannot change is not put to the vote.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from copydesk.core.post import Tier
from copydesk.core.submission import Submission
from copydesk.generation.judging import judge as ask_for_votes
from copydesk.generation.rewrite import Rewrite
from copydesk.quality.checks import judge
from copydesk.quality.doubts import is_uncertain, with_judgement
from copydesk.quality.gate import GateResult
from copydesk.quality.policy import Mode
from copydesk.work.models.routed import RoutedModel

if TYPE_CHECKING:
    from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)


async def settled(
    desk: Desk, submission: Submission, rewrite: Rewrite, gate: GateResult, *, source: str
) -> GateResult:
    """Return what the gate says about a rewrite of `source` after the judge's votes, if it is
    asked; else `gate` as it is."""
    mode = desk.policy.mode(judge.NAME)
    if desk.judge_model is None or mode is Mode.OFF or not is_uncertain(gate):
        return gate
    parsed = submission.parsed
    assert parsed is not None
    model = RoutedModel(
        replace(desk, model=desk.judge_model, light_model=None), submission_id=submission.id
    )
    began = desk.clock.monotonic()
    judged = await ask_for_votes(
        source,
        rewrite.body,
        model=model,
        delimiter=lambda: f"{desk.random.getrandbits(128):032x}",
        limits=model.limits_of(Tier.CAPABLE),
        subject=parsed.subject,
        language=parsed.language,
    )
    result = judge.check(
        judged.votes,
        source=source,
        text=rewrite.body,
        model=judged.model,
        prompt_version=judged.prompt_version,
    )
    result = replace(result, cost_ms=(desk.clock.monotonic() - began) * 1000)
    equal = Counter(vote.answer for vote in judged.votes if vote.answer is not None)
    _log.info(
        "judged",
        submission=submission.id,
        verdict=str(result.verdict),
        model=judged.model,
        prompt_version=judged.prompt_version,
        counted=equal.total(),
        agreeing=max(equal.values(), default=0),
    )
    return with_judgement(gate, result, mode)
