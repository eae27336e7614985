"""Keys made of what others call things: short enough for any database to file a row under.

PostgreSQL keeps at most some 2,700 bytes of a row in an index, and refuses the row otherwise. A
Message-ID, a file's path or the id of an entry may be longer.
"""

from __future__ import annotations

import hashlib
from typing import Final

#: How many characters a key has at most; each may take four bytes.
LONGEST: Final = 500


def key_of(name: str, longest: int = LONGEST) -> str:
    """Return `name`, or of one with more than `longest` characters its beginning and a digest.

    Two names that differ anywhere have different keys. The key of a key is that key.
    """
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name[: longest - len(digest) - 1]}…{digest}"
