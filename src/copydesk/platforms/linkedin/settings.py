"""Whether a LinkedIn account's settings can work at all, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping

from copydesk.core.account import Account
from copydesk.core.findings import Finding
from copydesk.platforms.kit.base_url import check_base_url
from copydesk.platforms.linkedin.urns import AUTHOR, is_organization

#: The scope with which an app may read what a person has posted; LinkedIn gives it to few.
READS_A_PERSON = "r_member_social"


def author_of(account: Account) -> str:
    """Return the URN the account posts as, "" where it has to be asked for.

    Without the setting `author` it is whom the account was last seen to be.
    """
    author = account.settings.get("author", "")
    return author or (account.identity if AUTHOR.fullmatch(account.identity) else "")


def can_read(account: Account) -> bool:
    """Tell whether the account may look at its own posts: pages may, people mostly may not."""
    return is_organization(author_of(account)) or READS_A_PERSON in account.scopes.split()


def check_account(settings: Mapping[str, str]) -> list[Finding]:
    """Return a finding for addresses no token should be sent to, and for an author that is none."""
    findings = check_base_url(settings, "https://api.linkedin.com")
    findings += check_base_url(settings, "https://www.linkedin.com", key="auth_url")
    author = settings.get("author", "")
    if author and not AUTHOR.fullmatch(author):
        findings.append(
            Finding(
                code="author_invalid",
                field="author",
                message=f"{author!r} is not the URN of a person or a page",
                remedy="It looks like urn:li:organization:2414183 (the number stands in the address"
                " of the page's admin view); leave it out to post as whoever connects.",
            )
        )
    return findings
