"""What a host is called: in ASCII, as today's rules for names have it.

Python's own rules (the codec `idna`, which `getaddrinfo` and `ssl` use for names that are not
ASCII) are those of 2003 and call another host where ß, ς or a joiner is in the name: straße.de
became strasse.de, whoever that belongs to. So no such name is handed on as it is written.
"""

from __future__ import annotations

import idna


def in_ascii(host: str) -> str:
    """Return `host`, a name or a number, in ASCII (UTS 46, then IDNA 2008); ASCII stays as it is.

    Raises `ValueError` for what these rules do not allow, emojis among it.
    """
    if host.isascii():
        return host
    try:
        # one label at a time: underscores, which networks of containers use, are no fault of theirs
        labels = idna.uts46_remap(host, std3_rules=False).split(".")
        return ".".join(
            label if label.isascii() else idna.alabel(label).decode() for label in labels
        )
    except UnicodeError as error:
        raise ValueError(
            "no host may be called that today (IDNA 2008); one that is has to be written with xn--"
        ) from error
