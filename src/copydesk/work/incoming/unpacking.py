"""Taking a file apart that holds several messages: each goes on as a submission of its own.

Pieces are added a batch at a time, each batch with its rows and hints in one commit. A file that
was half taken apart when a process died is taken apart again: what is here already is known by key.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import islice

from copydesk.core.states import SubmissionState
from copydesk.core.submission import Submission
from copydesk.intake.bundles import Bundle
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import keep

_BATCH = 100


async def take_apart(desk: Desk, submission: Submission, bundle: Bundle) -> None:
    """Add the pieces of a bundle as submissions and set the file itself aside as unpacked."""
    counts: Counter[bool] = Counter()
    while True:
        # making pieces is computation, and a batch of them may be megabytes
        batch = await asyncio.to_thread(lambda: list(islice(bundle.pieces, _BATCH)))
        if not batch:
            break
        async with desk.store.begin("intake") as unit:
            for piece in batch:
                kept = await keep(
                    unit,
                    submission.workspace_id,
                    piece.raw,
                    filename=piece.filename,
                    source=piece.source,
                    source_key=piece.key,
                    parent_id=submission.id,
                )
                counts[kept.is_new] += 1
    words = f"{counts.total()} {bundle.what}: {counts[True]} new, {counts[False]} here already"
    async with desk.store.begin("intake") as unit:
        await unit.submissions.move(
            submission,
            SubmissionState.UNPACKED,
            reason=". ".join((words, *map(str, bundle.notes))),
        )
