"""The flows as pure functions, judged by the examples of their specifications and by other code."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.core.outcomes import AuthRevoked, Misconfigured, RateLimited, Unavailable
from copydesk.platforms.kit.auth import (
    App,
    ClientAuth,
    Endpoints,
    Grant,
    OAuth2Code,
    OAuth2Device,
    missing_scopes,
)
from copydesk.platforms.kit.auth_oauth2 import (
    DeviceCode,
    NotYet,
    authorization_url,
    challenge_of,
    code_request,
    read_app,
    read_device,
    read_grant,
    read_poll,
    read_seconds,
)
from copydesk.platforms.kit.transport import Reply
from tests.distribution.granting import answer_of

ENDPOINTS = Endpoints(authorize="https://a.example/authorize?tenant=1", token="https://a.example/t")
KIND = OAuth2Code(endpoints=lambda _: ENDPOINTS, required=("write:statuses", "read"))
DEVICE = OAuth2Device(endpoints=lambda _: ENDPOINTS)
APP = App(client_id="id:with&marks", client_secret="s e+c")


def reply(status: int, body: object, **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, body=raw, headers=headers)


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
        (reply(400, {"error": "interaction_required"}), AuthRevoked),
        (reply(400, {"error": "temporarily_unavailable"}), Unavailable),
        (reply(401, {"error": "Unauthorized", "status": 401}), Unavailable),
        (reply(401, {"error": "unauthorized"}), Unavailable),
        (reply(400, {"error": "Bad Request", "message": "no upstream"}), Unavailable),
        (reply(400, {"error": "too_many_requests"}), Unavailable),
        (reply(400, {"error": {"code": 190, "message": "expired"}}), Unavailable),
        (reply(403, {"error": "invalid_grant"}), AuthRevoked),
        (reply(307, b"", location="https://elsewhere.example/"), Unavailable),
        (reply(500, {"error": "invalid_grant"}), Unavailable),
        (reply(503, b""), Unavailable),
        (reply(400, b"<h1>Bad Request</h1>"), Unavailable),
        (reply(401, b""), Unavailable),
        (reply(404, {"message": "no"}), Unavailable),
        (reply(200, b"<h1>Welcome</h1>"), Unavailable),
        (reply(200, b"[" * 200_000), Unavailable),
        (reply(400, b'{"error":' * 200_000), Unavailable),
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


_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["t", "Bearer", "mac", "invalid_grant", "slow_down", "1e999", 10**400]),
    lambda within: st.lists(within, max_size=3) | st.dictionaries(st.text(), within, max_size=2),
    max_leaves=5,
)
_FIELDS = [
    *("access_token", "refresh_token", "token_type", "expires_in", "refresh_expires_in", "scope"),
    *("error", "error_description", "client_id", "device_code", "user_code", "verification_uri"),
    "interval",
]


@given(
    status=st.integers(100, 599),
    body=_ANY | st.dictionaries(st.sampled_from(_FIELDS), _ANY),
    wait=st.sampled_from(["", "5", "-1", "1e400", "9" * 30, "Sun, 06 Nov 1994 08:49:37 GMT"]),
)
def test_whatever_a_server_answers_is_a_grant_or_an_outcome(
    status: int, body: object, wait: str
) -> None:
    answer = reply(status, body, **{"retry-after": wait})
    outcomes = AuthRevoked | Misconfigured | RateLimited | Unavailable
    grant = read_grant(answer, KIND)
    assert isinstance(grant, Grant | outcomes)
    if isinstance(grant, Grant):
        assert status // 100 == 2
        assert isinstance(grant.access_token, str)
    assert isinstance(read_poll(answer, DEVICE, 5.0), Grant | NotYet | outcomes)
    assert isinstance(read_device(answer), DeviceCode | outcomes)
    assert isinstance(read_app(answer), App | outcomes)


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
        (10**400, None),
        ("1e400", None),
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


# ---------------------------------------------------------------- device flow


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply(400, {"error": "authorization_pending"}), NotYet(5.0)),
        (reply(400, {"error": "slow_down"}), NotYet(10.0)),
        (reply(428, {"error": "authorization_pending"}), NotYet(5.0)),
        (reply(400, {"error": "expired_token"}), AuthRevoked),
        (reply(400, {"error": "access_denied"}), AuthRevoked),
        (reply(401, {"error": "invalid_client"}), Misconfigured),
        (reply(502, b"<h1>Bad Gateway</h1>"), Unavailable),
        (reply(200, {"access_token": "t"}), Grant),
    ],
)
def test_polls_are_read_as_rfc_8628_has_it(answer: Reply, expected: NotYet | type) -> None:
    """https://www.rfc-editor.org/rfc/rfc8628#section-3.5; Google polls with a 428."""
    found = read_poll(answer, DEVICE, 5.0)
    assert found == expected if isinstance(expected, NotYet) else isinstance(found, expected)


@pytest.mark.parametrize(
    ("written", "interval", "expires_in"),
    [
        ({}, 5.0, 600.0),
        ({"interval": 0, "expires_in": 0}, 5.0, 600.0),
        ({"interval": "10", "expires_in": "1800"}, 10.0, 1800.0),
        ({"interval": -1, "expires_in": None}, 5.0, 600.0),
    ],
)
def test_a_device_answer_without_times_has_those_of_rfc_8628(
    written: dict[str, object], interval: float, expires_in: float
) -> None:
    """https://www.rfc-editor.org/rfc/rfc8628#section-3.2"""
    body = {"device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "https://a.example/"}
    found = read_device(reply(200, {**body, **written}))
    assert isinstance(found, DeviceCode)
    assert (found.interval, found.expires_in) == (interval, expires_in)
    assert isinstance(read_device(reply(200, {**body, "device_code": ""})), Unavailable)
