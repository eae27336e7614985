"""The sandbox's two wire formats, side by side: what a call of each version says and answers.

Version 1 speaks of posts and puts everything side by side; version 2 speaks of entries, keeps the
content apart from what is said about it, and wraps its answers in `data`. An account speaks one of
them; what was prepared for the other is still sent as that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from copydesk.core.delivery import Outgoing, parts_out
from copydesk.platforms.sandbox.render import part_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A post as the sandbox says it has it."""

    id: str
    url: str = ""
    payload: Mapping[str, Any] | None = None
    is_public: bool = True


#: How both versions say that a post was taken and is not public yet.
_PROCESSING: Final = "processing"


def _state(kept: Mapping[str, Any]) -> dict[str, str]:
    return {} if kept.get("is_public", True) else {"state": _PROCESSING}


#: How both versions name the post that another one of a thread answers.
_ANSWERS: Final = "answers"


def _answers(outgoing: Outgoing) -> dict[str, str]:
    before = parts_out(outgoing.handles)
    return {_ANSWERS: before[-1].id} if before else {}


class Format(Protocol):
    """One version's wire format. `read` gives None for a body that is not of this version."""

    @property
    def collection(self) -> str:
        """Return the path that posts are under."""
        ...

    def write(self, outgoing: Outgoing) -> dict[str, Any]:
        """Return the body that publishes `outgoing`."""
        ...

    def entry(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the server keeps of a body."""
        ...

    def show(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """Return how the server shows a post it keeps, with its content if `kept` has it."""
        ...

    def show_all(self, kept: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return how the server lists posts."""
        ...

    def read(self, body: Any) -> Kept | None:
        """Return the one post an answer shows."""
        ...

    def read_all(self, body: Any) -> list[Kept] | None:
        """Return the posts an answer lists."""
        ...


class _First:
    collection = "/posts"

    def write(self, outgoing: Outgoing) -> dict[str, Any]:
        return {
            "action": outgoing.action.value,
            "delivery_id": outgoing.delivery_id,
            "post_id": outgoing.post_id,
            "recipient": outgoing.recipient,
            "intended_at": outgoing.intended_at.isoformat(),
            "payload": part_of(outgoing.payload, outgoing.part),
            **_answers(outgoing),
        }

    def entry(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {**body, "api": "1"}

    def show(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        content = {"payload": kept["payload"]} if "payload" in kept else {}
        return {"id": kept["id"], "url": "", **_state(kept), **content}

    def show_all(self, kept: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {"posts": [{"id": post["id"], "url": ""} for post in kept]}

    def read(self, body: Any) -> Kept | None:
        if not isinstance(body, dict) or not body.get("id"):
            return None
        payload = body.get("payload")
        return Kept(
            id=str(body["id"]),
            url=str(body.get("url", "")),
            payload=payload if isinstance(payload, dict) else None,
            is_public=body.get("state") != _PROCESSING,
        )

    def read_all(self, body: Any) -> list[Kept] | None:
        return _each(self, body.get("posts") if isinstance(body, dict) else None)


class _Second:
    collection = "/v2/entries"

    def write(self, outgoing: Outgoing) -> dict[str, Any]:
        about = {
            "action": outgoing.action.value,
            "delivery": outgoing.delivery_id,
            "post": outgoing.post_id,
            "recipient": outgoing.recipient,
            "at": outgoing.intended_at.isoformat(),
        }
        about |= _answers(outgoing)
        return {"entry": part_of(outgoing.payload, outgoing.part), "about": about}

    def entry(self, body: Mapping[str, Any]) -> dict[str, Any]:
        about = body["about"]
        return {
            "action": about["action"],
            "delivery_id": about["delivery"],
            "post_id": about["post"],
            "recipient": about["recipient"],
            "intended_at": about["at"],
            "payload": body["entry"],
            "api": "2",
            **{name: about[name] for name in (_ANSWERS,) if name in about},
        }

    def show(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        content = {"entry": kept["payload"]} if "payload" in kept else {}
        return {"data": {"entry_id": kept["id"], "link": "", **_state(kept), **content}}

    def show_all(self, kept: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {"data": [{"entry_id": post["id"], "link": ""} for post in kept]}

    def read(self, body: Any) -> Kept | None:
        data = body.get("data") if isinstance(body, dict) else None
        return self._kept(data)

    def read_all(self, body: Any) -> list[Kept] | None:
        data = body.get("data") if isinstance(body, dict) else None
        wrapped = [{"data": one} for one in data] if isinstance(data, list) else None
        return _each(self, wrapped)

    def _kept(self, data: Any) -> Kept | None:
        if not isinstance(data, dict) or not data.get("entry_id"):
            return None
        payload = data.get("entry")
        return Kept(
            id=str(data["entry_id"]),
            url=str(data.get("link", "")),
            payload=payload if isinstance(payload, dict) else None,
            is_public=data.get("state") != _PROCESSING,
        )


def _each(format_: Format, bodies: Any) -> list[Kept] | None:
    if not isinstance(bodies, list):
        return None
    found = [format_.read(body) for body in bodies]
    return [kept for kept in found if kept is not None] if None not in found else None


#: version → its wire format.
FORMATS: Final[Mapping[str, Format]] = {"1": _First(), "2": _Second()}


def format_of(version: str) -> Format:
    """Return the format of an API version, "" being the first."""
    return FORMATS[version or "1"]
