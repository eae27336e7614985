"""What the review commands share: who is asking, single decisions, and how a review is printed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import typer

from copydesk.cli.output import run, show

if TYPE_CHECKING:
    from copydesk.core.states import SuggestionState
    from copydesk.core.suggestion import Suggestion
    from copydesk.store.reviews import Review
    from copydesk.work.desk import Desk

E = TypeVar("E", bound=StrEnum)

#: How many characters the name of a person has at most, as in the API.
_LONGEST_PERSON: Final = 200


def actor(given: str) -> str:
    """Return who the history says did it: the person named, else whose login this is."""
    name = person(given)
    return f"cli:{name}" if name else "cli"


def person(given: str) -> str:
    """Return the name of the person at the keyboard, "" where the system has none; raises
    `typer.BadParameter` for one that is too long."""
    if name := given.strip():
        if len(name) > _LONGEST_PERSON:
            raise typer.BadParameter(
                f"--as: a person's name has at most {_LONGEST_PERSON} characters"
            )
        return name
    try:
        import pwd
    except ImportError:  # no such thing on Windows
        return ""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def choice(kind: type[E], given: str, option: str) -> E | None:
    """Return what was chosen, None for nothing; raises `typer.BadParameter` naming the choices."""
    if not given:
        return None
    try:
        return kind(given)
    except ValueError:
        choices = ", ".join(kind)
        raise typer.BadParameter(f"{option} {given!r}: there are {choices}") from None


async def seen(desk: Desk, id: str, number: str) -> int:
    """Return the version of a suggestion as it is now: whoever says --over has seen it."""
    async with desk.store.read() as unit:
        review = await unit.reviews.get(id)
        return (await unit.suggestions.get(review.id, number)).version


# -- rows -----------------------------------------------------------------------------------------


def review_row(review: Review) -> dict[str, Any]:
    """Return a review as plain data; an opinion is asked for without its risk."""
    blind = review.is_blind
    return {
        "id": review.id,
        "kind": review.kind,
        "post_id": review.post_id,
        "title": review.title,
        "state": review.state,
        "risk": None if blind else review.risk,
        "reasons": [] if blind else list(review.reasons),
        "opened_at": review.opened_at,
        "due_at": review.due_at,
        "escalated_at": review.escalated_at,
        "assignee": review.assignee,
        "claimed_until": review.claimed_until,
        "sent_to": review.sent_to,
        "note": review.note,
        "version": review.version,
    }


def suggestion_row(one: Suggestion, *, blind: bool = False) -> dict[str, Any]:
    """Return a suggestion as plain data."""
    row = {
        name: getattr(one, name)
        for name in (
            "number", "id", "field", "segment", "start", "end", "before", "after", "text",
            "quote_before", "quote_after", "origin", "origin_version", "prompt_version", "intent",
            "state", "version", "decided_by", "decided_at", "reason_code", "note",
        )
    }  # fmt: skip
    for name in ("evidence", "findings"):
        found = () if blind else getattr(one, name)
        row[name] = [{"message": e.message, "span": e.span} for e in found]
    row["risk"] = None if blind else one.risk
    return row


def suggestion_line(row: Mapping[str, Any]) -> str:
    """Return a suggestion in one line."""
    where = "" if row["field"] == "body" else f" {row['field']}"
    return (
        f"{row['number']:>4} {row['state']:10}{where} {row['intent']}:"
        f" {row['before']!r} → {row['text']!r}"
    )


# -- what several commands do ---------------------------------------------------------------------


def decide(
    id: str,
    number: str,
    state: SuggestionState,
    because: str,
    note: str,
    over: bool,
    as_: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Accept or reject one suggestion and print how it stands."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.suggestion import RejectionReason
    from copydesk.editorial import deciding
    from copydesk.work.desk import open_desk
    from copydesk.work.reviews.reviewing import look_at

    verdict = deciding.Verdict(
        state=state, reason=choice(RejectionReason, because, "--because"), note=note
    )

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            review = (await look_at(desk, id)).review
            version = await seen(desk, review.id, number) if over else None
            async with desk.store.begin(actor(as_)) as unit:
                review = await unit.reviews.get(review.id)
                decided = await deciding.decide(unit, review, number, verdict, version=version)
            return suggestion_row(decided)

    row = run(work())
    show(row, as_json, lambda: [suggestion_line(row)])


def accept_fluency(id: str, as_: str, home: Path | None, as_json: bool) -> None:
    """Accept every open suggestion that is for fluency."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.suggestion import Intent
    from copydesk.editorial import deciding
    from copydesk.work.desk import open_desk
    from copydesk.work.reviews.reviewing import look_at

    async def work() -> list[dict[str, Any]]:
        async with open_desk(load_settings(find_home(home))) as desk:
            look = await look_at(desk, id)
            async with desk.store.begin(actor(as_)) as unit:
                review = await unit.reviews.get(look.review.id)
                found = await deciding.accept_rest(unit, review, intent=Intent.FLUENCY)
            return [suggestion_row(one) for one in found]

    rows = run(work())
    show(rows, as_json, lambda: [*map(suggestion_line, rows), f"{len(rows)} accepted."])


def approve(
    id: str, reason: str, rest: bool, despite: str, as_: str, home: Path | None, as_json: bool
) -> None:
    """Accept a whole review and print what became of its post."""
    from copydesk.config import find_home, load_settings
    from copydesk.work.desk import open_desk
    from copydesk.work.reviews import approving

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            post = await approving.approve(
                desk, id, actor=actor(as_), reason=reason, rest=rest, despite=despite
            )
            async with desk.store.read() as unit:
                review = await unit.reviews.get(id)
            return {"post_id": post.id, "state": post.state, "review": review_row(review)}

    done = run(work())

    def words() -> Iterator[str]:
        yield f"{done['post_id']} is {done['state']}."
        if done["state"] == "approved":
            # the accounts that take inbox posts get it from a worker, not from this command
            yield "`copydesk up` carries it on."
        elif done["review"]["state"] == "opened":
            yield "Its risk takes two people: it waits for somebody else to accept it too."

    show(done, as_json, words)


def hand(verb: str, id: str, as_: str, to: str, home: Path | None, as_json: bool) -> None:
    """Claim, release or assign a review and print who has it."""
    from copydesk.config import find_home, load_settings
    from copydesk.editorial import reviewing
    from copydesk.work.desk import open_desk

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            async with desk.store.begin(actor(as_)) as unit:
                review = await unit.reviews.get(id)
                match verb:
                    case "claim":
                        review = await reviewing.claim(unit, review)
                    case "release":
                        review = await reviewing.release(unit, review)
                    case _:
                        review = await reviewing.assign(unit, review, to)
            return review_row(review)

    row = run(work())
    show(
        row,
        as_json,
        lambda: [
            f"{row['id']} is with {row['assignee']} until {row['claimed_until']:%H:%M} UTC."
            if row["assignee"]
            else f"{row['id']} is free for anybody."
        ],
    )


# -- one review -----------------------------------------------------------------------------------


def show_review(id: str, home: Path | None, as_json: bool) -> None:
    """Print a review: texts, suggestions with evidence, what the checks say."""
    from copydesk.config import find_home, load_settings
    from copydesk.core.states import SuggestionState
    from copydesk.work.desk import open_desk
    from copydesk.work.reviews.approving import standing_of
    from copydesk.work.reviews.reviewing import look_at

    async def work() -> dict[str, Any]:
        async with open_desk(load_settings(find_home(home))) as desk:
            look = await look_at(desk, id)
            standing = await standing_of(desk, look)
            async with desk.store.read() as unit:
                checks = await unit.posts.checks(look.revision.id)
        review, parsed = look.review, look.submission.parsed if look.submission else None
        blind = review.is_blind
        return {
            **review_row(review),
            "tier": look.revision.tier,
            "model": look.revision.model,
            "source": parsed.reply if parsed else look.base.body,
            "own": look.base.body,
            "proposed": look.revision.content.body,
            "text": standing.text.body,
            "title": standing.text.title,
            "is_changed": standing.is_changed,
            "undecided": [s.number for s in standing.undecided],
            "objections": []
            if blind
            else [
                {"check": check, "message": e.message, "span": e.span}
                for check, e in standing.objections
            ],
            "suggestions": [
                suggestion_row(one, blind=blind)
                for one in look.suggestions
                if one.state is not SuggestionState.SUPERSEDED
            ],
            "signatures": [s.person for s in look.signatures],
            "removed": [
                {
                    "kind": s.kind,
                    "dropped_because": s.dropped_because,
                    "text": parsed.text[s.start : s.end],
                }
                for s in parsed.segments
                if not s.kept
            ]
            if parsed
            else [],
            "checks": []
            if blind
            else [
                {
                    "check": c.check,
                    "version": c.version,
                    "verdict": c.verdict,
                    "evidence": [{"message": e.message, "span": e.span} for e in c.evidence],
                }
                for c in checks
            ],
        }

    found = run(work())
    show(found, as_json, lambda: list(_in_words(found)))


def _in_words(found: Mapping[str, Any]) -> Iterator[str]:
    risk = f", {found['risk']} risk" if found["risk"] else f", {found['kind']}"
    yield f"{found['id']}  {found['state']}{risk}, written by {found['tier']}"
    if found["due_at"] and found["state"] == "opened":
        yield f"  due {found['due_at']:%Y-%m-%d %H:%M} UTC; after that it is announced, never sent"
    if found["assignee"] and found["claimed_until"]:
        yield f"  with {found['assignee']} until {found['claimed_until']:%H:%M} UTC"
    if found["note"]:
        yield f"  {found['note']}"
    for reason in found["reasons"]:
        yield f"  held because: {reason}"
    for check in found["checks"]:
        yield f"  {check['verdict']:8} {check['check']} v{check['version']}"
        for evidence in check["evidence"]:
            yield f"           {_shown(evidence)}"
    own = found["source"] if found["note"] else found["own"]
    yield from ("", "── as the author wrote it", own)
    if found["removed"]:
        yield f"   ({len(found['removed'])} parts removed: --json shows them with the reasons)"
    yield from ("", f"── as it would go out: {found['title']}", found["text"], "")
    yield f"── suggestions: {len(found['suggestions'])}"
    for row in found["suggestions"]:
        yield suggestion_line(row)
        for evidence in (*row["evidence"], *row["findings"]):
            yield f"       {_shown(evidence)}"
        if row["decided_by"]:
            why = ": ".join(p for p in (row["reason_code"], row["note"]) if p)
            yield f"       {row['state']} by {row['decided_by']}{f', {why}' if why else ''}"
    for objection in found["objections"]:
        yield f"  objection: {_shown(objection)} ({objection['check']})"
    if found["undecided"] and found["state"] == "opened":
        numbers = ", ".join(map(str, found["undecided"]))
        yield f"  to be decided one by one, or with `accept --rest`: {numbers}"


def _shown(found: Mapping[str, Any]) -> str:
    """Return what was found with the words it is about, where it is about some."""
    return f"{found['message']} {found['span']!r}" if found["span"] else str(found["message"])
