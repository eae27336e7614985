"""Posts arrive at a receiver once, signed, and a lost answer is looked up."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.clock import SystemClock
from copydesk.core.delivery import Action
from copydesk.core.findings import Severity
from copydesk.core.outcomes import (
    Absent,
    Inconclusive,
    Misconfigured,
    Outcome,
    Published,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.manifest import Idempotency
from copydesk.platforms.kit.signature import signed_headers, signing_keys
from copydesk.platforms.webhook import PLATFORM
from copydesk.platforms.webhook.render import event_body
from copydesk.testing.contract import PlatformContract
from copydesk.testing.faults import FaultContract, Rig
from copydesk.testing.loopback import ImpatientTransport, Lie
from copydesk.testing.samples import Case, sample_case, sample_content, sample_media
from tests.platforms.webhook.receiver import SECRET, Receiver

SENT_AT = SystemClock().now()


class TestWebhook(PlatformContract):
    name = "webhook"
    secrets: ClassVar = {"secret": SECRET}


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(user_agent="copydesk-tests")
    yield transport
    await transport.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


def account_at(receiver: Receiver, **more: str) -> Case:
    addresses = {"url": f"{receiver.url}/hook", **more}
    return sample_case("webhook", addresses, {"secret": SECRET})


def client_of(case: Case, receiver: Receiver, transport: HttpTransport, home: Path) -> Client:
    return case.platform.connect(case.session(ImpatientTransport(transport, 0.5, receiver), home))


class TestWebhookUnderFaults(FaultContract):
    @pytest.fixture
    async def rig(self, transport: HttpTransport, tmp_path: Path) -> AsyncIterator[Rig]:
        async with Receiver(deduplicates=True) as receiver:
            case = account_at(
                receiver, deduplicates="true", status_url=f"{receiver.url}/hook/{{id}}"
            )
            yield Rig(
                client=client_of(case, receiver, transport, tmp_path),
                server=receiver,
                outgoing=case.outgoing(sample_content(), sent_at=SENT_AT),
                landed=lambda: len(receiver.taken),
                secrets=(SECRET,),
                repeatable=True,
            )


async def test_an_event_arrives_whole_and_signed(
    receiver: Receiver, transport: HttpTransport, tmp_path: Path
) -> None:
    peer = pytest.importorskip("standardwebhooks", reason="standardwebhooks is not installed")
    case = account_at(receiver)
    content = sample_content("Words & **more**.", summary="Short", media=(sample_media(),))
    outgoing = case.outgoing(content, sent_at=SystemClock().now())
    receiver.body = {"url": "https://example.org/p/1"}
    outcome = await client_of(case, receiver, transport, tmp_path).commit(outgoing)
    assert isinstance(outcome, Published)
    assert (outcome.id, outcome.url) == (outgoing.key, "https://example.org/p/1")
    (hit,) = receiver.events
    event: dict[str, Any] = peer.Webhook(SECRET).verify(hit.body, dict(hit.headers))
    assert event["type"] == "post.published"
    assert event["timestamp"] == "2026-11-21T09:30:00+00:00"
    data = event["data"]
    assert data["title"] == "Copy desks"
    assert data["markdown"] == "Words & **more**."
    assert "<strong>more</strong>" in data["html"]
    assert "Words & more." in data["text"]
    assert data["images"][0]["alt"] == "A single pixel"
    assert hit.headers["content-type"] == "application/json"


async def test_a_later_try_has_the_same_id_and_body_but_a_fresh_timestamp(
    receiver: Receiver, transport: HttpTransport, tmp_path: Path
) -> None:
    case = account_at(receiver)
    first = case.outgoing(sample_content(), sent_at=SENT_AT)
    later = replace(first, sent_at=SENT_AT + timedelta(hours=1))
    client = client_of(case, receiver, transport, tmp_path)
    for outgoing in (first, later):
        await client.commit(outgoing)
    one, two = receiver.events
    assert one.body == two.body
    assert one.headers["webhook-id"] == two.headers["webhook-id"]
    gap = int(two.headers["webhook-timestamp"]) - int(one.headers["webhook-timestamp"])
    assert gap == 3600


def test_stored_and_reordered_payloads_give_the_same_bytes() -> None:
    case = sample_case("webhook", {}, {"secret": SECRET})
    payload = case.render(sample_content()).payload
    reordered = dict(reversed(list(payload.items())))
    assert event_body(payload, Action.CREATE) == event_body(reordered, Action.CREATE)


@settings(max_examples=60, deadline=None)
@given(body=st.text(max_size=300), title=st.text(max_size=60))
def test_every_character_arrives(body: str, title: str) -> None:
    case = sample_case("webhook", {}, {"secret": SECRET})
    payload = case.render(sample_content(body, title=title)).payload
    data = json.loads(event_body(payload, Action.CREATE))["data"]
    assert (data["markdown"], data["title"]) == (body, title)


async def test_an_update_is_an_event_of_its_own(
    receiver: Receiver, transport: HttpTransport, tmp_path: Path
) -> None:
    case = account_at(receiver)
    outgoing = case.outgoing(sample_content(), sent_at=SENT_AT, action=Action.UPDATE)
    await client_of(case, receiver, transport, tmp_path).commit(outgoing)
    assert json.loads(receiver.events[0].body)["type"] == "post.updated"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (202, Published),
        (204, Published),
        (301, Misconfigured),
        (400, Refused),
        (401, Misconfigured),
        (404, Misconfigured),
        (410, Misconfigured),
        (422, Refused),
        (429, RateLimited),
        (500, Unknown),
        (503, Unknown),
    ],
)
async def test_what_the_receivers_answer_means(
    receiver: Receiver,
    transport: HttpTransport,
    tmp_path: Path,
    status: int,
    outcome: type[Outcome],
) -> None:
    receiver.status, receiver.body = status, {"message": "the receiver's words"}
    case = account_at(receiver)
    outgoing = case.outgoing(sample_content(), sent_at=SENT_AT)
    found = await client_of(case, receiver, transport, tmp_path).commit(outgoing)
    assert type(found) is outcome
    if isinstance(found, Refused):
        assert found.reason == "the receiver's words"


async def test_a_redirect_is_not_followed(
    receiver: Receiver, transport: HttpTransport, tmp_path: Path
) -> None:
    receiver.status = 307
    case = account_at(receiver)
    outgoing = case.outgoing(sample_content(), sent_at=SENT_AT)
    await client_of(case, receiver, transport, tmp_path).commit(outgoing)
    assert len(receiver.hits) == 1


async def test_without_a_status_url_nobody_claims_to_know(
    receiver: Receiver, transport: HttpTransport, tmp_path: Path
) -> None:
    case = account_at(receiver)
    outgoing = case.outgoing(sample_content(), sent_at=SENT_AT)
    client = client_of(case, receiver, transport, tmp_path)
    receiver.lie(Lie.RESET_AFTER_ACCEPT)
    assert isinstance(await client.commit(outgoing), Unknown)
    assert isinstance(await client.find(outgoing), Inconclusive)
    assert case.platform.reconcile(case.account).find is False
    assert case.platform.idempotency(case.account) is Idempotency.NONE


async def test_a_status_url_that_fails_proves_nothing(
    receiver: Receiver, transport: HttpTransport, tmp_path: Path
) -> None:
    case = account_at(receiver, status_url=f"{receiver.url}/hook?id={{id}}")
    outgoing = case.outgoing(sample_content(), sent_at=SENT_AT)
    client = client_of(case, receiver, transport, tmp_path)
    # the route exists for POST alone, so the answer is 405
    assert isinstance(await client.find(outgoing), Inconclusive)
    await receiver.stop()
    assert isinstance(await client.find(outgoing), Inconclusive)


async def test_ids_are_escaped_in_the_status_url(
    receiver: Receiver, transport: HttpTransport, tmp_path: Path
) -> None:
    case = account_at(receiver, status_url=f"{receiver.url}/hook/{{id}}")
    outgoing = case.outgoing(sample_content(), sent_at=SENT_AT, key="a/b?c")
    assert isinstance(await client_of(case, receiver, transport, tmp_path).find(outgoing), Absent)
    assert receiver.hits[0].path == "/hook/a%2Fb%3Fc"


async def test_testing_an_account_sends_no_event(
    receiver: Receiver, transport: HttpTransport, tmp_path: Path
) -> None:
    client = client_of(account_at(receiver), receiver, transport, tmp_path)
    assert isinstance(await client.test(), Published)
    assert receiver.events == []
    await receiver.stop()
    assert isinstance(await client.test(), Unavailable)


@pytest.mark.parametrize(
    ("given_settings", "secret", "field"),
    [
        ({"url": "ftp://example.org"}, SECRET, "url"),
        ({"url": "example.org/hook"}, SECRET, "url"),
        ({"url": "https://[broken"}, SECRET, "url"),
        (
            {"url": "https://example.org", "status_url": "https://example.org/x"},
            SECRET,
            "status_url",
        ),
        ({"url": "https://example.org"}, "whsec_!", "secret"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    given_settings: dict[str, str], secret: str, field: str
) -> None:
    findings = PLATFORM.check_settings(given_settings, {"secret": secret})
    assert [(finding.field, finding.severity) for finding in findings] == [(field, Severity.ERROR)]


def test_a_short_secret_is_a_warning() -> None:
    short = "whsec_" + base64.b64encode(b"short").decode()
    (finding,) = PLATFORM.check_settings({"url": "https://example.org"}, {"secret": short})
    assert finding.severity is Severity.WARNING


def test_a_large_event_is_a_warning_with_numbers() -> None:
    case = sample_case("webhook", {}, {"secret": SECRET})
    rendition = case.render(sample_content("x" * 1_200_000))
    (finding,) = case.platform.validate(rendition, case.account)
    assert finding.severity is Severity.WARNING
    assert "1,048,576" in finding.message


def test_headers_are_the_three_of_the_specification() -> None:
    headers = signed_headers(signing_keys(SECRET), id="x", sent_at=SENT_AT, body=b"")
    assert set(headers) == {"webhook-id", "webhook-timestamp", "webhook-signature"}
