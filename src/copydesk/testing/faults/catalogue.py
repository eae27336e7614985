"""Every fault the kit knows (DESIGN §6), and what kind of scenario brings it about."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """What goes wrong. The prefix names where: in the call if there is none."""

    NONE = "none"
    RESPONSE_LOST = "response_lost"
    ERROR_AFTER_ACCEPT = "error_after_accept"
    RESET_BEFORE_ACCEPT = "reset_before_accept"
    HANG = "hang"
    SLOW_DRIP = "slow_drip"
    TRUNCATED = "truncated"
    GARBAGE = "garbage"
    EMPTY = "empty"
    HTML = "html"
    HTML_WITH_200 = "html_with_200"
    RATE_LIMITED_SECONDS = "429_seconds"
    RATE_LIMITED_DATE = "429_date"
    RATE_LIMITED_SILENT = "429_without_time"
    STALE_READS = "stale_reads"
    BROKEN_LISTING = "broken_listing"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    LOCKED = "locked"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_REVOKED = "token_revoked"
    TOKEN_ROTATED = "token_rotated_by_3_workers"

    TCP_REFUSED = "tcp_refused"
    TCP_CUT_REQUEST = "tcp_cut_request"
    TCP_CUT_RESPONSE = "tcp_cut_response"
    TCP_BLACKHOLE = "tcp_blackhole"
    TCP_HALF_CLOSE = "tcp_half_close"
    TCP_DELAY = "tcp_delay"

    CLOCK_FORWARD = "clock_forward_1d"
    CLOCK_BACK = "clock_back_1h"
    CLOCK_FORWARD_IN_429 = "clock_forward_1d_in_429"
    CLOCK_BACK_IN_429 = "clock_back_1h_in_429"
    DST_GAP = "dst_gap"
    DST_OVERLAP = "dst_overlap"

    DISK_FULL = "disk_full"
    FOLDER_DENIED = "folder_denied"
    DATABASE_RESTARTED = "database_restarted"
    DATABASE_CUT_AT_INTENT = "database_cut_at_intent"
    DATABASE_CUT_AT_RECEIPT = "database_cut_at_receipt"
    QUEUE_LOST = "queue_lost"

    TWO_WORKERS = "two_workers"
    STALLED_WORKER = "stalled_worker"
    CLOCKS_DISAGREE = "clocks_disagree_1min"

    KILL_AFTER_LEASE = "kill_after_lease"
    KILL_BEFORE_INTENT_COMMIT = "kill_before_intent_commit"
    KILL_AFTER_INTENT_COMMIT = "kill_after_intent_commit"
    KILL_BEFORE_CALL = "kill_before_call"
    KILL_AFTER_ACCEPT = "kill_after_accept"
    KILL_AFTER_ANSWER = "kill_after_answer"
    KILL_BEFORE_RECEIPT_COMMIT = "kill_before_receipt_commit"
    KILL_AFTER_RECEIPT_COMMIT = "kill_after_receipt_commit"

    UPDATE_NONE = "update_none"
    UPDATE_RESPONSE_LOST = "update_response_lost"
    UPDATE_ERROR_AFTER_ACCEPT = "update_error_after_accept"
    UPDATE_RESET_BEFORE_ACCEPT = "update_reset_before_accept"
    UPDATE_HANG = "update_hang"
    UPDATE_HTML = "update_html"
    UPDATE_HTML_WITH_200 = "update_html_with_200"
    UPDATE_RATE_LIMITED = "update_429_seconds"
    UPDATE_FORBIDDEN = "update_forbidden"
    UPDATE_OF_TAGS_LOST = "update_of_tags_lost"
    UPDATE_EDITED_THERE = "update_edited_there"
    UPDATE_EDITED_IN_DOUBT = "update_edited_in_doubt"
    UPDATE_REMOVED_THERE = "update_removed_there"
    UPDATE_REMOVED_IN_DOUBT = "update_removed_in_doubt"
    UPDATE_KILL_AFTER_INTENT = "update_kill_after_intent_commit"
    UPDATE_KILL_AFTER_ACCEPT = "update_kill_after_accept"
    UPDATE_KILL_BEFORE_RECEIPT = "update_kill_before_receipt_commit"

    DELETE_NONE = "delete_none"
    DELETE_RESPONSE_LOST = "delete_response_lost"
    DELETE_ERROR_AFTER_ACCEPT = "delete_error_after_accept"
    DELETE_RESET_BEFORE_ACCEPT = "delete_reset_before_accept"
    DELETE_HANG = "delete_hang"
    DELETE_HTML = "delete_html"
    DELETE_HTML_WITH_200 = "delete_html_with_200"
    DELETE_RATE_LIMITED = "delete_429_seconds"
    DELETE_FORBIDDEN = "delete_forbidden"
    DELETE_EDITED_THERE = "delete_edited_there"
    DELETE_REMOVED_THERE = "delete_removed_there"
    DELETE_ANSWERED_410 = "delete_answered_410"
    DELETE_KILL_AFTER_INTENT = "delete_kill_after_intent_commit"
    DELETE_KILL_AFTER_ACCEPT = "delete_kill_after_accept"
    DELETE_KILL_BEFORE_RECEIPT = "delete_kill_before_receipt_commit"


KILLS: Final = tuple(fault for fault in Fault if fault.startswith("kill_"))

#: Told by the platform itself: what a rig has to bring about.
CALLS: Final = (
    Fault.NONE,
    Fault.RESPONSE_LOST,
    Fault.ERROR_AFTER_ACCEPT,
    Fault.RESET_BEFORE_ACCEPT,
    Fault.HANG,
    Fault.SLOW_DRIP,
    Fault.TRUNCATED,
    Fault.GARBAGE,
    Fault.EMPTY,
    Fault.HTML,
    Fault.HTML_WITH_200,
    Fault.RATE_LIMITED_SECONDS,
    Fault.RATE_LIMITED_DATE,
    Fault.RATE_LIMITED_SILENT,
    Fault.STALE_READS,
    Fault.BROKEN_LISTING,
    Fault.REFUSED,
    Fault.FORBIDDEN,
    Fault.LOCKED,
    Fault.TOKEN_EXPIRED,
    Fault.TOKEN_REVOKED,
    Fault.FOLDER_DENIED,
)

RATE_LIMITS: Final = (
    Fault.RATE_LIMITED_SECONDS,
    Fault.RATE_LIMITED_DATE,
    Fault.RATE_LIMITED_SILENT,
)

NETWORK: Final = tuple(fault for fault in Fault if fault.startswith("tcp_"))

#: What goes wrong when a post that is out is changed or taken down: the rest of the name says what.
AFTERWARDS: Final = tuple(fault for fault in Fault if fault.startswith(("update_", "delete_")))
