"""What is coming up in the API, on its page and as a calendar; bad input by field and remedy."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from icalendar import Calendar

from copydesk.core.states import AccountState, DeliveryState
from copydesk.store.credentials import Lifetimes
from copydesk.work.accounts.connecting import add_account
from copydesk.work.desk import Desk
from tests.server.conftest import ADDRESS
from tests.server.scene import make_token

TEXT = "# Opening hours\n\nWe open on Sunday."


@pytest.fixture
async def box(desk: Desk) -> None:
    await add_account(desk, "sandbox", "box", settings={}, secrets={}, inbox=False, actor="test")


async def publish(program: httpx2.AsyncClient, code: int = 201, **more: Any) -> Any:
    given = {"text": TEXT, "accounts": ["box"], **more}
    answer = await program.post("/v1/posts", json=given)
    assert answer.status_code == code, answer.text
    return answer.json()


async def timetable(program: httpx2.AsyncClient, code: int = 200, **parts: Any) -> Any:
    answer = await program.put("/v1/schedules/timetables/box", json=parts)
    assert answer.status_code == code, answer.text
    return answer.json()


def fields(problem: Any) -> list[tuple[str, str]]:
    assert all(error["remedy"] for error in problem["errors"]), problem
    return [(error["code"], error["field"]) for error in problem["errors"]]


async def nothing_stored(desk: Desk) -> bool:
    async with desk.store.read() as unit:
        return not await unit.posts.newest(desk.workspace_id) and not await unit.deliveries.newest(
            desk.workspace_id
        )


async def test_a_wall_time_is_resolved_shown_moved_and_cancelled(
    program: httpx2.AsyncClient, box: None
) -> None:
    made = await publish(program, at="2027-03-28 02:30", zone="Europe/Berlin")
    (id,) = made["delivery_ids"]
    answer = await program.get("/v1/schedules", params={"days": 200})
    (line,) = answer.json()["items"]
    assert line["due_at"] == "2027-03-28T01:30:00Z"
    assert (line["asked"], line["zone"]) == ("2027-03-28 02:30", "Europe/Berlin")
    assert "does not exist in Europe/Berlin" in line["note"]
    twice = await program.post(
        f"/v1/schedules/{id}/move", json={"at": "2027-10-31T02:30Z", "queue": "news"}
    )
    assert fields(twice.json()) == [("time_twice", "at")]
    moved = await program.post(
        f"/v1/schedules/{id}/move", json={"at": "2027-10-31 02:30", "zone": "Europe/Berlin"}
    )
    assert moved.status_code == 200, moved.text
    assert moved.json()[0]["due_at"] == "2027-10-31T00:30:00Z"
    assert "happens twice" in moved.json()[0]["note"]
    cancelled = await program.post(f"/v1/schedules/{made['post']['id']}/cancel", json={})
    assert [entry["state"] for entry in cancelled.json()] == ["cancelled"]
    again = await program.post(f"/v1/schedules/{id}/cancel", json={})
    assert again.status_code == 409
    assert again.json()["remedy"]
    history = (await program.get(f"/v1/deliveries/{id}")).json()["events"]
    assert [(e["from_state"], e["to_state"]) for e in history] == [
        ("", "planned"),
        ("planned", "scheduled"),
        ("scheduled", "scheduled"),
        ("scheduled", "cancelled"),
    ]
    assert "moved from" in history[2]["reason"]


async def test_bad_times_are_refused_by_field_before_anything_is_stored(
    program: httpx2.AsyncClient, box: None, desk: Desk
) -> None:
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"at": "2027-12-01 09:00"}, ("time_without_zone", "at")),
        ({"at": "tomorrow"}, ("time_invalid", "at")),
        ({"at": "2027-12-01"}, ("time_invalid", "at")),
        ({"at": "2020-01-01T09:00Z"}, ("time_passed", "at")),
        ({"at": "2020-01-01T09:00Z", "late": "skip"}, ("time_passed", "at")),
        ({"at": "2027-12-01 09:00", "zone": "Berlin"}, ("zone_unknown", "zone")),
        ({"at": "2027-12-01T09:00+05:00", "zone": "Europe/Berlin"}, ("zone_contradicts", "at")),
        ({"at": "2027-12-01T09:00Z", "queue": "news"}, ("time_twice", "at")),
        ({"queue": "news"}, ("queue_unknown", "queue")),
        ({"at": "2027-12-01T09:00Z", "grace": "soon"}, ("grace_invalid", "grace")),
    ]
    for given, expected in cases:
        assert fields(await publish(program, 422, **given)) == [expected], given
    for given, expected in cases[:-1]:
        checked = {k: v for k, v in given.items() if k in {"at", "zone", "queue"}}
        if "late" in given:
            continue
        answer = await program.post(
            "/v1/validate", json={"text": TEXT, "accounts": ["box"], **checked}
        )
        body = answer.json()
        if "result" in body or answer.status_code == 200:
            assert not body["valid"], given
            found = [(f["code"], f["field"]) for f in body["results"][0]["findings"]]
            assert expected in found, (given, found)
        else:
            assert fields(body) == [expected]
    unknown = await program.post("/v1/posts", json={"text": TEXT, "accounts": ["nowhere"]})
    assert (unknown.status_code, unknown.json()["remedy"]) == (404, "Known accounts: box.")
    platform = await program.post("/v1/validate", json={"text": TEXT, "platforms": ["myspace"]})
    assert platform.status_code == 404
    assert "sandbox" in platform.json()["remedy"]
    assert await nothing_stored(desk)


async def test_a_time_that_has_passed_goes_out_when_that_is_allowed(
    program: httpx2.AsyncClient, box: None
) -> None:
    made = await publish(program, at="2020-01-01T09:00Z", late="post_late")
    assert len(made["delivery_ids"]) == 1


async def test_a_blocked_account_is_refused(
    program: httpx2.AsyncClient, box: None, desk: Desk
) -> None:
    async with desk.store.begin("test") as unit:
        account = await unit.accounts.by_name(desk.workspace_id, "box")
        await unit.accounts.move(account, AccountState.BLOCKED, "token was revoked")
    await refused(program, desk, "account_blocked")


async def test_an_account_whose_credential_has_ended_is_refused(
    program: httpx2.AsyncClient, box: None, desk: Desk
) -> None:
    await connected_until(desk, desk.clock.now() + timedelta(days=30))
    checked = await program.post("/v1/validate", json={"text": TEXT, "accounts": ["box"]})
    assert checked.json()["valid"], checked.text
    ends_at = desk.clock.now()
    await connected_until(desk, ends_at)
    problem = await refused(program, desk, "account_expired")
    assert f"{ends_at:%Y-%m-%d %H:%M}" in problem["errors"][0]["message"]


async def test_scheduling_beyond_the_end_of_a_credential_is_told_and_not_refused(
    program: httpx2.AsyncClient, box: None, desk: Desk
) -> None:
    now = desk.clock.now()
    ends_at = now + timedelta(days=30)
    await connected_until(desk, ends_at)
    before, after = ((ends_at + timedelta(days=by)).isoformat() for by in (-1, 1))
    words = f"box: its credential ends {ends_at:%a %Y-%m-%d %H:%M} UTC, before this goes out"
    checked = await program.post(
        "/v1/validate", json={"text": TEXT, "accounts": ["box"], "at": after}
    )
    assert checked.json()["valid"], checked.text
    assert words in checked.text

    made = await publish(program, at=after)
    (note,) = [note for note in made["notes"] if note["code"] == "credential_ends_before"]
    assert (note["severity"], note["message"]) == ("warning", words)
    assert "copydesk accounts connect box" in note["remedy"]
    (id,) = made["delivery_ids"]
    listed = (await program.get("/v1/schedules", params={"days": 60})).json()["items"]
    assert [line["note"].partition(". ")[0] for line in listed] == [words]
    assert words in (await program.get("/schedule")).text

    moved = await program.post(f"/v1/schedules/{id}/move", json={"at": before})
    assert moved.json()[0]["note"] == ""
    moved = await program.post(f"/v1/schedules/{id}/move", json={"at": after})
    assert words in moved.json()[0]["note"]
    await connected_until(desk, ends_at + timedelta(days=30))
    (line,) = (await program.get("/v1/schedules", params={"days": 60})).json()["items"]
    assert line["note"] == ""


async def test_a_series_beyond_the_end_of_a_credential_is_told_and_not_refused(
    program: httpx2.AsyncClient, box: None, desk: Desk
) -> None:
    (tip,) = (await publish(program))["delivery_ids"]
    async with desk.store.read() as unit:
        post_id = (await unit.deliveries.get(tip)).post_id
    starts = desk.clock.now() + timedelta(days=1)
    given = {
        "name": "tips",
        "rule": "FREQ=WEEKLY;COUNT=4",
        "start": f"{starts:%Y-%m-%d} 09:00",
        "zone": "UTC",
        "accounts": ["box"],
        "posts": [post_id],
    }
    await connected_until(desk, desk.clock.now() + timedelta(days=30))
    made = await program.post("/v1/schedules/series", json=given)
    assert (made.status_code, made.json()["notes"]) == (201, []), "its last one is before that"

    ends_at = desk.clock.now() + timedelta(days=10)
    await connected_until(desk, ends_at)
    made = await program.post("/v1/schedules/series", json={**given, "name": "more tips"})
    (note,) = made.json()["notes"]
    third = starts + timedelta(days=14)
    assert (note["code"], note["severity"]) == ("credential_ends_before", "warning")
    assert note["message"] == (
        f"box: its credential ends {ends_at:%a %Y-%m-%d %H:%M} UTC, before what is due"
        f" {third:%a %Y-%m-%d} 09:00 UTC goes out"
    )
    assert "copydesk accounts connect box" in note["remedy"]
    listed = (await program.get("/v1/schedules/series")).json()
    assert [one["notes"] for one in listed] == [[note], [note]]
    ended = await program.post("/v1/schedules/series/tips/end", json={})
    assert ended.json()["notes"] == []


async def connected_until(desk: Desk, ends_at: datetime) -> None:
    """Give the account a credential that nothing but a person can renew."""
    async with desk.store.begin("test") as unit:
        account = await unit.accounts.by_name(desk.workspace_id, "box")
        assert await unit.credentials.store(
            account.id,
            account.generation,
            desk.vault.seal({"access_token": "x"}),
            Lifetimes(expires_at=ends_at, ends_at=ends_at),
            auth="oauth2",
            scopes="publish",
        )


async def test_a_zone_without_a_time_is_not_taken_for_now(
    program: httpx2.AsyncClient, box: None, desk: Desk
) -> None:
    problem = await publish(program, 422, zone="Europe/Berlin")
    assert fields(problem) == [("zone_without_time", "zone")]
    assert await nothing_stored(desk)
    dated = TEXT.replace("# Opening", "---\npublish_at: 2027-03-01 09:00\n---\n\n# Opening")
    made = await publish(program, text=dated, zone="Europe/Berlin")
    (id,) = made["delivery_ids"]
    moved = await program.post(f"/v1/schedules/{id}/move", json={"zone": "Europe/Berlin"})
    assert fields(moved.json()) == [("zone_without_time", "zone")]
    (line,) = (await program.get("/v1/schedules", params={"days": 200})).json()["items"]
    assert line["due_at"] == "2027-03-01T08:00:00Z", "the zone was that of the file's own date"


async def refused(program: httpx2.AsyncClient, desk: Desk, code: str) -> dict[str, Any]:
    """Publish to the account and check that it is refused with `code`, and that nothing is kept."""
    problem = await publish(program, 422)
    assert fields(problem) == [(code, "box: account")]
    assert "accounts test box" in problem["errors"][0]["remedy"]
    checked = await program.post("/v1/validate", json={"text": TEXT, "accounts": ["box"]})
    assert not checked.json()["valid"]
    assert await nothing_stored(desk)
    found: dict[str, Any] = problem
    return found


async def test_timetables_are_checked_and_kept(
    program: httpx2.AsyncClient, box: None, desk: Desk
) -> None:
    kept = await timetable(
        program,
        zone="Europe/Berlin",
        windows=["mon-fri 09:00-18:00"],
        blackouts=["2026-12-24..2026-12-27 Yule"],
        spacing="30m",
        late="ask",
        queues=["news: mon 09:00,17:30"],
    )
    shown = (await program.get("/v1/schedules/timetables/box")).json()
    assert shown == kept
    assert shown["queues"] == ["news: mon 09:00; mon 17:30"]
    again = {key: value for key, value in kept.items() if key != "account"}
    assert await timetable(program, **again) == kept
    refusals: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"quiet": ["daily 00:00-24:00"]}, ("window_never_opens", "window")),
        ({"windows": ["mon 9-17"]}, ("window_invalid", "window")),
        ({"zone": "Mars/Base"}, ("zone_unknown", "zone")),
        ({"spacing": "often"}, ("spacing_invalid", "spacing")),
        ({"blackouts": ["2026-12-27..2026-12-24"]}, ("blackout_invalid", "blackout")),
        ({"queues": ["news: sun 09:00"]}, ("queue_never_opens", "queue")),
    ]
    for given, expected in refusals:
        assert fields(await timetable(program, 422, **given)) == [expected], given
    assert (await program.get("/v1/schedules/timetables/box")).json() == kept


async def test_series_are_planned_paused_resumed_and_ended(
    program: httpx2.AsyncClient, box: None
) -> None:
    post = (await publish(program))["post"]["id"]
    given = {
        "name": "tips",
        "rule": "FREQ=DAILY",
        "start": "2026-01-01 09:00",
        "zone": "Europe/Berlin",
        "accounts": ["box"],
        "posts": [post],
    }
    made = await program.post("/v1/schedules/series", json=given)
    assert made.status_code == 201, made.text
    assert len(made.json()["next"]) == 5
    listed = (await program.get("/v1/schedules", params={"days": 14, "limit": 200})).json()["items"]
    mine = [line for line in listed if line["series_id"]]
    assert len(mine) >= 13
    assert {line["asked"][-5:] for line in mine} == {"09:00"}
    # one is moved and leaves the series, the others are called off with it
    await program.post(f"/v1/schedules/{mine[0]['id']}/move", json={"at": "2027-01-01T09:00Z"})
    paused = await program.post("/v1/schedules/series/tips/pause", json={"reason": "holidays"})
    assert (paused.json()["state"], paused.json()["reason"]) == ("paused", "holidays")
    left = (await program.get("/v1/schedules", params={"days": 300})).json()["items"]
    assert [line["id"] for line in left if line["id"] == mine[0]["id"]] == [mine[0]["id"]]
    assert not [line for line in left if line["series_id"]]
    resumed = await program.post("/v1/schedules/series/tips/resume")
    assert resumed.json()["state"] == "running"
    ended = await program.post("/v1/schedules/series/tips/end", json={})
    assert ended.json()["state"] == "ended"
    twice = await program.post("/v1/schedules/series/tips/end", json={})
    assert twice.status_code == 409


async def test_series_that_cannot_be_are_refused_and_not_kept(
    program: httpx2.AsyncClient, box: None, desk: Desk
) -> None:
    await add_account(
        desk,
        "site",
        "blog",
        settings={"path": str(desk.settings.home / "s"), "url": "http://x.example"},
        secrets={},
        inbox=False,
        actor="test",
    )
    post = (await publish(program))["post"]["id"]
    base = {
        "name": "a",
        "rule": "FREQ=DAILY",
        "start": "2026-01-01 09:00",
        "zone": "Europe/Berlin",
        "accounts": ["box"],
        "posts": [post],
    }
    refusals: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"include": ["a"]}, ("series_cyclic", "include")),
        ({"include": ["nope"]}, ("series_unknown", "include")),
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, ("series_never_happens", "rule")),
        ({"rule": "FREQ=MINUTELY"}, ("rule_invalid", "rule")),
        ({"zone": "Berlin"}, ("zone_unknown", "zone")),
        ({"start": "today"}, ("time_invalid", "start")),
        ({"accounts": []}, ("no_account", "to")),
        ({"accounts": ["blog"]}, ("cannot_repeat", "to")),
        ({"posts": []}, ("no_post", "posts")),
    ]
    for changes, expected in refusals:
        answer = await program.post("/v1/schedules/series", json={**base, **changes})
        assert answer.status_code == 422, answer.text
        assert fields(answer.json()) == [expected], changes
    assert (await program.get("/v1/schedules/series")).json() == []


async def test_the_calendar_follows_what_is_moved_and_called_off(
    program: httpx2.AsyncClient, stranger: httpx2.AsyncClient, box: None
) -> None:
    made = await publish(program, at="2026-12-01 09:00", zone="Europe/Berlin")
    (id,) = made["delivery_ids"]
    other = await publish(
        program, at="2026-12-02T09:00Z", text="# Other\x07\n\nWords.", source_key="other"
    )
    url = (await program.post("/v1/schedules/feeds", json={})).json()["url"]
    path = url.removeprefix(ADDRESS)

    async def events() -> dict[str, Any]:
        answer = await stranger.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/calendar")
        assert "\x07" not in answer.text
        parsed = Calendar.from_ical(answer.text)
        return {str(e["uid"]): e for e in parsed.walk("VEVENT")}

    before = (await events())[f"{id}@copydesk"]
    assert before["dtstart"].dt.isoformat() == "2026-12-01T08:00:00+00:00"
    assert (before["status"], before["sequence"]) == ("CONFIRMED", 0)
    assert before["summary"] == "Opening hours → box"
    assert str(before["url"]) == f"{ADDRESS}/deliveries/{id}"
    await program.post(f"/v1/schedules/{id}/move", json={"at": "2026-12-03T09:00Z"})
    await program.post(f"/v1/schedules/{other['delivery_ids'][0]}/cancel", json={})
    found = await events()
    after = found[f"{id}@copydesk"]
    assert after["dtstart"].dt.isoformat() == "2026-12-03T09:00:00+00:00"
    assert after["sequence"] == 1
    assert found[f"{other['delivery_ids'][0]}@copydesk"]["status"] == "CANCELLED"
    # a feed's address reads the feed and nothing else, and can be made invalid
    token = path.split("/")[2]
    refused = await stranger.get("/v1/posts", headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 403
    assert (await stranger.get("/calendar/guess/calendar.ics")).status_code == 404
    assert (await stranger.get("/v1/schedules/calendar.ics")).status_code == 401
    assert (await program.get("/v1/schedules/calendar.ics")).status_code == 200
    await program.post("/v1/schedules/feeds", json={"renew": True})
    assert (await stranger.get(path)).status_code == 404


async def test_the_page_shows_days_in_the_zone_and_moves_and_cancels(
    browser: httpx2.AsyncClient, program: httpx2.AsyncClient, box: None, desk: Desk
) -> None:
    empty = await browser.get("/schedule")
    assert "Nothing is coming up" in empty.text
    made = await publish(program, at="2027-10-31 02:30", zone="Europe/Berlin")
    (id,) = made["delivery_ids"]
    page = (await browser.get("/schedule")).text
    assert "Sunday, 31 October 2027" in page
    assert "02:30 Europe/Berlin (UTC+02:00)" in page
    assert "happens twice" in page
    moved = await browser.post(
        f"/schedule/{id}/move", data={"at": "2027-11-01T09:00", "zone": "Europe/Berlin"}
    )
    assert moved.status_code == 303
    page = (await browser.get("/schedule")).text
    assert "Monday, 1 November 2027" in page
    assert "09:00 Europe/Berlin (UTC+01:00)" in page
    cancelled = await browser.post(f"/schedule/{id}/cancel", data={"reason": "not now"})
    assert cancelled.status_code == 303
    async with desk.store.read() as unit:
        assert (await unit.deliveries.get(id)).state is DeliveryState.CANCELLED


async def test_a_viewer_may_look_and_not_move(app: FastAPI, desk: Desk, box: None) -> None:
    headers = {"Authorization": f"Bearer {await make_token(desk, 'viewer')}"}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers) as viewer:
        assert (await viewer.get("/v1/schedules")).status_code == 200
        refused = await viewer.post("/v1/schedules/dlv_1/cancel", json={})
        assert refused.status_code == 403
