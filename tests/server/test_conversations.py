"""A file that held several messages, and moving a message of a chat: pages and API."""

from __future__ import annotations

from urllib.parse import quote

import httpx2

from copydesk.work.desk import Desk
from copydesk.work.incoming.submitting import submit
from copydesk.work.writing.composing import compose
from tests.server.scene import make_token
from tests.server.test_audits import words
from tests.work.incoming.test_regrouping import parts_of, taken_apart, turn

ROWS = "message,email,date\n" + "".join(
    f"The lamp number {n} flickers,p{n}@example.org,2026-11-0{n}\n" for n in range(1, 8)
)


async def test_a_file_lists_what_it_held_and_each_part_names_it(
    browser: httpx2.AsyncClient, desk: Desk
) -> None:
    async with desk.store.begin("test") as unit:
        await unit.workspaces.set_approve(desk.workspace_id, "person")
    file = (await submit(desk, ROWS.encode(), filename="week.csv", actor="test")).submission
    await compose(desk, file.id)
    async with desk.store.read() as unit:
        parts = await unit.submissions.parts(file.id)
    await compose(desk, parts[0])
    page = await browser.get(f"/submissions/{file.id}")
    said = words(page)
    assert "7 rows: 7 new" in said
    assert "received 6" in said
    assert "composed 1" in said
    assert page.text.count("one of several in") == 7
    narrowed = await browser.get(f"/submissions/{file.id}?state=composed")
    assert narrowed.text.count("one of several in") == 1
    inbox = await browser.get("/")
    assert f'href="/submissions/{file.id}">week.csv' in inbox.text
    piece = await browser.get(f"/submissions/{parts[0]}", follow_redirects=True)
    assert "One of several messages in week.csv" in words(piece)
    assert f'href="/submissions/{file.id}"' in piece.text


async def test_a_message_is_moved_on_the_page(browser: httpx2.AsyncClient, desk: Desk) -> None:
    _, (mail, lamp) = await taken_apart(desk)
    wrong = await turn(desk, lamp, "thanks, the lamp shines")
    piece = await browser.get(f"/submissions/{lamp.id}", follow_redirects=True)
    assert f"/submissions/{lamp.id}/conversation" in piece.text
    path = f"/submissions/{lamp.id}/conversation"
    page = await browser.get(path)
    assert "is the mail server down" in words(page), "the other conversation is offered"
    answer = await browser.post(path, data={"turn": wrong, "to": mail.id})
    assert answer.status_code == 303
    _, parts = await parts_of(desk, lamp.parent_id or "")
    assert answer.headers["location"] in {f"/submissions/{part.id}" for part in parts}
    put_right = await browser.get(f"{answer.headers['location']}/conversation")
    assert "put right" in words(put_right)
    again = await browser.post(path, data={"turn": wrong, "to": mail.id})
    assert again.status_code == 409
    assert "was replaced" in again.text
    assert "<select" not in (await browser.get(path)).text, "it is history now"


async def test_a_program_sees_the_messages_and_moves_one(
    program: httpx2.AsyncClient, desk: Desk
) -> None:
    log, (mail, lamp) = await taken_apart(desk)
    found = (await program.get(f"/v1/submissions/{lamp.id}")).json()
    assert found["parent_id"] == log.id
    assert [t["speaker"] for t in found["turns"]] == ["bob", "dan", "bob"]
    last = found["turns"][-1]
    assert last["answers"] == found["turns"][-2]["id"]
    assert found["text"][last["start"] : last["end"]].strip().endswith("the lamp shines")
    path = f"/v1/submissions/{lamp.id}/turns/move"
    answer = await program.post(path, json={"turn": last["id"], "to": mail.id})
    assert answer.status_code == 200, answer.text
    moved = answer.json()
    assert (moved["log_id"], set(moved["replaced"])) == (log.id, {mail.id, lamp.id})
    gone = await program.post(path, json={"turn": last["id"]})
    assert (gone.status_code, gone.json()["code"]) == (409, "conflict")
    listed = (await program.get(f"/v1/submissions?parent={quote(log.id)}&state=replaced")).json()
    assert {line["id"] for line in listed["items"]} == {mail.id, lamp.id}
    assert (await program.get(f"/v1/submissions/{log.id}")).json()["turns"] == []


async def test_who_only_writes_moves_nothing(stranger: httpx2.AsyncClient, desk: Desk) -> None:
    _, (mail, lamp) = await taken_apart(desk)
    wrong = await turn(desk, lamp, "thanks, the lamp shines")
    headers = {"Authorization": f"Bearer {await make_token(desk, 'author')}"}
    body = {"turn": wrong, "to": mail.id}
    path = f"/v1/submissions/{lamp.id}/turns/move"
    assert (await stranger.post(path, json=body, headers=headers)).status_code == 403
    page = await stranger.get(f"/submissions/{lamp.id}/conversation", headers=headers)
    assert "<select" not in page.text
