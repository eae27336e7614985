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
from copydesk.intake.bundles import key_of_one
from copydesk.intake.keys import source_key_of
from copydesk.store import UnitOfWork
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
    taken, or what tells a row of a form or an entry of a feed from others, else the hash of the
    bytes. The same key is the same item: it is returned, not added; one on which copydesk had
    failed is tried again.
    Raises `InputRefused` above 100 MB, the only thing that is not kept.
    """
    if len(raw) > MAX_KEPT:
        raise InputRefused(
            "too_large",
            f"{filename or 'The input'} has {len(raw):,} bytes; at most {MAX_KEPT:,} are kept.",
            remedy="It was left where it is. Send the text, and large files apart.",
        )
    digest, own_key = await asyncio.to_thread(_fingerprint, raw, filename, source)
    async with desk.store.begin(actor) as unit:
        return await keep(
            unit,
            desk.workspace_id,
            raw,
            filename=filename,
            source=source,
            source_key=source_key or own_key,
            digest=digest,
        )


async def keep(
    unit: UnitOfWork,
    workspace_id: str,
    raw: bytes,
    *,
    filename: str,
    source: Source | None,
    source_key: str,
    parent_id: str | None = None,
    digest: str = "",
) -> Submitted:
    """Keep `raw` as a submission, or return the one that has its key already.

    `digest` is the SHA-256 of `raw`, worked out here when left away; `parent_id` is the submission
    it was unpacked from. Without `source_key` it is told from others by what is in it.
    """
    if not digest:
        digest, own_key = _fingerprint(raw, filename, source)
        source_key = source_key or own_key
    key = source_key or f"sha256:{digest}"
    known = await unit.submissions.find_by_key(workspace_id, key)
    if known is not None:
        if known.raw_sha256 != digest:
            # the same message by another road: other headers, or somebody's forgery; keep it
            await unit.workspaces.keep(raw)
            await unit.events.append(
                workspace_id,
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
        workspace_id=workspace_id,
        source=source,
        source_key=key,
        filename=filename,
        raw_sha256=digest,
        size=len(raw),
        parent_id=parent_id,
    )
    return Submitted(submission=submission, is_new=True)


def _fingerprint(raw: bytes, filename: str, source: Source | None) -> tuple[str, str]:
    """Return the SHA-256 of `raw` and the key the message itself carries, or ""."""
    key = source_key_of(raw, source) or key_of_one(raw, filename=filename, source=source)
    return hashlib.sha256(raw).hexdigest(), key
