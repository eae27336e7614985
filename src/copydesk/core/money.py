"""Money as whole micro-dollars (millionths of a US dollar), and the periods it is counted by.

Periods begin at midnight UTC: platforms bill by UTC days and months.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

MICROS: Final = 1_000_000

#: No allowance above this many dollars: more is a slip of the keyboard.
_MOST: Final = 10_000_000


class Period(StrEnum):
    """By what spending is counted."""

    DAY = "day"
    MONTH = "month"

    def starts(self, now: datetime) -> datetime:
        """Return when the period that `now` lies in began, aware UTC."""
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight if self is Period.DAY else midnight.replace(day=1)

    def ends(self, now: datetime) -> datetime:
        """Return when the period that `now` lies in is over, aware UTC."""
        start = self.starts(now)
        if self is Period.DAY:
            return start + timedelta(days=1)
        return (start + timedelta(days=31)).replace(day=1)


def parse_dollars(text: str) -> int:
    """Return an amount such as `12.50` or `$3` in micro-dollars; raises `ValueError`."""
    try:
        amount = Decimal(text.strip().removeprefix("$"))
    except InvalidOperation:
        raise ValueError(f"{text!r} is not an amount of dollars, such as 12.50") from None
    if not amount.is_finite() or not 0 <= amount <= _MOST:
        raise ValueError(f"{text!r} is not between 0 and {_MOST:,} dollars")
    micros = amount * MICROS
    if micros != int(micros):
        raise ValueError(f"{text!r} is finer than a millionth of a dollar")
    return int(micros)


def dollars(micros: int) -> str:
    """Return an amount for people, with at least two decimals: `$0.015`, `$12.50`."""
    whole, rest = divmod(micros, MICROS)
    decimals = f"{rest:06}".rstrip("0").ljust(2, "0")
    return f"${whole:,}.{decimals}"
