"""What we send, judged by the network's own library: lexicons, lengths and facets."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from copydesk.core.delivery import Outgoing
from copydesk.core.post import Content
from copydesk.platforms.bluesky.facets import show
from copydesk.platforms.kit.transport import Reply
from copydesk.testing.clocks import NOON
from copydesk.testing.samples import NODES, sample_case, sample_content, sample_media
from copydesk.transformation.counting import graphemes, utf8_bytes

ROOT = Path(__file__).resolve().parents[3]
CASE = sample_case("bluesky", {"identifier": "desk.example.org"})
DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
CID = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"
BLOB = {
    "blob": {
        "$type": "blob",
        "ref": {"$link": "bafkreifaccsmc6gsu2mkq2x6ynxsiz6avw3t3hsmhczp5q22aglb6zch7q"},
        "mimeType": "image/png",
        "size": 71,
    },
    "width": 3,
    "height": 2,
}

#: Texts in which both find the same. Elsewhere the network's own takes one bracket too many of an
#: address in brackets, and finds addresses without a scheme.
TEXTS = (
    "plain",
    "Größe: https://example.org/a?b=1&c=2 und #größe!",
    "👩‍👩‍👧‍👦 flags 🇩🇪🇫🇷 and e\u0301 combining, see https://example.org/x.",
    "see https://example.org/wiki/A_(b) then https://example.org/end, and more",
    "مرحبا @ada.example.org שלום #سلام https://example.org/",
    "日本語の #タグ と https://example.org/日本 です",
    "#one #two_three #4ever mail ada@example.org",
    "two\nlines #tag\n\nhttps://example.org/after\n@ada.bsky.social",
    "zwj \u200d and \u00ad soft hyphen #tag",
    "नमस्ते दुनिया #नमस्ते 각 한국어",
)


class Recorder:
    """A transport that keeps what would have been sent."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        self.bodies.append(json.loads(json.dumps(content["json_body"])))
        return Reply(status=200, body=b"{}")


def contents() -> list[Content]:
    """Return posts of every kind of node, form and ornament."""
    url = "https://example.org/posts/about-desks/2026?utm_source=bluesky&utm_medium=social"
    whole = "\n\n".join(NODES.values())
    media = (sample_media(),)
    quote = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3jzfcijpj2z2a"
    made = [sample_content(body, media=media, canonical_url=url) for body in NODES.values()]
    made += [sample_content(text) for text in TEXTS]
    made += [
        replace(
            sample_content(whole, media=media, canonical_url=url, summary="All of it."),
            overrides={"bluesky": {"form": form, "labels": ["graphic-media"], "quote": quote}},
        )
        for form in ("post", "thread", "announcement")
    ]
    plain = {"languages": ["pt-BR", "zh"], "quote": quote}
    made.append(replace(sample_content(), overrides={"bluesky": plain}))
    return made


def outgoings(content: Content) -> list[Outgoing]:
    """Return what is sent for `content`, part by part, as if it had been prepared."""
    outgoing = CASE.outgoing(content, sent_at=NOON)
    handles = {
        "blobs": {
            f"{purpose}:{media.sha256}": BLOB
            for media in outgoing.media
            for purpose in ("image", "thumb")
        },
        "dids": {"ada.example.org": DID, "ada.bsky.social": DID},
        "quote": {"uri": f"at://{DID}/app.bsky.feed.post/3jzfcijpj2z2a", "cid": CID},
    }
    ids = [f"at://{DID}/app.bsky.feed.post/3jzfcijpj2z2{n}" for n in "abcdefghijklmnopqrst"]
    return [
        replace(
            outgoing,
            handles={
                **handles,
                "parts": [{"id": id, "url": ""} for id in ids[:number]],
                "refs": dict.fromkeys(ids, CID),
            },
        )
        for number in range(len(outgoing.payload["parts"]))
    ]


async def sent(tmp_path: Path) -> list[Any]:
    """Return the body of every call that our posts take."""
    recorder = Recorder()
    client = CASE.platform.connect(CASE.session(recorder, tmp_path))
    for content in contents():
        if CASE.errors(CASE.render(content)):
            continue
        for outgoing in outgoings(content):
            await client.commit(outgoing)
    return recorder.bodies


@cache
def judged(home: Path) -> tuple[list[Any], dict[str, Any]]:
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules/@atproto/api").exists():
        pytest.skip("needs node and node_modules/@atproto/api: run `npm ci`")
    bodies = asyncio.run(sent(home))
    done = subprocess.run(
        [node, str(Path(__file__).with_name("judge.cjs"))],
        input=json.dumps({"bodies": bodies, "texts": TEXTS}),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    return bodies, json.loads(done.stdout)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def test_every_record_is_valid(home: Path) -> None:
    bodies, verdict = judged(home)
    wrong = [(body, why) for body, why in zip(bodies, verdict["bodies"], strict=True) if why]
    assert wrong == []
    kinds = {body["record"].get("embed", {}).get("$type", "none") for body in bodies}
    assert {kind.rpartition(".")[2] for kind in kinds} == {
        "none",
        "images",
        "external",
        "record",
        "recordWithMedia",
    }
    assert any("reply" in body["record"] for body in bodies)


def test_the_judge_finds_what_is_wrong(home: Path) -> None:
    bodies, _ = judged(home)
    node = shutil.which("node")
    assert node
    spoilt = [
        {**bodies[0], "record": {**bodies[0]["record"], **wrong}}
        for wrong in ({"text": "x" * 301}, {"createdAt": "yesterday"}, {"langs": ["a"] * 4})
    ]
    done = subprocess.run(
        [node, str(Path(__file__).with_name("judge.cjs"))],
        input=json.dumps({"bodies": spoilt, "texts": []}),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    assert all(json.loads(done.stdout)["bodies"])


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_lengths_and_facets_are_those_of_the_network(home: Path, number: int) -> None:
    verdict = judged(home)[1]["texts"][number]
    text = TEXTS[number]
    assert (graphemes(text), utf8_bytes(text)) == (verdict["graphemes"], verdict["bytes"])
    shown = show(text)
    assert shown.text == text, "a text for comparing has no address that is shown in short"
    ours = [
        (
            text.encode()[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode(),
            next(v for k, v in f["features"][0].items() if k != "$type"),
        )
        for f in shown.facets
    ]
    assert sorted(ours) == sorted(tuple(facet) for facet in verdict["facets"])
