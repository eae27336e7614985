"""What makes a person be asked about a draft before it goes anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copydesk.core.checks import Verdict
from copydesk.core.submission import Submission
from copydesk.store import UnitOfWork

if TYPE_CHECKING:
    from copydesk.work.drafting import Draft


async def reasons_to_hold(unit: UnitOfWork, submission: Submission, draft: Draft) -> list[str]:
    """Return in words why a person has to look at `draft`; empty when it may go its way."""
    reasons = [*draft.parsed.doubts, *draft.gate.hold_reasons]
    if draft.gate.verdict is not Verdict.PASSED and not draft.gate.hold_reasons:
        reasons.append(f"the gate says {draft.gate.verdict}")
    if draft.rewrite.degraded_because:
        reasons.append(draft.rewrite.degraded_because)
    if (await unit.workspaces.get(submission.workspace_id)).approve != "automatic":
        reasons.append("in this workspace a person approves everything")
    return reasons
