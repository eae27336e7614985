"""Letters handed to real SMTP servers, and what their answers do to a delivery."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from copydesk.core.outcomes import (
    AuthRevoked,
    Inconclusive,
    Misconfigured,
    Outcome,
    Published,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from tests.platforms.email.mail_servers import (
    WHEN,
    Inbox,
    Script,
    account,
    connected,
    content,
    listening,
    outgoing,
    sign_in,
    update,
)

pytestmark = pytest.mark.network_peer

SECRET = "correct horse battery"


async def send(inbox: Inbox, tmp: Path, **options: Any) -> Outcome:
    async with listening(inbox, **options) as port:
        where = account(port)
        async with connected(where, tmp) as client:
            return await client.commit(outgoing(where))


async def test_a_letter_arrives_with_envelope_and_stable_identity(tmp_path: Path) -> None:
    inbox = Inbox()
    outcome = await send(inbox, tmp_path)
    assert isinstance(outcome, Published)
    [envelope], [message] = inbox.envelopes, inbox.messages
    assert envelope.mail_from == "desk@example.org"
    assert envelope.rcpt_tos == ["reader@example.com"]
    assert message["Message-ID"] == f"<{outcome.id}>"
    assert message["Subject"] == "Hello, world"
    assert message["From"].addresses[0].display_name == "The Desk"
    assert message["Date"].datetime == WHEN
    assert message["Date"].datetime.utcoffset() == timedelta(0)


async def test_a_second_try_has_the_same_bytes(tmp_path: Path) -> None:
    inbox = Inbox()
    await send(inbox, tmp_path)
    await send(inbox, tmp_path)
    first, second = inbox.envelopes
    assert first.content == second.content


async def test_several_letters_share_a_connection_but_no_transaction(tmp_path: Path) -> None:
    inbox = Inbox(recipient_answers={"gone@example.com": "550 5.1.1 no such user"})
    async with listening(inbox) as port:
        where = account(port, to="a@example.com, gone@example.com, b@example.com")
        async with connected(where, tmp_path) as client:
            outcomes = [
                await client.commit(outgoing(where, recipient=to))
                for to in ("a@example.com", "gone@example.com", "b@example.com")
            ]
    assert [type(outcome) for outcome in outcomes] == [Published, Refused, Published]
    assert [envelope.rcpt_tos for envelope in inbox.envelopes] == [
        ["a@example.com"],
        ["b@example.com"],
    ]
    assert len({message["Message-ID"] for message in inbox.messages}) == 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("550 5.1.1 no such user", Refused),
        ("553 mailbox name not allowed", Refused),
        ("450 4.2.0 greylisted, try again in 300 seconds", Unavailable),
        ("451 local error", Unavailable),
        ("452 4.5.3 too many recipients", RateLimited),
        ("554 5.7.1 relay access denied", Misconfigured),
    ],
)
async def test_what_is_said_about_a_recipient(
    answer: str, expected: type[Outcome], tmp_path: Path
) -> None:
    inbox = Inbox(recipient_answers={"reader@example.com": answer})
    outcome = await send(inbox, tmp_path)
    assert isinstance(outcome, expected)
    assert inbox.envelopes == []
    assert "DATA" not in inbox.commands
    assert answer in outcome.answer.raw
    if isinstance(outcome, Refused):
        assert outcome.field == "to"


async def test_greylisting_says_when_to_come_back(tmp_path: Path) -> None:
    inbox = Inbox(recipient_answers={"reader@example.com": "450 4.7.1 greylisting in action"})
    outcome = await send(inbox, tmp_path)
    assert isinstance(outcome, Unavailable)
    assert outcome.retry_after == 600.0


@pytest.mark.parametrize(
    ("answer", "expected", "field"),
    [
        ("554 5.6.0 looks like spam", Refused, "body"),
        ("552 5.3.4 message too big", Refused, "body"),
        ("451 4.3.0 try later", Unavailable, ""),
        ("421 4.7.28 rate limit reached", RateLimited, ""),
        ("550 5.7.515 sender does not meet the authentication level", Misconfigured, ""),
        ("251 taken for forwarding", Published, ""),
    ],
)
async def test_what_is_said_about_the_message(
    answer: str, expected: type[Outcome], field: str, tmp_path: Path
) -> None:
    outcome = await send(Inbox(text_answer=answer), tmp_path)
    assert isinstance(outcome, expected)
    assert getattr(outcome, "field", "") == field


async def test_a_refused_sender_is_the_accounts_fault(tmp_path: Path) -> None:
    outcome = await send(Inbox(sender_answer="553 5.1.8 bad sender"), tmp_path)
    assert isinstance(outcome, Misconfigured)


async def test_nobody_listening_means_nothing_was_sent(tmp_path: Path, free_port: int) -> None:
    where = account(free_port)
    async with connected(where, tmp_path) as client:
        assert isinstance(await client.commit(outgoing(where)), Unavailable)


@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT"])
async def test_a_connection_lost_before_the_message_is_certain(step: str, tmp_path: Path) -> None:
    script = Script(step)
    async with script.listening() as port:
        where = account(port)
        async with connected(where, tmp_path) as client:
            outcome = await client.commit(outgoing(where))
    assert isinstance(outcome, Unavailable)
    assert script.texts == []


async def test_a_connection_lost_after_the_message_is_unknown(tmp_path: Path) -> None:
    script = Script("text")
    async with script.listening() as port:
        where = account(port)
        async with connected(where, tmp_path) as client:
            given = outgoing(where)
            outcome = await client.commit(given)
            existence = await client.find(given)
    assert isinstance(outcome, Unknown)
    assert len(script.texts) == 1, "the message must not be sent a second time"
    assert isinstance(existence, Inconclusive)
    assert given.key in existence.reason


async def test_an_unreadable_answer_to_the_message_is_unknown(tmp_path: Path) -> None:
    script = Script("never", answers={"text": "what? no"})
    async with script.listening() as port:
        where = account(port)
        async with connected(where, tmp_path) as client:
            assert isinstance(await client.commit(outgoing(where)), Unknown)


async def test_a_kept_connection_that_the_server_closed_is_opened_anew(tmp_path: Path) -> None:
    script = Script("RSET")
    async with script.listening() as port:
        where = account(port)
        async with connected(where, tmp_path) as client:
            first = await client.commit(outgoing(where, recipient="a@example.com"))
            second = await client.commit(outgoing(where, recipient="b@example.com"))
    assert isinstance(first, Published)
    assert isinstance(second, Published)
    assert len(script.texts) == 2


async def test_lines_that_begin_with_a_dot_arrive_whole(tmp_path: Path) -> None:
    inbox = Inbox()
    async with listening(inbox) as port:
        where = account(port, mode="newsletter")
        given = content(body="```\n.\n..\n.hidden\n```\n\n.last")
        async with connected(where, tmp_path) as client:
            await client.commit(outgoing(where, given))
    [message] = inbox.messages
    text = message.get_body(("plain",))
    assert text is not None
    assert ".\n..\n.hidden\n\n.last" in text.get_content().replace("\r\n", "\n")


async def test_non_ascii_mailboxes_need_a_server_that_takes_them(tmp_path: Path) -> None:
    for offered in (True, False):
        inbox = Inbox()
        async with listening(inbox, enable_SMTPUTF8=offered) as port:
            where = account(port, to="jörg@example.com")
            async with connected(where, tmp_path) as client:
                outcome = await client.commit(outgoing(where))
        if offered:
            assert isinstance(outcome, Published)
            assert inbox.envelopes[0].rcpt_tos == ["jörg@example.com"]
            assert "SMTPUTF8" in inbox.envelopes[0].mail_options
        else:
            assert isinstance(outcome, Refused)
            assert outcome.field == "to"
            assert inbox.envelopes == []


@pytest.mark.parametrize(
    ("to", "called"),
    [
        ("leser@bücher.example", "leser@xn--bcher-kva.example"),
        # by the rules of 2003 it would go to a reader at strasse.example
        ("leser@straße.example", "leser@xn--strae-oqa.example"),
    ],
)
async def test_non_ascii_domains_and_names_need_nothing_special(
    to: str, called: str, tmp_path: Path
) -> None:
    inbox = Inbox()
    async with listening(inbox, enable_SMTPUTF8=False) as port:
        where = account(port, to=to, **{"from": "Jörg Müller <j@example.org>"})
        async with connected(where, tmp_path) as client:
            outcome = await client.commit(outgoing(where, content(title="Grüße 🌍")))
    assert isinstance(outcome, Published)
    [envelope], [message] = inbox.envelopes, inbox.messages
    assert envelope.rcpt_tos == [called]
    assert message["From"].addresses[0].display_name == "Jörg Müller"
    assert message["Subject"] == "Grüße 🌍"
    assert isinstance(envelope.content, bytes)
    assert envelope.content.isascii()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
@pytest.mark.parametrize("password", [SECRET, "wrong"])
async def test_signing_in(password: str, tmp_path: Path) -> None:
    inbox = Inbox()
    options = {
        "authenticator": sign_in(SECRET),
        "auth_require_tls": False,
        "auth_required": True,
    }
    async with listening(inbox, **options) as port:
        where = account(port, user="desk")
        async with connected(where, tmp_path, password=password) as client:
            tested = await client.test()
            outcome = await client.commit(outgoing(where))
    expected = Published if password == SECRET else AuthRevoked
    assert isinstance(tested, expected)
    assert isinstance(outcome, expected)
    assert len(inbox.envelopes) == (1 if password == SECRET else 0)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
async def test_a_server_that_wants_a_password_blocks_an_account_without(tmp_path: Path) -> None:
    inbox = Inbox()
    options = {"authenticator": sign_in(SECRET), "auth_require_tls": False, "auth_required": True}
    async with listening(inbox, **options) as port:
        where = account(port)
        async with connected(where, tmp_path) as client:
            assert isinstance(await client.commit(outgoing(where)), Misconfigured)


async def test_encryption_is_not_given_up_when_the_server_offers_none(tmp_path: Path) -> None:
    inbox = Inbox()
    async with listening(inbox) as port:
        where = account(port, security="starttls")
        async with connected(where, tmp_path) as client:
            outcome = await client.commit(outgoing(where))
    assert isinstance(outcome, Misconfigured)
    assert inbox.commands == []


async def test_testing_an_account_sends_nothing(tmp_path: Path) -> None:
    inbox = Inbox()
    async with listening(inbox) as port, connected(account(port), tmp_path) as client:
        outcome = await client.test()
    assert isinstance(outcome, Published)
    assert inbox.commands == ["NOOP"]


async def test_a_sent_letter_cannot_be_updated(tmp_path: Path, free_port: int) -> None:
    where = account(free_port)
    async with connected(where, tmp_path) as client:
        outcome = await client.commit(update(outgoing(where)))
    assert isinstance(outcome, Refused)
    assert outcome.field == "target"


async def test_the_password_shows_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="copydesk")
    script = Script(
        "never",
        answers={
            "EHLO": "250-mail.example.org\r\n250 AUTH PLAIN",
            "AUTH": f"535 5.7.8 no such password: {SECRET}",
        },
    )
    async with script.listening() as port:
        where = account(port, user="desk")
        async with connected(where, tmp_path, password=SECRET) as client:
            outcome = await client.commit(outgoing(where))
            shown = repr(client) + repr(client._session) + repr(outcome) + caplog.text
    assert isinstance(outcome, AuthRevoked)
    assert SECRET not in shown
