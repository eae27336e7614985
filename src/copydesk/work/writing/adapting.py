"""Short texts written by the model, where a platform cannot show a post whole.

One call for all places of a post. A text stands only when it fits and says nothing the post does
not say; else the rules take what they can from the post itself, and a note says why. What was
written is kept with the revision: publishing the same post again asks nobody and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from copydesk.core.account import Account
from copydesk.core.checks import CheckResult, Verdict
from copydesk.core.findings import Finding, Severity
from copydesk.core.post import Adaptation, Content
from copydesk.generation.rewrite import Attempt
from copydesk.generation.social import Article, Kind, Place, social
from copydesk.platforms.kit.forms import form_of
from copydesk.platforms.kit.registry import load_platform
from copydesk.quality.checks import assistant_voice, nothing_new
from copydesk.quality.comparison import Comparison
from copydesk.transformation.counting import UNITS, graphemes
from copydesk.transformation.document import parse_markdown
from copydesk.transformation.forms import Form
from copydesk.transformation.nodes import Block, Document, Heading, plain
from copydesk.transformation.room import Bound, Room
from copydesk.transformation.text import to_text
from copydesk.work.desk import Desk
from copydesk.work.models.opening import opened_model
from copydesk.work.writing.consulting import consult

_log = structlog.get_logger(__name__)

_KINDS: Mapping[Form, Kind] = {
    Form.POST: "post",
    Form.THREAD: "thread",
    Form.SUMMARY: "summary",
    Form.ANNOUNCEMENT: "announcement",
}

#: Kept free in every text for the link, hashtags and numbers that are added to it.
_RESERVE = 60
#: How long a text may be, in characters, where the platform sets no bound of its own.
_UNBOUNDED = 800
_MOST_PARTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapting:
    """What was written for a post: texts by platform, notes for its author, and the evidence."""

    adaptations: Mapping[str, Adaptation] = field(default_factory=dict)
    notes: tuple[Finding, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    attempts: tuple[Attempt, ...] = ()


def kept_adaptations(current: Content, content: Content) -> Mapping[str, Adaptation]:
    """Return what was written for `current` and still stands for `content`: all, or nothing once
    anything else about the post has changed."""
    same = replace(current, adaptations={}) == replace(content, adaptations={})
    return current.adaptations if same else {}


async def adapt(
    desk: Desk,
    content: Content,
    accounts: Sequence[Account],
    kept: Mapping[str, Adaptation] | None = None,
    submission_id: str = "",
) -> Adapting:
    """Have short texts written for those of `accounts` whose platform cannot show `content` whole.

    `kept` was written before and stands; `submission_id` is what is written for, if anything.
    Without a model nothing is written and nothing is said: the rules do it. Raises `ConfigError`
    when the configured model cannot be opened.
    """
    kept = dict(kept or {})
    document = parse_markdown(content.body)
    text, _ = to_text(document)
    places: dict[str, Place] = {}
    for account in accounts:
        if account.platform in kept or account.platform in places:
            continue
        if (place := _place(content, account, text)) is not None:
            places[place.name] = place
    if not places:
        return Adapting(adaptations=kept)
    article = Article(title=content.title, sections=_sections(document), language=content.language)
    async with opened_model(desk, submission_id) as model:
        if model is None:
            return Adapting(adaptations=kept)
        known = await consult(desk, article.text)
        article = replace(article, references=known.references, style=known.style)
        written = await social(
            article,
            tuple(places.values()),
            model=model,
            delimiter=f"{desk.random.getrandbits(128):032x}",
            limits=model.limits,
        )
    missing = dict(written.missing)
    checks: list[CheckResult] = []
    for name, adaptation in written.adaptations.items():
        results = _check(article.text, adaptation, content.language)
        checks += results
        if faults := [r for r in results if r.verdict is not Verdict.PASSED]:
            missing[name] = _words(faults)
        else:
            kept[name] = adaptation
    _log.info("adapted", written=sorted(written.adaptations), by_rule=sorted(missing))
    return Adapting(
        adaptations=kept,
        notes=tuple(_note(name, because) for name, because in missing.items()),
        checks=tuple(checks),
        attempts=written.attempts,
    )


def _place(content: Content, account: Account, text: str) -> Place | None:
    """Return what has to be written for `account`, None where the post goes whole or the author has
    written it already."""
    platform = load_platform(account.platform)
    override = content.override_for(account)
    kind = _KINDS.get(form_of(platform.manifest, account, override))
    if kind is None or "text" in override or "parts" in override:
        return None
    limits = platform.limits(account)
    most = 1
    if kind == "thread":
        most = limits["parts"].value if "parts" in limits else _MOST_PARTS
    bound = limits.get("text")
    if bound is None:
        room = Room((Bound(graphemes, _UNBOUNDED + _RESERVE, "characters"),))
        return Place(name=account.platform, kind=kind, characters=_UNBOUNDED, holds=room.holds)
    measure = UNITS.get(bound.unit, graphemes)
    if measure(text) <= bound.value:
        return None
    room = Room((Bound(measure, bound.value - _RESERVE, bound.unit),))
    # what one of the post's own characters weighs in the platform's unit
    weight = max(1.0, measure(text) / max(1, graphemes(text)))
    return Place(
        name=account.platform,
        kind=kind,
        characters=max(40, int((bound.value - _RESERVE) / weight)),
        holds=room.holds,
        most=most,
    )


def _sections(document: Document) -> tuple[tuple[str, str], ...]:
    """Return the sections of a document as (heading, plain text); the lead has no heading."""
    sections: list[tuple[str, list[Block]]] = [("", [])]
    for block in document.blocks:
        if isinstance(block, Heading):
            sections.append((plain(block.children), []))
        else:
            sections[-1][1].append(block)
    texts = (
        (heading, to_text(replace(document, blocks=tuple(blocks)))[0])
        for heading, blocks in sections
    )
    return tuple((heading, text) for heading, text in texts if heading or text)


def _check(source: str, adaptation: Adaptation, language: str) -> list[CheckResult]:
    comparison = Comparison(source, "\n\n".join(adaptation.texts), language=language)
    return [check.check(comparison) for check in (nothing_new, assistant_voice)]


def _words(faults: Sequence[CheckResult]) -> str:
    evidence = [piece for fault in faults for piece in fault.evidence][:3]
    said = "; ".join(f"{piece.message}: {piece.span}" for piece in evidence)
    return f"what the model wrote was not used: {said}"


def _note(platform: str, because: str) -> Finding:
    return Finding(
        code="adapted_by_rule",
        field=platform,
        message=f"its short text was taken from the post by rule, since {because}",
        remedy=f"Nothing to do; or write one yourself (platforms: {{{platform}: {{text: …}}}}).",
        severity=Severity.WARNING,
    )
