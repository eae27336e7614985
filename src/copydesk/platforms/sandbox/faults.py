"""What can go wrong in the sandbox, and whether the post is kept when it does."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """A way for a publishing call to go wrong."""

    NONE = "none"
    LOST_RESPONSE = "lost_response"
    ERROR_AFTER_ACCEPT = "error_after_accept"
    RESET_BEFORE_ACCEPT = "reset_before_accept"
    HANG = "hang"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_DATE = "rate_limited_date"
    GARBAGE = "garbage"
    EMPTY = "empty"
    HTML = "html"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_REVOKED = "token_revoked"
    REFUSED = "refused"


#: Faults that strike after the post was taken: repeating them blindly makes a duplicate.
AFTER_ACCEPT: Final = frozenset(
    {Fault.LOST_RESPONSE, Fault.ERROR_AFTER_ACCEPT, Fault.HANG, Fault.GARBAGE, Fault.EMPTY}
)
