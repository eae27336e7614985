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
from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class ProtectedToken:
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
    "py|js|ts|tsx|jsx|json|ya?ml|toml|txt|md|pdf|docx?|xlsx?|csv|png|jpe?g|gif|svg|zip|gz|tar|exe|"
    "html?|css|sh|log|ini|cfg|conf|xml|sql|mp[34]|wav|pptx?|apk|dmg|iso|rs|go|java|rb|php|lock"
)
_ROOTED_PATH = re.compile(
    rf"(?<![\w/.~}}:<-])(?:~|\.{{1,2}})?/{_SEGMENT}++(?:/{_SEGMENT}++)*+/?"
    r"|(?<!\w)[A-Za-z]:\\[^\s\"<>|]+"
)
_RELATIVE_PATH = re.compile(r"(?<![\w/.-])[\w-][\w.-]*+(?:/[\w.-]++)*+")
_FILE = re.compile(rf"\.(?:{_EXTENSIONS})\Z", re.IGNORECASE)
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
_SUFFIX = r"(?:-?(?:alpha|beta|rc|dev)\.?\d*)?"
_VERSION = re.compile(
    rf"(?<![\w.])(?:(?:v|version|ver\.|release)\s?)(\d++(?:\.\d++){{0,5}}+{_SUFFIX})(?!\w)"
    rf"|(?<![\w.,])(\d++(?:\.\d++){{2,5}}+{_SUFFIX})(?!\w|[.,]\d)",
    re.IGNORECASE,
)
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


def _find_code(text: str) -> Iterator[ProtectedToken]:
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
    for match in _INLINE_CODE.finditer(text):
        norm = match[2].strip()
        yield _token(TokenClass.CODE, text, match.start(), match.end(), norm)


def _find_url(text: str) -> Iterator[ProtectedToken]:
    for match in _URL.finditer(text):
        start = match.start()
        end = start + _trimmed(match[0])
        if end > start:
            yield _token(TokenClass.URL, text, start, end, _url_norm(text[start:end]))


def _url_norm(url: str) -> str:
    """Lower the case of scheme and host alone; a final slash says nothing."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    cut = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    return f"{scheme.lower()}{mark}{rest[:cut].lower()}{rest[cut:]}".rstrip("/")


def _find_path(text: str) -> Iterator[ProtectedToken]:
    for match in _ROOTED_PATH.finditer(text):
        end = match.start() + _trimmed(match[0])
        if end - match.start() > 1:
            yield _token(TokenClass.PATH, text, match.start(), end)
    for match in _RELATIVE_PATH.finditer(text):
        if "." not in match[0]:
            continue
        end = match.start() + _trimmed(match[0])
        if _FILE.search(text, match.start(), end):
            yield _token(TokenClass.PATH, text, match.start(), end)


def find_verbatim(text: str) -> Iterator[ProtectedToken]:
    """Yield code, addresses, paths, placeholders and versions, the strongest class first.

    Tokens of different classes may overlap; the caller keeps the one that came first.
    """
    yield from _find_code(text)
    yield from _find_url(text)
    for match in _EMAIL.finditer(text):
        local, _, host = match[0].rpartition("@")
        norm = f"{local}@{host.lower()}"
        yield _token(TokenClass.EMAIL, text, match.start(), match.end(), norm)
    yield from _find_path(text)
    for pattern, cls in (
        (_PLACEHOLDER, TokenClass.PLACEHOLDER),
        (_HANDLE, TokenClass.HANDLE),
        (_HASHTAG, TokenClass.HASHTAG),
        (_IDENTIFIER, TokenClass.CODE),
    ):
        for match in pattern.finditer(text):
            yield _token(cls, text, match.start(), match.end())
    for match in _VERSION.finditer(text):
        number = match[1] or match[2]
        if match[1] or not _THOUSANDS.fullmatch(number):
            yield _token(TokenClass.VERSION, text, match.start(), match.end(), number.lower())


def find_ids(text: str) -> Iterator[ProtectedToken]:
    """Yield ids, order, card and phone numbers; weaker than values such as "30s" or "9am"."""
    for match in _ID.finditer(text):
        norm = match[0].removeprefix("#")
        if not any(character.isalpha() for character in norm):
            norm = "".join(character for character in norm if character.isdigit())
        elif norm.islower() or norm.isupper():
            norm = norm.casefold()
        yield _token(TokenClass.ID, text, match.start(), match.end(), norm)
