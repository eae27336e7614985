"""One raw input in, what it is out: a message, or several that go on by themselves."""

from __future__ import annotations

from copydesk.core.submission import ParsedMessage, Source
from copydesk.intake.bundles import Bundle, unpack
from copydesk.intake.conversations import part
from copydesk.intake.parsing import parse


def read(raw: bytes, *, filename: str = "", source: Source | None = None) -> ParsedMessage | Bundle:
    """Return the message in `raw`, or the messages of a file that holds several.

    A log of several conversations is such a file.
    Raises `InputRefused` with one of the problems of `parse` and `unpack`.
    """
    bundle = unpack(raw, filename=filename, source=source)
    if bundle is not None:
        return bundle
    message = parse(raw, filename=filename, source=source)
    message.check_tiling()
    return part(message, filename=filename) or message
