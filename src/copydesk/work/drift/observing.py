"""Writing down how composing went, one row a message; `editorial.noting` adds what people decided.

The rows are counted later by a job (`work.counting`), so composing waits for nothing.
"""

from __future__ import annotations

import hashlib
import importlib
import math
import pkgutil
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from copydesk.core.checks import CheckResult, Verdict
from copydesk.core.drift import Observation, Occasion
from copydesk.core.errors import ModelUnavailable
from copydesk.core.post import Tier
from copydesk.core.release import Outcome
from copydesk.quality import checks
from copydesk.quality.calibration import standard
from copydesk.quality.checks import completeness

if TYPE_CHECKING:
    from copydesk.core.submission import Submission
    from copydesk.store import UnitOfWork
    from copydesk.work.writing.drafting import Draft


async def observe(unit: UnitOfWork, submission: Submission, draft: Draft) -> None:
    """Write down how writing up `submission` went."""
    rewrite, placed = draft.rewrite, draft.placed
    by_rules = rewrite.tier is Tier.RULES
    await unit.observations.add(
        Observation(
            workspace_id=submission.workspace_id,
            submission_id=submission.id,
            kind=Occasion.COMPOSED,
            channel=draft.parsed.source,
            language=language_of(draft.parsed.language),
            prompt_version="rules" if by_rules else rewrite.prompt_version,
            model="" if by_rules else rewrite.model,
            checks=checks_digest(),
            score=_score(draft.gate.badness),
            outcome=outcome_of(draft),
            release_id=placed.release.id if placed and placed.release else None,
            arm=placed.arm if placed else None,
            observed_at=unit.now,
        )
    )


def _score(badness: float) -> float:
    # no number is no proof of anything: it counts as the worst
    return 1.0 - badness if math.isfinite(badness) else 0.0


def outcome_of(draft: Draft) -> Outcome:
    """Return how a draft went, as far as it can be told before people have seen it."""
    rewrite = draft.rewrite
    refused = draft.refused.checks if draft.refused else ()
    unavailable = bool(rewrite.attempts) and rewrite.attempts[-1].signal == ModelUnavailable.code
    answered = [a.completion for a in rewrite.attempts if a.completion is not None]
    # an answer that was kept from before says nothing about time or money
    fresh = not any(completion.remembered for completion in answered)
    costs = [completion.cost_usd for completion in answered]
    return Outcome(
        failed=draft.gate.verdict is Verdict.FAILED or bool(rewrite.degraded_because),
        flagged=draft.gate.verdict is not Verdict.PASSED or bool(rewrite.degraded_because),
        broke=_is_incomplete((*draft.gate.checks, *refused))
        or (
            bool(rewrite.degraded_because)
            and bool(rewrite.attempts)
            and rewrite.attempts[-1].signal != ""
            and not unavailable
        ),
        latency_ms=math.fsum(c.latency_ms for c in answered) if fresh else None,
        cost_usd=math.fsum(c or 0.0 for c in costs) if fresh and None not in costs else None,
    )


def language_of(tag: str) -> str:
    """Return what of a language tag names a stream: the language, without region or script."""
    return tag.partition("-")[0].lower()[:16]


@cache
def checks_digest() -> str:
    """Return what changes when a check or its calibration does: scores from before cannot be
    compared then."""
    names = sorted(module.name for module in pkgutil.iter_modules(checks.__path__))
    modules = [importlib.import_module(f"{checks.__name__}.{name}") for name in names]
    versions = ",".join(
        f"{module.NAME}:{module.VERSION}" for module in modules if hasattr(module, "NAME")
    )
    return hashlib.sha256(f"{versions},{standard().version}".encode()).hexdigest()[:16]


def _is_incomplete(results: Sequence[CheckResult]) -> bool:
    return any(r.check == completeness.NAME and r.verdict is Verdict.FAILED for r in results)
