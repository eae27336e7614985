"""The servers that speak Mastodon's API, and where they differ from it.

An instance says what it runs; what that means for us is here. Sources: the sheets of each project's
documentation and source (Mastodon July 2026, GoToSocial October 2025, Pixelfed March 2024, Pleroma;
checked 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from copydesk.platforms.kit.manifest import Limit

#: Who may see a status.
VISIBILITIES: Final = ("public", "unlisted", "private", "direct")

_CHECKED: Final = date(2026, 11, 22)


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """What a server does otherwise.

    `repeats_keys`: a second use of an idempotency key gives the first status. `takes_keys`: it may
    be sent one at all (Pixelfed burns a key even when the call failed). `limits` go before the
    manifest's. `marks`: how its version string names it.
    """

    repeats_keys: bool = False
    takes_keys: bool = True
    needs_media: bool = False
    visibilities: tuple[str, ...] = VISIBILITIES
    marks: tuple[str, ...] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)


def _limit(value: int, unit: Any, source: str, *, assumed: bool = False) -> Limit:
    return Limit(value=value, unit=unit, source=source, checked=_CHECKED, assumed=assumed)


_GOTOSOCIAL: Final = "https://docs.gotosocial.org/en/latest/configuration/statuses/"
_PIXELFED: Final = "https://github.com/pixelfed/pixelfed (config/pixelfed.php)"

SOFTWARE: Final[Mapping[str, Software]] = {
    "mastodon": Software(repeats_keys=True),
    "gotosocial": Software(
        marks=("gotosocial",),
        limits={
            "text": _limit(5000, "characters", _GOTOSOCIAL),
            "media": _limit(6, "items", _GOTOSOCIAL),
            "image": _limit(41_943_040, "bytes", _GOTOSOCIAL),
            "film": _limit(41_943_040, "bytes", _GOTOSOCIAL),
        },
    ),
    "pixelfed": Software(
        takes_keys=False,
        needs_media=True,
        visibilities=("public", "unlisted", "private"),
        marks=("pixelfed",),
        limits={
            "image": _limit(15_360_000, "bytes", _PIXELFED),
            "film": _limit(15_360_000, "bytes", _PIXELFED),
            "alt": _limit(1000, "characters", _PIXELFED),
        },
    ),
    # honours keys, from memory: so it is not relied on
    "pleroma": Software(marks=("pleroma", "akkoma")),
    "other": Software(),
}


def software_of(settings: Mapping[str, str]) -> Software:
    """Return what the account's setting `software` names; Mastodon itself without one."""
    return SOFTWARE.get(settings.get("software", "") or "mastodon", SOFTWARE["other"])


def named_in(version: str, source_url: str = "") -> str:
    """Return what an instance runs by its `version` ("2.7.2 (compatible; Pleroma 2.6.0)") and where
    it says its source is.

    What names nothing is Mastodon's own, or a fork that keeps its ways.
    """
    said = f"{version} {source_url}".lower()
    known = (name for name, one in SOFTWARE.items() if any(mark in said for mark in one.marks))
    return next(known, "other" if "compatible;" in said else "mastodon")
