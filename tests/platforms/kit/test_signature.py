"""Signatures are checked by somebody else's implementation of Standard Webhooks."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.clock import SystemClock
from copydesk.platforms.kit.signature import (
    BadSignature,
    signed_headers,
    signing_keys,
    verified_id,
)

peer = pytest.importorskip("standardwebhooks", reason="standardwebhooks is not installed")

KEYS = st.binary(min_size=24, max_size=64)


def encoded(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def test_the_signature_is_that_of_the_public_example() -> None:
    """The example that the libraries of Standard Webhooks share:
    https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries"""
    keys = signing_keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    sent_at, body = datetime.fromtimestamp(1614265330, UTC), b'{"test": 2432232314}'
    headers = signed_headers(keys, id="msg_p5jXN8AQM9LWM0D4loKWxJek", sent_at=sent_at, body=body)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert verified_id(keys, headers, body, now=sent_at) == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    others = "v1,bm9ldHUga2VlcCB0aGF0IHBsYWNl v1a,x v2,y " + headers["webhook-signature"]
    headers["webhook-signature"] = others
    assert verified_id(keys, headers, body, now=sent_at) == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    headers["webhook-signature"] = others.replace(" v1,g0h", " v1a,g0h")
    assert isinstance(verified_id(keys, headers, body, now=sent_at), BadSignature)


@settings(max_examples=50)
@given(key=KEYS, body=st.text(max_size=200))
def test_a_stranger_accepts_the_signature(key: bytes, body: str) -> None:
    keys, data = signing_keys(encoded(key)), body.encode("utf-8", "replace")
    headers = signed_headers(keys, id="d41d8cd9", sent_at=SystemClock().now(), body=data)
    peer.Webhook(encoded(key)).verify(data, headers, json_parse=False)


@settings(max_examples=50)
@given(key=KEYS, other=KEYS)
def test_while_rotating_both_secrets_are_accepted(key: bytes, other: bytes) -> None:
    keys = signing_keys(f"{encoded(key)} {encoded(other)}")
    headers = signed_headers(keys, id="x", sent_at=SystemClock().now(), body=b"{}")
    for secret in (key, other):
        peer.Webhook(encoded(secret)).verify(b"{}", headers, json_parse=False)


@pytest.mark.parametrize("change", ["body", "webhook-id", "webhook-timestamp"])
def test_whatever_is_changed_on_the_way_is_noticed(change: str) -> None:
    key, now = b"k" * 24, SystemClock().now()
    headers = signed_headers((key,), id="x", sent_at=now, body=b"{}")
    body = b"{ }" if change == "body" else b"{}"
    if change != "body":
        headers[change] = str(int(now.timestamp()) - 1)
    with pytest.raises(peer.WebhookVerificationError):
        peer.Webhook(encoded(key)).verify(body, headers)


def test_a_stale_timestamp_is_refused_by_receivers() -> None:
    sent_at = SystemClock().now() - timedelta(minutes=10)
    headers = signed_headers((b"k" * 24,), id="x", sent_at=sent_at, body=b"{}")
    with pytest.raises(peer.WebhookVerificationError, match="too old"):
        peer.Webhook(encoded(b"k" * 24)).verify(b"{}", headers)


@pytest.mark.parametrize("secret", ["", "  ", "whsec_", "whsec_!!!", "whsec_a", "whsec_é"])
def test_a_secret_that_cannot_sign_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="signing secret") as refusal:
        signing_keys(secret)
    assert "!!!" not in str(refusal.value)


def test_a_secret_may_come_without_padding_or_prefix() -> None:
    key = b"k" * 25
    plain = base64.b64encode(key).decode()
    assert signing_keys(plain) == signing_keys(plain.rstrip("=")) == (key,)


# ---------------------------------------------------------------- what others sign


def signed(key: bytes, body: bytes, *, id: str = "msg_1", age: float = 0) -> dict[str, str]:
    """Headers as the independent implementation makes them."""
    sent_at = SystemClock().now() - timedelta(seconds=age)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": peer.Webhook(encoded(key)).sign(id, sent_at, body.decode()),
    }


@settings(max_examples=50)
@given(key=KEYS, body=st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_we_accept_what_a_stranger_signs(key: bytes, body: str) -> None:
    headers = signed(key, body.encode())
    now = SystemClock().now()
    assert verified_id([b"other" * 6, key], headers, body.encode(), now=now) == "msg_1"
    assert isinstance(verified_id([b"o" * 24], headers, body.encode(), now=now), BadSignature)


@pytest.mark.parametrize("age", [-400, 400])
def test_a_message_from_another_time_is_refused(age: float) -> None:
    found = verified_id(
        [b"k" * 24], signed(b"k" * 24, b"{}", age=age), b"{}", now=SystemClock().now()
    )
    assert found == BadSignature("the webhook-timestamp is too far from our clock")


@pytest.mark.parametrize("age", [-302, -298, 0, 298, 302])
@pytest.mark.parametrize("signers", [["old", "new"], ["new", "old"], ["old"], ["new"], ["other"]])
def test_we_and_a_stranger_believe_the_same(signers: list[str], age: float) -> None:
    """While a secret is rotated, at both ends of the tolerance, among signatures of other kinds."""
    keys = {name: name.encode() * 10 for name in ("old", "new", "other")}
    headers = signed(keys["new"], b"{}", age=age)
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    made = [peer.Webhook(encoded(keys[name])).sign("msg_1", sent_at, "{}") for name in signers]
    headers["webhook-signature"] = " ".join(["v1a,AAAA", *made, "v2,AAAA"])
    try:
        peer.Webhook(encoded(keys["new"])).verify(b"{}", headers, json_parse=False)
        believed = True
    except peer.WebhookVerificationError:
        believed = False
    found = verified_id([keys["new"]], headers, b"{}", now=SystemClock().now())
    assert (found == "msg_1") is believed
    assert believed is ("new" in signers and abs(age) < 300)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "a.1700000000"),
        ("webhook-id", "x" * 256),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "soon"),
        ("webhook-timestamp", "9" * 40),
        ("webhook-signature", ""),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1a,AAAA"),
        ("webhook-signature", "v1,\N{SNOWMAN} v1,\udcff"),
    ],
)
def test_headers_that_cannot_be_are_refused_without_an_accident(name: str, value: str) -> None:
    headers = {**signed(b"k" * 24, b"{}"), name: value}
    found = verified_id([b"k" * 24], headers, b"{}", now=SystemClock().now())
    assert isinstance(found, BadSignature)


def test_the_id_cannot_be_moved_into_the_timestamp() -> None:
    headers = signed(b"k" * 24, b"7.{}", id="msg_1")
    moved = {**headers, "webhook-timestamp": headers["webhook-timestamp"] + ".7"}
    assert isinstance(verified_id([b"k" * 24], moved, b"{}", now=SystemClock().now()), BadSignature)
