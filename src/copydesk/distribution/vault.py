"""Credentials, encrypted at rest with a key from the environment or a file only we can read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from copydesk.core.errors import ConfigError

KEY_FILE = "secret.key"


class Vault:
    """Seals and opens the secrets of accounts (Fernet: AES-128-CBC with HMAC-SHA-256)."""

    def __init__(self, key: bytes) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError as error:
            raise ConfigError(
                ["key: not a usable key"], remedy="A key is 32 random bytes in URL-safe base 64."
            ) from error

    def seal(self, secrets: Mapping[str, str]) -> bytes:
        """Return the secrets encrypted; nothing for none."""
        return self._fernet.encrypt(json.dumps(dict(secrets)).encode()) if secrets else b""

    def open(self, sealed: bytes) -> dict[str, str]:
        """Return sealed secrets; raises `ConfigError` when they were sealed with another key."""
        if not sealed:
            return {}
        try:
            secrets: dict[str, str] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise ConfigError(
                ["key: it does not open the stored credentials"],
                remedy=f"Give the key they were sealed with (COPYDESK_KEY or {KEY_FILE}).",
            ) from error
        return secrets


def open_vault(key: str, home: Path) -> Vault:
    """Return the vault for `key`, or for the key file in `home`, which is made on first use."""
    if key:
        return Vault(key.encode())
    path = home / KEY_FILE
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
        try:
            # link, not rename: of two processes that start together one wins, none overwrites
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return Vault(path.read_bytes().strip())
