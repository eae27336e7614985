"""The states of everything that lives longer than a request, and their legal transitions as tables.

`check_transition` is the only gate: a step that is not in a table raises, whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from copydesk.core.errors import TransitionNotAllowed


class SubmissionState(StrEnum):
    """Where a raw input stands."""

    RECEIVED = "received"
    PARSED = "parsed"
    COMPOSED = "composed"
    UNPACKED = "unpacked"
    REPLACED = "replaced"
    REFUSED = "refused"
    FAILED = "failed"


class PostState(StrEnum):
    """Where a canonical post stands."""

    DRAFTED = "drafted"
    HELD = "held"
    APPROVED = "approved"
    REJECTED = "rejected"
    DISTRIBUTED = "distributed"


class ReviewState(StrEnum):
    """Where a question to a person stands. `returned`: sent back to the author or the composer;
    `withdrawn`: its text was written anew, and nobody has to be asked about that."""

    OPENED = "opened"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class SuggestionState(StrEnum):
    """Where one change to a text stands. `superseded`: another has taken its place; `stale`: the
    text it was made for is gone, and nobody guesses where it belongs."""

    OPENED = "opened"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    STALE = "stale"


class DeliveryState(StrEnum):
    """Where one post on one account stands (DESIGN: the delivery, step by step)."""

    PLANNED = "planned"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    DELIVERED = "delivered"
    SNOOZED = "snoozed"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class SeriesState(StrEnum):
    """Whether a series goes on making deliveries."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class AccountState(StrEnum):
    """Whether an account can be published to."""

    CONNECTED = "connected"
    BLOCKED = "blocked"
    REMOVED = "removed"


class BreakerState(StrEnum):
    """Whether calls to a platform are made, after some of them got no answer."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class ConnectionState(StrEnum):
    """Where an attempt to connect an account through the platform's own pages stands."""

    OPENED = "opened"
    CLAIMED = "claimed"
    CONNECTED = "connected"
    REFUSED = "refused"
    EXPIRED = "expired"


class WebhookState(StrEnum):
    """Whether an address that asked for it is told what happens."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    REMOVED = "removed"


class FeedState(StrEnum):
    """Whether a feed is polled. `ended`: it is gone for good, as its server says."""

    FOLLOWED = "followed"
    PAUSED = "paused"
    ENDED = "ended"
    REMOVED = "removed"


class ReleaseState(StrEnum):
    """How far a version of prompt, model and settings has got."""

    CREATED = "created"
    SHADOWED = "shadowed"
    CANARIED = "canaried"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    UNDECIDED = "undecided"
    SUPERSEDED = "superseded"


class AlarmState(StrEnum):
    """Whether somebody has dealt with a sign that quality falls."""

    OPENED = "opened"
    CLOSED = "closed"


class AuditState(StrEnum):
    """Where the look behind a text that may go out by itself stands.

    Each such text is sampled or passed over by chance; a person finds a sampled one good (cleared)
    or not (faulted), unless it is replaced before anybody has looked.
    """

    SAMPLED = "sampled"
    PASSED_OVER = "passed_over"
    CLEARED = "cleared"
    FAULTED = "faulted"
    REPLACED = "replaced"


class ProbeState(StrEnum):
    """How a message with a known answer ended: its damage was caught or missed, or, being whole, it
    was cleared or accused."""

    SENT = "sent"
    CAUGHT = "caught"
    MISSED = "missed"
    CLEARED = "cleared"
    ACCUSED = "accused"


class CaseState(StrEnum):
    """Whether a case of the regression corpus is replayed."""

    KEPT = "kept"
    RETIRED = "retired"


_G = SuggestionState
_W, _B, _C = WebhookState, BreakerState, ConnectionState
_F, _L = FeedState, ReleaseState
_S, _P, _R, _D, _A = SubmissionState, PostState, ReviewState, DeliveryState, AccountState

TRANSITIONS: Mapping[type[StrEnum], Mapping[StrEnum, frozenset[StrEnum]]] = {
    SubmissionState: {
        _S.RECEIVED: frozenset({_S.PARSED, _S.UNPACKED, _S.REFUSED, _S.FAILED, _S.REPLACED}),
        # unpacked later: a person parted the chat in two
        _S.PARSED: frozenset({_S.COMPOSED, _S.FAILED, _S.REPLACED, _S.UNPACKED}),
        _S.FAILED: frozenset({_S.RECEIVED, _S.REPLACED}),
        _S.REFUSED: frozenset({_S.RECEIVED, _S.REPLACED}),
        # parsed again: somebody wants it written up again
        _S.COMPOSED: frozenset({_S.PARSED, _S.REPLACED, _S.UNPACKED}),
        # what held several messages: each went on as a submission of its own
        _S.UNPACKED: frozenset(),
        # a conversation of a chat that a person parted otherwise
        _S.REPLACED: frozenset(),
    },
    PostState: {
        _P.DRAFTED: frozenset({_P.HELD, _P.APPROVED}),
        _P.HELD: frozenset({_P.APPROVED, _P.REJECTED}),
        _P.APPROVED: frozenset({_P.DISTRIBUTED, _P.HELD}),
        # a new revision of a published post starts again at the gate
        _P.DISTRIBUTED: frozenset({_P.HELD, _P.APPROVED}),
        _P.REJECTED: frozenset({_P.HELD}),
    },
    ReviewState: {
        _R.OPENED: frozenset({_R.RETURNED, _R.ACCEPTED, _R.REJECTED, _R.WITHDRAWN}),
        # opened again: the author or the composer has answered
        _R.RETURNED: frozenset({_R.OPENED, _R.REJECTED, _R.WITHDRAWN}),
        _R.ACCEPTED: frozenset(),
        _R.REJECTED: frozenset(),
        _R.WITHDRAWN: frozenset(),
    },
    SuggestionState: {
        _G.OPENED: frozenset({_G.ACCEPTED, _G.EDITED, _G.REJECTED, _G.SUPERSEDED, _G.STALE}),
        # opened again: the decision was taken back
        _G.ACCEPTED: frozenset({_G.OPENED, _G.EDITED, _G.REJECTED, _G.SUPERSEDED, _G.STALE}),
        # edited again: with other words
        _G.EDITED: frozenset(
            {_G.OPENED, _G.ACCEPTED, _G.EDITED, _G.REJECTED, _G.SUPERSEDED, _G.STALE}
        ),
        _G.REJECTED: frozenset({_G.OPENED, _G.ACCEPTED, _G.EDITED, _G.SUPERSEDED, _G.STALE}),
        _G.SUPERSEDED: frozenset(),
        _G.STALE: frozenset(),
    },
    DeliveryState: {
        _D.PLANNED: frozenset({_D.SCHEDULED, _D.HELD, _D.CANCELLED}),
        _D.SCHEDULED: frozenset(
            {_D.SENDING, _D.SNOOZED, _D.BLOCKED, _D.HELD, _D.FAILED, _D.CANCELLED, _D.EXPIRED}
        ),
        _D.SENDING: frozenset(
            {_D.DELIVERED, _D.SNOOZED, _D.UNKNOWN, _D.BLOCKED, _D.HELD, _D.FAILED, _D.SCHEDULED}
        ),
        # delivered: what the platform took earlier has become public
        _D.SNOOZED: frozenset(
            {_D.SCHEDULED, _D.DELIVERED, _D.BLOCKED, _D.HELD, _D.CANCELLED, _D.EXPIRED}
        ),
        # failed: proved absent, and its tries are used up
        _D.UNKNOWN: frozenset({_D.DELIVERED, _D.SCHEDULED, _D.HELD, _D.FAILED}),
        # delivered from here on: a person says that it landed
        _D.BLOCKED: frozenset({_D.SCHEDULED, _D.DELIVERED, _D.HELD, _D.CANCELLED, _D.EXPIRED}),
        _D.HELD: frozenset({_D.SCHEDULED, _D.DELIVERED, _D.CANCELLED}),
        _D.FAILED: frozenset({_D.SCHEDULED, _D.DELIVERED, _D.CANCELLED}),
        _D.DELIVERED: frozenset(),
        _D.CANCELLED: frozenset(),
        _D.EXPIRED: frozenset({_D.SCHEDULED}),
    },
    ConnectionState: {
        _C.OPENED: frozenset({_C.CLAIMED, _C.REFUSED, _C.EXPIRED}),
        # claimed: what the platform handed out is used once, by whoever got here first
        _C.CLAIMED: frozenset({_C.CONNECTED, _C.REFUSED, _C.EXPIRED}),
        _C.CONNECTED: frozenset(),
        _C.REFUSED: frozenset(),
        _C.EXPIRED: frozenset(),
    },
    BreakerState: {
        _B.CLOSED: frozenset({_B.OPEN}),
        # closed: a person tried the account, and it works
        _B.OPEN: frozenset({_B.HALF_OPEN, _B.CLOSED}),
        # half open again: whoever was let through died before it could tell
        _B.HALF_OPEN: frozenset({_B.CLOSED, _B.OPEN, _B.HALF_OPEN}),
    },
    SeriesState: {
        SeriesState.RUNNING: frozenset({SeriesState.PAUSED, SeriesState.ENDED}),
        SeriesState.PAUSED: frozenset({SeriesState.RUNNING, SeriesState.ENDED}),
        SeriesState.ENDED: frozenset(),
    },
    AccountState: {
        _A.CONNECTED: frozenset({_A.BLOCKED, _A.REMOVED}),
        _A.BLOCKED: frozenset({_A.CONNECTED, _A.REMOVED}),
        _A.REMOVED: frozenset({_A.CONNECTED}),
    },
    ReleaseState: {
        _L.CREATED: frozenset({_L.SHADOWED, _L.CANARIED, _L.PROMOTED}),
        _L.SHADOWED: frozenset({_L.CANARIED, _L.PROMOTED, _L.ROLLED_BACK, _L.UNDECIDED}),
        # canaried again: with a larger share
        _L.CANARIED: frozenset({_L.CANARIED, _L.PROMOTED, _L.ROLLED_BACK, _L.UNDECIDED}),
        _L.PROMOTED: frozenset({_L.SUPERSEDED, _L.ROLLED_BACK}),
        # promoted again: what came after it was taken back
        _L.SUPERSEDED: frozenset({_L.PROMOTED}),
        # what was measured stays as it is: another try is another release
        _L.ROLLED_BACK: frozenset(),
        _L.UNDECIDED: frozenset(),
    },
    AuditState: {
        AuditState.SAMPLED: frozenset(
            {AuditState.CLEARED, AuditState.FAULTED, AuditState.REPLACED}
        ),
        # what chance has passed over is not looked at on suspicion: that would spoil the estimate
        AuditState.PASSED_OVER: frozenset(),
        AuditState.CLEARED: frozenset(),
        AuditState.FAULTED: frozenset(),
        AuditState.REPLACED: frozenset(),
    },
    ProbeState: {
        ProbeState.SENT: frozenset(ProbeState) - {ProbeState.SENT},
        ProbeState.CAUGHT: frozenset(),
        ProbeState.MISSED: frozenset(),
        ProbeState.CLEARED: frozenset(),
        ProbeState.ACCUSED: frozenset(),
    },
    CaseState: {
        CaseState.KEPT: frozenset({CaseState.RETIRED}),
        CaseState.RETIRED: frozenset({CaseState.KEPT}),
    },
    AlarmState: {
        AlarmState.OPENED: frozenset({AlarmState.CLOSED}),
        AlarmState.CLOSED: frozenset(),
    },
    FeedState: {
        _F.FOLLOWED: frozenset({_F.PAUSED, _F.ENDED, _F.REMOVED}),
        _F.PAUSED: frozenset({_F.FOLLOWED, _F.REMOVED}),
        # followed again: servers say "gone" by mistake, too
        _F.ENDED: frozenset({_F.FOLLOWED, _F.REMOVED}),
        _F.REMOVED: frozenset(),
    },
    WebhookState: {
        _W.ENABLED: frozenset({_W.DISABLED, _W.REMOVED}),
        _W.DISABLED: frozenset({_W.ENABLED, _W.REMOVED}),
        _W.REMOVED: frozenset(),
    },
}

#: Delivery states that need nothing more from the engine.
SETTLED = frozenset({_D.DELIVERED, _D.HELD, _D.BLOCKED, _D.FAILED, _D.CANCELLED, _D.EXPIRED})

#: Reasons for which a delivery is held although it may be there already. It is sent again only when
#: a person says of this very one that it did not land, never with others.
MAY_HAVE_LANDED = frozenset(
    {"unknown", "not_public", "duplicate", "spoke_fault", "removed_in_flight"}
)

#: The reason of a delivery that is held since its post is in review again. The review lets it go.
IN_REVIEW = "in_review"


def check_transition(noun: str, id: str, current: StrEnum, target: StrEnum) -> None:
    """Raise `TransitionNotAllowed` unless `current → target` is in the table of its state type."""
    if target not in TRANSITIONS[type(current)][current]:
        raise TransitionNotAllowed(noun, id, current.value, target.value)
