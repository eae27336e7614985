"""The kit's own spoke, for the kind of idempotency that no other one has."""

from __future__ import annotations

from copydesk.testing.faults.specimen import ClientIdRig

__all__ = ["ClientIdRig"]
