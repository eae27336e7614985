"""Letters over TLS, from the first byte or after STARTTLS, and certificates nobody vouches for."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from copydesk.core.outcomes import Misconfigured, Published, Unavailable
from tests.platforms.email.mail_servers import (
    Inbox,
    Script,
    account,
    connected,
    listening,
    outgoing,
)

WAYS = ["tls", "starttls"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 that vouches for itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a mail server")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@asynccontextmanager
async def encrypting(way: str, certificate: Path, inbox: Inbox) -> AsyncIterator[int]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    if way == "tls":
        async with listening(inbox, encryption=context) as port:
            yield port
    else:
        async with listening(inbox, tls_context=context, require_starttls=True) as port:
            yield port


@pytest.mark.parametrize("way", WAYS)
async def test_a_letter_goes_out_encrypted(
    way: str, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    inbox = Inbox()
    async with encrypting(way, certificate, inbox) as port:
        where = account(port, security=way)
        async with connected(where, tmp_path) as client:
            outcomes = [await client.commit(outgoing(where)) for _ in range(2)]
    assert [type(outcome) for outcome in outcomes] == [Published, Published]
    assert len(inbox.envelopes) == 2


@pytest.mark.parametrize("way", WAYS)
async def test_a_certificate_that_nobody_vouches_for_stops_the_account(
    way: str, certificate: Path, tmp_path: Path
) -> None:
    inbox = Inbox()
    async with encrypting(way, certificate, inbox) as port:
        where = account(port, security=way)
        async with connected(where, tmp_path) as client:
            outcome = await client.commit(outgoing(where))
    assert isinstance(outcome, Misconfigured)
    assert "certificate" in outcome.reason
    assert inbox.commands == []


@pytest.mark.parametrize(("way", "step"), [("tls", "greeting"), ("starttls", "STAR")])
async def test_a_server_that_hangs_up_instead_of_shaking_hands_is_tried_again(
    way: str, step: str, tmp_path: Path
) -> None:
    script = Script(step, answers={"EHLO": "250-mail.example.org\r\n250 STARTTLS"})
    async with script.listening() as port:
        where = account(port, security=way)
        async with connected(where, tmp_path) as client:
            outcome = await client.commit(outgoing(where))
    assert isinstance(outcome, Unavailable)
    assert script.texts == []
