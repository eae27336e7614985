"""Accounts are checked before anything is stored."""

from __future__ import annotations

import pytest

from copydesk.platforms.email import PLATFORM
from copydesk.platforms.email.settings import read_server

GOOD = {"smtp": "mail.example.org:587", "from": "desk@example.org", "to": "a@example.com"}


def fields(given: dict[str, str], **secrets: str) -> set[str]:
    return {finding.field for finding in PLATFORM.check_settings(given, secrets)}


def test_a_plain_account_is_good() -> None:
    assert fields(GOOD) == set()
    assert fields({**GOOD, "user": "desk"}, password="x") == set()


@pytest.mark.parametrize(
    ("changes", "secrets", "field"),
    [
        ({"smtp": "mail.example.org"}, {}, "smtp"),
        ({"smtp": "mail.example.org:99999"}, {}, "smtp"),
        ({"from": "nobody"}, {}, "from"),
        ({"to": "a@example.com, b@"}, {}, "to"),
        ({"to": ""}, {}, "to"),
        ({"mode": "spam"}, {}, "mode"),
        ({"user": "desk"}, {}, "user"),
        ({"user": "desk", "security": "none"}, {"password": "x"}, "security"),
        ({"list_id": "not a list\r\nX: y"}, {}, "list_id"),
        ({"unsubscribe": "http://example.org/leave"}, {}, "unsubscribe"),
        ({"unsubscribe": "https://example.org/<x>"}, {}, "unsubscribe"),
        ({"base_url": "example.org"}, {}, "base_url"),
        ({"reply_to": "a@b@c"}, {}, "reply_to"),
    ],
)
def test_what_cannot_work_is_named(
    changes: dict[str, str], secrets: dict[str, str], field: str
) -> None:
    assert fields({**GOOD, **changes}, **secrets) == {field}


@pytest.mark.parametrize(
    ("smtp", "security"),
    [
        ("localhost:25", "none"),
        ("127.0.0.1:2525", "none"),
        ("[::1]:25", "none"),
        ("mail.example.org:587", "starttls"),
        ("10.0.0.5:25", "starttls"),
    ],
)
def test_only_this_machine_is_spoken_to_unprotected(smtp: str, security: str) -> None:
    assert read_server({"smtp": smtp}).security == security


def test_a_mail_server_is_called_by_the_name_that_is_its_own() -> None:
    # by the rules of 2003 the password would go to mail.strasse.example
    assert read_server({"smtp": "mail.straße.example:587"}).host == "mail.xn--strae-oqa.example"
    assert fields({**GOOD, "smtp": "mail.☃.example:587"}) == {"smtp"}
