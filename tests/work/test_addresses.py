"""Addresses that strangers may not make us call are refused where they are given."""

from __future__ import annotations

import pytest

from copydesk.work.addresses import check_address


def found(url: str, *, allow_private: bool = False) -> list[str]:
    findings = check_address(
        url, allow_private=allow_private, example="https://example.org/", without_password="-"
    )
    return [finding.code for finding in findings]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "169.254.169.254",
        "2852039166",
        "10.1.2.3:8080",
        "[::1]",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
    ],
)
def test_private_addresses_are_known_however_they_are_written(host: str) -> None:
    assert found(f"http://{host}/hook") == ["address_private"]
    assert found(f"http://{host}/hook", allow_private=True) == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://user@169.254.169.254/", "address_with_password"),
        ("https://example.org\\@127.0.0.1/", "address_with_password"),
        ("ftp://example.org/", "address_invalid"),
        ("https://", "address_invalid"),
        ("https://example.org:99999/", "address_invalid"),
        ("https://example.org/\r\nX: y", "address_invalid"),
        ("https://[::1/", "address_invalid"),
    ],
)
def test_what_is_no_plain_address_is_refused(url: str, code: str) -> None:
    assert found(url, allow_private=True) == [code]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hooks?x=1",
        "http://8.8.8.8/",
        "http://134744072/",
        "https://[2606:4700::1111]/",
        "https://1.example.org/",
        "https://0x7f.example.org/",
    ],
)
def test_public_addresses_and_names_are_taken(url: str) -> None:
    assert found(url) == []
