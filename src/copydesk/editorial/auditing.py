"""Looking behind texts that go out by themselves, and asking a second person now and then.

Chance decides which: a number drawn from ids, which are random and known to nobody beforehand, so
that the same text is always drawn the same way and the chance it had is known exactly. A text goes
its way first and is looked at afterwards; one that is found bad is held and put before a person.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from copydesk.core.audit import TARGETS, Audit, AuditPolicy, ItemClass
from copydesk.core.checks import RiskClass
from copydesk.core.errors import ContentInvalid, NotAllowed
from copydesk.core.findings import Finding
from copydesk.core.post import Post, Revision, Tier
from copydesk.core.review import ReviewKind, person_of
from copydesk.core.states import AuditState, PostState, ReviewState
from copydesk.core.suggestion import RejectionReason
from copydesk.editorial.earning import Estimate, Standing, estimate, stand
from copydesk.editorial.faults import fault_in
from copydesk.editorial.holding_back import hold_back
from copydesk.editorial.noting import note_decision
from copydesk.store import UnitOfWork
from copydesk.store.reviews import Review

#: Of a class that has few texts yet more are looked at: at least so many are to be expected.
FEW: Final = 1

#: Post states in which a text is out, or on its way.
_OUT: Final = frozenset({PostState.APPROVED, PostState.DISTRIBUTED})


def chance_of(*names: str) -> float:
    """Return a number in [0, 1) that is the same for the same names, and else as good as random."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def propensity(share: float, seen: int) -> float:
    """Return the chance (0..1) of the next text of a class that has had `seen` before.

    It depends on the number alone, never on a text, so estimates weighted by it stay unbiased.
    """
    return max(share, min(1.0, FEW / (1 + seen))) if share > 0 else 0.0


async def standing_of(unit: UnitOfWork, workspace_id: str, cls: ItemClass) -> Standing:
    """Return how a class stands with going out by itself."""
    policy = await unit.audits.policy(workspace_id)
    return stand(cls, await unit.audits.found(workspace_id, cls), policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What audits found in a workspace. `approve` is its way of approving; `standings` are those of
    every class that has had a text, by channel, language, risk and writer."""

    approve: str
    policy: AuditPolicy
    estimate: Estimate
    standings: tuple[Standing, ...]


async def audit_report(unit: UnitOfWork, workspace_id: str) -> AuditReport:
    """Return what audits found in a workspace. Raises `NotFound`."""
    workspace = await unit.workspaces.get(workspace_id)
    policy = await unit.audits.policy(workspace_id)
    tallies = await unit.audits.tallies(workspace_id)
    return AuditReport(
        approve=workspace.approve,
        policy=policy,
        estimate=estimate(await unit.audits.judged(workspace_id)),
        standings=tuple(stand(cls, tally, policy) for cls, tally in tallies),
    )


async def change_policy(
    unit: UnitOfWork,
    workspace_id: str,
    *,
    audit_share: float | None = None,
    second_share: float | None = None,
    targets: Mapping[RiskClass, float] | None = None,
) -> AuditPolicy:
    """Change what is given of a workspace's policy and return the whole.

    Raises `ContentInvalid` for a share outside 0..1, a target outside 0..0.5, or one for a risk of
    which no text may ever go out by itself.
    """
    old = await unit.audits.policy(workspace_id)
    policy = AuditPolicy(
        audit_share=old.audit_share if audit_share is None else audit_share,
        second_share=old.second_share if second_share is None else second_share,
        targets={**old.targets, **(targets or {})},
    )
    faults = [
        _unfit(name, f"{share} is not a share: say 0 to 1, such as 0.03")
        for name, share in (
            ("audit_share", policy.audit_share),
            ("second_share", policy.second_share),
        )
        if not 0 <= share <= 1
    ]
    for risk, target in policy.targets.items():
        if risk not in TARGETS:
            faults.append(_unfit("targets", f"{risk} risk always goes to a person"))
        elif not 0 < target < 0.5:
            faults.append(
                _unfit("targets", f"{target} is not a target: say more than 0, under 0.5")
            )
    if faults:
        raise ContentInvalid(faults)
    if policy != old:
        await unit.audits.set_policy(workspace_id, policy)
    return policy


def _unfit(field: str, message: str) -> Finding:
    return Finding(code="policy_unfit", field=field, message=message)


async def restart_earning(
    unit: UnitOfWork,
    workspace_id: str,
    reason: str,
    *,
    channel: str = "",
    language: str = "",
    risk: str = "",
    writer: str = "",
) -> None:
    """Return the classes that fit to a person and let them count anew; "" fits any.

    For a drift alarm, a changed check, a changed setting. A new prompt or model needs none: it is
    another writer, which has earned nothing yet.
    """
    await unit.audits.restart(
        workspace_id, channel=channel, language=language, risk=risk, writer=writer, reason=reason
    )


async def sample(
    unit: UnitOfWork, post: Post, revision: Revision, cls: ItemClass, *, goes_out: bool
) -> Audit:
    """Record a text against which nothing speaks, and let chance decide whether it is looked at.

    With `goes_out` False a person decides on it anyway, because the workspace wants it: that is a
    look with a chance of 1.
    """
    if not goes_out:
        return await unit.audits.add(
            post.workspace_id,
            post.id,
            revision.id,
            cls,
            propensity=1.0,
            state=AuditState.SAMPLED,
        )
    policy = await unit.audits.policy(post.workspace_id)
    # from here on the share alone decides
    enough = math.ceil(FEW / max(policy.audit_share, 0.001))
    seen = await unit.audits.seen(post.workspace_id, cls, most=enough)
    chance = propensity(policy.audit_share, seen)
    is_drawn = chance_of(post.workspace_id, "audit", post.id) < chance
    audit = await unit.audits.add(
        post.workspace_id,
        post.id,
        revision.id,
        cls,
        propensity=chance,
        state=AuditState.SAMPLED if is_drawn else AuditState.PASSED_OVER,
    )
    if is_drawn:
        await unit.reviews.open(
            post.workspace_id,
            post.id,
            revision.id,
            cls.risk,
            ["chance chose it for a look: it went out by itself"],
            kind=ReviewKind.AUDIT,
        )
    return audit


async def replace_text(unit: UnitOfWork, post_id: str, reason: str) -> None:
    """Let the text of a post wait for no verdict any more: another takes its place, or none.

    A verdict on the other says nothing about what wrote this one.
    """
    audit = await unit.audits.waiting_of(post_id)
    if audit is not None:
        await unit.audits.decide(audit, AuditState.REPLACED, reason)


async def chance_asked(unit: UnitOfWork, review: Review) -> float:
    """Return the chance (0..1] with which a person was asked what `review` asks.

    1 for a text that goes to a person whatever chance says. What is decided in the review weighs
    the inverse of it wherever something is estimated from decisions.
    """
    audit = await unit.audits.of_post(review.post_id)
    is_drawn = audit is not None and audit.state is not AuditState.PASSED_OVER
    first = audit.propensity if audit is not None and is_drawn else 1.0
    return first * await unit.opinions.chance_of(review.id)


async def learn(unit: UnitOfWork, review: Review, reason_code: str = "") -> None:
    """Draw what follows from a decided review, in the unit that decided it.

    The audit of the text gets its verdict, a bad text that is out is held, what a version got wrong
    becomes a case of the regression corpus, and chance may ask a second person. `reason_code` says
    why it was rejected. Raises `NotAllowed` where somebody gives the second opinion on a decision
    of their own.
    """
    post = await unit.posts.get(review.post_id)
    if review.kind is ReviewKind.SECOND:
        await _compare(unit, review, post)
        return
    await note_decision(unit, review, post)
    fault = await _fault(unit, review, post)
    audit = await unit.audits.waiting_of(post.id)
    if audit is not None:
        verdict = AuditState.FAULTED if fault else AuditState.CLEARED
        await unit.audits.decide(audit, verdict, fault or review.decision_reason)
    if fault and post.submission_id and (audit or reason_code == RejectionReason.WRONG_FACT):
        await unit.cases.keep(
            post.workspace_id, post.submission_id, because=fault, review_id=review.id
        )
    if fault and review.kind is ReviewKind.AUDIT:
        await _hold(unit, review, post, f"found bad in an audit: {fault}")
    await _ask_another(unit, review, post)


async def _fault(unit: UnitOfWork, review: Review, post: Post) -> str:
    machine = [r for r in await unit.posts.revisions(post.id) if r.tier is not Tier.PERSON]
    if not machine:
        return ""  # somebody's own text from the start
    approved = await unit.posts.revision(post.revision_id)
    return fault_in(machine[-1], approved, review.state, review.decision_reason)


async def _hold(unit: UnitOfWork, review: Review, post: Post, reason: str) -> None:
    if post.state not in _OUT or post.revision_id != review.revision_id:
        return  # it is held already, or another text has taken its place
    await unit.posts.move(post, PostState.HELD, reason=reason)
    await hold_back(unit, post, reason)
    await unit.reviews.open(
        post.workspace_id,
        post.id,
        review.revision_id,
        review.risk,
        [reason, "what is out stays out until you take it down or publish a better text"],
    )


async def _ask_another(unit: UnitOfWork, review: Review, post: Post) -> None:
    policy = await unit.audits.policy(post.workspace_id)
    if chance_of(post.workspace_id, "second", review.id) >= policy.second_share:
        return
    if post.submission_id is None:
        return  # somebody's own Markdown: there is no message to hold it against
    if await unit.opinions.is_asked_about(post.id):
        return  # one person at a time beside the first
    submission = await unit.submissions.get(post.submission_id)
    second = await unit.reviews.open(
        post.workspace_id,
        post.id,
        review.revision_id,
        review.risk,
        ["chance chose it for a second opinion by another person"],
        kind=ReviewKind.SECOND,
    )
    await unit.opinions.add(
        post.workspace_id,
        review.id,
        second,
        channel=submission.source or "",
        language=submission.parsed.language if submission.parsed else "",
        propensity=policy.second_share,
    )


async def may_judge(unit: UnitOfWork, review: Review, person: str) -> bool:
    """Tell whether `person` may decide on a review: nobody gives the second opinion on a decision
    of their own."""
    if review.kind is not ReviewKind.SECOND:
        return True
    first = await unit.reviews.get(await unit.opinions.first_of(review.id))
    return person_of(first.decided_by) != person


async def _compare(unit: UnitOfWork, second: Review, post: Post) -> None:
    first = await unit.reviews.get(await unit.opinions.first_of(second.id))
    if person_of(first.decided_by) == person_of(second.decided_by):
        raise NotAllowed(
            f"{second.id} asks for a second opinion, and {first.decided_by} gave the first.",
            remedy="Let somebody else decide.",
        )
    if first.state is second.state:
        return
    words = f"{first.decided_by} {first.state} it, {second.decided_by} {second.state} it"
    await unit.events.append(
        second.workspace_id, "review", second.id, second.state, second.state, reason=words
    )
    if second.state is ReviewState.REJECTED:
        await _hold(unit, second, post, f"two people disagree: {words}")
