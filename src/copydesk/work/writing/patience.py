"""Waiting for a model that wants no calls now and says until when.

A rate limit ends by itself and soon, so a message waits for it where nobody else of its tier can
answer. A model that is down says nothing of the kind: then the rules write and a person decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from copydesk.core.submission import Submission
    from copydesk.generation.rewrite import Rewrite
    from copydesk.work.desk import Desk

#: So long after its arrival a message waits for a model; what would take longer the rules write.
PATIENCE: Final = timedelta(hours=1)
#: Those who waited do not all come back in the same moment. Seconds.
_SPREAD: Final = 5.0


def wait_for_model(desk: Desk, submission: Submission, rewrite: Rewrite) -> datetime | None:
    """Return when (aware UTC) `submission` is to be written up again, since no model would now.

    None where the text at hand is to be used: a model wrote it, none is needed, or it takes too
    long until one may be asked.
    """
    if rewrite.wait is None:
        return None
    until = desk.clock.now() + timedelta(seconds=rewrite.wait + desk.random.uniform(0, _SPREAD))
    return until if until <= submission.received_at + PATIENCE else None
