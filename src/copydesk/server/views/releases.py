"""The pages of releases: what is tried and how it stands, and what drifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from copydesk.core.drift import Alarm
from copydesk.core.release import Release, Version
from copydesk.core.states import ReleaseState
from copydesk.releases.ruling import Reading
from copydesk.server.views.badges import Badge, badge
from copydesk.server.views.frame import Frame
from copydesk.work.drift.drifting import Drifting, WatchedStream
from copydesk.work.releases.trials import Change, Shown, needs_person


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLine:
    """A release in the list."""

    name: str
    url: str
    badge: Badge
    about: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLine:
    """An open alarm; `close_url` takes what was found."""

    badge: Badge
    message: str
    effect: str
    opened_at: datetime
    close_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLine:
    """A watched stream in words."""

    watched: str
    heading: str
    about: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasesView:
    """The page of all releases, with drift."""

    frame: Frame
    releases: tuple[ReleaseLine, ...]
    alarms: tuple[AlarmLine, ...]
    streams: tuple[StreamLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardView:
    """How one guard stands, in words."""

    heading: str
    shares: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """The smallest rise of a guard that a stage of the trial can find, in words."""

    guard: str
    stage: str
    usual: str
    rise: str
    items: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseView:
    """The page of one release. `can` names the steps a person may take: start, advance, promote,
    rollback."""

    frame: Frame
    badge: Badge
    url: str
    share: str
    note: str
    reason: str
    facts: tuple[tuple[str, str], ...]
    ends_at: datetime | None
    next: str
    guards: tuple[GuardView, ...]
    waiting: int
    per_day: str
    days: int
    changes: tuple[ChangeLine, ...]
    can: tuple[str, ...]


def releases_view(releases: Sequence[Release], drifting: Drifting) -> ReleasesView:
    """Return the page of all releases."""
    return ReleasesView(
        frame=Frame(title="Releases", section="Releases"),
        releases=tuple(_release_line(release) for release in releases),
        alarms=tuple(_alarm_line(alarm) for alarm in drifting.alarms),
        streams=tuple(_stream_line(watched) for watched in drifting.streams),
    )


def release_view(shown: Shown) -> ReleaseView:
    """Return the page of one release."""
    release = shown.release
    waits = ", and waits for a person" if needs_person(shown) else ""
    return ReleaseView(
        frame=Frame(title=release.name, section="Releases"),
        badge=badge(release.state),
        url=f"/releases/{release.id}",
        share=f"{release.share} % of conversations",
        note=release.note,
        reason=release.reason,
        facts=(
            *_version_facts(release.version),
            ("Held against", shown.baseline_name),
            ("Different", "; ".join(shown.differences) or "nothing"),
            ("Made by", release.created_by),
        ),
        ends_at=release.ends_at if release.on_trial else None,
        next=f"{shown.next.move}{waits}: {shown.next.because}" if shown.next else "",
        guards=tuple(_guard(r) for r in shown.readings if r.tally.pairs),
        waiting=shown.waiting_shadows,
        per_day=f"{shown.per_day:.1f}",
        days=release.policy.days,
        changes=tuple(_change(change) for change in shown.changes),
        can=_steps(release),
    )


def _steps(release: Release) -> tuple[str, ...]:
    match release.state:
        case ReleaseState.CREATED:
            return ("start", "promote")
        case ReleaseState.SHADOWED | ReleaseState.CANARIED:
            onward = ("advance",) if release.policy.next_share(release.share) < 100 else ()
            return ("rollback", *onward, "promote")
        case ReleaseState.PROMOTED:
            return ("rollback",)
        case ReleaseState.SUPERSEDED:
            return ("promote",)
        case _:
            return ()


def _release_line(release: Release) -> ReleaseLine:
    return ReleaseLine(
        name=release.name,
        url=f"/releases/{release.id}",
        badge=badge(release.state),
        about=(
            f"{release.share} % of conversations",
            *(f"{name.lower()} {value}" for name, value in _version_facts(release.version)),
        ),
        reason=release.reason,
    )


def _version_facts(version: Version) -> tuple[tuple[str, str], ...]:
    facts = (
        ("Prompt", version.prompt),
        ("Model", version.model),
        ("Light model", version.light_model),
        ("Temperature", "" if version.temperature is None else f"{version.temperature:g}"),
    )
    return tuple((name, value) for name, value in facts if value)


def _guard(reading: Reading) -> GuardView:
    tally = reading.tally
    return GuardView(
        heading=str(reading.guard),
        shares=f"{tally.old_share:.1%} → {tally.new_share:.1%} in {tally.pairs} pairs",
        facts=(
            ("Only the new one at fault", str(tally.worse)),
            ("Only the old one at fault", str(tally.better)),
            ("Difference", f"{reading.least:+.1%} to {reading.most:+.1%}"),
            ("Evidence against it", f"{reading.evidence:.3g}; rolled back at {reading.limit:.3g}"),
        ),
    )


def _change(change: Change) -> ChangeLine:
    return ChangeLine(
        guard=str(change.guard),
        stage=change.stage,
        usual=f"{change.share:.1%}",
        rise=f"{change.rise:+.1%}",
        items=str(change.items),
    )


def _alarm_line(alarm: Alarm) -> AlarmLine:
    return AlarmLine(
        badge=badge(alarm.state),
        message=alarm.message,
        effect=(
            "a warning: nothing else changes"
            if alarm.only_warns
            else "a person looks at everything of its channel and language until it is closed"
        ),
        opened_at=alarm.opened_at,
        close_url=f"/releases/alarms/{alarm.id}/close",
    )


def _stream_line(watched: WatchedStream) -> StreamLine:
    stream = watched.stream
    level = "still learning" if watched.level is None else f"now {watched.level:.3f}"
    return StreamLine(
        watched=str(stream.watched),
        heading=f"{stream.channel}, {stream.language or 'unknown language'}",
        about=tuple(
            part for part in (stream.prompt_version, stream.model, f"{stream.items} items") if part
        ),
        state=f"{level}, {watched.depth:.0%} of the way to an alarm",
    )
