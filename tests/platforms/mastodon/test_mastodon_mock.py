"""The same client against somebody else's reading of the API: mastodon-mock 0.6.

It proves the key, the refusals and the look-up against code that is not ours; it does not prove how
long a real instance remembers a key, nor its pace limits.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from copydesk.core.clock import SystemClock
from copydesk.core.delivery import Action, Outgoing
from copydesk.core.outcomes import (
    Absent,
    AuthRevoked,
    Inconclusive,
    Landed,
    Published,
    RateLimited,
    Ready,
    Refused,
    Unknown,
)
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.transport import AnswerLost, NotSent, Reply
from copydesk.testing.loopback import ImpatientTransport
from copydesk.testing.samples import Case, sample_case, sample_content, sample_media

pytestmark = [
    pytest.mark.network_peer,
    pytest.mark.skipif(find_spec("mastodon_mock") is None, reason="mastodon-mock is not installed"),
]


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory, ports: Iterator[int]) -> Iterator[str]:
    """One instance for all tests here; each account is reset by `peer`."""
    folder = tmp_path_factory.mktemp("mastodon")
    command = shutil.which("mastodon_mock", path=str(Path(sys.executable).parent))
    assert command, "mastodon-mock is installed without its command"
    port = next(ports)
    arguments = ["serve", "--in-memory", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [command, *arguments, "--log-level", "warning"], cwd=folder, stdout=log, stderr=log
        )
        try:
            waiting = SystemClock()
            deadline = waiting.monotonic() + 60
            while not _answers(port):
                assert server.poll() is None, (folder / "log").read_text()
                assert waiting.monotonic() < deadline, "mastodon-mock did not start in a minute"
                # waits for the process to end, which it should not: a pause that notices a crash
                try:
                    server.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)
    assert not _answers(port), "something is still listening"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """An account on the instance and a client of it."""

    url: str
    transport: HttpTransport
    case: Case
    client: Client

    def outgoing(self, **more: Any) -> Outgoing:
        return self.case.outgoing(sample_content(), sent_at=SystemClock().now(), **more)

    async def control(self, path: str, **body: Any) -> Any:
        reply = await self.transport.call("POST", f"{self.url}/api/v1/_mock/{path}", json_body=body)
        assert reply.status < 300, reply.body
        return reply.json()

    async def statuses(self) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.case.secrets['access_token']}"}
        me = await self.transport.call(
            "GET", f"{self.url}/api/v1/accounts/verify_credentials", headers=headers
        )
        path = f"/api/v1/accounts/{json.loads(me.body)['id']}/statuses"
        reply = await self.transport.call("GET", self.url + path, headers=headers)
        found: list[dict[str, Any]] = json.loads(reply.body)
        return found


@pytest.fixture
async def peer(instance: str, tmp_path: Path) -> AsyncIterator[Peer]:
    transport = HttpTransport(user_agent="copydesk-tests")
    try:
        await transport.call("POST", f"{instance}/api/v1/_mock/reset", json_body={})
        made = await transport.call("POST", f"{instance}/api/v1/_mock/dev_user", json_body={})
    except NotSent as error:
        pytest.fail(f"mastodon-mock went away: {error}")
    body = made.json()
    token = body.get("access_token") or body.get("token")
    assert token, body
    case = sample_case("mastodon", {"base_url": instance}, {"access_token": token})
    client = case.platform.connect(case.session(ImpatientTransport(transport, 10), tmp_path))
    yield Peer(url=instance, transport=transport, case=case, client=client)
    await transport.close()


async def test_a_status_is_published_and_found(peer: Peer) -> None:
    outgoing = peer.outgoing()
    assert isinstance(await peer.client.find(outgoing), Absent | Inconclusive)
    outcome = await peer.client.commit(outgoing)
    assert isinstance(outcome, Published)
    found = await peer.client.find(outgoing)
    assert isinstance(found, Landed)
    assert (found.id, found.url) == (outcome.id, outcome.url)


async def test_a_repeated_key_gives_the_first_status(peer: Peer) -> None:
    outgoing = peer.outgoing()
    first, second = [await peer.client.commit(outgoing) for _ in range(2)]
    assert isinstance(first, Published)
    assert isinstance(second, Published)
    assert first.id == second.id
    assert len(await peer.statuses()) == 1


async def test_another_key_makes_another_status(peer: Peer) -> None:
    await peer.client.commit(peer.outgoing())
    await peer.client.commit(peer.outgoing(key="another"))
    assert len(await peer.statuses()) == 2


async def test_files_go_along(peer: Peer) -> None:
    content = sample_content(media=(sample_media(),))
    outgoing = peer.case.outgoing(content, sent_at=SystemClock().now())
    ready = await peer.client.prepare(outgoing)
    assert isinstance(ready, Ready)
    prepared = replace(outgoing, handles=ready.handles)
    assert isinstance(await peer.client.commit(prepared), Published)
    (status,) = await peer.statuses()
    assert status["media_attachments"][0]["description"] == "A single pixel"
    assert isinstance(await peer.client.find(prepared), Landed)


async def test_an_edit_is_applied_and_found(peer: Peer) -> None:
    first = await peer.client.commit(peer.outgoing())
    assert isinstance(first, Published)
    edit = peer.case.outgoing(
        sample_content("Changed."),
        sent_at=SystemClock().now(),
        action=Action.UPDATE,
        target_id=first.id,
    )
    assert isinstance(await peer.client.find(edit), Absent)
    assert isinstance(await peer.client.commit(edit), Published)
    assert isinstance(await peer.client.find(edit), Landed)


async def test_too_long_is_refused_there_as_here(peer: Peer) -> None:
    content = sample_content("word " * 200)
    outgoing = peer.case.outgoing(content, sent_at=SystemClock().now())
    assert peer.case.errors(peer.case.render(content))
    assert isinstance(await peer.client.commit(outgoing), Refused)


async def test_a_wrong_token_is_final(peer: Peer, tmp_path: Path) -> None:
    case = sample_case("mastodon", {"base_url": peer.url}, {"access_token": "wrong-0123456789"})
    client = case.platform.connect(case.session(peer.transport, tmp_path))
    assert isinstance(await client.test(), AuthRevoked)
    assert isinstance(await client.commit(peer.outgoing()), AuthRevoked)


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        ({"type": "ratelimit"}, RateLimited),
        ({"type": "status", "status": 503}, Unknown),
        ({"type": "malformed"}, Unknown),
    ],
)
async def test_faults_are_read_right(peer: Peer, effect: dict[str, Any], outcome: type) -> None:
    match = {"methods": ["POST"], "path": "/api/v1/statuses"}
    await peer.control("faults", match=match, effect=effect, count=1)
    outgoing = peer.outgoing()
    found = await peer.client.commit(outgoing)
    assert type(found) is outcome
    if isinstance(found, RateLimited):
        assert found.retry_after == 300
    assert isinstance(await peer.client.commit(outgoing), Published)
    assert len(await peer.statuses()) == 1


class DeafTransport:
    """A transport that delivers what it is given and loses the answer."""

    def __init__(self, inner: HttpTransport) -> None:
        self.inner = inner

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        await self.inner.call(method, url, **content)
        raise AnswerLost("the connection was reset")


async def test_a_lost_answer_is_unknown_found_and_not_repeated(peer: Peer, tmp_path: Path) -> None:
    deaf = peer.case.platform.connect(peer.case.session(DeafTransport(peer.transport), tmp_path))
    outgoing = peer.outgoing()
    assert isinstance(await deaf.commit(outgoing), Unknown)
    assert isinstance(await peer.client.find(outgoing), Landed)
    assert isinstance(await peer.client.commit(outgoing), Published)
    assert len(await peer.statuses()) == 1
