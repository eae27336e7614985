"""The length of a text as X counts it (twitter-text, configuration version 3).

After NFC a code point of the ranges in `_LIGHT` weighs 1 and any other 2; an emoji sequence weighs
2, an address 23, however long they are. Source: https://docs.x.com/fundamentals/counting-characters
and the library X publishes, which is the judge in our tests. Beyond it, which knows the emoji of
2018 alone, sequences are told by what Unicode says of their characters, so newer ones weigh 2 too.
"""

from __future__ import annotations

import re
import runpy
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import regex

#: What any address weighs: X replaces it by one of its own.
ADDRESS: Final = 23

_LIGHT: Final = regex.compile("[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]+")

# Single emoji need no rule: those outside the light ranges weigh 2 as they are.
_PICTURE: Final = (
    r"(?:\p{Emoji_Modifier_Base}\p{Emoji_Modifier}|[\p{Extended_Pictographic}--[©®]]\ufe0f?)"
)
_SEQUENCE: Final = regex.compile(
    r"[0-9#*]\ufe0f?\u20e3"
    r"|\p{Regional_Indicator}{2}"
    r"|\U0001f3f4[\U000e0030-\U000e007a]+\U000e007f"
    rf"|{_PICTURE}(?:\u200d{_PICTURE})+"
    r"|\p{Emoji_Modifier_Base}\p{Emoji_Modifier}"
    r"|[\p{Emoji}--[0-9#*]]\ufe0f",
    regex.V1,
)
#: Stands for a sequence while the rest is weighed; weighs 2 itself.
_HEAVY: Final = "\u3042"

_SPACES: Final = r"\t-\r \x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_NO_CHARACTERS: Final = r"\ufffe\ufeff\uffff"
_DIRECTIONS: Final = r"\u202a-\u202e\u061c\u200e\u200f\u2066-\u2069"
_LATIN: Final = (
    r"\xc0-\xd6\xd8-\xf6\xf8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272"
    r"\u0289\u028b\u02bb\u0300-\u036f\u1e00-\u1eff"
)
# beyond ASCII one letter would stand for another: the dotless ı for an I
_ANY_CASE: Final = regex.IGNORECASE | regex.ASCII
#: No name has a dot that nothing follows; most texts have no other.
_DOTTED: Final = re.compile(r"\.[^\s.]")
_SPACE: Final = regex.compile(f"[{_SPACES}]")
#: A word with such a dot; looked for where words begin alone, so that a long one costs its length.
_DOTTED_WORD: Final = re.compile(rf"(?<![^{_SPACES}])[^{_SPACES}]*?\.[^\s.{_SPACES}][^{_SPACES}]*")

_LONGEST_LABEL: Final = 63
_LONGEST_ADDRESS: Final = 4096
_LONGEST_TCO_SLUG: Final = 40
#: No domain is so long (RFC 1035 allows 253); a longer one is weighed by its characters, so that
#: nobody waits for what only looks like an address.
_LONGEST_NAME: Final = 2_000


def weighted_length(text: str) -> int:
    """Return the weighted length of `text`: what X holds against its limit of 280."""
    if text.isascii() and "." not in text:
        return len(text) if "\u20e3" not in text else _weight(text)
    text = unicodedata.normalize("NFC", text)
    total = position = 0
    for address in find_addresses(text):
        total += _weight(text[position : address.start]) + ADDRESS
        position = address.end
    return total + _weight(text[position:])


class Address(NamedTuple):
    """Where in a text an address stands, in code points."""

    start: int
    end: int


def find_addresses(text: str) -> list[Address]:
    """Return what X makes a link of in `text` (NFC): with or without a scheme, by known top-level
    domains."""
    if not _DOTTED.search(text):
        return []
    pattern = _patterns()
    found: list[Address] = []
    position = 0
    for name in _names(text):
        # one character more than the name: it decides whether the name ends there
        is_known = pattern.ending.search(text, name.start(), name.end() + 1)
        if not is_known or len(name[0]) > _LONGEST_NAME:
            continue
        space = _SPACE.search(text, name.end())
        end = space.start() if space else len(text)
        position = max(position, name.start() - len(" https://"))
        while position < name.end():
            match = pattern.address.search(text, position, end)
            if match is None or match.start("domain") >= name.end():
                break
            position = match.end()
            found += _as_published(match)
    return found


def _names(text: str) -> Iterator[regex.Match[str]]:
    """Yield what may be a name with dots; looking for one in every word is what costs."""
    pattern = _patterns().name
    for word in _DOTTED_WORD.finditer(text):
        yield from pattern.finditer(text, *word.span())


def _weight(text: str) -> int:
    if text.isascii():
        return len(text)
    text = _SEQUENCE.sub(_HEAVY, text)
    return len(text) + len(_LIGHT.sub("", text))


def _as_published(match: regex.Match[str]) -> list[Address]:
    """Return what the published rules make of something that looks like an address."""
    domain, protocol = match["domain"], match["protocol"]
    if not _is_possible(match["address"], protocol, domain):
        return []
    start, end = match.span("address")
    if not protocol:
        is_part = match["before"] in {"-", "_", ".", "/"}
        return [] if is_part else _without_scheme(domain, start, end if match["path"] else None)
    short = _patterns().shortened.match(match["address"])
    if short is None:
        return [Address(start, end)]
    is_slug = len(short["slug"]) <= _LONGEST_TCO_SLUG
    return [Address(start, start + short.end())] if is_slug else []


def _without_scheme(domain: str, start: int, path_end: int | None) -> list[Address]:
    """Return the addresses in a domain that has no scheme: only its ASCII and Latin stretches
    count; what follows the domain (up to `path_end`) belongs to the last."""
    found = [
        Address(start + match.start(), start + match.end())
        for match in _patterns().latin_domain.finditer(domain)
    ]
    if found and path_end is not None:
        last = found[-1]
        # as published: the address is as long as what follows makes it, wherever the domain ends
        found[-1] = Address(last.start, path_end)
    return found


def _is_possible(address: str, protocol: str | None, domain: str) -> bool:
    if domain.startswith("xn--") and not _patterns().latin_domain.search(domain):
        return False
    labels = domain.split(".")
    return all(0 < _encoded_length(label) <= _LONGEST_LABEL for label in labels) and (
        len(protocol or "https://") + len(address) <= _LONGEST_ADDRESS
    )


def _encoded_length(label: str) -> int:
    """Return how long a label is in Punycode; ideographic full stops separate labels too."""
    parts = regex.split("[\u3002\uff0e\uff61]", label)
    encoded = (
        part if part.isascii() else f"xn--{part.encode('punycode').decode('ascii')}"
        for part in parts
    )
    return len(".".join(encoded))


class _Patterns(NamedTuple):
    name: regex.Pattern[str]
    ending: regex.Pattern[str]
    address: regex.Pattern[str]
    latin_domain: regex.Pattern[str]
    shortened: regex.Pattern[str]


@cache
def _patterns() -> _Patterns:
    # What begins in the middle of a label ends like what begins with it: such places are tried only
    # after a scheme, or where the label's first characters may not stand before an address.
    top = r"(?:\L<top_level>(?=[^0-9a-zA-Z@+-]|$)|xn--[-0-9a-z]+)"
    marks = rf"!'#%&()*+,\\\-./:;<=>?@\[\]^_{{|}}~${_SPACES}{_NO_CHARACTERS}{_DIRECTIONS}"
    letter = rf"[^{marks}]"
    foreign = rf"[^{marks}A-Za-z0-9＠＃]"
    label = rf"{letter}++(?:[_-]++{letter}++)*+"
    subdomain = rf"{label}\."
    name = rf"{letter}++(?:-++{letter}++)*+\."
    inner = rf"[a-z\u0400-\u04ff0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&{_LATIN}]"
    nested = rf"\((?:{inner}+|{inner}*\({inner}+\){inner}*)\)"
    last = rf"(?:[+\-a-z\u0400-\u04ff0-9=_#/{_LATIN}]|{nested})"
    path = rf"(?:{inner}*(?:{nested}{inner}*)*{last}|@{inner}+/)"
    query = r"\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/]"
    domains = top_level_domains()
    known: Any = {"top_level": domains | {domain.upper() for domain in domains}}
    return _Patterns(
        name=regex.compile(rf"(?<!{letter})(?<!{letter}[_-]){label}(?:\.{label})++", _ANY_CASE),
        ending=regex.compile(rf"\.{top}", _ANY_CASE, **known),
        address=regex.compile(
            rf"(?P<before>(?:\G|(?<=[A-Za-z0-9@＠$#＃])){foreign}"
            rf"|[^A-Za-z0-9@＠$#＃{_NO_CHARACTERS}](?<!{foreign})|^|{foreign}(?=https?://))"
            rf"(?P<address>(?P<protocol>https?://)?(?P<domain>(?:{subdomain})*{name}{top})"
            rf"(?::[0-9]+)?(?P<path>/{path}*)?(?:{query})?)",
            _ANY_CASE,
            **known,
        ),
        latin_domain=regex.compile(rf"(?:[-a-z0-9{_LATIN}]+\.)+{top}", _ANY_CASE, **known),
        shortened=regex.compile(rf"https?://t\.co/(?P<slug>[a-z0-9]+)(?:{query})?", _ANY_CASE),
    )


@cache
def top_level_domains() -> frozenset[str]:
    """Return the top-level domains X knows, lower case.

    Raises `ImportError` when the package that has them is not installed.
    """
    # Only its lists are read: importing the package (3.0.0, checked 2026-11-22) needs setuptools,
    # which it does not ask for, and spends 0.4 s on building an emoji pattern.
    package = find_spec("twitter_text")
    if package is None or not package.submodule_search_locations:
        raise ImportError("twitter-text-parser is not installed; install copydesk again")
    folder = Path(package.submodule_search_locations[0]) / "regexp"
    found: set[str] = set()
    for name in ("valid_gtld", "valid_cctld"):
        pattern: str = runpy.run_path(str(folder / f"{name}.py"))[name].pattern
        found.update(pattern.removeprefix("(?:(?:").partition(")")[0].split("|"))
    return frozenset(found)
