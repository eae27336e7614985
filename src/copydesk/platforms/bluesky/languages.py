"""Language tags as a record may have them (BCP 47, well-formed)."""

from __future__ import annotations

import re
from typing import Final

_TAG: Final = re.compile(r"(?:[a-z]{2,3}|i)(?:-[a-z0-9]{1,8})*", re.IGNORECASE | re.ASCII)


def is_language(tag: str) -> bool:
    """Tell whether `tag` has the form of a language tag, such as `en` or `pt-BR`."""
    return len(tag) <= 128 and _TAG.fullmatch(tag) is not None
