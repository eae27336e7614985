"""Mailboxes (mbox): mails one below the other, each behind a line that begins with "From ".

Inside a mail such a line is written ">From "; what is quoted like that stays as it is, since
programs disagree about it and one sign too many harms nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from copydesk.intake.mime import has_mail_headers

#: The line has an address and a date, so a sentence that begins with "From" is none.
_SEPARATOR = re.compile(rb"^From [^\r\n]{1,300}\d{2}:\d{2}[^\r\n]{0,100}\r?\n", re.MULTILINE)


def is_mailbox(raw: bytes, suffix: str) -> bool:
    """Whether `raw` begins as a mailbox does."""
    if _SEPARATOR.match(raw[:1000]) is None:
        return False
    return suffix in ("mbox", "mbx") or has_mail_headers(raw[:200_000])


def read_mailbox(raw: bytes) -> Iterator[bytes]:
    """Yield each mail with the line in front of it, together every byte of `raw`.

    A separator counts only between a blank line and mail headers.
    """
    start = 0
    for match in _SEPARATOR.finditer(raw):
        at = match.start()
        if at == 0:
            continue
        blank = raw[max(0, at - 2) : at].endswith(b"\n\n") or raw[max(0, at - 4) : at].endswith(
            b"\r\n\r\n"
        )
        below = raw[match.end() : match.end() + 64_000]
        if blank and below[:1] not in b"\r\n" and has_mail_headers(below):
            yield raw[start:at]
            start = at
    yield raw[start:]
