"""Protected tokens that are copied byte for byte: code, addresses, paths, placeholders, ids.

Owns the vocabulary (`TokenClass`, `ProtectedToken`) and the finders of every class whose spelling
is its meaning. Values (`core.quantities`), dates and times (`core.moments`) and names
(`core.names`) have finders of their own; `core.ledger` puts them together.

Every pattern is linear: it starts only where a run starts (a lookbehind), and what it repeats
either stops at its own first character or has a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from copydesk.core.choices import either
from copydesk.core.clues import Clues, at_marks


class TokenClass(StrEnum):
    """What kind of thing a rewrite must not change."""

    URL = "url"
    EMAIL = "email"
    HANDLE = "handle"
    HASHTAG = "hashtag"
    CODE = "code"
    PATH = "path"
    PLACEHOLDER = "placeholder"
    ID = "id"
    VERSION = "version"
    NUMBER = "number"
    PERCENT = "percent"
    MONEY = "money"
    UNIT = "unit"
    DATE = "date"
    TIME = "time"
    QUOTE = "quote"
    NAME = "name"


VERBATIM = frozenset(
    {
        TokenClass.URL,
        TokenClass.EMAIL,
        TokenClass.HANDLE,
        TokenClass.HASHTAG,
        TokenClass.CODE,
        TokenClass.PATH,
        TokenClass.PLACEHOLDER,
        TokenClass.ID,
        TokenClass.VERSION,
    }
)
"""Classes in which not even the case of a letter may change."""


class ProtectedToken(NamedTuple):
    """One protected span of a text: `text[start:end]` in code points, and `norm` to compare by."""

    cls: TokenClass
    text: str
    norm: str
    start: int
    end: int


# A country domain that is also an English word is more often a missing space ("done.it works"),
# so only these end a bare domain; any other needs a scheme, "www." or a path.
_DOMAINS = (
    "com|org|net|io|dev|de|fr|es|eu|uk|co|edu|gov|info|biz|app|ai|xyz|ch|nl|pl|ru|cn|jp|br|au|ca|"
    "tv|shop|site|online|store|blog|news|cloud|tech|social|page|wiki"
)
_LABELS = r"[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){0,6}"
_URL = re.compile(
    r"(?<![\w@./-])(?:"
    r"[a-z][a-z0-9+.-]{1,14}://[^\s<>\"`]+"
    r"|mailto:[^\s<>\"`]+"
    r"|www\.[^\s<>\"`]+"
    rf"|{_LABELS}\.(?:{_DOMAINS})(?![\w@-])(?!\.\w)(?:[:/?#][^\s<>\"`]*)?"
    rf"|{_LABELS}\.[a-z]{{2}}/[^\s<>\"`]+"
    r")",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    r"(?<![\w.+%@-])[\w.+%-]{1,64}@[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){1,6}(?!\w)",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w@./+-])@\w(?:[\w.-]{0,80}\w)?(?:@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})?")
_HASHTAG = re.compile(r"(?<![\w&#/])#(?=\w{0,99}[^\W\d_])\w{1,100}")
_INLINE_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)([^`\n]+)\1(?!`)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_IDENTIFIER = re.compile(
    r"(?<!\w)(?:"
    r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+(?!\w)"
    r"|[A-Za-z_]\w{0,60}(?:\.\w{1,60}){0,4}\(\)"
    r"|(?<!-)--[a-z][\w-]*+(?:=[^\s,;]+)?"
    r")"
)
_SEGMENT = r"(?:[\w.@+%-]|\{[\w.-]{1,60}\})"
_EXTENSIONS = (
    "py js ts tsx jsx json yml yaml toml txt md pdf doc docx xls xlsx csv png jpg jpeg gif svg zip "
    "gz tar exe htm html css sh log ini cfg conf xml sql mp3 mp4 wav ppt pptx apk dmg iso rs go "
    "java rb php lock"
)
_ROOTED_PATH = re.compile(
    rf"(?<![\w/.~}}:<-])(?:~|\.{{1,2}})?/{_SEGMENT}++(?:/{_SEGMENT}++)*+/?"
    r"|(?<!\w)[A-Za-z]:\\[^\s\"<>|]+"
)
_RELATIVE_PATH = re.compile(r"(?<![\w/.-])[\w-][\w.-]*+(?:/[\w.-]++)*+")
_ENDING = re.compile(rf"\.(?i:{either(_EXTENSIONS.split())})")
_PLACEHOLDER = re.compile(
    r"\{\{[^{}\n]{1,80}\}\}"
    r"|\$\{[^{}\n]{1,80}\}"
    r"|\{[A-Za-z_][\w.-]{0,60}\}"
    r"|%\(\w{1,60}\)[sdf]|(?<![\w%])%[sd](?!\w)"
    r"|[$€£][A-Z][A-Z0-9_]{1,40}(?!\w)"
    r"|</?[A-Za-z][^<>\n]{0,80}>"
    r"|\[[A-Z][A-Z_ ]{1,40}\](?!\()"
)
_ID = re.compile(
    r"(?<!\w)(?:"
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|[A-Z][A-Z0-9]*+(?:[-_/][A-Z0-9]{1,20}){0,4}?[-_/]\d\w*+(?:[-_]\w{1,20}+){0,6}+"
    r"|(?:[A-Za-z]+\d|\d+[A-Za-z])\w*+(?:[-_]\w{0,20}\d\w{0,20}){0,6}"
    r"|\d{2,20}(?:-\d{3,20}){1,6}(?![\w-])"
    r"|\d{1,20}(?:-[A-Z0-9]{2,40}){1,6}(?![\w-])"
    r"|\d{3}[ .-]\d{3}[ .-]\d{4}(?!\w)"
    r"|\d{4}(?: \d{4}){2,4}(?!\w)"
    r"|0\d{1,5}[ /-]\d{2,5}(?:[ /-]\d{2,5}){0,4}(?!\w)"
    r")"
    r"|(?<!\w)\+\d{1,3}(?:[ ./-]?\(?\d{1,5}\)?){2,6}(?!\w)"
    r"|(?<!\w)\(\d{2,5}\) ?\d{2,5}(?:[ -]\d{2,5}){1,3}(?!\w)"
    r"|(?<![\w&#])#\d{1,40}(?:-\d{1,20}){0,4}(?!\w)"
)
# Where each of these can match is told by a mark: by what it begins with, or by what stands in it
# or beside it without a space. Marks are found fast, and most texts have few.
_TICKS = re.compile(r"`+")
_INSIDE_URL = re.compile(r"[.:](?=\S)")
_INSIDE_CODE = re.compile(r"_|\(\)|--")
_AT = re.compile(r"@")
_SLASH = re.compile(r"[/\\]")
_BEGINS_PLACEHOLDER = re.compile(r"[{%$€£<\[]")
_BEGINS_HASHTAG = re.compile(r"#")
_WORD = re.compile(r"\w+")
_WORD_OR_HYPHENS = re.compile(r"\w+|-+")
_WORD_OR_MARK = re.compile(r"\w+|[~./+(#]")
_LOCAL_PART = re.compile(r"[\w.+%-]+")
_PATH_PART = re.compile(r"[\w-]+")
#: Inside a UUID that does without digits.
_INSIDE_UUID = re.compile(r"-[a-fA-F]{4}-[a-fA-F]{4}-")
_SUFFIX = r"(?:-?(?:alpha|beta|rc|dev)\.?\d*)?"
_RELEASE = r"(?:v|version|ver\.|release)"
_BEFORE_VERSION = re.compile(rf"{_RELEASE}\Z", re.IGNORECASE)
_VERSION = re.compile(
    rf"(?<![\w.]){_RELEASE}\s?(\d++(?:\.\d++){{0,5}}+{_SUFFIX})(?!\w)"
    rf"|(?<![\w.,])(\d++(?:\.\d++){{2,5}}+{_SUFFIX})(?!\w|[.,]\d)",
    re.IGNORECASE,
)
_RELEASE_ENDS = frozenset("vVnN.eE")
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+")
_TRAILING = frozenset(".,;:!?'\"*_~…”’“»")
_CLOSING = {")": "(", "]": "[", "}": "{"}


def _trimmed(span: str) -> int:
    """Return the length of `span` without final punctuation and brackets opened outside of it."""
    surplus = {closing: span.count(closing) - span.count(o) for closing, o in _CLOSING.items()}
    end = len(span)
    while end:
        last = span[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return end


def _token(cls: TokenClass, text: str, start: int, end: int, norm: str = "") -> ProtectedToken:
    span = text[start:end]
    return ProtectedToken(cls, span, norm or span, start, end)


def find_fences(text: str) -> Iterator[ProtectedToken]:
    """Yield fenced code blocks, whole lines each; one that is never closed goes to the end."""
    if "```" not in text and "~~~" not in text:
        return
    position, opened, fence = 0, -1, ""
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if match and opened < 0:
            opened, fence = position, match[1]
        elif match and match[1].startswith(fence) and not line[match.end() :].strip():
            yield _token(TokenClass.CODE, text, opened, position + match.end())
            opened = -1
        position += len(line) + 1
    if opened >= 0:
        yield _token(TokenClass.CODE, text, opened, len(text))


def _find_url(clues: Clues) -> Iterator[ProtectedToken]:
    text = clues.text
    for match in clues.matches(_URL, _beside(clues, _INSIDE_URL, _WORD)):
        start = match.start()
        end = start + _trimmed(match[0])
        if end > start:
            yield _token(TokenClass.URL, text, start, end, _url_norm(text[start:end]))


def _beside(clues: Clues, mark: re.Pattern[str], begin: re.Pattern[str]) -> Iterator[int]:
    """Yield where `begin` matches in what stands around the marks of a text without a space."""
    return clues.beside((match.span() for match in mark.finditer(clues.text)), begin)


def _url_norm(url: str) -> str:
    """Lower the case of scheme and host alone; a final slash says nothing."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    cut = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    return f"{scheme.lower()}{mark}{rest[:cut].lower()}{rest[cut:]}".rstrip("/")


def _find_path(clues: Clues) -> Iterator[ProtectedToken]:
    text = clues.text
    if "/" in text or "\\" in text:
        for match in clues.matches(_ROOTED_PATH, _beside(clues, _SLASH, _WORD_OR_MARK)):
            end = match.start() + _trimmed(match[0])
            if end - match.start() > 1:
                yield _token(TokenClass.PATH, text, match.start(), end)
    for match in clues.matches(_RELATIVE_PATH, _beside(clues, _ENDING, _PATH_PART)):
        end = match.start() + _trimmed(match[0])
        ending = _ENDING.match(text, max(text.rfind(".", match.start(), end), match.start()), end)
        if ending is not None and ending.end() == end:
            yield _token(TokenClass.PATH, text, match.start(), end)


def find_verbatim(clues: Clues) -> Iterator[ProtectedToken]:
    """Yield inline code, addresses, paths, placeholders and versions, the strongest class first.

    Tokens of different classes may overlap; the caller keeps the one that came first.
    """
    text = clues.text
    if "`" in text:
        for match in at_marks(text, _TICKS, _INLINE_CODE):
            norm = match[2].strip()
            yield _token(TokenClass.CODE, text, match.start(), match.end(), norm)
    yield from _find_url(clues)
    if "@" in text:
        for match in clues.matches(_EMAIL, _beside(clues, _AT, _LOCAL_PART)):
            local, _, host = match[0].rpartition("@")
            norm = f"{local}@{host.lower()}"
            yield _token(TokenClass.EMAIL, text, match.start(), match.end(), norm)
    yield from _find_path(clues)
    for match in at_marks(text, _BEGINS_PLACEHOLDER, _PLACEHOLDER):
        yield _token(TokenClass.PLACEHOLDER, text, *match.span())
    if "@" in text:
        for match in at_marks(text, _AT, _HANDLE):
            yield _token(TokenClass.HANDLE, text, *match.span())
    if "#" in text:
        for match in at_marks(text, _BEGINS_HASHTAG, _HASHTAG):
            yield _token(TokenClass.HASHTAG, text, *match.span())
    for match in clues.matches(_IDENTIFIER, _beside(clues, _INSIDE_CODE, _WORD_OR_HYPHENS)):
        yield _token(TokenClass.CODE, text, *match.span())
    for match in clues.matches(_VERSION, _version_places(clues)):
        number = match[1] or match[2]
        if match[1] or not _THOUSANDS.fullmatch(number):
            yield _token(TokenClass.VERSION, text, match.start(), match.end(), number.lower())


def _version_places(clues: Clues) -> Iterator[int]:
    """Yield where a version may begin: a word such as "release" before digits, or digits alone."""
    text = clues.text
    for start, end in clues.digits:
        before = start - text[start - 1 : start].isspace()
        if text[before - 1 : before] in _RELEASE_ENDS:
            word = _BEFORE_VERSION.search(text, max(0, before - 7), before)
            if word is not None:
                yield word.start()
        if text[end : end + 1] == ".":
            yield start


def find_ids(clues: Clues) -> Iterator[ProtectedToken]:
    """Yield ids, order, card and phone numbers; weaker than values such as "30s" or "9am"."""
    spans = clues.digits
    if clues.text.count("-") >= 4:
        spans = sorted([*spans, *(match.span() for match in _INSIDE_UUID.finditer(clues.text))])
    for match in clues.matches(_ID, clues.beside(spans, _WORD_OR_MARK)):
        norm = match[0].removeprefix("#")
        if not any(character.isalpha() for character in norm):
            norm = "".join(character for character in norm if character.isdigit())
        elif norm.islower() or norm.isupper():
            norm = norm.casefold()
        yield _token(TokenClass.ID, clues.text, match.start(), match.end(), norm)
