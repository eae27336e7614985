"""What makes a person be asked about a draft before it goes anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from copydesk.core.audit import ItemClass
from copydesk.core.checks import Verdict
from copydesk.core.keys import key_of
from copydesk.core.post import Tier
from copydesk.core.submission import Submission
from copydesk.editorial.auditing import standing_of
from copydesk.store import UnitOfWork

if TYPE_CHECKING:
    from copydesk.work.writing.drafting import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a person has to look at a draft, in words.

    `objections` speak against the text; `rules` are what the workspace wants of any text of its
    class `cls`. Without either it goes its way.
    """

    cls: ItemClass
    objections: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return all of them; empty when it may go its way."""
        return self.objections + self.rules


async def judge_hold(unit: UnitOfWork, submission: Submission, draft: Draft) -> Hold:
    """Return why a person has to look at `draft`, if anybody has."""
    objections = [*draft.parsed.doubts, *draft.gate.hold_reasons]
    if draft.gate.verdict is not Verdict.PASSED and not draft.gate.hold_reasons:
        objections.append(f"the gate says {draft.gate.verdict}")
    if draft.rewrite.degraded_because:
        objections.append(draft.rewrite.degraded_because)
    cls = class_of(draft)
    rule = await _rule(unit, submission.workspace_id, cls)
    alarms = await unit.drift.open_about(submission.workspace_id, cls.channel, cls.language)
    watched = [f"a person looks until alarm {a.id} is closed: {a.message}" for a in alarms[:3]]
    return Hold(cls=cls, objections=tuple(objections), rules=(*([rule] if rule else []), *watched))


def class_of(draft: Draft) -> ItemClass:
    """Return what a draft is counted with."""
    rewrite = draft.rewrite
    writer = "rules" if rewrite.tier is Tier.RULES else f"{rewrite.prompt_version} {rewrite.model}"
    return ItemClass(
        channel=draft.parsed.source,
        language=draft.parsed.language.partition("-")[0].lower()[:16],
        risk=draft.gate.risk,
        writer=key_of(writer.strip()),
    )


async def _rule(unit: UnitOfWork, workspace_id: str, cls: ItemClass) -> str:
    match (await unit.workspaces.get(workspace_id)).approve:
        case "automatic":
            return ""
        case "earned":
            return (await standing_of(unit, workspace_id, cls)).because
        case _:
            return "in this workspace a person approves everything"
