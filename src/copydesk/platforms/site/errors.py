"""What a file system's refusal means for a delivery.

Nothing of the post counts until its record is written, and that is the last step; so a refused
write was certainly not applied. What needs a person is told apart from what passes by itself.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

from copydesk.core.outcomes import Answer, Misconfigured, Unavailable

#: Problems that repeat until somebody changes something, with what to change (POSIX errno names).
_FOR_A_PERSON: Final = {
    errno.EACCES: "Let the user copydesk runs as write to the folder (chown or chmod).",
    errno.EPERM: "Let the user copydesk runs as write to the folder (chown or chmod).",
    errno.EROFS: "Mount the file system for writing, or choose another path.",
    errno.ENOENT: "Check the path: a folder on the way there does not exist.",
    errno.ENOTDIR: "Choose a path that is a folder: a part of this one is a file.",
    errno.EISDIR: "Move the folder away that has the name of one of the site's files.",
    errno.EEXIST: "Choose a path that is a folder: this one is a file.",
    errno.ELOOP: "Repair the symbolic link that points at itself.",
    errno.ENAMETOOLONG: "Choose a shorter path.",
}


def refused_by_disk(error: OSError, root: Path) -> Misconfigured | Unavailable:
    """Return the outcome for `error` while writing below `root`."""
    words = error.strerror or type(error).__name__
    answer = Answer(vendor_code=errno.errorcode.get(error.errno or 0, ""), raw=str(error)[:2000])
    remedy = _FOR_A_PERSON.get(error.errno or 0)
    if remedy:
        return Misconfigured(f"{root} cannot be written: {words}", remedy, answer)
    return Unavailable(f"{root} could not be written: {words}", answer=answer)
