"""What an author took back while writing: "at 19:12, no wait, 10:28".

The value before such a turn no longer counts: a rewrite that leaves it out is right, and nobody is
told of a loss. Only a value directly followed by its correction, of the same kind, is taken back.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from copydesk.core.ledger import Ledger, TokenClass

_FARTHEST: Final = 40
_TURN: Final = re.compile(
    r"(?<!\w)(?:(?:no|nope|oh|oops|ups|argh|sorry|sry)[, ]*(?:wait|sorry|sry|rather)|wait|sorry|sry"
    r"|oops|scratch that|correction|i mean(?:t)?|make that|or rather|no,"
    r"|nein,? (?:warte|moment|quatsch|stopp)|quatsch|nee?,? (?:warte|moment|doch)|korrektur"
    r"|ich meinte?|vielmehr|besser gesagt|ach nein|ach nee|nein|moment"
    r"|non,? (?:attends|attendez|pardon|en fait)|attends|attendez|pardon|je veux dire"
    r"|(?:ou )?plutôt|enfin non|non"
    r"|no,? (?:espera|espere|perdón|mejor)|espera|espere|perdón|digo|quiero decir|mejor dicho"
    r"|o más bien|nie,? czekaj|no,? aspetta|nee,? wacht|não,? espera)(?!\w)",
    re.IGNORECASE,
)
_VALUES: Final = frozenset(
    {TokenClass.NUMBER, TokenClass.MONEY, TokenClass.PERCENT, TokenClass.UNIT, TokenClass.ID}
)


def taken_back(ledger: Ledger) -> frozenset[int]:
    """Return where the tokens start that the author replaced by the next one."""
    tokens = [token for token in ledger.tokens if token.cls is not TokenClass.QUOTE]
    return frozenset(
        one.start
        for one, next_ in pairwise(tokens)
        if (one.cls is next_.cls or {one.cls, next_.cls} <= _VALUES)
        and 0 < next_.start - one.end <= _FARTHEST
        and _turns(ledger.text[one.end : next_.start])
    )


def _turns(between: str) -> bool:
    return not re.search(r"[.!?]\s+\w+\s+\w+\s+\w+", between) and bool(_TURN.search(between))
