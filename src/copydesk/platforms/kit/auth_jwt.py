"""Tokens we sign ourselves: short-lived, made from a key that is never sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from copydesk.platforms.kit.auth import JwtMaker

#: How far tokens are dated back, in seconds; of short-lived ones an eighth of their life.
_BACK: Final = 30


def make_token(
    maker: JwtMaker, secrets: Mapping[str, str], settings: Mapping[str, str], now: datetime
) -> str:
    """Return a token made at `now` (aware UTC) that lasts as long as `maker` says, less what it is
    dated back by: a reader whose clock is a little behind ours refuses what is yet to be issued.

    Raises `ValueError`, in words without the key, when the account's key cannot be one.
    """
    # loaded here: most platforms sign nothing
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    material = maker.material(secrets, settings)
    issued = int(now.timestamp() - dated_back(maker).total_seconds())
    claims = {**material.claims, "iat": issued, "exp": issued + maker.lifetime}
    kinds: Mapping[str, Literal["oct", "RSA", "EC", "OKP"]] = {
        "HS": "oct",
        "RS": "RSA",
        "PS": "RSA",
        "ES": "EC",
        "Ed": "OKP",
    }
    try:
        key = import_key(material.key, kinds[maker.algorithm[:2]])
        made: str = jwt.encode(
            {"alg": maker.algorithm, **material.header}, claims, key, algorithms=[maker.algorithm]
        )
        return made
    except (JoseError, ValueError, TypeError) as error:
        sealed = b"ENCRYPTED" in material.key
        why = ": it is protected by a passphrase, which has to be taken off" if sealed else ""
        raise ValueError(f"the key cannot sign with {maker.algorithm}{why}") from error


def dated_back(maker: JwtMaker) -> timedelta:
    """Return how far tokens are dated back, and so how far the clock they are read by may be
    behind ours."""
    return timedelta(seconds=min(_BACK, maker.lifetime // 8))
