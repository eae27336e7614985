"""Values in running text: numbers, percentages, money and measures, in digits and in words.

Finds them and normalises them, so that "two" equals "2", "1,234.50" equals "1 234,50" (by language)
and "$5" equals "5 USD". A norm is `value`, `value%` or `value unit`; the value is a plain decimal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from copydesk.core.choices import either
from copydesk.core.clues import Clues, first_words
from copydesk.core.protected import ProtectedToken, TokenClass
from copydesk.core.words import fold

# "one" and its sisters are articles and pronouns more often than values, so each row starts at two.
_COUNTING = {
    "en": (
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen twenty"
    ),
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce",
}
_ROUND = {
    "en": {
        "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70",
        "eighty": "80", "ninety": "90", "hundred": "100", "thousand": "1000", "dozen": "12",
    },
    "de": {
        "zwanzig": "20", "dreißig": "30", "fünfzig": "50", "hundert": "100", "tausend": "1000",
    },
    "fr": {"vingt": "20", "trente": "30", "cinquante": "50", "cent": "100", "mille": "1000"},
    "es": {"veinte": "20", "treinta": "30", "cincuenta": "50", "cien": "100", "mil": "1000"},
}  # fmt: skip
_WORDS: dict[str, dict[str, str]] = {
    language: {word: str(value) for value, word in enumerate(row.split(), start=2)}
    | _ROUND[language]
    for language, row in _COUNTING.items()
}
_ONES = {"one": 1} | {w: int(v) for w, v in _WORDS["en"].items() if int(v) < 10}
_TENS = {w: int(v) for w, v in _WORDS["en"].items() if v.endswith("0") and 20 <= int(v) <= 90}
_COMMA_LANGUAGES = (
    "de fr es it nl pt pl sv da fi nb no cs sk ru uk tr hu ro bg el hr sl lt lv et id"
)
_COMMA_DECIMAL = frozenset(_COMMA_LANGUAGES.split())
_CURRENCY = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "bucks": "USD",
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR",
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "quid": "GBP",
    "¥": "JPY", "jpy": "JPY", "yen": "JPY", "₹": "INR", "inr": "INR", "rupees": "INR",
    "chf": "CHF", "franken": "CHF", "pln": "PLN", "zł": "PLN", "sek": "SEK", "nok": "NOK",
    "dkk": "DKK", "kr": "KR", "cad": "CAD", "c$": "CAD", "ca$": "CAD", "aud": "AUD", "a$": "AUD",
    "cny": "CNY", "rub": "RUB", "₽": "RUB", "btc": "BTC", "₿": "BTC",
}  # fmt: skip
_MAGNITUDE = {
    "k": 3, "thousand": 3, "tausend": 3, "mille": 3, "mil": 3, "tsd": 3,
    "m": 6, "mn": 6, "mio": 6, "million": 6, "millions": 6, "millionen": 6, "millones": 6,
    "bn": 9, "b": 9, "billion": 9, "milliarde": 9, "milliarden": 9, "milliards": 9, "mrd": 9,
}  # fmt: skip
_UNITS = {
    "ms": "ms millisecond milliseconds",
    "s": "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos",
    "min": "min mins minute minutes minuten minuto minutos",
    "h": "h hr hrs hour hours stunde stunden heure heures hora horas std",
    "day": "day days tag tage tagen jour jours día días dia dias",
    "week": "week weeks woche wochen semaine semaines semana semanas",
    "month": "month months monat monate monaten mois mes meses",
    "year": "year years yr yrs jahr jahre jahren an ans année années año años",
    "mm": "mm", "cm": "cm", "m": "m meter meters metre metres metern",
    "km": "km kilometer kilometers kilometre kilometres", "mi": "mi mile miles",
    "ft": "ft foot feet", "inch": "inch inches", "mg": "mg", "g": "g gram grams gramm",
    "kg": "kg kilo kilos kilogram kilograms", "lb": "lb lbs", "oz": "oz ounce ounces",
    "ml": "ml", "l": "l liter liters litre litres", "kb": "kb", "mb": "mb", "gb": "gb", "tb": "tb",
    "mbps": "mbps mbit/s", "px": "px pixel pixels", "pt": "pt", "rpm": "rpm", "hz": "hz",
    "khz": "khz", "mhz": "mhz", "ghz": "ghz", "kw": "kw", "kwh": "kwh", "w": "w watt watts",
    "v": "v volt volts", "mah": "mah", "°c": "°c", "°f": "°f", "mph": "mph", "km/h": "km/h kmh",
    "person": "person persons people personen personnes personas",
    "seat": "seat seats", "user": "user users", "page": "page pages", "item": "item items",
    "character": "character characters", "word": "word words", "point": "point points",
    "cent": "cent cents", "time": "times",
}  # fmt: skip
_UNIT = {alias: unit for unit, aliases in _UNITS.items() for alias in aliases.split()}
_PERCENT = (
    "%", "percent", "per cent", "pct", "prozent", "pour cent", "por ciento", "percentage points",
    "pp",
)  # fmt: skip

_DIGITS = (
    r"(?:\d{1,3}(?:[,.'’\u00a0\u202f]\d{3}){1,8}+(?:[.,]\d++)?|\d{1,3}(?: \d{3}){1,4}[.,]\d\d(?!\d)"
    r"|\d++(?:[.,]\d++)?|\.\d++)"
)
# A word character of a script that puts spaces between words: in "117名" the number ends at 名.
_LETTER = r"[^\W\u0e00-\u0eff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
_SIGN = r"(?:(?<![\w)\]%])[-−+](?=[\d.]))?"
_GAP = r"[ \t\u00a0\u202f]{0,3}+"
_TENS_ONES = rf"{either(_TENS)}[- ]{either(_ONES)}"
_CURRENCY_BEFORE = re.compile(rf"(?<!\w){either(_CURRENCY)}{_GAP}\Z", re.IGNORECASE)
_CURRENCY_ENDS = frozenset(name[-1] for name in _CURRENCY)
_SPACES = re.compile(r"[\s'’]")
_LIST_MARKER = re.compile(r"[ \t>]*\d{1,4}[.)][ \t]", re.MULTILINE)


def _pattern(language: str) -> re.Pattern[str]:
    words = either(_WORDS[language]) if language in _WORDS else ""
    if language == "en":
        words = f"{_TENS_ONES}|{words}"
    in_words = rf"|(?:{words})(?!\w)" if words else ""
    return re.compile(
        rf"(?P<sign>{_SIGN})(?<!{_LETTER})(?<!\d[.,])(?P<amount>{_DIGITS}{in_words})"
        rf"(?P<magnitude>k(?!\w)|{_GAP}{either(w for w in _MAGNITUDE if len(w) > 2)}(?!\w)"
        r"|(?<=\d)(?:bn|mn)(?!\w))?"
        rf"(?:{_GAP}(?P<percent>{either(_PERCENT)})(?!\w)"
        rf"|(?:-|{_GAP})(?:(?P<currency>{either(_CURRENCY)})|(?P<unit>{either(_UNIT)}))(?!\w)"
        r"|(?P<ordinal>st|nd|rd|th|er|ème|º|ª)(?!\w))?"
        rf"(?!{_LETTER})(?![.,]\d)",
        re.IGNORECASE,
    )


_PARTS = ("sign", "amount", "magnitude", "percent", "currency", "unit")
#: "" knows digits alone, which is enough wherever no number word stands.
_PATTERNS = {language: _pattern(language) for language in (*_WORDS, "")}
_NUMBER_WORDS = {language: first_words(words) for language, words in _WORDS.items()}


def value_of(digits: str, language: str = "") -> str:
    """Return the plain decimal a number in digits stands for.

    Args:
        digits: digits with any thousands and decimal marks, unsigned.
        language: two-letter code; decides what a lone mark before three digits means.

    Leading zeros of a code such as "007" are kept, because they are part of it.
    """
    spaced = digits if digits.isdecimal() else _SPACES.sub("", digits)
    comma, point = spaced.rfind(","), spaced.rfind(".")
    if comma >= 0 and point >= 0:
        mark = "," if comma > point else "."
    elif spaced.count(",") + spaced.count(".") == 1:
        sign = "," if comma >= 0 else "."
        head, _, tail = spaced.partition(sign)
        usual = "," if language in _COMMA_DECIMAL else "."
        grouped = len(tail) == 3 and 1 <= len(head) <= 3 and head != "0" and sign != usual
        mark = "" if grouped else sign
    else:
        mark = ""
    whole, _, fraction = spaced.rpartition(mark) if mark else (spaced, "", "")
    whole = whole.replace(".", "").replace(",", "")
    fraction = fraction.rstrip("0")
    if fraction or mark or len(whole) < 3 or not whole.startswith("0"):
        whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


def _scaled(value: str, power: int) -> str:
    whole, _, fraction = value.partition(".")
    digits = whole + fraction[:power].ljust(power, "0")
    rest = fraction[power:]
    whole = digits.lstrip("0") or "0"
    return f"{whole}.{rest}" if rest else whole


def _value_of_words(words: str, language: str) -> str:
    folded = fold(words)
    table = _WORDS.get(language or "en", {})
    if folded in table:
        return table[folded]
    tens, _, ones = folded.replace("-", " ").partition(" ")
    return str(_TENS[tens] + _ONES[ones])


def find_quantities(clues: Clues, language: str = "") -> Iterator[ProtectedToken]:
    """Yield every number, percentage, amount of money and measure of a text, in order.

    Args:
        clues: the text.
        language: two-letter code or ""; number words of en (also for ""), de, fr and es are known.
    """
    text, spoken = clues.text, language or "en"
    words = _NUMBER_WORDS.get(spoken, frozenset())
    if clues.words.isdisjoint(words):
        spoken = ""
    for match in clues.matches(_PATTERNS[spoken], _places(clues, words)):
        if not clues.is_free(*match.span()) or _is_list_marker(text, match):
            continue
        start = match.start()
        sign, amount, magnitude, percent, currency, unit = match.group(*_PARTS)
        if amount[-1].isdigit():
            value = value_of(amount, language)
        else:
            value = _value_of_words(amount, language)
        before = None
        if text[max(0, start - 4) : start].strip()[-1:].casefold() in _CURRENCY_ENDS:
            before = _CURRENCY_BEFORE.search(text, max(0, start - 8), start)
            currency = before[0].strip() if before else currency
        if before and unit and fold(unit) in _MAGNITUDE:
            magnitude = unit
        if magnitude:
            value = _scaled(value, _MAGNITUDE[fold(magnitude.strip())])
        if sign in ("-", "−"):
            value = f"-{value}"
        if percent:
            cls, norm = TokenClass.PERCENT, f"{value}%"
        elif currency:
            cls, norm = TokenClass.MONEY, f"{value} {_CURRENCY[fold(currency)]}"
        elif unit:
            cls, norm = TokenClass.UNIT, f"{value} {_UNIT[fold(unit)]}"
        else:
            cls, norm = TokenClass.NUMBER, value
        if before:
            start = before.start()
        yield ProtectedToken(cls, text[start : match.end()], norm, start, match.end())


def _places(clues: Clues, words: frozenset[str]) -> Iterator[int]:
    """Yield where a value may begin: a number word, digits, or the point or sign before them."""
    text = clues.text
    for first in clues.places(words):
        start = first
        if start and text[start - 1] == ".":
            start -= 1
        if start and text[start - 1] in "-−+":
            start -= 1
        yield from range(start, first + 1)


def _is_list_marker(text: str, match: re.Match[str]) -> bool:
    """Whether the digits number an item of a list, which a rewrite may renumber."""
    if text[match.end() : match.end() + 1] not in (".", ")"):
        return False
    line = text.rfind("\n", max(0, match.start() - 80), match.start()) + 1
    if match.start() >= 80 and not line:
        return False
    marker = _LIST_MARKER.match(text, line)
    return marker is not None and marker.start() <= match.start() < marker.end()
