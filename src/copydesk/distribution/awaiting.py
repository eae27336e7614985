"""What an announcement waits for: which pages have to be there before it goes out. Pure.

A delivery keeps it as lines: `link https://…` for an address that has to answer, `account acc_…`
for the same post's delivery to that account, which has to be delivered and to answer. Most have
none, and cost nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding, Severity
from copydesk.core.post import Content
from copydesk.platforms.kit.registry import load_platform

#: What `announce_after` may say instead of an account's name.
LINK: Final = "link"


@dataclass(frozen=True, slots=True)
class Link:
    """An address that has to answer."""

    url: str


@dataclass(frozen=True, slots=True)
class PostOn:
    """The same post, delivered to an account."""

    account_id: str


Awaited = Link | PostOn


def write_awaits(awaited: Sequence[Awaited]) -> str:
    """Return what is awaited as the lines a row keeps."""
    lines = (f"link {a.url}" if isinstance(a, Link) else f"account {a.account_id}" for a in awaited)
    return "\n".join(dict.fromkeys(lines))


def read_awaits(lines: str) -> Iterator[Awaited]:
    """Yield what the lines of a row say is awaited."""
    for line in lines.splitlines():
        kind, _, value = line.partition(" ")
        yield Link(value) if kind == "link" else PostOn(value)


def is_asked_for(content: Content, accounts: Sequence[Account]) -> bool:
    """Tell whether any of the accounts could have to wait for anything."""
    return bool(content.announce_after) or any(account.wait_for_link for account in accounts)


def awaited(
    content: Content, account: Account, rendition: Rendition, others: Sequence[Account]
) -> list[Awaited]:
    """Return what an announcement on `account` waits for; `others` are the workspace's accounts.

    Pages of their own (a website, a repository) wait for nothing: they are what is announced.
    """
    if load_platform(account.platform).manifest.pages:
        return []
    by_name = {other.name: other for other in others if other.id != account.id}
    found: list[Awaited] = [
        PostOn(by_name[name].id) for name in content.announce_after if name in by_name
    ]
    url = content.canonical_url
    asks = LINK in content.announce_after and LINK not in by_name
    if url and (asks or (account.wait_for_link and _shows(rendition, url))):
        found += [PostOn(other.id) for other in others if _publishes(other, url)]
        found.append(Link(url))
    return list(dict.fromkeys(found))


def check_awaited(content: Content, others: Sequence[Account]) -> list[Finding]:
    """Return what is wrong with the author's `announce_after`, given the workspace's accounts."""
    names = {other.name for other in others}
    findings = [
        Finding(
            code="announce_after_unknown",
            field="announce_after",
            message=f"there is no account called {name!r}",
            remedy=f"Name one of {', '.join(sorted(names))}, or {LINK!r} for the canonical URL.",
        )
        for name in content.announce_after
        if name not in names and name != LINK
    ]
    if LINK in content.announce_after and LINK not in names and not content.canonical_url:
        findings.append(
            Finding(
                code="announce_after_nothing",
                field="announce_after",
                message="it waits for its link, but there is no canonical_url",
                remedy="Give the post a canonical_url, or name an account to wait for.",
                severity=Severity.ERROR,
            )
        )
    return findings


def _shows(rendition: Rendition, url: str) -> bool:
    return url in rendition.text or url in json.dumps(rendition.payload, ensure_ascii=False)


def _publishes(account: Account, url: str) -> bool:
    """Tell whether `url` is below the address an account's pages are served at."""
    base = account.settings.get("url", "").rstrip("/")
    pages = load_platform(account.platform).manifest.pages
    return pages and bool(base) and url.startswith(f"{base}/")
