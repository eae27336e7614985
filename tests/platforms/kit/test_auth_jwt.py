"""Tokens we sign, read by a judge of its own that is held to the examples of RFC 7515."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from copydesk.platforms.kit.auth import JwtMaker, JwtMaterial
from copydesk.platforms.kit.auth_jwt import make_token

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SHARED = bytes.fromhex("ab" * 32)

#: https://www.rfc-editor.org/rfc/rfc7515#appendix-A.1 and #appendix-A.3
PAYLOAD_OF_RFC = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
HS256_OF_RFC = (
    f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD_OF_RFC}"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
HS256_KEY_OF_RFC = (
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
)
ES256_OF_RFC = (
    f"eyJhbGciOiJFUzI1NiJ9.{PAYLOAD_OF_RFC}"
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
ES256_KEY_OF_RFC = (
    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read(token: str, key: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token whose signature holds (RFC 7518 §3); raises `InvalidSignature`.

    `key` is a shared secret or a public key.
    """
    signed, _, given = token.rpartition(".")
    header, _, claims = signed.partition(".")
    signature = decoded(given)
    match key:
        case bytes():
            expected = hmac.digest(key, signed.encode(), hashlib.sha256)
            if not hmac.compare_digest(expected, signature):
                raise InvalidSignature
        case ec.EllipticCurvePublicKey():
            assert len(signature) == 64, "R and S as they are, not as DER"
            r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
            der = utils.encode_dss_signature(r, s)
            key.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
        case _:
            key.verify(signature, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return json.loads(decoded(header)), json.loads(decoded(claims))


@lru_cache
def private_key(algorithm: str) -> PrivateKey:
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def written(
    key: PrivateKey,
    form: pem.PrivateFormat = pem.PrivateFormat.PKCS8,
    passphrase: bytes = b"",
) -> bytes:
    sealed = pem.BestAvailableEncryption(passphrase) if passphrase else pem.NoEncryption()
    return key.private_bytes(pem.Encoding.PEM, form, sealed)


def made(algorithm: str, key: bytes, lifetime: int = 300) -> str:
    def material(secrets: object, settings: object) -> JwtMaterial:
        return JwtMaterial(key=key, header={"kid": "key-1"}, claims={"aud": "/admin/"})

    return make_token(
        JwtMaker(material=material, algorithm=algorithm, lifetime=lifetime), {}, {}, NOW
    )


# ---------------------------------------------------------------- the judge


def test_the_judge_reads_the_examples_of_rfc_7515() -> None:
    x, y = (int.from_bytes(decoded(part)) for part in ES256_KEY_OF_RFC)
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    claims = {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
    assert read(ES256_OF_RFC, public) == ({"alg": "ES256"}, claims)
    shared = decoded(HS256_KEY_OF_RFC)
    assert read(HS256_OF_RFC, shared) == ({"typ": "JWT", "alg": "HS256"}, claims)
    for token, key in ((ES256_OF_RFC, public), (HS256_OF_RFC, shared)):
        with pytest.raises(InvalidSignature):
            read(token.replace(".eyJpc3Mi", ".eyJpc3Mj"), key)


# ---------------------------------------------------------------- what we make


def test_a_shared_secret_signs() -> None:
    header, claims = read(made("HS256", SHARED), SHARED)
    assert header == {"alg": "HS256", "kid": "key-1", "typ": "JWT"}
    issued = int(NOW.timestamp()) - 30
    assert claims == {"aud": "/admin/", "iat": issued, "exp": issued + 300}


@pytest.mark.parametrize("lifetime", [60, 300, 1200, 15_552_000])
def test_a_token_is_good_for_clocks_that_differ_as_long_as_we_use_it(lifetime: int) -> None:
    _, claims = read(made("HS256", SHARED, lifetime), SHARED)
    now, used_for = int(NOW.timestamp()), lifetime * 0.75
    assert claims["exp"] - claims["iat"] == lifetime, "no longer than the platform allows"
    assert now - claims["iat"] >= 7, "a reader's clock may be behind"
    assert claims["exp"] - (now + used_for) >= 7, "or ahead"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
@pytest.mark.parametrize(
    "spelt",
    [
        lambda key: written(key),
        lambda key: written(key, pem.PrivateFormat.TraditionalOpenSSL),
        lambda key: written(key).replace(b"\n", b"\r\n"),
        lambda key: b"\r\n " + written(key).strip() + b" \r\n",
        lambda key: written(key).replace(b"\n", b" "),
    ],
    ids=["PKCS#8", "PKCS#1 or SEC 1", "CRLF", "blanks around", "on one line"],
)
def test_private_keys_sign_however_they_are_written(algorithm: str, spelt: Any) -> None:
    key = private_key(algorithm)
    header, _ = read(made(algorithm, spelt(key)), key.public_key())
    assert header["alg"] == algorithm


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_wrong_keys_are_said_to_be_without_being_shown(algorithm: str) -> None:
    key = private_key(algorithm)
    other = private_key("ES256" if algorithm == "RS256" else "RS256")
    public = key.public_key().public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    wrong = [b"", b"hush, not a key", written(key)[:200], public, written(other), b"{}"]
    wrong.append(written(ec.generate_private_key(ec.SECP384R1())))
    for one in wrong:
        with pytest.raises(ValueError, match=f"cannot sign with {algorithm}") as caught:
            made(algorithm, one)
        assert "hush" not in str(caught.value)
        assert "PRIVATE" not in str(caught.value)


@pytest.mark.parametrize("form", [pem.PrivateFormat.PKCS8, pem.PrivateFormat.TraditionalOpenSSL])
def test_a_key_with_a_passphrase_is_told_from_junk(form: pem.PrivateFormat) -> None:
    with pytest.raises(ValueError, match="passphrase"):
        made("ES256", written(private_key("ES256"), form, b"hush"))
