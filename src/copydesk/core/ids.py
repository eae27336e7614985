"""Readable, time-ordered identifiers such as `dlv_01kbk7...`.

The body is a ULID (48 bits of Unix milliseconds, 80 random bits, Crockford base 32), so ids sort by
creation and tell a person what they name. Within a millisecond each is greater than the one before:
what one process makes is listed in the order in which it was made, however fast that was.
Specification: https://github.com/ulid/spec (Monotonicity)
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final

from copydesk.core.clock import Clock

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
#: Two letters at a time: an id is made for every intent, so it is worth a table of 1,024.
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]

PREFIXES: Final = {
    "workspace": "wsp",
    "submission": "sub",
    "thread": "thr",
    "post": "pst",
    "revision": "rev",
    "review": "rvw",
    "suggestion": "sgn",
    "account": "acc",
    "rendition": "ren",
    "delivery": "dlv",
    "intent": "int",
    "session": "ses",
    "worker": "wrk",
    "media": "med",
    "call": "cal",
    "series": "ser",
    "webhook": "whk",
    "feed": "fed",
    "message": "msg",
    "connection": "cnn",
    "audit": "aud",
    "case": "cse",
    "probe": "prb",
    "release": "rel",
    "shadow": "shd",
    "alarm": "alm",
}


#: How far apart ids of one millisecond are at most, in bits: enough that none tells the next.
_STEP: Final = 48
_MASK: Final = (1 << _STEP) - 1


class IdFactory:
    """Makes ids from an injected clock and source of randomness.

    One factory serves one process. Ids that several processes make in the same millisecond sort in
    an order of chance, but always in the same.
    """

    def __init__(self, clock: Clock, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._milliseconds, self._body = -1, 0

    def new(self, noun: str) -> str:
        """Return a fresh id for `noun`, one of the keys of `PREFIXES`; raises `KeyError` else."""
        return self.several(noun, 1)[0]

    def several(self, noun: str, count: int) -> list[str]:
        """Return so many fresh ids for `noun`, at least one; raises `KeyError` as `new` does."""
        prefix = PREFIXES[noun]
        milliseconds = int(self._clock.now().timestamp() * 1000)
        if milliseconds == self._milliseconds:
            body = self._body + 1 + self._random_bits(_STEP)
        else:
            # the highest bit stays free, so that no number of steps leaves the 80
            body = self._random_bits(79)
        start = f"{prefix}_{_time(milliseconds)}"
        ids = [f"{start}{_high(body >> 50)}{_written(body, 40)}"]
        steps = self._random_bits(_STEP * (count - 1)) if count > 1 else 0
        for _ in range(count - 1):
            body += 1 + (steps & _MASK)
            steps >>= _STEP
            ids.append(f"{start}{_high(body >> 50)}{_written(body, 40)}")
        self._milliseconds, self._body = milliseconds, body
        return ids


def earliest(noun: str, moment: datetime) -> str:
    """Return what sorts before every id for `noun` that is made at `moment` (aware) or later, and
    behind all made before; no id itself."""
    return f"{PREFIXES[noun]}_{_time(int(moment.timestamp() * 1000))}"


@lru_cache(maxsize=8)
def _time(milliseconds: int) -> str:
    return _written(milliseconds, 40)


@lru_cache(maxsize=8)
def _high(value: int) -> str:
    return _written(value, 20)


def _written(value: int, highest: int) -> str:
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(highest, -1, -10)])
