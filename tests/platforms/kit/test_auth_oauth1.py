"""OAuth 1.0a signatures: the examples of the specifications, and a judge of its own code."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from copydesk.core.outcomes import AuthRevoked, Misconfigured
from copydesk.platforms.kit import auth_oauth1
from copydesk.platforms.kit.auth import App
from copydesk.platforms.kit.auth_oauth1 import (
    Moment,
    SignedTransport,
    Token,
    authorization_header,
    read_temporary,
    signature_of,
)
from copydesk.platforms.kit.transport import Reply
from copydesk.testing import signing_authority as judge

PRINTER = App(client_id="dpf43f3p2l4k3l03", client_secret="kd94hf93k423kf44")
JANE = Token(value="nnch734d00sl2jdk", secret="pfkkdhi9sl3r4s00")


def fields_of(header: str) -> dict[str, str]:
    """What a server reads in an `Authorization` header (RFC 5849 §3.5.1)."""
    return {
        unquote(name): unquote(value) for name, value in re.findall(r'([^\s=,]+)="([^"]*)"', header)
    }


def is_accepted(
    header: str, method: str, url: str, form: dict[str, str], app: App, token: Token
) -> bool:
    """Whether a server that knows both secrets accepts a call as it arrives there."""
    fields = fields_of(header)
    # a server sees what is on the wire: the form as it was encoded, decoded again
    sent = parse_qsl(urlencode(form), keep_blank_values=True)
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    base = judge.base_string(method, url, [*fields.items(), *query, *sent])
    return judge.hmac_sha1(base, app.client_secret, token.secret) == fields["oauth_signature"]


# ---------------------------------------------------------------- published examples


def test_the_base_string_is_that_of_rfc_5849_section_3_4_1_1() -> None:
    """https://www.rfc-editor.org/rfc/rfc5849#section-3.4.1.1: a name twice, once in the query and
    once in the form; names without a value; an equals sign in a value."""
    parameters = [
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("c2", ""),
        ("a3", "2 q"),
    ]
    expected = (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q"
        "%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_"
        "key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_m"
        "ethod%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk"
        "9d7dh3k39sjv7"
    )
    query = "b5=%3D%253D&a3=a&c%40=&a2=r%20b"
    url = f"http://EXAMPLE.COM:80/request?{query}"
    assert auth_oauth1.base_string("post", url, parameters) == expected
    decoded = [*parameters, *parse_qsl(query, keep_blank_values=True)]
    assert judge.base_string("post", url, decoded) == expected, "the judge knows it too"


@pytest.mark.parametrize(
    ("method", "url", "parameters", "token_secret", "signature"),
    [
        (
            "POST",
            "https://photos.example.net/initiate",
            {
                "oauth_timestamp": "137131200",
                "oauth_nonce": "wIjqoS",
                "oauth_callback": "http://printer.example.com/ready",
            },
            "",
            "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
        ),
        (
            "POST",
            "https://photos.example.net/token",
            {
                "oauth_token": "hh5s93j4hdidpola",
                "oauth_timestamp": "137131201",
                "oauth_nonce": "walatlh",
                "oauth_verifier": "hfdp7dh39dks9884",
            },
            "hdhd0244k9j7ao03",
            "gKgrFCywp7rO0OXSjdot/IHF7IU=",
        ),
        (
            "GET",
            "http://photos.example.net/photos?file=vacation.jpg&size=original",
            {
                "oauth_token": "nnch734d00sl2jdk",
                "oauth_timestamp": "137131202",
                "oauth_nonce": "chapoH",
            },
            "pfkkdhi9sl3r4s00",
            "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
        ),
    ],
    ids=["first leg", "third leg", "the photo"],
)
def test_signatures_are_those_of_rfc_5849_section_1_2(
    method: str, url: str, parameters: dict[str, str], token_secret: str, signature: str
) -> None:
    """https://www.rfc-editor.org/rfc/rfc5849#section-1.2"""
    given = {
        "oauth_consumer_key": PRINTER.client_id,
        "oauth_signature_method": "HMAC-SHA1",
        **parameters,
    }
    base = auth_oauth1.base_string(method, url, given.items())
    assert signature_of(base, PRINTER.client_secret, token_secret) == signature


def test_a_signed_header_is_that_of_the_core_specification() -> None:
    """OAuth Core 1.0a, appendix A.5: https://oauth.net/core/1.0a/#anchor46"""
    header = authorization_header(
        PRINTER,
        JANE,
        Moment(timestamp=1191242096, nonce="kllo9940pd9333jh"),
        "GET",
        "http://photos.example.net/photos?file=vacation.jpg&size=original",
    )
    assert fields_of(header) == {
        "oauth_consumer_key": "dpf43f3p2l4k3l03",
        "oauth_token": "nnch734d00sl2jdk",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_signature": "tR3+Ty81lMeYAr/Fid0kMTYa/WM=",
        "oauth_timestamp": "1191242096",
        "oauth_nonce": "kllo9940pd9333jh",
        "oauth_version": "1.0",
    }


def test_a_signature_of_a_form_is_that_of_the_vendors_example() -> None:
    """X, "Creating a signature" (docs.x.com, checked 2026-11-21)."""
    header = authorization_header(
        App(
            client_id="xvz1evFS4wEEPTGEFPHBog",
            client_secret="kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        ),
        Token(
            value="370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            secret="LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        ),
        Moment(timestamp=1318622958, nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
        "POST",
        "https://api.twitter.com/1.1/statuses/update.json?include_entities=true",
        form={"status": "Hello Ladies + Gentlemen, a signed OAuth request!"},
    )
    assert 'oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"' in header


@pytest.mark.parametrize(
    ("app_secret", "token_secret", "base", "signature"),
    [
        ("cs", "", "bs", "egQqG5AJep5sJ7anhXju1unge2I="),
        ("cs", "ts", "bs", "VZVjXceV7JgPq/dOTnNmEfO0Fv8="),
    ],
)
def test_signatures_are_those_of_the_public_test_cases(
    app_secret: str, token_secret: str, base: str, signature: str
) -> None:
    """http://wiki.oauth.net/w/page/12238556/TestCases, section 9.2"""
    assert signature_of(base, app_secret, token_secret) == signature


@pytest.mark.parametrize(
    ("sent", "base"),
    [
        ("http://EXAMPLE.COM:80/r%20v/X?id=123", "http://example.com/r%20v/X"),
        ("https://www.example.net:8080/?q=1", "https://www.example.net:8080/"),
        ("https://example.net:443", "https://example.net/"),
        ("https://example.net:80/", "https://example.net:80/"),
        ("http://example.net:443/", "http://example.net:443/"),
        ("https://[2001:DB8::1]:8443/p", "https://[2001:db8::1]:8443/p"),
        ("https://user:secret@example.net/p", "https://example.net/p"),
        ("https://example.net/ü/%C3%BC/a;b=c", "https://example.net/%C3%BC/%C3%BC/a;b=c"),
    ],
)
def test_base_addresses_are_those_of_rfc_5849_section_3_4_1_2(sent: str, base: str) -> None:
    """https://www.rfc-editor.org/rfc/rfc5849#section-3.4.1.2 has the first two."""
    assert auth_oauth1.base_string("GET", sent, []).split("&")[1] == judge.escape(base)


# ---------------------------------------------------------------- whatever is sent


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


@given(
    form=st.dictionaries(TEXT.filter(bool), TEXT, max_size=4),
    query=st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=4),
    names=st.tuples(TEXT, TEXT, TEXT, TEXT),
    method=st.sampled_from(["GET", "POST", "delete"]),
)
@example(form={}, query=[], names=("t%20t", "", "", ""), method="GET")
@example(form={}, query=[], names=("", "", "https://a.example/b?next=%2Fposts", ""), method="POST")
@example(form={}, query=[], names=("t", "", "", "a%42"), method="POST")
@example(form={"realm": "r"}, query=[("realm", "s")], names=("t", "", "", ""), method="POST")
@example(
    form={"a": ""}, query=[("a", "2"), ("a", "1"), ("a", "")], names=("", "", "", ""), method="GET"
)
@example(form={}, query=[("x", "~-._!*'()[]|ü+ ;")], names=("t", "", "", ""), method="GET")
def test_signatures_hold_before_independent_code(
    form: dict[str, str],
    query: list[tuple[str, str]],
    names: tuple[str, str, str, str],
    method: str,
) -> None:
    token = Token(value=names[0], secret=names[1])
    app = App(client_id="c%41&", client_secret="s&s%")
    url = f"https://a.example:8443/p%20q?{urlencode(query)}"
    header = authorization_header(
        app,
        token,
        Moment(timestamp=1, nonce="n"),
        method,
        url,
        form=form,
        callback=names[2],
        verifier=names[3],
    )
    assert is_accepted(header, method, url, form, app, token)


@pytest.mark.parametrize(
    "query",
    ["x=~-._!*'()[]|", "q=ü", "x", "x=&x", "a=1&&b=2&", "a=1;b=2", "a=b=c", "x=`^{}", "x=a+b%2Bc"],
)
def test_queries_may_be_written_in_any_way(query: str) -> None:
    url = f"https://a.example?{query}"
    header = authorization_header(PRINTER, JANE, Moment(timestamp=1, nonce="n"), "GET", url)
    assert is_accepted(header, "GET", url, {}, PRINTER, JANE)


async def test_json_and_files_are_not_signed_and_the_query_is() -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    class Wire:
        async def call(self, method: str, url: str, **content: Any) -> Reply:
            seen.append((url, content))
            return Reply(status=200)

    signed = SignedTransport(Wire(), PRINTER, JANE, lambda: Moment(timestamp=1, nonce="n"))
    query = {"q": "a b"}
    await signed.call("POST", "http://[::1]:8080/1?x='", query=query, json_body={"a": 1})
    await signed.call(
        "POST", "https://a.example/1", form={"a": "1"}, files={"f": ("n", b"x", "image/png")}
    )
    for url, content in seen:
        header = content["headers"]["Authorization"]
        assert is_accepted(header, "POST", url, {}, PRINTER, JANE)
    assert seen[0][0].endswith("x='&q=a+b")
    assert "query" not in seen[0][1]


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true", Token),
        (200, b"oauth_token=t&oauth_token_secret=s", Misconfigured),
        (200, b"oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=false", Misconfigured),
        (401, b"Timestamp out of bounds.", AuthRevoked),
    ],
)
def test_only_a_server_that_confirms_the_way_back_is_asked(
    status: int, body: bytes, kind: type
) -> None:
    """https://www.rfc-editor.org/rfc/rfc5849#section-2.1"""
    assert isinstance(read_temporary(Reply(status=status, body=body)), kind)
