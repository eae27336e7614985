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

from copydesk.core.clues import Clues


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
_ENDING = re.compile(rf"\.(?:{_EXTENSIONS})", re.IGNORECASE)
#: Every URL has such a mark, and begins with a word in what stands around it.
_INNER_MARK = re.compile(r"[.:](?=\S)")
_SLASH = re.compile(r"[/\\]")
_WORD = re.compile(r"\w+")
_WORD_OR_MARK = re.compile(r"\w+|[~./+(#]")
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
#: Patterns that need no more than the span itself, and marks one of which each match has.
_BY_SIGN = (
    (_PLACEHOLDER, TokenClass.PLACEHOLDER, tuple("{%$€£<[")),
    (_HANDLE, TokenClass.HANDLE, ("@",)),
    (_HASHTAG, TokenClass.HASHTAG, ("#",)),
    (_IDENTIFIER, TokenClass.CODE, ("_", "()", "--")),
)
_HYPHENS_OR_DIGITS = re.compile(r"[-\d]+")
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
    inner = (match.span() for match in _INNER_MARK.finditer(text))
    for match in clues.matches(_URL, clues.beside(inner, _WORD)):
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


def _find_path(clues: Clues) -> Iterator[ProtectedToken]:
    text = clues.text
    if "/" in clues.signs or "\\" in clues.signs:
        slashes = (match.span() for match in _SLASH.finditer(text))
        for match in clues.matches(_ROOTED_PATH, clues.beside(slashes, _WORD_OR_MARK)):
            end = match.start() + _trimmed(match[0])
            if end - match.start() > 1:
                yield _token(TokenClass.PATH, text, match.start(), end)
    if "." not in clues.signs or _ENDING.search(text) is None:
        return
    for match in _RELATIVE_PATH.finditer(text):
        if "." not in match[0]:
            continue
        end = match.start() + _trimmed(match[0])
        if _FILE.search(text, match.start(), end):
            yield _token(TokenClass.PATH, text, match.start(), end)


def find_verbatim(clues: Clues) -> Iterator[ProtectedToken]:
    """Yield inline code, addresses, paths, placeholders and versions, the strongest class first.

    Tokens of different classes may overlap; the caller keeps the one that came first.
    """
    text, signs = clues.text, clues.signs
    if "`" in signs:
        for match in _INLINE_CODE.finditer(text):
            norm = match[2].strip()
            yield _token(TokenClass.CODE, text, match.start(), match.end(), norm)
    if "." in signs or ":" in signs:
        yield from _find_url(clues)
    if "@" in signs:
        for match in _EMAIL.finditer(text):
            local, _, host = match[0].rpartition("@")
            norm = f"{local}@{host.lower()}"
            yield _token(TokenClass.EMAIL, text, match.start(), match.end(), norm)
    yield from _find_path(clues)
    for pattern, cls, needed in _BY_SIGN:
        if any(mark in text for mark in needed):
            for match in pattern.finditer(text):
                yield _token(cls, text, match.start(), match.end())
    if _may_hold_version(clues):
        for match in _VERSION.finditer(text):
            number = match[1] or match[2]
            if match[1] or not _THOUSANDS.fullmatch(number):
                yield _token(TokenClass.VERSION, text, match.start(), match.end(), number.lower())


def _may_hold_version(clues: Clues) -> bool:
    """Whether some digits follow a word such as "release" or have a point and digits after them."""
    text = clues.text
    for start, end in clues.digits:
        if text[end : end + 1] == "." and text[end + 1 : end + 2].isdecimal():
            return True
        before = text[max(0, start - 2) : start].rstrip()[-1:]
        if before and before in "vVrRnN.eE":
            return True
    return False


def find_ids(clues: Clues) -> Iterator[ProtectedToken]:
    """Yield ids, order, card and phone numbers; weaker than values such as "30s" or "9am"."""
    spans = clues.digits
    if clues.text.count("-") >= 4:  # a UUID may do without digits
        spans = [match.span() for match in _HYPHENS_OR_DIGITS.finditer(clues.text)]
    for match in clues.matches(_ID, clues.beside(spans, _WORD_OR_MARK)):
        norm = match[0].removeprefix("#")
        if not any(character.isalpha() for character in norm):
            norm = "".join(character for character in norm if character.isdigit())
        elif norm.islower() or norm.isupper():
            norm = norm.casefold()
        yield _token(TokenClass.ID, clues.text, match.start(), match.end(), norm)
