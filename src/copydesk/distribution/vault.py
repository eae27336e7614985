"""Secrets, encrypted at rest with keys from the environment or a file only we can read.

Keys form a ring: the first seals, every one opens. So a key can be replaced while everything runs:
`work.rekeying` puts a new one in front and seals row after row anew. A process that meets a row it
cannot open reads the file again, since another process may have added a key.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from copydesk.core.errors import ConfigError

KEY_FILE = "secret.key"


def new_key() -> bytes:
    """Return a fresh key: 32 random bytes in URL-safe base 64."""
    return Fernet.generate_key()


def fingerprint_of(key: bytes) -> str:
    """Return what names a key without giving it away."""
    return hashlib.sha256(b"copydesk key " + key).hexdigest()[:12]


def split_keys(text: str) -> tuple[bytes, ...]:
    """Return the keys in `text`, newest first: one a line, or separated by commas or spaces."""
    return tuple(part.encode() for part in text.replace(",", " ").split())


class Vault:
    """Seals and opens secrets (Fernet: AES-128-CBC with HMAC-SHA-256). Shows no key anywhere.

    `keys` are the ring, newest first; `reread` returns it as it is by now.
    """

    def __init__(self, *keys: bytes, reread: Callable[[], Sequence[bytes]] | None = None) -> None:
        self._reread = reread
        self._take(keys)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Return the names of the keys, the one that seals first."""
        return tuple(fingerprint_of(key) for key in self._keys)

    def seal(self, secrets: Mapping[str, str]) -> bytes:
        """Return the secrets encrypted with the newest key; nothing for none."""
        if not secrets:
            return b""
        # another process may have begun to replace the key: what is sealed with the old one from
        # now on would need a second round
        self.refresh()
        return self._ring.encrypt(json.dumps(dict(secrets)).encode())

    def open(self, sealed: bytes) -> dict[str, str]:
        """Return sealed secrets; raises `ConfigError` when no key of ours sealed them."""
        if not sealed:
            return {}
        try:
            plain = self._ring.decrypt(sealed)
        except InvalidToken:
            try:
                self.refresh()
                plain = self._ring.decrypt(sealed)
            except InvalidToken as error:
                raise ConfigError(
                    ["key: it does not open the stored credentials"],
                    remedy=f"Give the key they were sealed with (COPYDESK_KEY or {KEY_FILE}).",
                ) from error
        secrets: dict[str, str] = json.loads(plain)
        return secrets

    def sealed_by(self, sealed: bytes) -> str | None:
        """Return the fingerprint of the key that opens `sealed`, None when none of ours does."""
        for key in self._keys:
            try:
                Fernet(key).decrypt(sealed)
            except InvalidToken:
                continue
            return fingerprint_of(key)
        return None

    def reseal(self, sealed: bytes) -> bytes:
        """Return `sealed` sealed with the newest key; raises `ConfigError` when none opens it."""
        return self.seal(self.open(sealed))

    def refresh(self) -> None:
        """Take up keys that another process has added or dropped since."""
        if self._reread is not None:
            keys = tuple(self._reread())
            if keys and keys != self._keys:
                self._take(keys)

    def _take(self, keys: Sequence[bytes]) -> None:
        try:
            ring = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise ConfigError(
                ["key: not a usable key"], remedy="A key is 32 random bytes in URL-safe base 64."
            ) from error
        self._keys, self._ring = tuple(keys), ring


def open_vault(key: str, home: Path) -> Vault:
    """Return the vault for `key` (one or several, newest first), or for the key file in `home`,
    which is made on first use.

    Raises `ConfigError` for what cannot be a key.
    """
    if key:
        return Vault(*split_keys(key))
    path = home / KEY_FILE
    try:
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            with _alone_at(path):
                # of two processes that start together one makes it, none overwrites it
                if not path.exists():
                    write_keys(path, [new_key()])
        keys = read_keys(path)
    except OSError as error:
        raise ConfigError(
            [f"key: {path} cannot be used: {error.strerror}"],
            remedy="It has to be a file that this process may read, or give COPYDESK_KEY.",
        ) from error
    return Vault(*keys, reread=_rereader(path))


def read_keys(path: Path) -> tuple[bytes, ...]:
    """Return the keys in a key file, newest first."""
    return split_keys(path.read_text(encoding="ascii", errors="replace"))


def readers_of(path: Path) -> str:
    """Return who besides its owner may read or replace a key file: "" for nobody, "the group" or
    "everybody"; also "" where there is no file. Whoever cannot enter its folder can do neither."""
    try:
        mode, folder = path.stat().st_mode, path.parent.stat().st_mode
    except OSError:
        return ""
    for whose, enter, take, put in (
        ("everybody", stat.S_IXOTH, stat.S_IROTH | stat.S_IWOTH, stat.S_IWOTH),
        ("the group", stat.S_IXGRP, stat.S_IRGRP | stat.S_IWGRP, stat.S_IWGRP),
    ):
        if folder & enter and (mode & take or folder & put):
            return whose
    return ""


def write_keys(path: Path, keys: Sequence[bytes]) -> None:
    """Replace a key file as a whole; it is on the disk before it takes the old one's place.

    What a process that died here has left is overwritten by the next one: no key stays behind.
    """
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"\n".join(keys) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def key_file_kept(path: Path) -> Iterator[tuple[bytes, ...]]:
    """Yield the keys in a key file and let no other process replace it meanwhile: a key that is
    overwritten takes with it whatever was sealed with it."""
    with _alone_at(path):
        yield read_keys(path)


@contextmanager
def _alone_at(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _rereader(path: Path) -> Callable[[], Sequence[bytes]]:
    seen: tuple[object, tuple[bytes, ...]] = (None, ())

    def reread() -> Sequence[bytes]:
        nonlocal seen
        try:
            now = path.stat()
            mark = (now.st_mtime_ns, now.st_ino, now.st_size)
            if mark != seen[0]:
                seen = (mark, read_keys(path))
        except OSError:
            return ()
        return seen[1]

    return reread
