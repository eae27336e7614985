"""Putting placeholders where a text says who somebody is, before it leaves or becomes an example.

Found by shape and checksum (`personal_data`), as addresses and handles in the ledger, and as names
that the message itself gives for the people in it. The same value gets the same placeholder in all
texts of one `Mask`, so that a text and its rewrite still say the same. Names that stand nowhere but
in the text are not known to be people's and stay: a mask lowers a risk, it proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from copydesk.core.ledger import TokenClass, extract
from copydesk.quality.personal_data import personal_data

#: Shorter parts of a name are left: too many other words look like them.
_SHORTEST_NAME: Final = 3
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
#: Mailboxes and roles that name nobody.
_NOBODY: Final = frozenset(
    _WORD.findall(
        "admin contact desk editor editorial editors example help hello hotline info mail news"
        " office order orders post press sales service shop staff support team the unknown user web"
    )
)


class Mask:
    """Placeholders for one message and everything made of it. `people` are names and addresses of
    those who take part in it."""

    def __init__(self, people: Iterable[str] = ()) -> None:
        self._placeholders: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._names: dict[str, str] = {}
        for person in dict.fromkeys(people):
            self._know(person)
        parts = sorted(map(re.escape, self._names), key=len, reverse=True)
        self._named = re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.I) if parts else None

    def hide(self, text: str, *, language: str = "") -> str:
        """Return `text` with placeholders such as `[phone-number-a]` and `[person-b]`."""
        finds = [
            (evidence.start, evidence.end, evidence.message.rpartition(": a ")[2])
            for evidence in personal_data(text)
        ]
        finds += [
            (token.start, token.end, token.cls.value)
            for token in extract(text, language=language).of(TokenClass.EMAIL, TokenClass.HANDLE)
        ]
        if self._named is not None:
            finds += [(m.start(), m.end(), "person") for m in self._named.finditer(text)]
        parts: list[str] = []
        position = 0
        # of finds that overlap the one that begins first counts, and of those the longest
        for start, end, kind in sorted(finds, key=lambda find: (find[0], -find[1])):
            if start < position:
                continue
            parts += [text[position:start], self._placeholder(kind, text[start:end])]
            position = end
        return "".join(parts) + text[position:]

    def _know(self, person: str) -> None:
        name, _, domain = person.partition("@")
        words = [w for w in _WORD.findall(name) if len(w) >= _SHORTEST_NAME]
        words = [w for w in words if w.casefold() not in _NOBODY]
        if not words:
            return
        placeholder = self._placeholder("person", " ".join(words))
        if not domain:
            self._names.setdefault(name.strip().casefold(), placeholder)
        for word in words:
            self._names.setdefault(word.casefold(), placeholder)

    def _placeholder(self, kind: str, value: str) -> str:
        folded = " ".join(value.casefold().split())
        if kind == "person" and folded in self._names:
            return self._names[folded]
        known = self._placeholders.get((kind, folded))
        if known is None:
            number = self._counts.get(kind, 0)
            self._counts[kind] = number + 1
            known = f"[{'-'.join(kind.split())}-{_letters(number)}]"
            self._placeholders[kind, folded] = known
        return known


def _letters(number: int) -> str:
    """Return a, b, … z, aa, ab: a number would be a fact of its own."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters
