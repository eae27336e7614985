"""How a release on trial is shown at the command line, as words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from copydesk.cli.output import columns

if TYPE_CHECKING:
    from copydesk.core.release import Release
    from copydesk.work.releases.trials import Shown


def summary(release: Release) -> dict[str, Any]:
    """Return a release as one JSON object."""
    return {
        "id": release.id,
        "name": release.name,
        "state": release.state,
        "share": release.share,
        "version": release.version,
        "digest": release.version.digest,
        "policy": release.policy,
        "note": release.note,
        "reason": release.reason,
        "created_at": release.created_at,
        "created_by": release.created_by,
        "started_at": release.started_at,
        "ends_at": release.ends_at,
    }


def described(shown: Shown) -> dict[str, Any]:
    """Return a release with everything about it as one JSON object."""
    from copydesk.work.releases.trials import needs_person

    return {
        **summary(shown.release),
        "baseline": shown.baseline,
        "baseline_name": shown.baseline_name,
        "differences": list(shown.differences),
        "items_per_day": round(shown.per_day, 2),
        "smallest_changes": list(shown.changes),
        "pairs": {
            "shadow": _pairs(shown.release.counted.shadow),
            "canary": _pairs(shown.release.counted.canary),
            "this_stage": shown.release.counted.stage_pairs,
        },
        "waiting_shadows": shown.waiting_shadows,
        "guards": [
            {
                "guard": r.guard,
                "pairs": r.tally.pairs,
                "worse": r.tally.worse,
                "better": r.tally.better,
                "old_share": r.tally.old_share,
                "new_share": r.tally.new_share,
                "e_value": r.evidence if r.evidence < 1e300 else 1e300,
                "limit": r.limit,
                "difference_at_least": r.least,
                "difference_at_most": r.most,
            }
            for r in shown.readings
        ],
        "next": (
            None
            if shown.next is None
            else {
                "move": shown.next.move,
                "share": shown.next.share,
                "because": shown.next.because,
                "needs_person": needs_person(shown),
            }
        ),
    }


def _pairs(tallies: Any) -> int:
    return max((tally.pairs for tally in tallies.values()), default=0)


def words(shown: Shown) -> list[str]:
    """Return a release with everything about it as lines."""
    release = shown.release
    lines = [
        f"{release.name}  {release.state}, {release.share} % of conversations",
        *([f"  {release.note}"] if release.note else []),
        *([f"  because: {release.reason}"] if release.reason else []),
        f"  held against {shown.baseline_name}: "
        + ("; ".join(shown.differences) or "nothing is different"),
        "",
        f"What a trial can find out with {shown.per_day:.1f} items a day in "
        f"{release.policy.days} days (fixed numbers; looking every day needs more):",
        *columns(
            [
                (c.stage, str(c.items), c.guard, f"{c.share:.1%}", f"{c.rise:+.1%}")
                for c in shown.changes
            ],
            ("stage", "items", "guard", "now", "smallest rise"),
        ),
    ]
    if release.counted.together:
        lines += ["", *_guards(shown)]
    if shown.waiting_shadows:
        lines.append(f"{shown.waiting_shadows} messages are still to be written up in shadow.")
    if shown.next is not None:
        from copydesk.work.releases.trials import needs_person

        waits = " (waits for a person)" if needs_person(shown) else ""
        lines += ["", f"Next: {shown.next.move}{waits}: {shown.next.because}."]
    return lines


def _guards(shown: Shown) -> list[str]:
    return columns(
        [
            (
                r.guard,
                str(r.tally.pairs),
                f"{r.tally.old_share:.1%}",
                f"{r.tally.new_share:.1%}",
                f"{r.tally.worse}:{r.tally.better}",
                f"{r.least:+.1%} to {r.most:+.1%}" if r.tally.pairs else "",
                f"{r.evidence:.3g} of {r.limit:.3g}",
            )
            for r in shown.readings
        ],
        ("guard", "pairs", "old", "new", "worse:better", "difference", "evidence against"),
    )


def version_words(release: Release) -> str:
    """Return what a release changes, on one line."""
    version = release.version
    parts = [version.prompt, version.model]
    if version.temperature is not None:
        parts.append(f"temperature {version.temperature:g}")
    return ", ".join(part for part in parts if part)
