"""Handing letters to a mail server: one connection, one transaction a letter, nothing sent twice.

Until the message itself is handed over nothing can have been applied. From then on only the
server's answer counts; without one the outcome stays unknown, because SMTP cannot be asked later.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from aiosmtplib import (
    SMTP,
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPException,
    SMTPResponseException,
)

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.errors import CopydeskError
from copydesk.core.outcomes import (
    Answer,
    Existence,
    Inconclusive,
    Misconfigured,
    Outcome,
    Published,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.platforms.email.addresses import parse_address
from copydesk.platforms.email.errors import Stage, classify
from copydesk.platforms.email.message import Letter, Unwritable, compose
from copydesk.platforms.email.settings import read_server
from copydesk.platforms.kit.authorities import NoAuthorities, secured
from copydesk.platforms.kit.classify import redact, refused
from copydesk.platforms.kit.contract import Client, Session

CONNECT_SECONDS: Final = 15.0
COMMAND_SECONDS: Final = 30.0
#: RFC 5321 §4.5.3.2.6 asks for 10 minutes after the final dot: giving up early makes unknowns.
TEXT_SECONDS: Final = 120.0


class _Stopped(Exception):
    """The conversation ended before the message was handed over."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(type(outcome).__name__)


class EmailClient(Client):
    """The conversation with one account's mail server."""

    def __init__(self, session: Session) -> None:
        settings = session.account.settings
        self._session = session
        self._server = read_server(settings)
        self._user = settings.get("user", "")
        self._password = session.secrets.get("password", "")
        self._sender = parse_address(settings["from"])
        self._smtp: SMTP | None = None

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Hand over one letter to its recipient."""
        if outgoing.action is Action.UPDATE:
            return Refused("target", "a sent e-mail cannot be changed", "Send a new one.")
        if outgoing.action is Action.DELETE:
            return Refused("target", "a sent e-mail cannot be called back", "Send a correction.")
        try:
            letter = await self._letter(outgoing)
            refusal = await refused(self._session.observers, "MAIL", f"smtp://{self._server.host}")
            if refusal is not None:
                return refusal
            smtp = await self._open()
            await self._envelope(smtp, letter)
        except _Stopped as stopped:
            return self._masked(stopped.outcome)
        return self._masked(await self._hand_over(smtp, letter))

    async def find(self, outgoing: Outgoing) -> Existence:
        """Say that nobody can tell: a person decides, with the message id to search for."""
        return Inconclusive(
            "a mail server cannot be asked what it accepted; look for the message id "
            f"{outgoing.key}@{self._sender.domain} in its log or ask the recipient"
        )

    async def test(self) -> Outcome:
        """Greet the server, sign in and say NOOP; sends nothing."""
        try:
            smtp = await self._open()
            await self._ask(Stage.GREETING, smtp.noop())
        except _Stopped as stopped:
            return self._masked(stopped.outcome)
        return Published(id=f"{self._user or self._sender.spec} at {self._server.host}")

    async def close(self) -> None:
        """Say goodbye; a server that is gone already needs none."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with suppress(SMTPException, OSError):
                await smtp.quit(timeout=5.0)
            smtp.close()

    # -- the letter -------------------------------------------------------------------------------

    async def _letter(self, outgoing: Outgoing) -> Letter:
        files: dict[str, bytes] = {}
        for media in outgoing.media:
            try:
                files[media.name] = await self._session.load_media(media)
            except (OSError, CopydeskError) as error:
                reason = f"the file {media.name} cannot be read: {error}"
                raise _Stopped(Refused("media", reason, "Add it again.")) from error
        try:
            # encoding megabytes of images would hold up the loop
            return await asyncio.to_thread(compose, outgoing, files)
        except Unwritable as error:
            raise _Stopped(Refused(error.field, str(error), f"Correct {error.field}.")) from error

    # -- the conversation -------------------------------------------------------------------------

    async def _open(self) -> SMTP:
        """Return a connection that is greeted, secured and signed in."""
        if self._smtp is not None and await self._still_there(self._smtp):
            return self._smtp
        server, security = self._server, await self._security()
        connection = await self._connected()
        smtp = SMTP(
            hostname=server.host,  # whose certificate it has to be
            use_tls=server.security == "tls",
            tls_context=security,
            # never "if offered": that would let anybody in between take encryption away
            start_tls=False,
            local_hostname=self._sender.domain,
            timeout=COMMAND_SECONDS,
        )
        self._smtp = smtp
        greeting = smtp.connect(sock=connection, timeout=CONNECT_SECONDS)
        try:
            await self._ask(Stage.GREETING, greeting)
        except BaseException:
            connection.close()
            raise
        await self._ask(Stage.GREETING, smtp.ehlo())
        if server.security == "starttls":
            if not smtp.supports_extension("starttls"):
                raise _Stopped(
                    Misconfigured(
                        "the server offers no STARTTLS", "Use its TLS port with security=tls."
                    )
                )
            await self._ask(Stage.SECURING, smtp.starttls())
            await self._ask(Stage.SECURING, smtp.ehlo())
        if self._user:
            await self._sign_in(smtp)
        return smtp

    async def _security(self) -> ssl.SSLContext | None:
        if self._server.security == "none":
            return None
        try:
            return await asyncio.to_thread(secured)
        except NoAuthorities as error:
            raise _Stopped(Unavailable(str(error.strerror))) from error

    async def _connected(self) -> socket.socket:
        host, port = self._server.host, self._server.port
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._session.names.connected(host, port)
        except TimeoutError as error:
            problem = f"no connection to {host} at port {port} within {CONNECT_SECONDS:.0f} s"
            raise _Stopped(Unavailable(problem)) from error
        except OSError as error:
            problem = f"the mail server {host} cannot be reached at port {port}: {error}"
            raise _Stopped(Unavailable(problem)) from error

    async def _still_there(self, smtp: SMTP) -> bool:
        """Tell whether a kept connection still answers; servers drop idle ones."""
        if smtp.is_connected:
            with suppress(SMTPException, OSError):
                await smtp.rset(timeout=5.0)
                return True
        smtp.close()
        return False

    async def _sign_in(self, smtp: SMTP) -> None:
        # one method, once: a wrong password tried three ways may lock the mailbox
        ways = {"plain": smtp.auth_plain, "login": smtp.auth_login, "cram-md5": smtp.auth_crammd5}
        way = next((ways[name] for name in ways if name in smtp.server_auth_methods), None)
        if way is None:
            raise _Stopped(
                Misconfigured(
                    "the server offers no way to sign in that we know",
                    "Check port and security; many servers offer it only after encryption.",
                )
            )
        await self._ask(Stage.SIGNING_IN, way(self._user, self._password))

    async def _envelope(self, smtp: SMTP, letter: Letter) -> None:
        options = []
        if smtp.supports_extension("size"):
            options.append(f"SIZE={len(letter.data)}")
        encoding = "ascii"
        if letter.needs_utf8:
            if not smtp.supports_extension("smtputf8"):
                field = "to" if letter.recipient.needs_utf8 else "from"
                raise _Stopped(
                    Refused(
                        field,
                        "the server does not take addresses with such letters (no SMTPUTF8)",
                        "Use an address in plain letters.",
                    )
                )
            options.append("SMTPUTF8")
            encoding = "utf-8"
        await self._ask(
            Stage.SENDER, smtp.mail(letter.sender.spec, options=options, encoding=encoding)
        )
        await self._ask(Stage.RECIPIENT, smtp.rcpt(letter.recipient.spec, encoding=encoding))

    async def _ask(self, stage: Stage, question: Awaitable[Any]) -> None:
        """Await one exchange before the message; raises `_Stopped` unless it went well."""
        try:
            await question
        except (SMTPConnectResponseError, SMTPResponseException) as error:
            if stage is not Stage.RECIPIENT or error.code == 421:
                self._drop()
            raise _Stopped(classify(stage, error.code, error.message)) from error
        except (SMTPException, OSError) as error:
            self._drop()
            raise _Stopped(_no_connection(error)) from error
        except asyncio.CancelledError:
            self._drop()
            raise

    async def _hand_over(self, smtp: SMTP, letter: Letter) -> Outcome:
        try:
            reply = await smtp.data(letter.data, timeout=TEXT_SECONDS)
        except SMTPResponseException as error:
            if 200 <= error.code < 300:
                return Published(letter.message_id, "", _answer(error.code, error.message))
            self._drop()
            return classify(Stage.TEXT, error.code, error.message)
        except (SMTPException, OSError) as error:
            self._drop()
            return Unknown(f"handing over the message was not answered: {error}")
        except asyncio.CancelledError:
            self._drop()
            raise
        return Published(letter.message_id, "", _answer(reply.code, reply.message))

    def _drop(self) -> None:
        """Give up the connection: what would come next on it is not known."""
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def _masked(self, outcome: Outcome) -> Outcome:
        """Return `outcome` without our secrets, should the server have echoed them."""
        plain = f"\0{self._user}\0{self._password}"
        forms = (self._password, *(_base64(text) for text in (self._password, plain)))
        secrets = [form for form in forms if self._password]
        raw = redact(outcome.answer.raw, secrets)
        changes: dict[str, Any] = {"answer": replace(outcome.answer, raw=raw)}
        if reason := getattr(outcome, "reason", ""):
            changes["reason"] = redact(reason, secrets)
        return replace(outcome, **changes)


def _no_connection(error: Exception) -> Outcome:
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Misconfigured(
            f"the server's certificate is not valid: {cause.verify_message}",
            "Use the name the certificate is for, or renew it.",
        )
    if isinstance(error, SMTPConnectError):
        return Unavailable(f"the mail server cannot be reached: {error}")
    return Unavailable(f"the connection broke before the message was sent: {error}")


def _answer(code: int, text: str) -> Answer:
    return Answer(status=code, raw=f"{code} {text}"[:2000])


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
