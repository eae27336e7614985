"""Dates and times in running text, normalised so that differently written ones compare equal.

A date's norm is `YYYY-MM-DD` with `_` for what is not said ("March 5" is `____-03-05`); a weekday
is `wd1` (Monday) to `wd7`; a vague form is its own word ("tomorrow"). A time's norm is `HH:MM` and
a zone. Where a form can be read in two ways the norm holds both, joined by `|`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from copydesk.core.choices import either
from copydesk.core.clues import Clues, first_words
from copydesk.core.protected import ProtectedToken, TokenClass
from copydesk.core.words import fold

_MONTHS = (
    "january jan januar jänner janvier enero",
    "february feb februar février fevrier febrero",
    "march mar märz mars marzo",
    "april apr avril abril",
    "may mai mayo",
    "june jun juni juin junio",
    "july jul juli juillet julio",
    "august aug août aout agosto",
    "september sep sept septembre septiembre",
    "october oct oktober okt octobre octubre",
    "november nov novembre noviembre",
    "december dec dezember dez décembre diciembre",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_WEEKDAYS = {
    "": (
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ),
    "de": (
        "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag",
    ),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}  # fmt: skip
_WEEKDAY = {
    name: f"wd{number}" for names in _WEEKDAYS.values() for number, name in enumerate(names, 1)
} | {"mon": "wd1", "tue": "wd2", "tues": "wd2", "wed": "wd3", "thu": "wd4", "thur": "wd4",
     "thurs": "wd4", "fri": "wd5", "sat": "wd6", "sun": "wd7"}  # fmt: skip
_VAGUE = {
    "today": "today", "tonight": "tonight", "2nite": "tonight", "tomorrow": "tomorrow",
    "tmrw": "tomorrow", "tmr": "tomorrow", "tmw": "tomorrow", "2moro": "tomorrow",
    "2morrow": "tomorrow", "tomoz": "tomorrow", "yesterday": "yesterday", "eod": "eod",
    "end of day": "eod", "heute": "today", "gestern": "yesterday", "aujourd'hui": "today",
    "aujourd’hui": "today", "demain": "tomorrow", "hier": "yesterday", "hoy": "today",
    "mañana": "tomorrow", "ayer": "yesterday",
}  # fmt: skip
_FOREIGN_VAGUE = {
    "heute": "de", "gestern": "de", "demain": "fr", "hier": "fr", "hoy": "es", "ayer": "es",
    "mañana": "es",
}  # fmt: skip


_NAMED = rf"{either(_MONTH)}(?!\w)\.?"
_ORDINAL = r"(?:st|nd|rd|th|er|º|\.)?"
_DATE = re.compile(
    r"(?<![\w.,/-])(?=[\djfmasonde])(?:"
    r"(?P<iso_y>\d{4})[-/](?P<iso_m>\d{2})[-/](?P<iso_d>\d{2})"
    r"(?P<clock>T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w/-])"
    r"|(?P<a>\d{1,2})(?P<mark>[./])(?P<b>\d{1,2})(?P=mark)(?P<y>\d{4}|\d{2})(?![\w/])(?!\.\d)"
    rf"|(?P<d1>\d{{1,2}}){_ORDINAL}"
    rf"(?:-|[ ]{{1,3}})(?:of |de )?(?P<m1>{_NAMED})"
    r"(?:,?[ -](?:de )?(?P<y1>\d{4}))?(?!\w)"
    rf"|(?P<m2>{_NAMED})[ ]{{1,3}}"
    r"(?P<d2>\d{1,2})(?:st|nd|rd|th)?(?!\w|[.:,]\d)"
    r"(?:,?[ ]{1,2}(?P<y2>\d{4})(?!\w))?"
    rf"|(?P<m3>{_NAMED}),?[ ](?P<y3>\d{{4}})(?!\w)"
    r")",
    re.IGNORECASE,
)
_PERIODS = "week|month|year|quarter|weekend|spring|summer|autumn|fall|winter"
_MONTH_ALONE = re.compile(
    r"(?<!\w)(?:January|February|April|June|July|August|September|October|November|December"
    r"|(?<=\bin )March|(?<=\bin )May|(?<=\bby )May|(?<=\bby )March)(?!\w)"
)
_DAY = re.compile(
    rf"(?<!\w)(?=[a-z2])(?:(?P<weekday>{either(n for n in _WEEKDAY if len(n) > 5)})s?(?!\w)"
    rf"|(?<=\bon )(?P<short>{either(n for n in _WEEKDAY if len(n) <= 5)})(?!\w)\.?"
    rf"|(?P<vague>{either(_VAGUE)})(?!\w)"
    rf"|(?P<relative>(?:next|last|this|coming)[ ]{{1,3}}(?:{_PERIODS}))(?!\w))",
    re.IGNORECASE,
)
_MONTH_WORDS = frozenset(_MONTH)
#: Without one of these words none of the patterns matches.
_LONG_MONTHS = frozenset(name for names in _MONTHS for name in names.split()[:1])
_DAY_WORDS = (
    first_words((*_WEEKDAY, *_VAGUE))
    | frozenset(f"{name.casefold()}s" for name in _WEEKDAY)
    | frozenset(_PERIODS.split("|"))
)
_DAY_STARTS = _DAY_WORDS | {"next", "last", "this", "coming"}
_TIME_WORDS = frozenset({"noon", "midnight"})
_ZONES = "UTC GMT CEST CET BST EST EDT CST CDT MST MDT PST PDT ET PT IST JST AEST AEDT MESZ MEZ"
_TIME = re.compile(
    r"(?<![\w.,:])(?:"
    r"(?P<h>[01]?\d|2[0-4])"
    r"(?:[:h](?P<m>[0-5]\d)(?::[0-5]\d)?|\.(?P<dm>[0-5]\d)(?=[ ]?(?:[ap]\.?m|uhr)))"
    r"(?:[ ]{0,3}(?P<half>[ap])\.?m(?:\.(?!\w)|(?!\w))|[ ]uhr)?"
    r"|(?P<h2>1[0-2]|0?[1-9])[ ]{0,3}(?P<half2>[ap])\.?m(?:\.(?!\w)|(?!\w))"
    r"|(?P<h3>[01]?\d|2[0-4])[ ]?uhr"
    r"|(?P<vague>\d{1,2}ish)"
    r"|(?P<word>noon|midnight)"
    rf")(?:[ ]{{0,3}}(?P<zone>{either(_ZONES.split())}(?:[+-]\d{{1,2}}(?::?\d{{2}})?)?|Z))?"
    r"(?![\w:])",
    re.IGNORECASE,
)


def _date(year: str | None, month: int, day: int | None) -> str:
    if year and len(year) == 2:
        year = f"20{year}"
    return f"{year or '____'}-{month:02}-{f'{day:02}' if day else '__'}"


def _date_norm(match: re.Match[str]) -> str:
    if match["iso_y"]:
        day = f"{match['iso_y']}-{match['iso_m']}-{match['iso_d']}"
        return day + (match["clock"] or "").lower()
    if match["a"]:
        first, second, year = int(match["a"]), int(match["b"]), match["y"]
        readings = [(second, first)] if match["mark"] == "." else [(second, first), (first, second)]
        found = {_date(year, m, d) for m, d in readings if 1 <= m <= 12 and 1 <= d <= 31}
        return "|".join(sorted(found))
    for key in "123":
        name = match[f"m{key}"]
        if name:
            day_text = match[f"d{key}"] if key != "3" else None
            month = _MONTH[fold(name.rstrip("."))]
            if day_text and not 1 <= int(day_text) <= 31:
                return ""
            return _date(match[f"y{key}"], month, int(day_text) if day_text else None)
    return ""


def find_dates(clues: Clues, language: str = "") -> Iterator[ProtectedToken]:
    """Yield dates, months, weekdays and vague day words; `language` is a two-letter code or ""."""
    if clues.digits:
        for match in clues.matches(_DATE, clues.places(_MONTH_WORDS)):
            norm = _date_norm(match)
            if norm:
                yield ProtectedToken(TokenClass.DATE, match[0], norm, match.start(), match.end())
    for match in clues.matches(_MONTH_ALONE, clues.places_of(_LONG_MONTHS)):
        norm = _date(None, _MONTH[fold(match[0])], None)
        yield ProtectedToken(TokenClass.DATE, match[0], norm, match.start(), match.end())
    if clues.words.isdisjoint(_DAY_WORDS):
        return
    for match in clues.matches(_DAY, clues.places(_DAY_STARTS)):
        word = fold(match["weekday"] or match["short"] or "")
        if word:
            norm = _WEEKDAY[word]
        elif match["vague"]:
            vague = fold(match["vague"])
            if _FOREIGN_VAGUE.get(vague, language) != language:
                continue
            norm = _VAGUE[vague]
        else:
            norm = " ".join(fold(match["relative"]).split())
        yield ProtectedToken(TokenClass.DATE, match[0], norm, match.start(), match.end())


def find_times(clues: Clues) -> Iterator[ProtectedToken]:
    """Yield times of day with their zone; "9ish" stays text."""
    for match in clues.matches(_TIME, clues.places(_TIME_WORDS)):
        half = (match["half"] or match["half2"] or "").lower()
        if match["vague"]:
            readings = [match["vague"].lower()]
        elif match["word"]:
            readings = ["12:00" if match["word"].lower() == "noon" else "00:00"]
        else:
            hour = int(match["h"] or match["h2"] or match["h3"])
            minute = match["m"] or match["dm"] or "00"
            if half:
                hours = [hour % 12 + (12 if half == "p" else 0)]
            else:
                hours = [hour, hour + 12] if 1 <= hour < 12 and not match["h3"] else [hour]
            readings = [f"{h:02}:{minute}" for h in hours]
        zone = f" {match['zone'].upper()}" if match["zone"] else ""
        norm = "|".join(f"{reading}{zone}" for reading in readings)
        yield ProtectedToken(TokenClass.TIME, match[0], norm, match.start(), match.end())
