"""What says the same although the ledger holds two different tokens: "2x" and "twice", "tue" and
"Tuesday", "wifi" and "Wi-Fi", "1 mug" and "a mug".

The ledger compares tokens by class and norm and errs towards difference. A messy message is full of
shorthand that a good rewrite spells out; what is known to be the same is taken back here.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from copydesk.core.ledger import ProtectedToken, TokenClass
from copydesk.quality.wording import Wording

_TIMES: Final = re.compile(
    r"(?:(\d{1,3})[x×]|[x×](\d{1,3})|(\d{1,3})[ -]?(?:time|mal|fois|veces))\Z"
)
_ADVERBS: Final = {
    "1": frozenset({"once", "einmal"}),
    "2": frozenset({"twice", "double", "zweimal", "doppelt"}),
    "3": frozenset({"thrice", "dreimal"}),
}
_ORDINAL: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.|e|er|re|ère|ème|o|a|º|ª)?\Z")
_ORDINALS: Final = (
    "first erste ersten erster premier première primer primero primera",
    "second zweite zweiten zweiter deuxième segundo segunda",
    "third dritte dritten dritter troisième tercer tercero tercera",
    "fourth vierte vierten vierter quatrième cuarto cuarta",
    "fifth fünfte fünften fünfter cinquième quinto quinta",
    "sixth sechste sechsten sechster sixième sexto sexta",
    "seventh siebte siebten siebter septième séptimo séptima",
    "eighth achte achten achter huitième octavo octava",
    "ninth neunte neunten neunter neuvième noveno novena",
    "tenth zehnte zehnten zehnter dixième décimo décima",
)
_PLACE: Final = {str(n): frozenset(row.split()) for n, row in enumerate(_ORDINALS, 1)}
_ONE: Final = frozenset(
    {
        "one",
        "a",
        "an",
        "single",
        "ein",
        "eine",
        "einen",
        "einem",
        "einer",
        "un",
        "une",
        "una",
        "uno",
    }
)
#: "API", or several: "APIs".
_ACRONYM: Final = re.compile(r"[A-Z]{2,8}s?\Z")
_GLUE: Final = re.compile(r"[\W_]+")


def is_said_otherwise(token: ProtectedToken, other: Wording) -> bool:
    """Whether a text says a token in a form that its ledger does not know as the same.

    Args:
        token: a token that the ledger of the other text does not have.
        other: the words of that text.
    """
    match token.cls:
        case TokenClass.ID | TokenClass.UNIT | TokenClass.NUMBER:
            return _says_count(token, other)
        case TokenClass.DATE:
            return _says_member(token, other)
        case TokenClass.NAME:
            return _says_name(token, other)
        case _:
            return False


def _says_count(token: ProtectedToken, other: Wording) -> bool:
    if token.norm == "1" and not _ONE.isdisjoint(other.bare):
        return True
    place = _ORDINAL.match(token.norm.casefold())
    if place and not _PLACE.get(place[1], frozenset[str]()).isdisjoint(other.bare):
        return True
    match = _TIMES.match(token.norm.casefold())
    if match is None:
        return False
    count = next(group for group in match.groups() if group)
    return (
        count in other.values
        or not _ADVERBS.get(count, frozenset[str]()).isdisjoint(other.bare)
        or f"{count}x" in other.bare
    )


def _says_member(token: ProtectedToken, other: Wording) -> bool:
    """Whether a month or a day of the week stands there in small letters, or shortened."""
    kinds = other.members_of(token.text)
    return bool(kinds) and not kinds.isdisjoint(other.members)


def _says_name(token: ProtectedToken, other: Wording) -> bool:
    glued = _GLUE.sub("", token.norm)
    words = [word.bare for word in other.words]
    if _ACRONYM.match(token.text) and not {glued, f"{glued}s", glued.removesuffix("s")}.isdisjoint(
        words
    ):
        return True
    return glued in other.bare or any(one + two == glued for one, two in pairwise(words))
