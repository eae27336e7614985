"""What a mail server's answers mean: (stage, code, text) → outcome.

RFC 5321 §4.2.1: 4yz is worth another try, 5yz is not; the enhanced code (RFC 3463) and the stage
tell whose fault it is. Only what happens while the message is handed over can be `Unknown`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from copydesk.core.outcomes import (
    Answer,
    AuthRevoked,
    Misconfigured,
    Outcome,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)

#: Greylisting servers want the first retry after 5 to 15 minutes (publishing fact sheet, 2026-11).
GREYLIST_SECONDS: Final = 600.0


class Stage(StrEnum):
    """How far the conversation with the server had come."""

    GREETING = "greeting"
    SECURING = "securing"
    SIGNING_IN = "signing in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    TEXT = "text"


_RATE: Final = re.compile(r"rate.?limit|too many|too fast|throttl|quota exceeded|4\.7\.28", re.I)
_GREYLIST: Final = re.compile(r"gr[ea]ylist|try again (?:later|in)|4\.2\.0|4\.7\.1\b", re.I)
_POLICY: Final = re.compile(r"5\.7\.(?:515|23|24|25|26|27)\b|dmarc|dkim|\bspf\b", re.I)
_SIZE: Final = re.compile(r"5\.3\.4\b|5\.2\.3\b|size|too (?:large|big)", re.I)


def classify(stage: Stage, code: int, text: str) -> Outcome:
    """Return what the server's refusal `code text` at `stage` means for the delivery."""
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}", text)
    answer = Answer(
        status=code, vendor_code=enhanced[0] if enhanced else "", raw=f"{code} {text}"[:2000]
    )
    said = f"{code} {' '.join(text.split())}"[:300]
    if 400 <= code < 500:
        return _later(said, answer)
    if not 500 <= code < 600:
        if stage is Stage.TEXT:
            return Unknown(f"the server's answer to the message cannot be read: {said}", answer)
        return Unavailable(f"the server's answer cannot be read: {said}", None, answer)
    if code == 530 and re.search(r"tls", text, re.I):
        return Misconfigured(
            f"the server wants encryption: {said}", "Set security to starttls or tls.", answer
        )
    match stage:
        case Stage.GREETING | Stage.SECURING:
            return Misconfigured(
                f"the server does not serve us: {said}", "Check the setting smtp.", answer
            )
        case Stage.SIGNING_IN:
            return AuthRevoked(f"the server refused user or password: {said}", answer)
        case Stage.SENDER | Stage.RECIPIENT if code in {530, 535} or "relay" in text.lower():
            return Misconfigured(
                f"the server does not relay for this account: {said}",
                "Set user and password.",
                answer,
            )
        case _ if _POLICY.search(text):
            return Misconfigured(
                f"the receiver does not trust the sender's domain: {said}",
                "Set up SPF, DKIM and DMARC for it.",
                answer,
            )
        case Stage.SENDER | Stage.TEXT if code == 552 or _SIZE.search(text):
            return Refused(
                "body",
                f"the message is too large: {said}",
                "Shorten the text, or link to its files.",
                answer,
            )
        case Stage.SENDER:
            return Misconfigured(
                f"the server refused the sender: {said}", "Check the setting from.", answer
            )
        case Stage.RECIPIENT:
            return Refused(
                "to", f"the server refused the recipient: {said}", "Check the address.", answer
            )
        case Stage.TEXT:
            return Refused(
                "body",
                f"the server refused the message: {said}",
                "See why in the server's words.",
                answer,
            )


def _later(said: str, answer: Answer) -> Outcome:
    if _RATE.search(said):
        return RateLimited(answer=answer)
    wait = GREYLIST_SECONDS if _GREYLIST.search(said) else None
    return Unavailable(f"the server asks to try later: {said}", None, answer, wait)
