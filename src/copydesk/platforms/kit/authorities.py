"""Who vouches for servers: the certificate authorities this machine knows.

A container without the package ca-certificates knows none. Every secure call would then fail as if
each server were an impostor, so that is found out before a connection is made, and told as it is.
"""

from __future__ import annotations

import errno
import os
import re
import ssl
from pathlib import Path
from typing import Final

#: As OpenSSL looks an authority up in a folder (`openssl rehash`).
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.\d+")


class NoAuthorities(OSError):
    """This machine knows nobody who vouches for servers; no connection was made."""

    problem: Final = "this machine knows no certificate authorities: no secure call can be made"
    remedy: Final = "Install the package ca-certificates, or name a file of them in SSL_CERT_FILE."

    def __init__(self) -> None:
        remedy = self.remedy[0].lower() + self.remedy[1:].removesuffix(".")
        super().__init__(errno.ENOENT, f"{self.problem} ({remedy})")


def secured() -> ssl.SSLContext:
    """Return what secure connections are made with: the system's authorities, and those of
    `SSL_CERT_FILE`. Raises `NoAuthorities`."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509"] and not _are_in_folders():
        raise NoAuthorities
    return context


def _are_in_folders() -> bool:
    # they are read one by one when they are asked for: the context does not count them
    paths = ssl.get_default_verify_paths()
    # OpenSSL's own variable, which may name several, where Python tells of one alone
    named = os.environ.get(paths.openssl_capath_env, paths.openssl_capath)  # noqa: TID251
    folders = [Path(name) for name in named.split(os.pathsep) if name]
    found = (file.name for folder in folders if folder.is_dir() for file in folder.iterdir())
    return any(map(_HASHED.fullmatch, found))
