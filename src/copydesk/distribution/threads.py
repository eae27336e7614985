"""Threads: a delivery whose payload has parts goes out with one call for each (ADR 0023). Pure.

What is done of a delivery stands in its handles, so it survives whatever happens between two parts:
of a create `parts` are those that are out, of a delete those that still stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Any, Final

from copydesk.core.delivery import (
    Action,
    Delivery,
    Outgoing,
    PartOut,
    of_spoke,
    part_count,
    part_key,
    part_total,
    parts_out,
)
from copydesk.core.record import record
from copydesk.core.states import MAY_HAVE_LANDED, DeliveryState
from copydesk.store.deliveries import Change

#: The reason code of a delivered thread whose last parts were given up.
PARTLY: Final = "partly"

CLEARED: Final = {"reason_code": "", "reason": "", "remedy": ""}

_ANEW: Final = "Take it down and publish the post again to have all of it there."


@record(frozen=True, slots=True, kw_only=True)
class Done:
    """What becomes of a delivery of which one call has done its work: `to` delivered, or scheduled
    for its next part."""

    to: DeliveryState
    reason: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)


def done(delivery: Delivery, count: int, remote_id: str, url: str, now: datetime) -> Done:
    """Return what it means that the call in flight has done its work: `remote_id` is at `url`, or
    of a delete no longer there. `count` is how many parts the payload has.

    Between two parts the tries begin anew and the time it was due stays, so that it goes first.
    """
    before = parts_out(delivery.handles)
    if delivery.action is Action.DELETE:
        return _removed(delivery, before, remote_id, url, now)
    if count <= 1:
        return _delivered(remote_id, url)
    out = (*before, PartOut(id=remote_id, url=url))
    handles = _between(delivery.handles, out, count)
    key = part_key(delivery.key, len(before))
    evidence = {"part": len(out), "of": count, "remote_id": remote_id, "url": url, "key": key}
    first = {"remote_id": out[0].id, "url": out[0].url}
    if len(out) >= count:
        last = _delivered(**first)
        return Done(
            to=last.to,
            reason=f"all {count} parts are out",
            values={**last.values, "handles": handles},
            evidence=evidence,
        )
    return Done(
        to=DeliveryState.SCHEDULED,
        reason=f"part {len(out)} of {count} is out",
        values={"handles": handles, **first, **_next(now)},
        evidence=evidence,
    )


def calls_left(payload: Mapping[str, Any], delivery: Delivery) -> int:
    """Return how many calls are still to be made for a delivery with `payload`."""
    parts = len(parts_out(delivery.handles))
    return parts if delivery.action is Action.DELETE else part_count(payload) - parts


def part_again(remote_id: str, handles: Mapping[str, Any]) -> int:
    """Return which part of a thread (from 1) is out already as `remote_id`; 0: none is.

    A platform that answers with the id of another part has not taken the one in flight.
    """
    ids = [part.id for part in parts_out(handles)]
    return ids.index(remote_id) + 1 if remote_id and remote_id in ids else 0


def has_begun(delivery: Delivery) -> bool:
    """Whether a thread is partly out, or partly taken down: it goes on before anything else, and
    when it may go out was asked before its first part."""
    if delivery.action is Action.DELETE:
        return len(parts_out(delivery.handles)) < int(delivery.handles.get("of", 0))
    return bool(parts_out(delivery.handles)) and delivery.state is not DeliveryState.DELIVERED


def told(reason: str, delivery: Delivery, code: str = "") -> str:
    """Return `reason` with what stands of a thread that has begun; of anything else, as it is."""
    if not has_begun(delivery):
        return reason
    if delivery.action is Action.DELETE:
        return f"{reason}; {gone_words(delivery)}; the others still stand"
    rest = (
        f"this is about part {len(parts_out(delivery.handles)) + 1}"
        if code in MAY_HAVE_LANDED
        else "the others were not sent"
    )
    return f"{reason}; {standing_words(delivery)}; {rest}"


def standing_words(delivery: Delivery) -> str:
    """Return which parts of a thread are out, and where."""
    out = parts_out(delivery.handles)
    of = delivery.handles.get("of", len(out))
    url = out[0].url if out else ""
    if len(out) == 1:
        return f"part 1 of {of} stands at {url}" if url else f"part 1 of {of} stands"
    where = f", the first at {url}" if url else ""
    return f"parts 1 to {len(out)} of {of} stand{where}"


def gone_words(delivery: Delivery) -> str:
    """Return which parts of a thread a delete has taken down."""
    left, of = len(parts_out(delivery.handles)), delivery.handles.get("of", 0)
    if left + 1 == of:
        return f"part {of} of {of} was taken down"
    return f"parts {left + 1} to {of} of {of} were taken down"


def given_up(delivery: Delivery, why: str) -> list[Change]:
    """Return the steps of a thread whose remaining parts are given up: what is out is delivered,
    and so can be inspected, taken down and found when the post is published again."""
    out = parts_out(delivery.handles)
    reason = f"{standing_words(delivery)}; the others were given up: {why}"
    steps: list[Change] = []
    if delivery.state is DeliveryState.SCHEDULED:
        steps.append(Change(delivery=delivery, to=DeliveryState.HELD, reason=why))
        delivery = replace(delivery, state=DeliveryState.HELD)
    handles = _between(delivery.handles, out, delivery.handles.get("of", len(out)))
    values = {
        "handles": handles,
        "remote_id": out[0].id,
        "url": out[0].url,
        "reason_code": PARTLY,
        "reason": reason,
        "remedy": _ANEW,
    }
    steps.append(
        Change(delivery=delivery, to=DeliveryState.DELIVERED, reason=reason, values=values)
    )
    return steps


def goes_on(handles: Mapping[str, Any]) -> dict[str, Any]:
    """Return the handles of a delivery that is sent again: nothing of what an earlier try prepared
    or had accepted, but the parts that are done stay done."""
    return {name: handles[name] for name in ("parts", "of") if name in handles}


def as_parts(outgoing: Outgoing, delivery: Delivery) -> list[Outgoing]:
    """Return what was delivered as spokes are asked about it: one for each part of a thread, else
    one, each with the platform's id as `target_id`."""
    out = parts_out(delivery.handles)
    if not out:
        return [replace(outgoing, target_id=delivery.remote_id)]
    return [
        replace(
            outgoing,
            key=part_key(delivery.key, number),
            target_id=part.id,
            handles=_with_parts(delivery.handles, out[:number]),
        )
        for number, part in enumerate(out)
    ]


def in_flight(outgoing: Outgoing, delivery: Delivery) -> Outgoing:
    """Return what a spoke is handed for the next call of a thread: the part after those that are
    out or, of a delete, the last that stands."""
    parts = parts_out(delivery.handles)
    if delivery.action is not Action.DELETE:
        return replace(outgoing, key=part_key(delivery.key, len(parts)))
    if not parts:
        return outgoing
    number = len(parts) - 1
    return replace(
        outgoing,
        key=part_key(delivery.key, number),
        target_id=parts[number].id,
        handles=_with_parts(delivery.handles, parts[:number]),
    )


def part_of(key: str, delivery: Delivery, count: int) -> int | None:
    """Return which part (from 0) of a delivery goes by the idempotency key `key`, None: none."""
    return next((n for n in range(count) if part_key(delivery.key, n) == key), None)


def part_tried(key: str, delivery: Delivery) -> int:
    """Return which part of a thread (from 1) a call with `key` was about; 0 of anything else."""
    number = part_of(key, delivery, part_total(delivery.handles))
    return 0 if number is None else number + 1


def _removed(
    delivery: Delivery, before: Sequence[PartOut], remote_id: str, url: str, now: datetime
) -> Done:
    if not before:
        return _delivered(remote_id, url)
    if len(before) == 1:
        last = _delivered(delivery.target_id, "")
        handles = _between(delivery.handles, (), delivery.handles.get("of", 1))
        return Done(to=last.to, values={**last.values, "handles": handles})
    number, of = len(before), delivery.handles.get("of", len(before))
    return Done(
        to=DeliveryState.SCHEDULED,
        reason=f"part {number} of {of} is taken down",
        values={"handles": _between(delivery.handles, before[:-1], of), **_next(now)},
        evidence={"part": number, "of": of, "remote_id": before[-1].id},
    )


def _delivered(remote_id: str, url: str) -> Done:
    return Done(to=DeliveryState.DELIVERED, values={"remote_id": remote_id, "url": url, **CLEARED})


def _next(now: datetime) -> dict[str, Any]:
    return {"wake_at": now, "attempts": 0, "looks": 0, "spent": {}, **CLEARED}


def _between(handles: Mapping[str, Any], out: Sequence[PartOut], of: int) -> dict[str, Any]:
    prepared = handles.get("prepared")
    kept = of_spoke(prepared if isinstance(prepared, Mapping) else handles)
    return {**kept, "parts": _written(out), "of": of}


def _with_parts(handles: Mapping[str, Any], parts: Sequence[PartOut]) -> dict[str, Any]:
    return {**handles, "parts": _written(parts)}


def _written(parts: Sequence[PartOut]) -> list[dict[str, str]]:
    return [{"id": part.id, "url": part.url} for part in parts]
