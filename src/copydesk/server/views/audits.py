"""Audits: what waits for a blind look, what was found, and which texts go out by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from copydesk.core.audit import AuditPolicy
from copydesk.editorial.agreement import Agreement, AgreementReport
from copydesk.editorial.auditing import AuditReport
from copydesk.editorial.earning import Estimate, Standing
from copydesk.server.views.badges import Badge
from copydesk.server.views.frame import Choice, Frame

EARNED: Final = Badge("earned", "check", "good")
NOT_YET: Final = Badge("not yet", "clock", "calm")
NEVER: Final = Badge("never", "hand", "warn")

_APPROVES: Final[Mapping[str, str]] = {
    "automatic": "What the gate lets through goes out by itself.",
    "earned": "A class of texts goes out by itself once people have found it good often enough.",
    "person": "A person approves everything; what they find counts here already.",
}
#: Evidence beyond this is shown as more.
_MOST_EVIDENCE: Final = 999.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLine:
    """A class of texts and how it stands. `at_most` is the bound on the share of bad ones."""

    channel: str
    language: str
    risk: str
    writer: str
    found: str
    waiting: int
    at_most: str
    target: str
    evidence: str
    badge: Badge
    lacking: str
    since: datetime | None
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyForm:
    """What is looked at, as the form that changes it shows it: name, label, percent."""

    fields: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditsView:
    """The page of audits. `waiting` is how many wait for a blind look, by kind in words."""

    frame: Frame
    tabs: tuple[Choice, ...]
    takes: tuple[tuple[str, str], ...]
    approves: str
    looks: tuple[str, ...]
    estimate: str
    classes: tuple[ClassLine, ...]
    policy: PolicyForm | None
    problem: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementLine:
    """How far people agree on one kind of thing, in numbers for people."""

    of: str
    twice: int
    same: str
    kappa: str
    alpha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementView:
    """The page of agreement; `spans` are the times it can be narrowed to."""

    frame: Frame
    tabs: tuple[Choice, ...]
    spans: tuple[Choice, ...]
    lines: tuple[AgreementLine, ...]


def audit_tabs(current: str) -> tuple[Choice, ...]:
    """Return the ways between the pages of audits."""
    pages = (("What was found", "/audits"), ("Agreement", "/audits/agreement"))
    return tuple(Choice(label=label, url=url, current=url == current) for label, url in pages)


def audits_view(
    report: AuditReport,
    waiting: Mapping[str, int],
    *,
    may_take: bool,
    may_change: bool,
    problem: str = "",
    said: str = "",
) -> AuditsView:
    """Return the page of audits; `waiting` says how many of each kind of opinion are asked for."""
    asked = {"audit": "Take the next audit", "second": "Give the next second opinion"}
    return AuditsView(
        frame=Frame(title="Audits", section="Reviews"),
        tabs=audit_tabs("/audits"),
        takes=tuple(
            (kind, f"{words} ({waiting[kind]})")
            for kind, words in asked.items()
            if waiting.get(kind) and may_take
        ),
        approves=_APPROVES[report.approve],
        looks=tuple(_looks(report.policy)),
        estimate=_estimate(report.estimate),
        classes=tuple(_line(standing) for standing in report.standings),
        policy=_form(report.policy) if may_change else None,
        problem=problem,
        said=said,
    )


def _looks(policy: AuditPolicy) -> Iterator[str]:
    yield (
        f"{policy.audit_share:.1%} of what goes out by itself is looked at, more of what is rare."
    )
    yield f"{policy.second_share:.1%} of decisions another person takes as well."
    for risk, target in policy.targets.items():
        yield f"At {risk} risk fewer than {target:.1%} bad ones have to be proved."
    yield "High and critical risk always go to a person."


def _estimate(found: Estimate) -> str:
    if found.share is None:
        return ""
    return (
        f"Bad among what may go out by itself: {found.share:.1%} (95 %: {found.low:.1%} to "
        f"{found.high:.1%}), from {found.judged} judged that stand for {found.standing_for:.0f}."
    )


def _line(standing: Standing) -> ClassLine:
    cls, tally = standing.cls, standing.tally
    badge = NEVER if standing.target is None else EARNED if standing.is_earned else NOT_YET
    return ClassLine(
        channel=cls.channel or "unknown",
        language=cls.language or "unknown",
        risk=cls.risk.value,
        writer=cls.writer,
        found=f"{tally.faulted}\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}{tally.judged}",
        waiting=tally.waiting,
        at_most=f"{standing.bound:.1%}",
        target="" if standing.target is None else f"{standing.target:.1%}",
        evidence=f"{min(standing.evidence, _MOST_EVIDENCE):.1f}",
        badge=badge,
        lacking=f"{standing.lacking} more good ones" if badge is NOT_YET else "",
        since=tally.since,
        names=(
            ("channel", cls.channel),
            ("language", cls.language),
            ("risk", cls.risk.value),
            ("writer", cls.writer),
        ),
    )


def _form(policy: AuditPolicy) -> PolicyForm:
    shares = (
        ("audit", "Of what goes out by itself, looked at", policy.audit_share),
        ("second", "Of decisions, taken by another person too", policy.second_share),
        *(
            (risk.value, f"Bad ones put up with at {risk} risk", target)
            for risk, target in policy.targets.items()
        ),
    )
    return PolicyForm(
        fields=tuple((name, label, f"{share * 100:g}") for name, label, share in shares)
    )


def agreement_view(report: AgreementReport, spans: tuple[Choice, ...]) -> AgreementView:
    """Return the page of agreement."""
    return AgreementView(
        frame=Frame(title="Agreement", section="Reviews"),
        tabs=audit_tabs("/audits/agreement"),
        spans=spans,
        lines=tuple(_agreements(report)) if report.texts.n else (),
    )


def _agreements(report: AgreementReport) -> Iterator[AgreementLine]:
    yield _agreement("all texts", report.texts)
    for name, group in report.by.items():
        for value, found in group.items():
            yield _agreement(f"{name} {value or 'unknown'}", found)
    for intent, found in report.suggestions.items():
        yield _agreement(f"suggestions for {intent.replace('_', ' ')}", found)


def _agreement(of: str, found: Agreement) -> AgreementLine:
    alpha = "" if found.alpha is None else f"{found.alpha:.2f}"
    if found.low is not None and found.high is not None:
        alpha = f"{alpha} ({found.low:.2f} to {found.high:.2f})"
    return AgreementLine(
        of=of,
        twice=found.n,
        same="" if found.agreed is None else f"{found.agreed:.0%}",
        kappa="" if found.kappa is None else f"{found.kappa:.2f}",
        alpha=alpha,
    )
