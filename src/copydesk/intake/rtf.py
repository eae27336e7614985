"""Rich Text as Outlook writes it: the words, without their looks.

Reads what stands in mails (RTF 1.9.1): paragraphs, tabs, characters by code page and Unicode. What
is no text of the author (fonts, colours, pictures, HTML wrapped in RTF) is passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from copydesk.intake import charsets

_TOKEN: Final = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|[\r\n]+|"
    rb"([^\\{}\r\n]+)"
)
#: Groups that hold something else than the text.
_ELSEWHERE: Final = frozenset({
    b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer",
    b"listtable", b"listoverridetable", b"themedata", b"datastore", b"xmlnstbl", b"fldinst",
})  # fmt: skip
_BREAKS: Final = {b"par": "\n", b"line": "\n", b"tab": "\t", b"cell": "\t", b"row": "\n",
                  b"emdash": "\u2014", b"endash": "\u2013", b"bullet": "\u2022",
                  b"lquote": "\u2018", b"rquote": "\u2019", b"ldblquote": "\u201c",
                  b"rdblquote": "\u201d"}  # fmt: skip
_MAX_DEPTH: Final = 500


@dataclass(slots=True)
class _Group:
    passed_over: bool = False
    #: How many characters stand in for a Unicode one, for readers that know none.
    stand_ins: int = 1


def rtf_to_text(rtf: bytes) -> str:
    """Return the words of `rtf`, "" for what is no RTF. Never raises."""
    if not rtf.lstrip().startswith(b"{\\rtf"):
        return ""
    out: list[str] = []
    pending = bytearray()
    groups = [_Group()]
    codepage = "cp1252"
    skip = 0

    def flush() -> None:
        if pending:
            out.append(pending.decode(codepage, "replace"))
            pending.clear()

    for match in _TOKEN.finditer(rtf):
        word, number, code, symbol, brace, text = match.groups()
        group = groups[-1]
        if brace == b"{":
            if len(groups) < _MAX_DEPTH:
                groups.append(_Group(group.passed_over, group.stand_ins))
            skip = 0
        elif brace == b"}":
            if len(groups) > 1:
                groups.pop()
            skip = 0
        elif symbol == b"*" or (word in _ELSEWHERE):
            group.passed_over = True
        elif word == b"ansicpg" and number:
            flush()
            codepage = _known(f"cp{int(number)}") or codepage
        elif word == b"uc" and number:
            group.stand_ins = max(0, int(number))
        elif group.passed_over:
            continue
        elif word == b"u" and number:
            flush()
            out.append(_character(int(number)))
            skip = group.stand_ins
        elif code is not None:
            if skip:
                skip -= 1
            else:
                pending += bytes.fromhex(code.decode())
        elif text is not None:
            pending += text[skip:]
            skip = max(0, skip - len(text))
        elif word in _BREAKS:
            flush()
            out.append(_BREAKS[word])
        elif symbol is not None:
            flush()
            out.append({b"~": "\u00a0", b"_": "-", b"-": ""}.get(symbol, symbol.decode("latin-1")))
    flush()
    # two halves of one character beyond the first plane come one by one
    joined = "".join(out).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return charsets.storable(joined).strip("\n")


def _character(number: int) -> str:
    return chr(number % 65536)


def _known(name: str) -> str:
    try:
        b"".decode(name)
    except LookupError:
        return ""
    return name
