"""Bytes to text. What a message claims about its charset is tried first, never trusted blindly.

No byte is lost without a word: whenever a guess or a replacement was needed, a note says so.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Doubt

#: Names seen in real mail that Python does not know, or knows as a narrower charset.
_ALIASES: Final = {
    "ansi": "cp1252",
    "cp-850": "cp850",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "latin1": "cp1252",
    "shift_jis": "cp932",
    "tis-620": "cp874",
    "unicode-1-1-utf-7": "utf-7",
    "us-ascii": "ascii",
    "utf8mb4": "utf-8",
    "x-sjis": "cp932",
    "x-unknown": "",
    "unknown-8bit": "",
    "unknown": "",
    "default": "",
    "binary": "",
    "8bit": "",
}
#: codecs of Python that are not charsets, or that run away on hostile input
_NOT_CHARSETS: Final = frozenset(
    {"base64", "bz2", "hex", "idna", "punycode", "quopri", "raw_unicode_escape", "rot13", "uu",
     "undefined", "unicode_escape", "zlib", "mbcs", "oem"}
)  # fmt: skip
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Signs a text cannot hold: NUL (PostgreSQL refuses it) and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROLS: Final = bytes((*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20)))
#: What a right guess is mostly made of: small letters, kana, Hangul. The first that fits wins:
#: nearly any double-byte text can be read as Hangul, so that comes last.
_SCRIPTS: Final = {
    "cp1251": re.compile("[\u0430-\u044f\u0451]"),
    "koi8-r": re.compile("[\u0430-\u044f\u0451]"),
    "cp932": re.compile("[\u3040-\u30ff]"),
    "euc-jp": re.compile("[\u3040-\u30ff]"),
    "cp949": re.compile("[\uac00-\ud7a3]"),
}
#: With fewer bytes beyond ASCII, any script can be read into a word.
_ENOUGH_BYTES: Final = 8
_MAGIC: Final = (
    b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"\x1f\x8b", b"BZh",
    b"\x7fELF", b"\xd0\xcf\x11\xe0", b"Rar!", b"7z\xbc\xaf", b"MZ\x90", b"OggS", b"ID3", b"RIFF",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with line ends as `\\n`, and what had to be assumed to get it."""

    text: str
    notes: tuple[str, ...] = ()


def refuse_binary(raw: bytes) -> None:
    """Raise `InputRefused` (`binary`) when `raw` is a file of some other kind, not text."""
    sample = raw[:4096]
    if any(raw.startswith(bom) for bom, _ in _BOMS):
        return
    strange = len(sample) - len(sample.translate(None, _CONTROLS))
    if raw.startswith(_MAGIC) or b"\x00" in sample or strange > 0.05 * len(sample):
        raise InputRefused(
            "binary",
            "The input is a binary file, not a message.",
            remedy="Send the message itself as text, .eml or JSON, with the file attached.",
        )


def decode(raw: bytes, declared: str = "", *, what: str = "The text") -> Decoded:
    """Return `raw` as text: by byte order mark, then as `declared`, UTF-8, a guess.

    `what` names the stretch in notes. Line ends become `\\n`; NUL becomes U+FFFD, with a note.
    """
    for bom, name in _BOMS:
        if raw.startswith(bom):
            try:
                return _clean(raw.decode(name), [], what)
            except UnicodeDecodeError:
                break
    notes: list[str] = []
    charset = _known(declared)
    if declared and not charset:
        notes.append(f"{what} names the unknown charset “{declared[:40]}”.")
    for candidate in dict.fromkeys(name for name in (charset, "utf-8") if name):
        try:
            text = raw.decode(candidate)
        except (UnicodeError, ValueError):
            continue
        if candidate != (charset or "utf-8"):
            # US-ASCII is a subset: mail that claims it and holds UTF-8 is everyday
            if charset != "ascii":
                notes.append(f"{what} says {declared} but is UTF-8.")
        elif declared and not charset:
            notes.append(f"{what} was read as UTF-8.")
        return _clean(text, notes, what)
    return _guess(raw, charset, declared, notes, what)


def _guess(raw: bytes, charset: str, declared: str, notes: list[str], what: str) -> Decoded:
    claimed = f"{what} is not the {declared} it says. " if charset else ""
    if charset and charset not in ("ascii", "utf-8"):
        # a few broken bytes in an otherwise right charset: keep it, and say what was lost
        text = raw.decode(charset, errors="replace")
        broken = text.count("\ufffd")
        if broken <= max(2, len(text) // 100):
            notes.append(
                Doubt(
                    f"{what} has {broken} byte(s) that are not {declared}; each is shown as "
                    "“\ufffd”."
                )
            )
            return _clean(text, notes, what)
    text = raw.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    if len(raw) - len(text) > 3 * broken and broken <= max(2, len(text) // 100):
        notes.append(
            Doubt(f"{what} has {broken} byte(s) that are not UTF-8; each is shown as “\ufffd”.")
        )
        return _clean(text, notes, what)
    text, name = _likeliest(raw)
    if sum(map(str.isprintable, text)) + text.count("\n") < 0.8 * len(text):
        raise InputRefused(
            "undecodable",
            f"{what} cannot be read: no known charset fits its bytes.",
            remedy="Send it again as UTF-8.",
        )
    notes.append(Doubt(f"{claimed}{what} was read as {name}: check accents and quotes."))
    return _clean(text, notes, what)


def _likeliest(raw: bytes) -> tuple[str, str]:
    """Return the text of undeclared bytes and the charset that makes the most of them.

    Windows-1252 fits nearly everything, so the others have to show their own script for it.
    """
    high = sum(byte > 127 for byte in raw[:2000])
    if high >= _ENOUGH_BYTES and high > 0.25 * min(len(raw), 2000):
        for name, script in _SCRIPTS.items():
            try:
                text = raw.decode(name)
            except UnicodeDecodeError:
                continue
            signs = sum(not char.isascii() for char in text)
            if len(script.findall(text)) > 0.5 * signs:
                return text, name
    try:
        return raw.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "Latin-1"


@lru_cache(maxsize=256)
def _known(declared: str) -> str:
    """Return the codec name for a declared charset, or "" when there is none to be trusted."""
    name = declared.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if not name or len(name) > 40:
        return ""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return ""
    plain = found.name.replace("-", "_")
    if any(plain.startswith(bad) for bad in _NOT_CHARSETS):
        return ""
    return _ALIASES.get(found.name, found.name)


def storable(text: str) -> str:
    """Return `text` with `\\n` line ends and U+FFFD for what no store can hold."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSTORABLE.sub("\ufffd", text)


def _clean(text: str, notes: list[str], what: str) -> Decoded:
    clean = storable(text)
    if "\ufffd" in clean and "\ufffd" not in text:
        notes.append(
            Doubt(f"{what} has characters that cannot be stored; each is shown as “\ufffd”.")
        )
    return Decoded(clean.removeprefix("\ufeff"), tuple(notes))
