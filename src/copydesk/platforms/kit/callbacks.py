"""Callbacks: what a platform tells us by itself, as its spoke declares and translates it. Pure.

A spoke that has them overrides `Platform.read_callback`. It looks at raw bytes, proves who sent
them before it parses anything, and translates; what becomes of a delivery is not its business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from copydesk.platforms.kit.signature import BadSignature, signing_keys, verified_id


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """A request as it arrived: header names are lower case, `body` is as it came."""

    method: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Happened(StrEnum):
    """What a platform says became of a post there."""

    PUBLISHED = "published"
    FAILED = "failed"
    EDITED = "edited"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What happened to one post. It is named by our idempotency key or, where a platform does not
    give that back, by its own id (`remote_id`)."""

    happened: Happened
    key: str = ""
    remote_id: str = ""
    url: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A message and what it reports; nothing for one that means nothing to us.

    `message_id` is the vendor's, the same when it sends a message again; a vendor without one has
    a digest of the body. `trusted` says that a signature or shared secret proved the sender; what
    is not trusted is never believed and only makes us look ourselves.
    """

    message_id: str
    reports: tuple[Report, ...] = ()
    trusted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A handshake of a vendor that wants something echoed before it sends anything."""

    body: bytes
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class NotVerified:
    """The sender did not prove who it is. `reason` must not help to forge a message."""

    reason: str


Heard = Callback | Challenge | NotVerified


def read_standard_callback(secret: str, request: CallbackRequest, now: datetime) -> Heard:
    """Read a callback by Standard Webhooks: `{"type": "delivery.published", "data": {…}}`.

    `data` names the delivery by `key`, our idempotency key, or by `remote_id`, and may have `url`
    and `reason`. `secret` may hold several, separated by white space, while they are rotated.
    """
    if request.method != "POST":
        return NotVerified("a callback is sent by POST")
    try:
        keys = signing_keys(secret)
    except ValueError:
        return NotVerified("the account has no usable secret for callbacks")
    id = verified_id(keys, request.headers, request.body, now=now)
    if isinstance(id, BadSignature):
        return NotVerified(id.reason)
    try:
        message = json.loads(request.body)
    except (ValueError, RecursionError):
        message = None
    report = _report(message) if isinstance(message, dict) else None
    return Callback(message_id=id, reports=(report,) if report else ())


def _report(message: Mapping[str, Any]) -> Report | None:
    noun, _, word = str(message.get("type", "")).partition(".")
    data = message.get("data")
    if noun != "delivery" or word not in set(Happened) or not isinstance(data, dict):
        return None
    words = {
        name: value
        for name in ("key", "remote_id", "url", "reason")
        if isinstance(value := data.get(name), str)
    }
    if not (words.get("key") or words.get("remote_id")):
        return None
    return Report(happened=Happened(word), **words)
