"""What becomes of a delivery whose post is taken back into review before it has gone out. Pure."""

from __future__ import annotations

from typing import Any, Final

from copydesk.core.delivery import Action, Delivery, parts_out
from copydesk.core.states import IN_REVIEW

#: Why deliveries are called off for their post's review.
REJECTED: Final = "its post was rejected in review"
REPLACED: Final = "another text was approved in its place"


def waits_for_review(delivery: Delivery) -> bool:
    """Whether `delivery`, which is not out, goes no further while its post is in review.

    What takes a post down goes on, and so does a thread from its first part on. What the platform
    has accepted is only asked about.
    """
    is_out = delivery.is_accepted or bool(parts_out(delivery.handles))
    return delivery.action is not Action.DELETE and not is_out


def held_back(delivery: Delivery, because: str = "") -> dict[str, Any]:
    """Return the columns of `delivery` while it waits until a person approves its post again."""
    return {
        "reason_code": IN_REVIEW,
        "reason": f"its post is in review again{f': {because}' if because else ''}",
        "remedy": f"Accept the review of {delivery.post_id}, and it goes on; reject it, and it is"
        " called off.",
    }


def called_off(why: str) -> dict[str, Any]:
    """Return the columns of a delivery that is called off in its post's review."""
    return {"reason_code": IN_REVIEW, "reason": why, "remedy": ""}


def going_on(delivery: Delivery) -> dict[str, Any]:
    """Return the columns of `delivery` when it goes on at its time."""
    return {"wake_at": delivery.due_at, "reason_code": "", "reason": "", "remedy": ""}
