"""Mail servers to talk to: aiosmtpd that answers as told, and a raw one that hangs up."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Outgoing, delivery_key
from copydesk.core.post import Content, Media
from copydesk.core.states import AccountState
from copydesk.platforms.email import PLATFORM
from copydesk.platforms.email.client import EmailClient
from copydesk.platforms.kit import contract
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.names import Names

WHEN = datetime(2026, 3, 29, 9, 30, tzinfo=UTC)
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@dataclass
class Inbox:
    """An aiosmtpd handler that keeps what it accepts and answers as it was told."""

    recipient_answers: Mapping[str, str] = field(default_factory=dict)
    sender_answer: str = "250 OK"
    text_answer: str = "250 2.0.0 queued as 42"
    envelopes: list[Envelope] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802  # aiosmtpd looks handlers up by these names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append("MAIL")
        if self.sender_answer.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.sender_answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append("RCPT")
        answer = self.recipient_answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.commands.append("DATA")
        if self.text_answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.text_answer

    async def handle_NOOP(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, arg: str
    ) -> str:
        self.commands.append("NOOP")
        return "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        return [parse(envelope.content) for envelope in self.envelopes]


def parse(data: bytes | str | None) -> EmailMessage:
    """Read a message as a strict stranger does: any defect raises."""
    assert isinstance(data, bytes)
    strict = policy.default.clone(raise_on_defect=True)
    message = BytesParser(policy=strict).parsebytes(data)
    assert isinstance(message, EmailMessage)
    return message


@asynccontextmanager
async def listening(
    inbox: Inbox, *, encryption: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """Serve `inbox` on a free port of this machine and yield the port. `encryption` is TLS from
    the first byte."""
    loop = asyncio.get_running_loop()
    open_connections: list[SMTP] = []

    def connection() -> SMTP:
        made = SMTP(inbox, hostname="mail.example.org", loop=loop, **options)
        open_connections.append(made)
        return made

    server = await loop.create_server(connection, "127.0.0.1", 0, ssl=encryption)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
        for made in open_connections:
            if made._handler_coroutine is not None:
                made._handler_coroutine.cancel()
                await asyncio.gather(made._handler_coroutine, return_exceptions=True)


class Script:
    """A mail server of a few lines that hangs up at one chosen step."""

    def __init__(self, hang_up_at: str, *, answers: Mapping[str, str] | None = None) -> None:
        self.hang_up_at = hang_up_at
        self.answers = {
            "greeting": "220 mail.example.org",
            "EHLO": "250 mail.example.org",
            "MAIL": "250 OK",
            "RCPT": "250 OK",
            "DATA": "354 go on",
            "text": "250 OK",
            "RSET": "250 OK",
            "QUIT": "221 bye",
            **(answers or {}),
        }
        self.texts: list[bytes] = []

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        step = "greeting"
        while step != self.hang_up_at:
            writer.write(f"{self.answers[step]}\r\n".encode())
            await writer.drain()
            if step == "DATA":
                self.texts.append(await reader.readuntil(b"\r\n.\r\n"))
                step = "text"
                continue
            line = await reader.readline()
            if not line:
                break
            step = line[:4].decode()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        talks: list[asyncio.Task[None]] = []

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            talks.append(asyncio.create_task(self.converse(reader, writer)))

        server = await asyncio.start_server(begin, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await server.wait_closed()
            await asyncio.wait_for(asyncio.gather(*talks), 60)


def sign_in(password: str) -> Any:
    """Return an aiosmtpd authenticator that knows one password."""

    def check(
        server: SMTP, session: Session, envelope: Envelope, how: str, what: Any
    ) -> AuthResult:
        assert isinstance(what, LoginPassword)
        return AuthResult(success=what.password == password.encode(), handled=False)

    return check


def account(port: int, **settings: str) -> Account:
    return Account(
        id="acc_news",
        workspace_id="wsp_1",
        name="news",
        platform="email",
        state=AccountState.CONNECTED,
        settings={
            "smtp": f"127.0.0.1:{port}",
            "from": "The Desk <desk@example.org>",
            "to": "reader@example.com",
            **settings,
        },
    )


def picture(name: str = "img/map.png", kind: str = "image/png") -> Media:
    return Media(name=name, content_type=kind, sha256="ab" * 32, size=len(PICTURE), alt="a map")


def content(**fields: Any) -> Content:
    given = {
        "title": "Hello, world",
        "body": "First words.\n\nAnd *more* of them.",
        "slug": "hello-world",
        **fields,
    }
    return Content(**given)


def outgoing(
    where: Account, given: Content | None = None, recipient: str | None = None
) -> Outgoing:
    given = given or content()
    if recipient is None:
        recipient = PLATFORM.recipients(where, given)[0]
    made = PLATFORM.render(
        contract.Subject(
            post_id="pst_1",
            revision=1,
            content=given,
            published_at=WHEN.isoformat(),
            updated_at=WHEN.isoformat(),
        ),
        where,
        recipient,
    )
    return Outgoing(
        delivery_id="dlv_1",
        key=delivery_key(where.id, "pst_1", "rev_1", recipient),
        post_id="pst_1",
        action=Action.CREATE,
        payload=made.payload,
        text=made.text,
        intended_at=WHEN,
        recipient=recipient,
        media=made.media,
    )


def update(given: Outgoing) -> Outgoing:
    return replace(given, action=Action.UPDATE)


async def load(media: Media) -> bytes:
    return PICTURE


@asynccontextmanager
async def connected(
    where: Account, tmp: Any, names: Names | None = None, **secrets: str
) -> AsyncIterator[EmailClient]:
    made = PLATFORM.connect(
        contract.Session(
            account=where,
            secrets=secrets,
            transport=HttpTransport(user_agent="test"),
            load_media=load,
            home=tmp,
            names=names or Names(),
        )
    )
    assert isinstance(made, EmailClient)
    try:
        yield made
    finally:
        await made.close()
