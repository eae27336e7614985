"""What keeps strangers, other sites and other people's words from doing anything here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from copydesk.server import create_app
from copydesk.server.security import BODY_LIMIT, CSP, SUBMISSION_LIMIT
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from tests.server.conftest import ADDRESS
from tests.server.scene import Scene, fresh_desk, lay_out, make_token

TEMPLATES = Path(__file__).resolve().parents[2] / "src/copydesk/server/templates"

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<svg/onload=alert(1)>",
    "</textarea></pre></details><iframe src=javascript:alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe<b hx-get=/logout hx-on:load=alert(1)>",
]


def pages_of(scene: Scene) -> list[str]:
    return [
        "/",
        "/?state=refused",
        "/inbox/lines",
        "/reviews",
        "/accounts",
        "/deliveries",
        "/deliveries/lines",
        f"/posts/{scene.post}",
        f"/posts/{scene.post}/deliveries",
        f"/submissions/{scene.refused}",
        f"/deliveries/{scene.delivered}",
        f"/deliveries/{scene.held}",
        f"/deliveries/{scene.held}/timeline",
    ]


class Shape(HTMLParser):
    """The elements and attributes of a page, apart from its links and words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(f"{tag} {sorted(name for name, _ in attrs)}")
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


# ---------------------------------------------------------------- content


async def shapes(home: Path, words: str) -> dict[str, Shape]:
    """Every page of a desk where strangers, models and platforms said `words`. Its time stands
    still: what waits for long is said to be late."""
    async with fresh_desk(home, StoppedClock()) as desk:
        scene = await lay_out(desk, words=words)
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(create_app(desk)), base_url=ADDRESS
        ) as client:
            await client.get(f"/login?token={await make_token(desk)}")
            pages = [await client.get(path) for path in pages_of(scene)]
    assert {page.status_code for page in pages} == {200}
    return {f"{number} {page.url.path}": Shape(page.text) for number, page in enumerate(pages)}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shape]:
    with asyncio.Runner() as runner:
        return runner.run(shapes(tmp_path_factory.mktemp("plain") / "home", " benign"))


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_hostile_words_stay_words_wherever_they_are_shown(
    tmp_path: Path, plain: dict[str, Shape], hostile: str
) -> None:
    found = await shapes(tmp_path / "home", hostile)
    for before, after in zip(plain.values(), found.values(), strict=True):
        assert after.found == before.found
        assert "".join(after.words).count(hostile) == "".join(before.words).count(" benign")
        assert not [link for link in after.links if link.startswith("javascript:")]


async def test_a_remote_address_is_a_link_only_when_it_is_safe(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    page = (await browser.get(f"/deliveries/{scene.held}")).text
    assert "javascript:alert(1)" in page  # shown, as a fact
    assert 'href="javascript:' not in page


def test_no_template_holds_a_script_a_style_or_evaluated_attributes() -> None:
    banned = re.compile(
        r"<script(?! type=\"module\" src)|<style|\sstyle=|\son\w+=|hx-on|js:|\|\s*safe\b"
    )
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text()
        assert not banned.search(text), template.name
        assert len(text.splitlines()) <= 150, template.name


# ---------------------------------------------------------------- headers


async def test_every_answer_carries_the_policy(
    browser: httpx2.AsyncClient, stranger: httpx2.AsyncClient, desk: Desk
) -> None:
    scene = await lay_out(desk)
    answers = [await browser.get(path) for path in [*pages_of(scene), "/nowhere"]]
    answers += [await stranger.get(path) for path in ("/", "/login", "/v1/posts", "/health/live")]
    answers.append(await stranger.post("/login", data={"token": "wrong"}))
    for answer in answers:
        assert answer.headers["content-security-policy"] == CSP
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "unsafe" not in CSP


async def test_an_unexpected_error_shows_nothing_of_its_inside(
    app: FastAPI, browser: httpx2.AsyncClient, program: httpx2.AsyncClient
) -> None:
    @app.get("/broken")
    @app.get("/v1/broken")
    async def fail() -> None:
        raise RuntimeError("the password is hunter2")

    for answer in (await browser.get("/broken"), await program.get("/v1/broken")):
        assert answer.status_code == 500
        assert "hunter2" not in answer.text
        assert answer.headers["x-request-id"] in answer.text
        assert answer.headers["content-security-policy"] == CSP


# ---------------------------------------------------------------- other sites


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ADDRESS}, 403),
        ({"Origin": ADDRESS}, 303),
        ({"Origin": "http://127.0.0.1:8643"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_a_form_counts_only_from_our_own_pages(
    browser: httpx2.AsyncClient, desk: Desk, headers: dict[str, str], status: int
) -> None:
    scene = await lay_out(desk)
    del browser.headers["Sec-Fetch-Site"]
    answer = await browser.post(f"/reviews/{scene.review}/reject", headers=headers)
    assert answer.status_code == status


async def test_a_token_without_a_cookie_needs_no_origin_but_with_one_it_does(
    program: httpx2.AsyncClient, browser: httpx2.AsyncClient
) -> None:
    far = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    body = {"text": "hello"}
    assert (await program.post("/v1/submissions", json=body, headers=far)).status_code == 201
    token = program.headers["Authorization"]
    answer = await browser.post(
        "/v1/submissions", json=body, headers={**far, "Authorization": token}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8642", 200),
        ("localhost:8642", 200),
        ("[::1]:8642", 200),
        ("192.168.1.7", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("", 421),
    ],
)
async def test_only_known_names_are_answered(
    stranger: httpx2.AsyncClient, host: str, status: int
) -> None:
    answer = await stranger.get("/login", headers={"Host": host})
    assert answer.status_code == status


# ---------------------------------------------------------------- sessions


async def test_the_link_signs_in_and_hides_the_token(
    stranger: httpx2.AsyncClient, desk: Desk
) -> None:
    token = await make_token(desk)
    answer = await stranger.get(f"/login?token={token}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert token.lower() not in cookie
    for part in ("httponly", "samesite=lax", "path=/"):
        assert part in cookie
    assert (await stranger.get("/")).status_code == 200


async def test_the_link_on_another_site_signs_nobody_in(
    stranger: httpx2.AsyncClient, desk: Desk
) -> None:
    token = await make_token(desk)
    answer = await stranger.get(f"/login?token={token}", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


async def test_under_https_the_cookie_is_secure_and_bound_to_the_host(
    app: FastAPI, desk: Desk
) -> None:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="https://127.0.0.1"
    ) as client:
        answer = await client.get(f"/login?token={await make_token(desk)}")
    assert answer.headers["set-cookie"].startswith("__Host-")
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_signing_out_ends_the_session_itself(browser: httpx2.AsyncClient) -> None:
    stolen = dict(browser.cookies)
    await browser.post("/logout")
    browser.cookies.update(stolen)
    assert (await browser.get("/")).headers["location"] == "/login?next=/"


async def test_a_wrong_token_is_refused_in_words(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.post("/login", data={"token": "wrong"})
    assert answer.status_code == 403
    assert "not known here" in answer.text


@pytest.mark.parametrize(
    "where", ["//evil.example", "https://evil.example", "/\\evil.example", "\t//evil.example"]
)
async def test_signing_in_leads_nowhere_else(
    stranger: httpx2.AsyncClient, desk: Desk, where: str
) -> None:
    form = {"token": await make_token(desk), "next": where}
    assert (await stranger.post("/login", data=form)).headers["location"] == "/"


async def test_nothing_but_the_doors_is_open_to_strangers(
    app: FastAPI, stranger: httpx2.AsyncClient
) -> None:
    doors = {"/login", "/logout", "/health/live", "/health/ready", "/v1/openapi.json"}
    for path in sorted({getattr(route, "path", "") for route in app.routes} - doors):
        if not path or path.startswith(("/static", "/hooks/")):
            continue  # platforms prove themselves by a signature, see test_hooks.py
        answer = await stranger.get(path.replace("{id}", "x"))
        assert answer.status_code in {303, 401, 405}, path


async def test_a_token_of_another_workspace_is_unknown(
    stranger: httpx2.AsyncClient, desk: Desk
) -> None:
    async with desk.store.begin("test") as unit:
        other = await unit.workspaces.ensure("elsewhere", "person")
        await unit.tokens.add(other.id, "their-token", label="them", role="owner")
    answer = await stranger.get("/v1/posts", headers={"Authorization": "Bearer their-token"})
    assert answer.status_code == 401


async def test_roles_limit_what_a_token_may_do(stranger: httpx2.AsyncClient, desk: Desk) -> None:
    scene = await lay_out(desk)
    for role, take_in, decide in (("viewer", 403, 403), ("author", 201, 403), ("editor", 201, 200)):
        who = {"Authorization": f"Bearer {await make_token(desk, role)}"}
        answer = await stranger.post("/v1/submissions", json={"text": role}, headers=who)
        assert answer.status_code == take_in
        answer = await stranger.post(f"/v1/reviews/{scene.review}/reject", headers=who)
        assert answer.status_code == decide
        assert (await stranger.get("/v1/posts", headers=who)).status_code == 200


# ---------------------------------------------------------------- sizes


async def test_bodies_are_bounded_whether_or_not_they_say_their_size(
    program: httpx2.AsyncClient,
) -> None:
    async def in_pieces(total: int) -> AsyncIterator[bytes]:
        for _ in range(total // 65536 + 1):
            yield b"x" * 65536

    json = {"Content-Type": "application/json"}
    said = await program.post("/v1/validate", content=b"x" * (BODY_LIMIT + 1), headers=json)
    unsaid = await program.post("/v1/validate", content=in_pieces(BODY_LIMIT), headers=json)
    for answer in (said, unsaid):
        assert answer.status_code == 413
        assert answer.json()["code"] == "content_too_large"
    lied = await program.post(
        "/v1/submissions", content=b"", headers={"Content-Length": str(SUBMISSION_LIMIT + 1)}
    )
    assert lied.status_code == 413


async def test_a_message_larger_than_other_requests_is_taken(program: httpx2.AsyncClient) -> None:
    answer = await program.post(
        "/v1/submissions", content=b"x" * (2 * BODY_LIMIT), params={"filename": "long.txt"}
    )
    assert answer.status_code == 201
    assert answer.json()["submission"]["size"] == 2 * BODY_LIMIT
