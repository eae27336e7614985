"""Media on their way out: their places stay here, and what vanished after planning is told."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image, ImageOps

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.post import Content, Media, Tier
from copydesk.core.states import DeliveryState, PostState
from copydesk.platforms.kit.contract import Subject
from copydesk.store.tables import blobs
from copydesk.testing.clocks import StoppedClock
from copydesk.work.accounts.connecting import add_account
from copydesk.work.deliveries.distributing import distribute
from copydesk.work.deliveries.settling import Decision, decide_delivery
from copydesk.work.desk import Desk
from tests.distribution.carrying import add_posts, carry, carry_to_rest, deliveries
from tests.distribution.scripted import Remote, Scripted

PICTURE = b"not really a picture"


@pytest.fixture
def illustrated(platform: Scripted, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """The scripted platform, sending what a post shows with it."""
    plain = platform.render

    def render(subject: Subject, account: Account, recipient: str = "") -> Rendition:
        return replace(plain(subject, account, recipient), media=subject.content.media)

    monkeypatch.setattr(platform, "render", render)
    return platform


async def add_illustrated(desk: Desk, data: bytes = PICTURE, kind: str = "image/png") -> str:
    """Add an approved post with a picture and plan its delivery; return the picture's digest."""
    async with desk.store.begin("test") as unit:
        digest = await unit.workspaces.keep(data)
        picture = Media(name="lamp.png", content_type=kind, sha256=digest, size=len(data))
        post, _ = await unit.posts.add(
            workspace_id=desk.workspace_id,
            source_key="test:lamp",
            content=Content(title="Lamp", body="A lamp.", slug="lamp", media=(picture,)),
            tier=Tier.PERSON,
        )
        await unit.posts.move(post, PostState.APPROVED, wake_at=unit.now)
    await distribute(desk, post.id)
    return digest


async def spoil(desk: Desk, digest: str, harm: str) -> None:
    where = blobs.c.sha256 == digest
    async with desk.store.begin("test") as unit:
        if harm == "gone":
            await unit.connection.execute(sa.delete(blobs).where(where))
        else:
            await unit.connection.execute(sa.update(blobs).where(where).values(data=b"noise"))


@pytest.mark.parametrize("harm", ["gone", "damaged"])
async def test_what_lost_its_media_is_held_at_once_and_the_others_go_out(
    desk: Desk,
    clock: StoppedClock,
    remote: Remote,
    illustrated: Scripted,
    account: Account,
    harm: str,
) -> None:
    digest = await add_illustrated(desk)
    await add_posts(desk, "plain")
    await spoil(desk, digest, harm)
    await carry(desk, account)
    lamp, plain = await deliveries(desk)
    assert (lamp.state, lamp.reason_code, lamp.attempts) == (DeliveryState.HELD, "media_gone", 0)
    assert "lamp.png" in lamp.reason
    assert "Restore a backup" in lamp.remedy
    assert plain.state is DeliveryState.DELIVERED
    assert [title for _, _, title in remote.taken] == ["plain"]


async def test_it_goes_out_once_the_media_are_back(
    desk: Desk, clock: StoppedClock, remote: Remote, illustrated: Scripted, account: Account
) -> None:
    digest = await add_illustrated(desk)
    await spoil(desk, digest, "gone")
    await carry(desk, account)
    (lamp,) = await deliveries(desk)
    async with desk.store.begin("test") as unit:
        await unit.workspaces.keep(PICTURE)
        await decide_delivery(unit, lamp.id, Decision.SEND)
    (lamp,) = await carry_to_rest(desk, account, clock)
    assert lamp.state is DeliveryState.DELIVERED
    assert [title for _, _, title in remote.taken] == ["Lamp"]


async def test_a_photo_goes_out_without_the_place_where_it_was_taken(
    desk: Desk, tmp_path: Path, account: Account, illustrated: Scripted
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # on its side
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "teal").save(out, "JPEG", exif=exif)
    site = await add_account(
        desk,
        "site",
        "site",
        settings={"path": str(tmp_path / "site"), "url": "https://example.org/"},
        secrets={},
        inbox=True,
        actor="test",
    )
    await add_illustrated(desk, out.getvalue(), "image/jpeg")
    await carry(desk, site)
    assert {d.state for d in await deliveries(desk) if d.account_id == site.id} == {"delivered"}
    (sent,) = [path for path in (tmp_path / "site").rglob("*lamp*") if path.is_file()]
    with Image.open(sent) as image:
        assert dict(image.getexif().get_ifd(0x8825)) == {}
        assert ImageOps.exif_transpose(image).size == (20, 40)


async def test_a_drawing_that_cannot_be_read_is_held_and_never_sent(
    desk: Desk, remote: Remote, illustrated: Scripted, account: Account
) -> None:
    await add_illustrated(desk, b"<svg><script>alert(1)</svg>", "image/svg+xml")
    await carry(desk, account)
    (lamp,) = await deliveries(desk)
    assert (lamp.state, lamp.reason_code) == (DeliveryState.HELD, "drawing_unreadable")
    assert "lamp.png" in lamp.reason
    assert "as PNG" in lamp.remedy
    assert remote.taken == []
