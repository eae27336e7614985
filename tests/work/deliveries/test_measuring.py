"""Images know their size in pixels from the moment they become a post's media."""

from __future__ import annotations

import io
from email.message import EmailMessage
from pathlib import Path

from PIL import Image

from copydesk.work.deliveries.manuscripts import read_manuscript
from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose


def jpeg_on_its_side() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


async def test_images_beside_a_file_are_measured_as_they_are_shown(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg_on_its_side())
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    post = tmp_path / "post.md"
    post.write_text("# A post\n\n![a lamp](photo.jpg)\n\n![broken](broken.png)\n")
    sizes = {m.name: (m.width, m.height) for m in (await read_manuscript(post)).content.media}
    assert sizes == {"photo.jpg": (30, 40), "broken.png": (0, 0)}


async def test_attachments_are_measured(desk: Desk) -> None:
    letter = EmailMessage()
    letter["From"], letter["Message-ID"] = "Ada <ada@example.org>", "<a@example.org>"
    letter["Subject"] = "The lamp"
    letter.set_content("The lamp looks lovely in our hall. It fits well.\n")
    letter.add_attachment(jpeg_on_its_side(), maintype="image", subtype="jpeg", filename="lamp.jpg")
    letter.add_attachment(b"GIF89a", maintype="image", subtype="gif", filename="odd.gif")
    taken = await submit(desk, letter.as_bytes(), filename="a.eml", actor="test")
    await compose(desk, taken.submission.id)
    async with desk.store.read() as unit:
        ((post, _),) = await unit.posts.newest(desk.workspace_id)
        revision = await unit.posts.revision(post.revision_id)
    sizes = {m.name: (m.width, m.height) for m in revision.content.media}
    assert sizes == {"lamp.jpg": (30, 40), "odd.gif": (0, 0)}
