"""The flows as pure functions, judged by the examples of their specifications and by other code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from copydesk.core.outcomes import AuthRevoked, Misconfigured, RateLimited, Unavailable
from copydesk.platforms.kit.auth import (
    App,
    ClientAuth,
    Endpoints,
    Grant,
    JwtMaker,
    JwtMaterial,
    OAuth2Code,
    missing_scopes,
)
from copydesk.platforms.kit.auth_jwt import make_token
from copydesk.platforms.kit.auth_oauth1 import Moment, Token, authorization_header
from copydesk.platforms.kit.auth_oauth2 import (
    authorization_url,
    challenge_of,
    code_request,
    read_grant,
    read_seconds,
)
from copydesk.platforms.kit.transport import Reply
from copydesk.testing.signing_authority import base_string, hmac_sha1
from tests.distribution.granting import answer_of

ENDPOINTS = Endpoints(authorize="https://a.example/authorize?tenant=1", token="https://a.example/t")
KIND = OAuth2Code(endpoints=lambda _: ENDPOINTS, required=("write:statuses", "read"))
APP = App(client_id="id:with&marks", client_secret="s e+c")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def reply(status: int, body: object, **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, body=raw, headers=headers)


# ---------------------------------------------------------------- OAuth 2


def test_pkce_challenge_is_that_of_rfc_7636_appendix_b() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_authorization_address_keeps_the_query_it_has() -> None:
    url = authorization_url(
        KIND, ENDPOINTS, APP, redirect_uri="http://127.0.0.1:1/c", state="s", verifier="v" * 43
    )
    query = answer_of(url)
    assert query["tenant"] == "1"
    assert query["client_id"] == APP.client_id
    assert query["scope"] == "write:statuses read"
    assert query["code_challenge_method"] == "S256"
    assert "v" * 43 not in url


def test_the_app_proves_itself_in_one_place_only() -> None:
    basic = code_request(
        KIND, ENDPOINTS, APP, code="c", redirect_uri="http://127.0.0.1:1/c", verifier="v" * 43
    )
    assert basic.form is not None
    # RFC 6749 §2.3.1: both parts are form-encoded first
    assert basic.headers["Authorization"] == "Basic aWQlM0F3aXRoJTI2bWFya3M6cytlJTJCYw=="
    assert not {"client_id", "client_secret"} & set(basic.form)
    in_body = OAuth2Code(endpoints=lambda _: ENDPOINTS, client_auth=ClientAuth.POST)
    posted = code_request(
        in_body, ENDPOINTS, APP, code="c", redirect_uri="http://127.0.0.1:1/c", verifier="v" * 43
    )
    assert posted.form is not None
    assert "Authorization" not in posted.headers
    assert posted.form["client_secret"] == APP.client_secret
    for request in (basic, posted):
        assert APP.client_secret not in repr(request)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(400, {"error": "invalid_grant"}), AuthRevoked),
        (reply(401, {"error": "invalid_grant"}), AuthRevoked),
        (reply(400, {"error": "invalid_request"}), AuthRevoked),
        (reply(401, {"error": "invalid_client"}), Misconfigured),
        (reply(400, {"error": "unauthorized_client"}), Misconfigured),
        (reply(200, {"error": "invalid_grant"}), AuthRevoked),
        (reply(400, {"error": "temporarily_unavailable"}), Unavailable),
        (reply(500, {"error": "invalid_grant"}), Unavailable),
        (reply(503, b""), Unavailable),
        (reply(400, b"<h1>Bad Request</h1>"), Unavailable),
        (reply(401, b""), Unavailable),
        (reply(404, {"message": "no"}), Unavailable),
        (reply(200, b"<h1>Welcome</h1>"), Unavailable),
        (reply(200, {}), Unavailable),
        (reply(429, {"error": "invalid_grant"}, **{"retry-after": "7"}), RateLimited),
        (reply(200, {"access_token": "t", "token_type": "mac"}), Misconfigured),
    ],
)
def test_only_words_of_oauth_end_a_grant(answer: Reply, kind: type) -> None:
    assert isinstance(read_grant(answer, KIND), kind)


@given(st.integers(200, 599), st.binary(max_size=60))
def test_no_answer_without_json_disconnects(status: int, body: bytes) -> None:
    try:
        json.loads(body)
    except ValueError:
        pass
    else:
        return
    if b"error=" in body or b"access_token=" in body:
        return
    found = read_grant(Reply(status=status, body=body), KIND)
    assert isinstance(found, Unavailable | RateLimited)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (3600, 3600.0),
        ("3600", 3600.0),
        (" 60 ", 60.0),
        (7200.5, 7200.5),
        (0, None),
        (-1, None),
        ("", None),
        (None, None),
        ("never", None),
        (True, None),
        (10**12, None),
        ("inf", None),
        ("nan", None),
        ([1], None),
    ],
)
def test_an_unknown_lifetime_stays_unknown(written: object, seconds: float | None) -> None:
    assert read_seconds(written) == seconds
    found = read_grant(reply(200, {"access_token": "t", "expires_in": written}), KIND)
    assert isinstance(found, Grant)
    assert found.expires_in == seconds


def test_a_grant_shows_none_of_its_secrets_and_refusals_none_of_ours() -> None:
    found = read_grant(reply(200, {"access_token": "hush", "refresh_token": "quiet"}), KIND)
    assert "hush" not in repr(found)
    assert "quiet" not in repr(found)
    echoed = reply(400, {"error": "invalid_grant", "error_description": "bad token quiet-one"})
    assert "quiet-one" not in repr(read_grant(echoed, KIND, ("quiet-one",)))


def test_missing_scopes_are_named_and_unknown_ones_are_not_missing() -> None:
    assert missing_scopes(KIND, "read") == ("write:statuses",)
    assert missing_scopes(KIND, "read write") == ()
    assert missing_scopes(KIND, "") == ()
    assert missing_scopes(None, "read") == ()


# ---------------------------------------------------------------- OAuth 1.0a


def test_signature_is_that_of_the_vendors_example() -> None:
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


def test_the_judge_of_signatures_knows_the_examples_of_rfc_5849() -> None:
    """Section 3.4.1.1's base string, and section 1.2's signature of the photo."""
    parameters = [
        ("b5", "=%3D"),
        ("a3", "a"),
        ("c@", ""),
        ("a2", "r b"),
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        ("c2", ""),
        ("a3", "2 q"),
    ]
    assert base_string("post", "http://EXAMPLE.COM:80/request", parameters) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q"
        "%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_"
        "key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_m"
        "ethod%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk"
        "9d7dh3k39sjv7"
    )
    photo = base_string(
        "GET",
        "http://photos.example.net/photos",
        [
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "nnch734d00sl2jdk"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131202"),
            ("oauth_nonce", "chapoH"),
            ("file", "vacation.jpg"),
            ("size", "original"),
        ],
    )
    signature = hmac_sha1(photo, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00")
    assert signature == "MdpQcU8iPSUjWoN/UDMsK2sui9I="


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=12), max_size=4),
    st.sampled_from(["GET", "POST"]),
)
def test_signatures_hold_before_independent_code(form: dict[str, str], method: str) -> None:
    form = {k: v for k, v in form.items() if (k + v).encode("utf-8", "ignore").decode() == k + v}
    app, token = App(client_id="c", client_secret="s&s"), Token(value="t", secret="%")
    header = authorization_header(
        app,
        token,
        Moment(timestamp=1, nonce="n"),
        method,
        "https://a.example:8443/p%20q",
        form=form,
    )
    parts = dict(
        part.split("=", 1) for part in header.removeprefix("OAuth ").replace('"', "").split(", ")
    )
    fields = [(k, unquote(v)) for k, v in parts.items()]
    base = base_string(method, "https://a.example:8443/p%20q", [*fields, *form.items()])
    assert hmac_sha1(base, app.client_secret, token.secret) == unquote(parts["oauth_signature"])


# ---------------------------------------------------------------- signed tokens


def _ghost(secrets: object, settings: object) -> JwtMaterial:
    return JwtMaterial(
        key=bytes.fromhex("ab" * 32), header={"kid": "key-1"}, claims={"aud": "/admin/"}
    )


def test_signed_token_holds_before_another_reader() -> None:
    maker = JwtMaker(material=_ghost, lifetime=300)
    token = make_token(maker, {}, {}, NOW)
    read = jwt.decode(token, OctKey.import_key(bytes.fromhex("ab" * 32)), algorithms=["HS256"])
    assert read.header == {"alg": "HS256", "kid": "key-1", "typ": "JWT"}
    issued = int(NOW.timestamp())
    assert read.claims == {"aud": "/admin/", "iat": issued, "exp": issued + 300}


def test_private_keys_sign_and_wrong_ones_are_said_to_be() -> None:
    key = ECKey.generate_key("P-256")
    maker = JwtMaker(
        material=lambda s, _: JwtMaterial(key=s["private_key"].encode()), algorithm="ES256"
    )
    token = make_token(maker, {"private_key": key.as_pem(private=True).decode()}, {}, NOW)
    assert jwt.decode(token, key, algorithms=["ES256"]).claims["iat"] == int(NOW.timestamp())
    with pytest.raises(ValueError, match="cannot sign with ES256") as caught:
        make_token(maker, {"private_key": "hush, not a key"}, {}, NOW)
    assert "hush" not in str(caught.value)
