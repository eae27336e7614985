"""Where a webhook receiver's answers mean something else than the kit's defaults."""

from __future__ import annotations

from typing import Final

from copydesk.core.outcomes import Misconfigured
from copydesk.platforms.kit.classify import ErrorTable, Failure, said
from copydesk.platforms.kit.transport import Reply


def read_error(reply: Reply) -> tuple[str, str]:
    """Return no code and whatever `message`, `error` or `detail` text the receiver gave."""
    body = reply.json()
    if not isinstance(body, dict):
        return "", ""
    for key in ("message", "error", "detail"):
        if isinstance(body.get(key), str):
            return "", body[key]
    return "", ""


def _signature_refused(failure: Failure) -> Misconfigured:
    return Misconfigured(
        reason=said(failure, "the receiver did not accept the signature"),
        remedy="Compare the signing secret with the receiver's, and both machines' clocks.",
        answer=failure.answer,
    )


def _gone(failure: Failure) -> Misconfigured:
    return Misconfigured(
        reason=said(failure, "the receiver does not want webhooks at this address any more"),
        remedy="Ask the receiver for its new address, or remove the account.",
        answer=failure.answer,
    )


def _not_there(failure: Failure) -> Misconfigured:
    # also for an update: a webhook has no target that could be gone, only an address
    return Misconfigured(
        reason=said(failure, "there is no receiver at this address"),
        remedy="Check the url of the account.",
        answer=failure.answer,
    )


#: (status, vendor code) → outcome. There is no credential to refresh, so a 401 is the secret.
#: 410 means "disable this endpoint" in Standard Webhooks.
TABLE: Final[ErrorTable] = {
    (401, ""): _signature_refused,
    (403, ""): _signature_refused,
    (404, ""): _not_there,
    (410, ""): _gone,
}
