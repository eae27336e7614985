"""Mails nobody wrote for the conversation, invitations, and what is sealed by PGP or S/MIME."""

from __future__ import annotations

import pytest

from copydesk.core.errors import InputRefused
from copydesk.core.submission import Doubt
from copydesk.intake.automatic import ABSENCE, BOUNCE, GENERATED, MAILING, RECEIPT
from copydesk.intake.calendar import invitation_text
from copydesk.intake.email import parse_email


def mail(headers: str, body: str = "Some text.\n", kind: str = "text/plain") -> bytes:
    return f"From: Ann <ann@mail.example>\nContent-Type: {kind}\n{headers}\n{body}".encode()


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("Auto-Submitted: auto-replied\n", ABSENCE),
        ("Auto-Submitted: auto-generated\n", GENERATED),
        ("X-Autoreply: yes\n", ABSENCE),
        ("Precedence: auto_reply\n", ABSENCE),
        ("Subject: Automatic reply: order\n", ABSENCE),
        ("Subject: Abwesenheitsnotiz: Bestellung\n", ABSENCE),
        ("Subject: =?utf-8?B?6Ieq5YuV5b+c562UOiDms6jmloc=?=\n", ABSENCE),
        ("Subject: Undeliverable: order\n", BOUNCE),
        ("List-Id: <pumps.list.example>\n", MAILING),
        ("List-Unsubscribe: <https://x.example/u>\n", MAILING),
        ("Auto-Submitted: no\nSubject: Re: automatic pumps\n", ""),
    ],
)
def test_automatic_mail_is_told_by_headers_and_subject(headers: str, kind: str) -> None:
    message = parse_email(mail(headers))
    assert message.meta.get("automatic", "") == kind
    assert message.reply.strip() == "Some text."
    # absence notes and bounces are never published without a look; mailings are ordinary sources
    doubted = any(isinstance(note, Doubt) for note in message.notes)
    assert doubted is (kind in (ABSENCE, BOUNCE))


@pytest.mark.parametrize(
    ("report", "kind"), [("delivery-status", BOUNCE), ("disposition-notification", RECEIPT)]
)
def test_a_report_keeps_its_text_and_not_the_mail_it_is_about(report: str, kind: str) -> None:
    body = (
        "--b\nContent-Type: text/plain\n\nIt did not arrive.\n"
        f"--b\nContent-Type: message/{report}\n\nStatus: 5.1.1\n"
        "--b\nContent-Type: message/rfc822\n\nSubject: old\n\nThe old text.\n--b--\n"
    )
    raw = mail("", body, f'multipart/report; report-type={report}; boundary="b"')
    message = parse_email(raw)
    assert message.meta["automatic"] == kind
    assert message.reply.strip() == "It did not arrive."


INVITATION = (
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Planning\\, part two\r\n"
    "DTSTART;TZID=Europe/Berlin:20260105T100000\r\nDTEND:20260105T100000Z\r\n"
    "LOCATION:Room 5\r\nDESCRIPTION:Bring the num\r\n bers.\\nThanks\r\n"
    "BEGIN:VALARM\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_an_invitation_without_a_text_says_what_its_entry_says() -> None:
    message = parse_email(mail("Subject: Planning\n", INVITATION, "text/calendar; method=REQUEST"))
    assert message.reply == (
        "Planning, part two\nStarts: 2026-01-05 10:00 Europe/Berlin\nEnds: 2026-01-05 10:00 UTC\n"
        "Where: Room 5\n\nBring the numbers.\nThanks"
    )
    assert message.attachments[0].filename == "invitation.ics"
    assert any("invitation" in note for note in message.notes)


def test_the_text_beside_an_invitation_comes_first() -> None:
    body = (
        "--b\nContent-Type: text/plain\n\nPlease come.\n"
        f"--b\nContent-Type: text/calendar\n\n{INVITATION}\n--b--\n"
    )
    message = parse_email(mail("", body, 'multipart/alternative; boundary="b"'))
    assert message.reply.strip() == "Please come."


@pytest.mark.parametrize("text", ["", "BEGIN:VEVENT", "nothing", "BEGIN:VEVENT\nSUMMARY"])
def test_a_calendar_without_an_event_says_nothing(text: str) -> None:
    assert invitation_text(text) == ""


def test_pgp_armour_around_a_signed_text_is_no_text() -> None:
    body = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nShip it on Monday.\n- -- \nAnn Lee\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAd\n=abcd\n-----END PGP SIGNATURE-----\n"
    )
    message = parse_email(mail("", body))
    message.check_tiling()
    assert message.reply.strip() == "Ship it on Monday."


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("-----BEGIN PGP MESSAGE-----\n\nhQEMA1\n-----END PGP MESSAGE-----\n", "text/plain"),
        ("MIAGCSqGSIb3\n", 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'),
    ],
    ids=["pgp", "smime"],
)
def test_an_encrypted_mail_is_refused_and_says_why(body: str, kind: str) -> None:
    with pytest.raises(InputRefused, match="encrypted") as refused:
        parse_email(mail("", body, kind))
    assert refused.value.problem == "no_text"


def test_armour_that_is_never_closed_stays_text() -> None:
    message = parse_email(mail("", "Look:\n-----BEGIN PGP SIGNATURE-----\nand then?\n"))
    assert "and then?" in message.reply


def test_a_winmail_dat_is_pointed_out() -> None:
    body = (
        "--b\nContent-Type: text/plain\n\nSee the file.\n"
        '--b\nContent-Type: application/ms-tnef; name="winmail.dat"\n\nxx\n--b--\n'
    )
    message = parse_email(mail("", body, 'multipart/mixed; boundary="b"'))
    assert any(isinstance(n, Doubt) and "winmail.dat" in n for n in message.notes)
