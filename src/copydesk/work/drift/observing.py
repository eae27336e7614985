"""Writing down how composing went, one row a message; `editorial.noting` adds what people decided.

The rows are counted later by a job (`work.counting`), so composing waits for nothing.
"""

from __future__ import annotations

import hashlib
import importlib
import math
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from copydesk.core.checks import Verdict
from copydesk.core.drift import Observation, Occasion
from copydesk.core.post import Tier
from copydesk.core.release import Outcome
from copydesk.quality import checks
from copydesk.quality.calibration import standard
from copydesk.work.writing.ladder import is_away

if TYPE_CHECKING:
    from copydesk.core.submission import Submission
    from copydesk.generation.port import Completion
    from copydesk.generation.rewrite import Rewrite
    from copydesk.store import UnitOfWork
    from copydesk.work.writing.drafting import Draft


async def observe(unit: UnitOfWork, submission: Submission, draft: Draft) -> None:
    """Write down how writing up `submission` went."""
    placed = draft.placed
    prompt_version, model = _writer(draft.rewrite)
    await unit.observations.add(
        Observation(
            workspace_id=submission.workspace_id,
            submission_id=submission.id,
            kind=Occasion.COMPOSED,
            channel=draft.parsed.source,
            language=language_of(draft.parsed.language),
            prompt_version=prompt_version,
            model=model,
            checks=checks_digest(),
            # what rules stood in for has no score: the text is not that of the version
            score=None if _refused(draft.rewrite) else _score(draft.gate.badness),
            outcome=outcome_of(draft),
            release_id=placed.release.id if placed and placed.release else None,
            arm=placed.arm if placed else None,
            observed_at=unit.now,
        )
    )


def _writer(rewrite: Rewrite) -> tuple[str, str]:
    """Return prompt version and model that answer for a text.

    An answer that could not be used is a fault of who gave it, not of the rules that stood in.
    """
    if rewrite.tier is not Tier.RULES:
        return rewrite.prompt_version, rewrite.model
    refused = _refused(rewrite)
    return (refused.prompt_version, refused.model) if refused else ("rules", "")


def _refused(rewrite: Rewrite) -> Completion | None:
    """Return the answer that rules stand in for, None where there is no such answer."""
    if not rewrite.degraded_because or is_away(rewrite.attempts):
        return None
    answered = [a.completion for a in rewrite.attempts if a.completion is not None]
    return answered[-1] if answered else None


def _score(badness: float) -> float:
    # no number is no proof of anything: it counts as the worst
    return 1.0 - badness if math.isfinite(badness) else 0.0


def outcome_of(draft: Draft) -> Outcome:
    """Return how a draft went, as far as it can be told before people have seen it."""
    rewrite = draft.rewrite
    answered = [a.completion for a in rewrite.attempts if a.completion is not None]
    # an answer that was kept from before says nothing about time or money
    fresh = not any(completion.remembered for completion in answered)
    costs = [completion.cost_usd for completion in answered]
    return Outcome(
        # a provider that was down says nothing about a version
        failed=None
        if rewrite.degraded_because and is_away(rewrite.attempts)
        else draft.gate.verdict is Verdict.FAILED or bool(rewrite.degraded_because),
        flagged=draft.gate.verdict is not Verdict.PASSED or bool(rewrite.degraded_because),
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
