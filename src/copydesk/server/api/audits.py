"""`/v1/audits`: what chance sends to a person, what was found, and what goes out by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.audit import AuditPolicy
from copydesk.core.checks import RiskClass
from copydesk.editorial.agreement import Agreement, agreement_report
from copydesk.editorial.auditing import audit_report, change_policy, restart_earning
from copydesk.editorial.earning import Standing
from copydesk.server.api.contract import REPEATABLE, make_router
from copydesk.server.asking import Admin, DeskNow, actor_of

router = make_router("audits")


class PolicyOut(BaseModel):
    """What a workspace has looked at."""

    audit_share: float = Field(examples=[0.03], description="of what goes out by itself, 0..1")
    second_share: float = Field(examples=[0.1], description="of decisions, 0..1")
    targets: Mapping[RiskClass, float] = Field(
        examples=[{"low": 0.05, "medium": 0.02}],
        description="the share of bad ones under which a class may go out by itself",
    )


class PolicyChange(BaseModel):
    """What is to change of a policy; what is left away stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"audit_share": 0.05, "targets": {"low": 0.03}}]},
    )

    audit_share: float | None = None
    second_share: float | None = None
    targets: dict[RiskClass, float] | None = None


class ClassOut(BaseModel):
    """How a class of texts stands."""

    channel: str = Field(examples=["email"])
    language: str = Field(examples=["en"])
    risk: RiskClass
    writer: str = Field(examples=["rules"], description="prompt version and model, or `rules`")
    earned: bool = Field(description="whether its texts may go out by themselves")
    judged: int
    bad: int
    waiting: int = Field(description="sampled and not judged yet")
    passed_over: int = Field(description="never looked at; counted up to 1,000")
    since: datetime | None = Field(description="from when on it counts; null: from the beginning")
    target: float | None = Field(description="null: a person always decides")
    bound: float = Field(
        description="one-sided 95 % Clopper-Pearson bound on the share of bad ones"
    )
    evidence: float | None = Field(
        description="e-value that fewer than the target are bad; 20 earns; null: beyond numbers"
    )
    lacking: int = Field(description="how many further good ones would do")


class EstimateOut(BaseModel):
    """The share of bad ones among all that may go out by itself, weighted by inverse chances."""

    share: float | None
    low: float
    high: float
    judged: int
    standing_for: float


class AuditsOut(BaseModel):
    """What audits have found."""

    approve: str = Field(examples=["earned"], description="automatic, earned or person")
    policy: PolicyOut
    estimate: EstimateOut
    classes: Sequence[ClassOut]


class Restart(BaseModel):
    """Which classes are to count anew; what is left away fits any."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"reason": "new style guide", "language": "de"}]},
    )

    reason: str = Field(min_length=1, max_length=2000)
    channel: str = Field("", max_length=16)
    language: str = Field("", max_length=16)
    risk: RiskClass | None = None
    writer: str = Field("", max_length=500)


class AgreementOut(BaseModel):
    """How far decisions agree; null where there is nothing to tell."""

    n: int
    agreed: float | None
    kappa: float | None
    alpha: float | None
    low: float | None
    high: float | None


class AgreementsOut(BaseModel):
    """Agreement on texts that two people decided on, and on their suggestions by intent."""

    texts: AgreementOut
    by: Mapping[str, Mapping[str, AgreementOut]]
    suggestions: Mapping[str, AgreementOut]


@router.get("")
async def get_audits(desk: DeskNow) -> AuditsOut:
    """Return what audits found and how every class of texts stands."""
    async with desk.store.read() as unit:
        report = await audit_report(unit, desk.workspace_id)
    found = report.estimate
    return AuditsOut(
        approve=report.approve,
        policy=_policy(report.policy),
        estimate=EstimateOut(
            share=found.share,
            low=found.low,
            high=found.high,
            judged=found.judged,
            standing_for=found.standing_for,
        ),
        classes=[_class(one) for one in report.standings],
    )


@router.patch("/policy")
async def patch_policy(desk: DeskNow, asking: Admin, change: PolicyChange) -> PolicyOut:
    """Change what is looked at from now on. High risk always goes to a person."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        policy = await change_policy(
            unit,
            desk.workspace_id,
            audit_share=change.audit_share,
            second_share=change.second_share,
            targets=change.targets,
        )
    return _policy(policy)


@router.post("/restart", status_code=204, dependencies=REPEATABLE)
async def restart(desk: DeskNow, asking: Admin, wanted: Restart) -> None:
    """Send the classes that fit back to a person and let them count anew."""
    async with desk.store.begin(actor_of(asking, "api")) as unit:
        await restart_earning(
            unit,
            desk.workspace_id,
            wanted.reason,
            channel=wanted.channel,
            language=wanted.language,
            risk=wanted.risk or "",
            writer=wanted.writer,
        )


@router.get("/agreement")
async def get_agreement(
    desk: DeskNow,
    since: Annotated[
        datetime | None, Query(description="only what was decided from then on, with its zone")
    ] = None,
) -> AgreementsOut:
    """Return how far people agree who decided on the same text without knowing of each other."""
    async with desk.store.read() as unit:
        found = await agreement_report(unit, desk.workspace_id, since=since)
    return AgreementsOut(
        texts=_agreement(found.texts),
        by={
            name: {value: _agreement(one) for value, one in group.items()}
            for name, group in found.by.items()
        },
        suggestions={intent: _agreement(one) for intent, one in found.suggestions.items()},
    )


def _policy(policy: AuditPolicy) -> PolicyOut:
    return PolicyOut(
        audit_share=policy.audit_share, second_share=policy.second_share, targets=policy.targets
    )


def _class(standing: Standing) -> ClassOut:
    cls, tally = standing.cls, standing.tally
    return ClassOut(
        channel=cls.channel,
        language=cls.language,
        risk=cls.risk,
        writer=cls.writer,
        earned=standing.is_earned,
        judged=tally.judged,
        bad=tally.faulted,
        waiting=tally.waiting,
        passed_over=tally.passed_over,
        since=tally.since,
        target=standing.target,
        bound=standing.bound,
        evidence=None if standing.evidence == float("inf") else standing.evidence,
        lacking=standing.lacking,
    )


def _agreement(found: Agreement) -> AgreementOut:
    return AgreementOut(**{name: getattr(found, name) for name in AgreementOut.model_fields})
