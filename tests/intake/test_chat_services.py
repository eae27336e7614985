"""Chats as the services export and people copy them: names, links, replies, what is none."""

from __future__ import annotations

import json

import pytest

from copydesk.core.submission import ParsedMessage, Source
from copydesk.intake import slack
from copydesk.intake.bundles import unpack
from copydesk.intake.parsing import parse
from copydesk.intake.sources import detect_source
from tests.intake.test_bundles import zipped


def said(message: ParsedMessage) -> list[tuple[str, str]]:
    message.check_tiling()
    spans = [(s.speaker, message.text[s.start : s.end].strip()) for s in message.segments if s.kept]
    return [(speaker, text) for speaker, text in spans if text]


def answers(message: ParsedMessage) -> list[int | None]:
    return [turn.answers for turn in message.thread.turns]


# ---------------------------------------------------------------- Slack


USERS = [
    {"id": "U1", "name": "ann", "profile": {"display_name": "Ann Lee", "real_name": "Ann M. Lee"}},
    {"id": "U2", "name": "bob", "real_name": "Bob Roe"},
    {"id": "U3", "name": "cy", "profile": {"display_name": "", "real_name": "Cy Doe"}},
    {"id": "U4", "name": "releases", "is_bot": True},
]


def slack_message(user: str, text: str, ts: int, **more: object) -> dict[str, object]:
    return {"type": "message", "user": user, "text": text, "ts": f"17937864{ts:02}.000100", **more}


DAY = [
    slack_message("U1", "<@U1> has joined the channel", 0, subtype="channel_join"),
    slack_message("U1", "It fails, see <https://x.example/a|the ticket> &amp; <#C9|help>", 1,
                  thread_ts="1793786401.000100", client_msg_id="other-id"),
    slack_message("U3", "Is lunch at 12? <!here>", 2),
    slack_message("U2", "<@U1> which version?", 3, thread_ts="1793786401.000100"),
    slack_message("U4", "deployed", 4),
    slack_message("U1", "", 5, thread_ts="1793786401.000100", edited={"user": "U1", "ts": "1"},
                  blocks=[{"type": "rich_text", "elements": [
                      {"type": "rich_text_section", "elements": [
                          {"type": "text", "text": "4.3 of "}, {"type": "user", "user_id": "U2"}]},
                      {"type": "rich_text_list", "elements": [{"type": "rich_text_section",
                          "elements": [{"type": "text", "text": "one"}]}]},
                      {"type": "rich_text_preformatted", "elements": [
                          {"type": "text", "text": "x = 1"}]}]}]),
    slack_message("U2", "This message was deleted.", 6, subtype="tombstone"),
    slack_message("U2", "", 7, files=[{"name": "log.txt"}], thread_ts="1793786401.000100"),
]  # fmt: skip
FILES: dict[str, bytes | str] = {
    "channels.json": "[]", "users.json": json.dumps(USERS),
    "help/2026-11-04.json": json.dumps(DAY), "help/2026-11-05.json": "{broken",
    "random/2026-11-04.json": json.dumps([slack_message("U2", "All is well.", 1)]),
}  # fmt: skip


def test_a_slack_export_is_its_channels() -> None:
    bundle = unpack(zipped(FILES), filename="export.zip")
    assert bundle is not None
    help_, random = bundle.pieces
    message = parse(help_.raw, filename=help_.filename, source=help_.source)
    assert said(message) == [
        ("Ann Lee", "It fails, see [the ticket](https://x.example/a) & #help"),
        ("Cy Doe", "Is lunch at 12? @here"),
        ("Bob Roe", "@Ann Lee which version?"),
        ("Ann Lee", "4.3 of @Bob Roe\n- one\n```\nx = 1\n```"),
        ("Bob Roe", "[attachment: log.txt]"),
    ]
    assert answers(message)[1:] == [None, None, 1, answers(message)[4], 3, answers(message)[6], 5]
    assert message.thread.message_id == "1793786401.000100", "threads are told by the time stamp"
    assert message.meta["channel"] == "help"
    assert any("2026-11-05" in doubt for doubt in message.doubts)
    reasons = {s.dropped_because for s in message.segments if s.rule == "chat-message"}
    assert reasons == {"", "written by the chat system, not by a person", "written by a bot",
                       "deleted by its author"}  # fmt: skip
    assert said(parse(random.raw, source=random.source)) == [("Bob Roe", "All is well.")]


def test_a_single_channel_reads_names_from_its_own_messages() -> None:
    day = [
        slack_message("U1", "hi <@U2>", 1, user_profile={"display_name": "Ann Lee"}),
        slack_message("U2", "hello <@U1>", 2, user_profile={"real_name": "Bob Roe"}),
    ]
    message = parse(json.dumps(day).encode(), filename="2026-11-04.json")
    assert said(message) == [("Ann Lee", "hi @Bob Roe"), ("Bob Roe", "hello @Ann Lee")]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<https://a.example>", "https://a.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<!subteam^S1|@desk> <!date^1^{date}|today>", "@desk today"),
        ("1 &lt; 2 &amp;amp; <@U9>", "1 < 2 &amp; @U9"),
        ("a < b > c <", "a < b > c <"),
    ],
)
def test_marks_of_slack(text: str, plain: str) -> None:
    assert slack.plain(text, {}) == plain


# ---------------------------------------------------------------- other exports


def test_discord() -> None:
    def message(id: str, name: str, content: str, **more: object) -> dict[str, object]:
        return {"id": id, "type": "Default", "timestamp": "2026-11-04T10:02:11+00:00",
                "content": content, "attachments": [], "embeds": [], "stickers": [],
                "author": {"id": name, "name": name, "nickname": name.title(), "isBot": False},
                **more}  # fmt: skip

    export = {"guild": {"name": "Lamps"}, "channel": {"name": "help"}, "messages": [
        message("1", "ann", "", type="GuildMemberJoin"),
        message("2", "ann", "it broke", attachments=[{"fileName": "a.png"}]),
        message("3", "cy", "nice weather"),
        message("4", "bob", "which one?", type="Reply", reference={"messageId": "2"}),
        message("5", "ann", "", stickers=[{"name": "wave"}]),
    ]}  # fmt: skip
    found = parse(json.dumps(export).encode())
    assert said(found) == [
        ("Ann", "it broke\n[attachment: a.png]"), ("Cy", "nice weather"), ("Bob", "which one?"),
        ("Ann", "[sticker: wave]"),
    ]  # fmt: skip
    assert answers(found)[3] == 1
    assert found.thread.turns[3].why == "the channel says so"


def test_discord_as_csv_is_one_chat() -> None:
    raw = (
        b"AuthorID,Author,Date,Content,Attachments,Reactions\n"
        b'1,ann,2026-11-04T10:02:11.000+00:00,"it broke, again",,\n'
        b"2,bob,2026-11-04T10:03:11.000+00:00,which one?,https://x.example/a.png,\n"
    )
    assert unpack(raw, filename="help.csv") is None
    message = parse(raw, filename="help.csv")
    assert message.source is Source.CHAT
    assert said(message) == [
        ("ann", "it broke, again"), ("bob", "which one?\n[attachment: https://x.example/a.png]"),
    ]  # fmt: skip


def test_telegram() -> None:
    export = {"name": "Lamps", "type": "private_group", "id": 7, "messages": [
        {"id": 1, "type": "service", "date": "2026-11-04T10:00:00", "date_unixtime": "1793786400",
         "actor": "Ann", "action": "create_group", "text": ""},
        {"id": 2, "type": "message", "date": "2026-11-04T10:01:00", "date_unixtime": "1793786460",
         "from": "Ann", "text": ["see ", {"type": "link", "text": "x.example"}, " please"]},
        {"id": 3, "type": "message", "date": "2026-11-04T10:02:00", "date_unixtime": "1793786520",
         "from": "Bob", "text": "ok", "reply_to_message_id": 2},
        {"id": 4, "type": "message", "from": "Cy", "text": "", "photo": "photos/1.jpg"},
    ]}  # fmt: skip
    found = parse(json.dumps(export).encode(), filename="result.json")
    assert said(found) == [
        ("Ann", "see x.example please"), ("Bob", "ok"), ("Cy", "[attachment: photos/1.jpg]"),
    ]  # fmt: skip
    assert found.sent_at is not None
    assert found.sent_at.isoformat() == "2026-11-04T10:01:00+00:00"
    assert answers(found)[2] == 1


def test_teams() -> None:
    def message(id: str, name: str, content: str, **more: object) -> dict[str, object]:
        return {"id": id, "createdDateTime": f"2026-11-04T10:0{id}:00Z", "messageType": "message",
                "from": {"user": {"displayName": name}, "application": None},
                "body": {"contentType": "html", "content": content}, **more}  # fmt: skip

    export = {"value": [
        message("1", "Ann Lee", "<p>It <b>broke</b></p>"),
        message("2", "Bob", "<p>which?</p>", replyToId="1"),
        message("3", "Bob", "gone", deletedDateTime="2026-11-04T10:05:00Z"),
        message("4", "", "<systemEventMessage/>", messageType="systemEventMessage"),
    ]}  # fmt: skip
    found = parse(json.dumps(export).encode())
    assert said(found) == [("Ann Lee", "It **broke**"), ("Bob", "which?")]
    assert answers(found)[1] == 0


def test_a_list_of_forms_is_no_chat() -> None:
    forms = [{"name": "ann", "email": "a@x.example", "message": "hi"}] * 2
    assert detect_source(json.dumps(forms).encode(), "") is Source.FORM


# ---------------------------------------------------------------- copied by people


@pytest.mark.parametrize(
    "log",
    [
        "04.11.26, 10:01 - Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.\n"
        "04.11.26, 10:02 - Ann Lee: it broke\nagain\n"
        "04.11.26, 10:03 - Bob: <Medien ausgeschlossen>\n"
        "04.11.26, 10:03 - Bob: which one?\n04.11.26, 10:04 - Ann Lee hat Cy hinzugefügt\n",
        "[11/4/26, 10:01:00\u202fAM] Lamps: \u200eMessages and calls are end-to-end encrypted.\n"
        "[11/4/26, 10:02:11\u202fAM] Ann Lee: it broke\nagain\n"
        "\u200e[11/4/26, 10:02:30\u202fAM] Bob: \u200eimage omitted\n"
        "[11/4/26, 10:03:11\u202fAM] Bob: which one?\n",
        "Ann Lee, [04.11.26 10:02]\nit broke\nagain\n\nBob, [04.11.26 10:03]\nwhich one?\n\n"
        "Ann Lee, [04.11.26 10:04]\n\nBob, [04.11.26 10:05]\n",
        "[11/04/2026 10:02 AM] Ann Lee\nit broke\nagain\n\n[11/04/2026 10:03 AM] Bob (pinned)\n"
        "which one?\n\n[11/04/2026 10:04 AM] Ann Lee\n\n[11/04/2026 10:04 AM] Bob\n",
        "Ann Lee  10:02 AM\nit broke\nagain\nBob  10:03 AM\nwhich one?\nAnn Lee  10:04 AM\n"
        "Bob  10:05 AM\n",
    ],
    ids=["whatsapp-android", "whatsapp-ios", "telegram", "discord", "slack-or-teams"],
)
def test_transcripts_of_the_services(log: str) -> None:
    message = parse(log.encode())
    assert message.source is Source.CHAT
    assert " ".join(" ".join(text.split()) for _, text in said(message)) == (
        "it broke again which one?"
    )
    assert message.thread.participants[-2:] == ("Ann Lee", "Bob")
