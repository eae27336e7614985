"""winmail.dat: what Outlook packs into one attachment (TNEF), taken out again.

Only what a reader needs: the texts, the files, and mails within. Written after [MS-OXTNEF] 14.0 and
[MS-OXRTFCP]; every length is held against what is there, and what cannot be read is said.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from copydesk.core.submission import Attachment, Doubt
from copydesk.intake import charsets
from copydesk.intake.html import html_to_text
from copydesk.intake.rtf import rtf_to_text

_SIGNATURE: Final = 0x223E9F78
#: Attributes by their id: what one of a message or of an attachment is.
_CODEPAGE: Final = 0x00069007
_BODY: Final = 0x0002800C
_MESSAGE_PROPERTIES: Final = 0x00069003
_NEXT_FILE: Final = 0x00069002
_FILE_TITLE: Final = 0x00018010
_FILE_DATA: Final = 0x0006800F
_FILE_PROPERTIES: Final = 0x00069005
#: MAPI properties by their id.
_SUBJECT, _PLAIN, _HTML, _RTF = 0x0037, 0x1000, 0x1013, 0x1009
_WEB_CODEPAGE = 0x3FDE
_DATA, _SHORT_NAME, _LONG_NAME, _MIME, _CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
#: Bytes that a value of a type takes where it has no length of its own.
_FIXED: Final = {0x0001: 0, 0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8,
                 0x000A: 4, 0x000B: 4, 0x0014: 8, 0x0040: 8, 0x0048: 16}  # fmt: skip
_STRING8, _UNICODE, _OBJECT, _BINARY = 0x001E, 0x001F, 0x000D, 0x0102
_SEVERAL: Final = 0x1000

_MAX_PROPERTIES: Final = 10_000
_MAX_FILES: Final = 1000
#: Mails packed into mails that are opened.
_MAX_DEPTH: Final = 3


class _Broken(ValueError):
    """A length or a signature does not fit what is there."""


@dataclass(slots=True)
class Packed:
    """What was packed: the subject, the text in up to two versions (`html` as text already), files,
    and what has to be said."""

    subject: str = ""
    plain: str = ""
    html: str = ""
    files: list[Attachment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _File:
    name: str = ""
    content_type: str = ""
    content_id: str = ""
    data: bytes | None = None
    inner: bytes | None = None


@dataclass(slots=True)
class _Reader:
    data: bytes
    position: int = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.position

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise _Broken(f"{size} bytes were announced where {self.left} are left")
        self.position += size
        return self.data[self.position - size : self.position]

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "little")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def padded(self, size: int) -> bytes:
        value = self.take(size)
        # the last value of a list may lack its padding
        self.position = min(len(self.data), self.position + -size % 4)
        return value


def unpack_tnef(data: bytes, *, depth: int = 1) -> Packed:
    """Return what `data`, the bytes of a winmail.dat, holds. Never raises: what is broken stands in
    the notes as a `Doubt`, beside what could be read before it."""
    packed = Packed()
    files: list[_File] = []
    try:
        _read_attributes(_Reader(data), packed, files)
    except (_Broken, struct.error) as error:
        packed.notes.append(
            Doubt(f"winmail.dat is broken ({error}): some of what Outlook packed may be missing.")
        )
    for number, each in enumerate(files, start=1):
        _finish(each, number, packed, depth)
    return packed


def _read_attributes(reader: _Reader, packed: Packed, files: list[_File]) -> None:
    if reader.u32() != _SIGNATURE:
        raise _Broken("it does not begin as one does")
    reader.u16()
    codepage = "cp1252"
    while reader.left:
        reader.take(1)
        kind, size = reader.u32(), reader.u32()
        value = reader.take(size)
        # a wrong sum is a sign of damage, but what it sums up may still be read
        if reader.u16() != sum(value) & 0xFFFF:
            _say_once(packed, "winmail.dat has a wrong checksum: what it holds may be damaged.")
        if kind == _CODEPAGE and size >= 4:
            codepage = _charset(struct.unpack_from("<I", value)[0]) or codepage
        elif kind == _BODY:
            packed.plain = packed.plain or _text(value, codepage, packed)
        elif kind == _MESSAGE_PROPERTIES:
            _take_message(value, codepage, packed)
        elif kind == _NEXT_FILE:
            if len(files) >= _MAX_FILES:
                raise _Broken(f"it holds more than {_MAX_FILES:,} files")
            files.append(_File())
        elif kind in (_FILE_TITLE, _FILE_DATA, _FILE_PROPERTIES):
            if not files:
                files.append(_File())
            _take_file(kind, value, codepage, files[-1], packed)


def _take_message(value: bytes, codepage: str, packed: Packed) -> None:
    found: dict[int, tuple[int, bytes]] = {}
    for id, kind, content in _properties(value):
        found.setdefault(id, (kind, content))
    if _SUBJECT in found:
        packed.subject = packed.subject or _string(found[_SUBJECT], codepage, packed)
    if _PLAIN in found:
        packed.plain = _string(found[_PLAIN], codepage, packed) or packed.plain
    if _HTML in found:
        kind, content = found[_HTML]
        number = int.from_bytes(found[_WEB_CODEPAGE][1], "little") if _WEB_CODEPAGE in found else 0
        charset = _charset(number) or codepage
        html = _string((kind, content), charset, packed)
        rendered = html_to_text(html)
        packed.notes.extend(rendered.notes)
        packed.html = rendered.text
    if _RTF in found and not packed.plain.strip() and not packed.html.strip():
        packed.plain = rtf_to_text(_unpack_rtf(found[_RTF][1], packed))


def _take_file(kind: int, value: bytes, codepage: str, file: _File, packed: Packed) -> None:
    if kind == _FILE_TITLE:
        file.name = file.name or _text(value, codepage, packed)
    elif kind == _FILE_DATA:
        file.data = value
    else:
        for id, type, content in _properties(value):
            if id in (_LONG_NAME, _SHORT_NAME) and (id == _LONG_NAME or not file.name):
                file.name = _string((type, content), codepage, packed) or file.name
            elif id == _MIME:
                file.content_type = _string((type, content), codepage, packed)
            elif id == _CONTENT_ID:
                file.content_id = _string((type, content), codepage, packed).strip("<>")
            elif id == _DATA and type == _OBJECT:
                file.inner = content[16:]  # behind the id of its interface
            elif id == _DATA and file.data is None:
                file.data = content


def _finish(file: _File, number: int, packed: Packed, depth: int) -> None:
    """Add a file to what was packed; a mail within is opened and becomes a text and its files."""
    name = file.name.replace("\\", "/").rsplit("/", 1)[-1].lstrip(".").strip()[:200]
    if file.inner is not None and file.inner[:4] == _SIGNATURE.to_bytes(4, "little"):
        if depth >= _MAX_DEPTH:
            _say_once(packed, f"Mails packed more than {_MAX_DEPTH} deep are not opened.")
            file.data = file.inner
        else:
            inner = unpack_tnef(file.inner, depth=depth + 1)
            text = "\n\n".join(filter(None, (inner.subject, inner.plain or inner.html)))
            packed.files.append(
                Attachment(
                    filename=f"{name or inner.subject[:100] or f'mail-{number}'}.txt",
                    content_type="text/plain",
                    data=text.encode("utf-8", "replace"),
                )
            )
            packed.files.extend(inner.files)
            packed.notes.extend(inner.notes)
            return
    data = file.data if file.data is not None else file.inner
    if data is None:
        if name:
            _say_once(packed, f"The file “{name}” of winmail.dat has no content.")
        return
    packed.files.append(
        Attachment(
            filename=name or f"file-{number}",
            content_type=file.content_type.strip().lower() or "application/octet-stream",
            data=data,
            content_id=file.content_id,
        )
    )


# -- properties and texts


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (id, type, first value) of a list of MAPI properties."""
    reader = _Reader(data)
    count = reader.u32()
    if count > _MAX_PROPERTIES:
        raise _Broken(f"{count:,} properties are more than any mail has")
    for _ in range(count):
        type, id = reader.u16(), reader.u16()
        if id >= 0x8000:
            reader.take(16)
            if reader.u32():
                reader.padded(reader.u32())
            else:
                reader.take(4)
        kind = type & ~_SEVERAL
        if kind in _FIXED:
            values = reader.u32() if type & _SEVERAL else 1
            first = reader.take(_FIXED[kind]) if values else b""
            reader.take(_FIXED[kind] * max(0, values - 1))
        elif kind in (_STRING8, _UNICODE, _OBJECT, _BINARY, 0):
            first = b""
            values = reader.u32()
            for place in range(values):
                value = reader.padded(reader.u32())
                first = first if place else value
        else:
            raise _Broken(f"a property has the unknown type {type:#06x}")
        yield id, kind, first


def _string(value: tuple[int, bytes], codepage: str, packed: Packed) -> str:
    kind, content = value
    return _text(content, "utf-16-le" if kind == _UNICODE else codepage, packed)


def _text(content: bytes, charset: str, packed: Packed) -> str:
    if charset == "utf-16-le":
        text = content[: len(content) & ~1].decode("utf-16-le", "replace")
        if "\ufffd" in text:
            _say_once(packed, "Some characters of winmail.dat cannot be read.")
        return charsets.storable(text.rstrip("\0").replace("\r\n", "\n").replace("\r", "\n"))
    decoded = charsets.decode(content.rstrip(b"\0"), charset, what="The text of winmail.dat")
    packed.notes.extend(note for note in decoded.notes if isinstance(note, Doubt))
    return decoded.text


def _charset(codepage: int) -> str:
    if codepage == 65001:
        return "utf-8"
    if codepage in (28591, 28592, 28595, 28597, 28605):
        return f"iso-8859-{codepage - 28590}"
    return f"cp{codepage}" if 0 < codepage < 2000 else ""


def _say_once(packed: Packed, words: str) -> None:
    if words not in packed.notes:
        packed.notes.append(Doubt(words))


# -- compressed RTF ([MS-OXRTFCP])

_DICTIONARY: Final = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_MAX_RTF: Final = 25_000_000


def _unpack_rtf(data: bytes, packed: Packed) -> bytes:
    """Return the RTF in `data`; what could be unpacked of it, where it is broken."""
    reader = _Reader(data)
    reader.u32()
    size, kind = reader.u32(), reader.take(4)
    reader.u32()
    body = reader.take(reader.left)
    if kind == b"MELA":
        return body[:size]
    if kind != b"LZFu" or size > _MAX_RTF:
        _say_once(packed, "The formatted text of winmail.dat cannot be unpacked.")
        return data
    # a reference takes two bytes and stands for 17 at most, so the input bounds the output
    ring = bytearray(_DICTIONARY.ljust(4096, b"\0"))
    write, position, out = len(_DICTIONARY), 0, bytearray()
    while position < len(body) and len(out) < size:
        flags, position = body[position], position + 1
        for bit in range(8):
            if flags >> bit & 1:
                if position + 2 > len(body):
                    return bytes(out)
                word = int.from_bytes(body[position : position + 2], "big")
                position += 2
                read = word >> 4
                if read == write:
                    return bytes(out)
                for _ in range((word & 15) + 2):
                    byte = ring[read]
                    out.append(byte)
                    ring[write] = byte
                    read, write = (read + 1) & 4095, (write + 1) & 4095
            else:
                if position >= len(body):
                    return bytes(out)
                out.append(body[position])
                ring[write] = body[position]
                write, position = (write + 1) & 4095, position + 1
    return bytes(out[:size])
