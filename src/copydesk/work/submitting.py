"""Taking raw input in: kept byte for byte, deduplicated by source key. Nothing is refused here.

What is wrong with an input is found when it is parsed, and then stands on the item itself.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from copydesk.core.errors import InputRefused
from copydesk.core.states import SubmissionState
from copydesk.core.submission import Source, Submission
from copydesk.intake.keys import source_key_of
from copydesk.work.desk import Desk

#: Above this an input is not even stored: one message must not fill the database.
MAX_KEPT = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A submission, and whether it is new or was here already."""

    submission: Submission
    is_new: bool


async def submit(
    desk: Desk,
    raw: bytes,
    *,
    filename: str = "",
    source: Source | None = None,
    source_key: str = "",
    actor: str,
) -> Submitted:
    """Keep `raw` and leave word that it wants composing.

    `source_key` is the channel's own id of the message; without one an e-mail's Message-ID is
    taken, else the hash of the bytes. The same key is the same item: it is returned, not added;
    one on which copydesk had failed is tried again.
    Raises `InputRefused` above 100 MB, the only thing that is not kept.
    """
    if len(raw) > MAX_KEPT:
        raise InputRefused(
            "too_large",
            f"{filename or 'The input'} has {len(raw):,} bytes; at most {MAX_KEPT:,} are kept.",
            remedy="It was left where it is. Send the text, and large files apart.",
        )
    digest = await asyncio.to_thread(lambda: hashlib.sha256(raw).hexdigest())
    key = source_key or source_key_of(raw, source) or f"sha256:{digest}"
    async with desk.store.begin(actor) as unit:
        known = await unit.submissions.find_by_key(desk.workspace_id, key)
        if known is not None:
            if known.raw_sha256 != digest:
                # the same message by another road: other headers, or somebody's forgery; keep it
                await unit.workspaces.keep(raw)
                await unit.events.append(
                    desk.workspace_id,
                    "submission",
                    known.id,
                    known.state,
                    known.state,
                    reason=f"seen again as {filename or 'other bytes'}",
                    data={"sha256": digest},
                )
            if known.state is SubmissionState.FAILED:
                # not the message's fault: whoever gives it again wants it tried again
                known = await unit.submissions.try_again(known)
            return Submitted(submission=known, is_new=False)
        await unit.workspaces.keep(raw)
        submission = await unit.submissions.add(
            workspace_id=desk.workspace_id,
            source=source,
            source_key=key,
            filename=filename,
            raw_sha256=digest,
            size=len(raw),
        )
    return Submitted(submission=submission, is_new=True)
