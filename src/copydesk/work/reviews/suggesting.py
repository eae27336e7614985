"""From a draft's rows to the suggestions in its review: what rules put right, what a model changed.

Made from rows alone, so they can be made whenever somebody is asked. Pure computation; what checks
say about one change is asked of the checks themselves, sentence by sentence.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from copydesk.core.checks import CheckResult, Evidence, RiskClass
from copydesk.core.corrections import meant
from copydesk.core.ledger import VERBATIM, TokenClass, extract, missing
from copydesk.core.post import Revision
from copydesk.core.states import SuggestionState
from copydesk.core.suggestion import BY_RULE, Intent, Origin, Proposal, TextField
from copydesk.editorial.differences import Difference, differences
from copydesk.editorial.intents import intent_of
from copydesk.editorial.text import Change, lift
from copydesk.quality.checks import (
    assistant_voice,
    exchange,
    fact_diff,
    limits,
    order,
    polarity,
    protected_tokens,
)
from copydesk.quality.comparison import Comparison
from copydesk.work.writing.origins import Origins, Places, base_of

#: What may be accepted without anybody, and by which rule. Everything else asks.
AUTO_APPLY: Final = f"{BY_RULE}auto_apply@1"
#: What takes a change back that loses a protected token.
PUT_BACK: Final = f"{BY_RULE}put_back@1"

_CLEAN_UP: Final = "clean-up"
_FROM_NOWHERE: Final = "the source has no such"
#: The gravest first: of several differences that became one change, it counts.
_GRAVITY: Final = (
    Intent.POLICY,
    Intent.PROTECTED_TOKEN,
    Intent.FACT_FLAG,
    Intent.MEANING_CHANGED,
    Intent.COHERENCE,
    Intent.STYLE,
    Intent.CLARITY,
    Intent.FLUENCY,
)


# -- what is proposed -----------------------------------------------------------------------------


def propose(
    origins: Origins, revision: Revision, *, risk: RiskClass, checks: Sequence[CheckResult] = ()
) -> tuple[Proposal, ...]:
    """Return what leads from the author's own text to `revision`, in the order of the text.

    All of it accepted gives the revision; the model's rejected gives the cleaned text; all of it
    rejected gives the author's own.

    Args:
        origins: where the revision comes from.
        revision: what the post says now.
        risk: that of the post; only low risk lets rules decide.
        checks: what the gate said about the revision.
    """
    language = revision.content.language
    found = differences(origins.own.body, origins.cleaned.body, language=language, fine=True)
    cleaning = [Change(d.start, d.end, d.after) for d in found]
    made = [*_titles(origins, revision, risk)]
    made += _clean_ups(origins, revision, found, risk)
    made += _rewritten(origins, revision, cleaning, risk, checks)
    placed = Places(origins)
    return tuple(
        replace(p, segment=placed.segment_at(p.start)) if p.field is TextField.BODY else p
        for p in sorted(made, key=lambda p: (p.field is TextField.BODY, p.start, p.end))
    )


def _titles(origins: Origins, revision: Revision, risk: RiskClass) -> Iterator[Proposal]:
    now = base_of(revision.content)
    for field in (TextField.TITLE, TextField.SUMMARY):
        before, after = origins.own.of(field), now.of(field)
        if before == after:
            continue
        whole = Difference(0, len(before), after, 0, before, after, 0)
        # a title says in other words what the text says: the text is what it is held against
        about = f"{origins.cleaned.body}\n\n{origins.cleaned.title}".casefold()
        evidence = _objections(whole, revision, lost=frozenset(), known=about)
        yield Proposal(
            field=field,
            start=0,
            end=len(before),
            before=before,
            after=after,
            origin=Origin.MODEL,
            origin_version=revision.model,
            prompt_version=revision.prompt_version,
            intent=_graver(Intent.CLARITY, evidence),
            evidence=tuple(e for e, _ in evidence),
            risk=risk,
        )


def _clean_ups(
    origins: Origins, revision: Revision, found: Sequence[Difference], risk: RiskClass
) -> Iterator[Proposal]:
    rules: dict[tuple[str, str], list[str]] = {}
    for edit in revision.edits:
        rules.setdefault((edit.before, edit.after), []).append(edit.rule)
    for change in found:
        before = origins.own.body[change.start : change.end]
        known = rules.get((before, change.after))
        rule = known.pop(0) if known else _rule_of(before, change.after)
        made = Proposal(
            field=TextField.BODY,
            start=change.start,
            end=change.end,
            before=before,
            after=change.after,
            origin=Origin.RULE,
            origin_version=f"{_CLEAN_UP}: {rule}",
            intent=Intent.FLUENCY,
            risk=risk,
        )
        # clean-up leaves the ledger as it is, or is taken back as a whole
        yield _decided(made, SuggestionState.ACCEPTED, AUTO_APPLY)


def _rule_of(before: str, after: str) -> str:
    if before.casefold() == after.casefold():
        return "capital"
    return "space" if before.split() == after.split() else "wording"


def _decided(made: Proposal, state: SuggestionState, rule: str) -> Proposal:
    if made.risk is not RiskClass.LOW:
        return made
    return replace(made, state=state, decided_by=rule)


def _rewritten(
    origins: Origins,
    revision: Revision,
    cleaning: Sequence[Change],
    risk: RiskClass,
    checks: Sequence[CheckResult],
) -> Iterator[Proposal]:
    cleaned, text = origins.cleaned.body, revision.content.body
    language = revision.content.language
    found = differences(cleaned, text, language=language)
    told = extract(cleaned, language=language)
    gone = missing(meant(told), extract(text, language=language))
    lost = frozenset(token.text for token in gone)
    losing = frozenset(token.text for token in gone if token.cls is not TokenClass.NAME)
    changes = [Change(d.start, d.end, d.after) for d in found]
    known, starts = cleaned.casefold(), [d.start for d in found]
    for change in lift(origins.own.body, cleaning, changes):
        first, last = bisect_left(starts, change.low), bisect_right(starts, change.top)
        parts = [d for d in found[first:last] if d.end <= change.top]
        objections: dict[tuple[str, str], tuple[Evidence, Intent]] = {}
        for part in parts:
            for evidence, intent in _objections(part, revision, lost=lost, known=known):
                objections.setdefault((evidence.message, evidence.span), (evidence, intent))
            for evidence, intent in _said_before(part, text, checks):
                objections.setdefault((evidence.message, evidence.span), (evidence, intent))
        intents = [intent_of(part, cleaned[part.start : part.end]) for part in parts]
        intent = _graver(min(intents, key=_GRAVITY.index), list(objections.values()))
        made = Proposal(
            field=TextField.BODY,
            start=change.start,
            end=change.end,
            before=change.before,
            after=change.after,
            origin=Origin.MODEL,
            origin_version=revision.model,
            prompt_version=revision.prompt_version,
            intent=intent,
            evidence=tuple(evidence for evidence, _ in objections.values()),
            risk=risk,
        )
        yield _by_rule(made, losing, " ".join(revision.omitted))


def _by_rule(made: Proposal, losing: frozenset[str], omitted: str) -> Proposal:
    """Decide what rules may decide: fluency that touches no token, and a token put back."""
    if made.intent is Intent.FLUENCY:
        return _decided(made, SuggestionState.ACCEPTED, AUTO_APPLY)
    back = sorted(t for t in losing if t in made.before and t not in f"{made.after} {omitted}")
    if back:
        note = f"puts back {', '.join(back)}"
        return _decided(replace(made, note=note), SuggestionState.REJECTED, PUT_BACK)
    return made


# -- what checks say ------------------------------------------------------------------------------


def objections_to(before: str, after: str, *, language: str = "") -> tuple[Evidence, ...]:
    """Return what the checks say about a text in which a person put words in the place of others.

    `before` and `after` are the whole text, so that a number is seen with its unit.
    """
    comparison = Comparison(before, after, language=language)
    return tuple(replace(e, start=-1, end=-1) for e, _ in _checked(comparison))


#: The checks that are asked about single changes, and what a change is for that they object to.
ASKED: Final = {
    protected_tokens: Intent.PROTECTED_TOKEN,
    fact_diff: Intent.FACT_FLAG,
    polarity: Intent.MEANING_CHANGED,
    limits: Intent.MEANING_CHANGED,
    exchange: Intent.MEANING_CHANGED,
    order: Intent.MEANING_CHANGED,
    assistant_voice: Intent.POLICY,
}


def _checked(comparison: Comparison) -> Iterator[tuple[Evidence, Intent]]:
    for check, intent in ASKED.items():
        for evidence in check.check(comparison).evidence:
            is_value = check is protected_tokens and not _says_verbatim(evidence)
            yield evidence, Intent.FACT_FLAG if is_value else intent


def _says_verbatim(evidence: Evidence) -> bool:
    """Whether an address, a handle, code or the like is spoken of, not a value or a name."""
    return any(f" {cls} " in f"{evidence.message} " for cls in VERBATIM)


def _objections(
    change: Difference,
    revision: Revision,
    *,
    lost: frozenset[str],
    known: str,
) -> list[tuple[Evidence, Intent]]:
    """Return what the checks object to in one change. `lost` is what the whole text lost, `known`
    the author's whole text in small letters: a sentence may take its facts from another one."""
    comparison = Comparison(
        change.old, change.alone, language=revision.content.language, omitted=revision.omitted
    )
    found = []
    for evidence, intent in _checked(comparison):
        if evidence.where == "source" and evidence.span not in lost:
            continue  # it stands elsewhere in the text
        if evidence.message.startswith(_FROM_NOWHERE) and evidence.span.casefold() in known:
            continue
        # places in a sentence say nothing about places in the text
        found.append((replace(evidence, start=-1, end=-1), intent))
    return found


def _said_before(
    change: Difference, text: str, checks: Sequence[CheckResult]
) -> Iterator[tuple[Evidence, Intent]]:
    """Yield what the gate said about a place in the text that this change wrote."""
    intents = {check.NAME: intent for check, intent in ASKED.items()}
    end = change.at + len(change.after)
    for result in checks:
        for evidence in result.evidence:
            there = evidence.where == "text" and change.at <= evidence.start < end
            if there and text[evidence.start : evidence.end] == evidence.span != "":
                intent = intents.get(result.check)
                if intent is not None:
                    yield evidence, intent


def _graver(intent: Intent, objections: Sequence[tuple[Evidence, Intent]]) -> Intent:
    return min([intent, *(found for _, found in objections)], key=_GRAVITY.index)
