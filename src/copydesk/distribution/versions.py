"""API versions that end: what manifests and platforms say about it, and how urgent it is.

Platforms announce the end of a version in headers of ordinary answers: `Deprecation` (RFC 9745, a
structured date such as `@1688169599`, or an HTTP date in drafts of it) and `Sunset` (RFC 8594, an
HTTP date). They are read where every call passes and written down rarely.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

import structlog

from copydesk.core.account import Account
from copydesk.core.errors import CopydeskError
from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.retry_after import parse_date
from copydesk.platforms.kit.transport import Reply
from copydesk.store import Store
from copydesk.store.aftercare import ApiNotice

_log = structlog.get_logger(__name__)

#: Days before the end of a version from which it is a note, a warning and urgent.
NOTE_DAYS: Final = 90
WARN_DAYS: Final = 30
URGENT_DAYS: Final = 7

#: A notice that says the same again is written down anew after this.
_AGAIN: Final = timedelta(days=1)

#: The API version of what is being sent or asked about, "" outside such a call: what a platform
#: says about the end of a version is about this one, wherever its account has moved meanwhile.
SPEAKING: Final[ContextVar[str]] = ContextVar("speaking", default="")

_LINK: Final = re.compile(r'<([^<>]*)>\s*((?:;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^",;]+)\s*)+)')
_REL: Final = re.compile(r'\brel\s*=\s*"?([^";]+)"?', re.IGNORECASE)


class Urgency(StrEnum):
    """How near the end of an API version is."""

    NOTE = "note"
    WARNING = "warning"
    URGENT = "urgent"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """An API version in use that ends; `told_by` says who announced it.

    `sunset` is the day, None where the platform calls the version deprecated and names none.
    `deprecated_at` (aware UTC) is since when, None where that is not said.
    """

    version: str
    sunset: date | None
    urgency: Urgency
    told_by: str
    link: str = ""
    deprecated_at: datetime | None = None

    @property
    def words(self) -> str:
        """Return it as a sentence without a full stop."""
        if self.sunset is None:
            since = f" from {self.deprecated_at:%Y-%m-%d} on" if self.deprecated_at else ""
            return (
                f"API version {self.version} is deprecated{since}, says {self.told_by}; "
                "when it ends is not announced"
            )
        when = "ended" if self.urgency is Urgency.OVER else "ends"
        return f"API version {self.version} {when} on {self.sunset}, says {self.told_by}"


def urgency_of(sunset: date, today: date) -> Urgency | None:
    """Return how urgent a version's end is, None while it is far away."""
    days = (sunset - today).days
    if days < 0:
        return Urgency.OVER
    for limit, urgency in (
        (URGENT_DAYS, Urgency.URGENT),
        (WARN_DAYS, Urgency.WARNING),
        (NOTE_DAYS, Urgency.NOTE),
    ):
        if days <= limit:
            return urgency
    return None


def version_in_use(account: Account, platform: Platform) -> str:
    """Return the version of the platform's API that `account` uses."""
    return account.api_version or platform.manifest.api.version


def endings(
    account: Account, platform: Platform, notices: Mapping[tuple[str, str], ApiNotice], today: date
) -> list[Ending]:
    """Return what ends of what `account` uses: by its manifest, and by what the platform said.

    `notices` are by account and version.
    """
    name = version_in_use(account, platform)
    found: list[Ending] = []
    declared = platform.manifest.version(name)
    if declared is not None and declared.sunset is not None:
        urgency = urgency_of(declared.sunset, today)
        if urgency is not None:
            found.append(
                Ending(
                    version=name,
                    sunset=declared.sunset,
                    urgency=urgency,
                    told_by=declared.source or "its manifest",
                    link=declared.source if declared.source.startswith("http") else "",
                )
            )
    notice = notices.get((account.id, name))
    if notice is not None:
        sunset = notice.sunset_at.date() if notice.sunset_at else None
        found.append(
            Ending(
                version=name,
                sunset=sunset,
                # the platform itself speaks of it in its answers: never too early to say so
                urgency=(sunset and urgency_of(sunset, today)) or Urgency.NOTE,
                told_by=f"the platform ({notice.seen_at:%Y-%m-%d})",
                link=notice.link,
                deprecated_at=notice.deprecated_at,
            )
        )
    return found


def read_notice(headers: Mapping[str, str]) -> tuple[datetime | None, datetime | None, str] | None:
    """Return since when a version is deprecated, when it ends (aware UTC) and where that is
    explained, as an answer's headers (lower-case names) say; None when they say nothing."""
    if "deprecation" not in headers and "sunset" not in headers:
        return None
    deprecated_at = _moment(headers.get("deprecation", ""))
    sunset_at = _moment(headers.get("sunset", ""))
    if deprecated_at is None and sunset_at is None and not _is_deprecated(headers):
        return None
    return deprecated_at, sunset_at, _link(headers.get("link", ""))


def _is_deprecated(headers: Mapping[str, str]) -> bool:
    # drafts of RFC 9745 had `true` beside a date, and `?0` or `false` says the contrary
    return headers.get("deprecation", "").strip().lower() not in {"", "false", "?0"}


def _moment(value: str) -> datetime | None:
    value = value.strip()
    if value.startswith("@"):
        try:
            return datetime.fromtimestamp(int(value[1:].partition(";")[0]), UTC)
        except (ValueError, OverflowError, OSError):
            return None
    return parse_date(value) if value else None


def _link(value: str) -> str:
    for target, parameters in _LINK.findall(value):
        rel = _REL.search(parameters)
        kinds = set(rel[1].lower().split()) if rel else set()
        if kinds & {"deprecation", "sunset"} and target.startswith(("http://", "https://")):
            return str(target)[:2000]
    return ""


class VersionWatch:
    """Sees the answers an account gets and keeps what they say about their version's end.

    Remembers over the life of the process what was written, so that ordinary calls cost a look at
    two headers.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: dict[tuple[str, str], ApiNotice] = {}

    def of(self, account: Account, platform: Platform) -> _Watch:
        """Return who watches the calls made for `account`."""
        return _Watch(self, account, version_in_use(account, platform))

    async def hear(self, account: Account, version: str, reply: Reply) -> None:
        """Keep what `reply` says, unless that was written down already today."""
        said = read_notice(reply.headers)
        if said is None:
            return
        now = self._store.clock.now()
        deprecated_at, sunset_at, link = said
        found = ApiNotice(
            account_id=account.id,
            api_version=version,
            deprecated_at=deprecated_at,
            sunset_at=sunset_at,
            link=link,
            first_seen_at=now,
            seen_at=now,
        )
        key = account.id, version
        known = self._written.get(key)
        if known is not None and now - known.seen_at < _AGAIN:
            seen_then = replace(found, first_seen_at=known.first_seen_at, seen_at=known.seen_at)
            if seen_then == known:
                return
        self._written[key] = found
        try:
            async with self._store.begin("platform") as unit:
                await unit.aftercare.notice(found)
        except CopydeskError as error:
            # a call must not fail because its answer could not be noted down
            del self._written[key]
            _log.warning("notice_not_kept", account=account.name, reason=error.message)


class _Watch:
    """The observer of one account's calls."""

    def __init__(self, watch: VersionWatch, account: Account, version: str) -> None:
        self._watch = watch
        self._account = account
        self._version = version

    async def before(self, method: str, url: str) -> None:
        """Let every call pass."""

    async def after(self, method: str, url: str, reply: Reply) -> None:
        """Keep what an answer says about the end of its version."""
        if "sunset" in reply.headers or "deprecation" in reply.headers:
            await self._watch.hear(self._account, SPEAKING.get() or self._version, reply)
