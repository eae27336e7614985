"""Source keys: what makes two inputs the same item."""

from __future__ import annotations

from email.parser import BytesHeaderParser
from email.policy import compat32

from copydesk.core.submission import Source
from copydesk.intake.mime import has_mail_headers

#: Headers of a message end long before this; a body may be large.
_HEADERS = 256 * 1024


def source_key_of(raw: bytes, source: Source | None) -> str:
    """Return the channel's own id of a message (an e-mail's Message-ID), or "" if it has none.

    Never raises: what is broken about an input is found when it is parsed.
    """
    if source not in (None, Source.EMAIL) or not has_mail_headers(raw):
        return ""
    message = BytesHeaderParser(policy=compat32).parsebytes(raw[:_HEADERS])
    message_id = str(message.get("Message-ID") or "").strip().strip("<>").strip()
    return f"email:{message_id}" if message_id else ""
