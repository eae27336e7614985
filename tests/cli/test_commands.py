"""Every command: one JSON document on request, errors in words with their code, no secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from copydesk.cli.main import EXIT_CODES, app

ARTICLE = "---\ntitle: The lamp\nslug: the-lamp\n---\n\nIt gives a warm light.\n"
LETTER = "From: Ada <ada@example.org>\nSubject: The lamp\n\nThe lamp looks lovely. It fits well.\n"
SECRET = "whsec_" + "c2VjcmV0LWtleS1vZi10d2VudHktZm91ci1ieXRlcw=="

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in the project `home`: `run("accounts", "list")`."""
    monkeypatch.setenv("COPYDESK_HOME", str(home))

    def invoke(*arguments: object, code: int = 0, stdin: str = "") -> Result:
        done = CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)
        assert done.exit_code == code, (done.exit_code, done.output, done.exception)
        if code not in {0, 4, 9, 10, 11}:
            assert done.stdout == ""
            assert done.stderr
        assert "Traceback" not in done.output
        return done

    return invoke


@pytest.fixture
def project(run: Run) -> Run:
    """A project that approves by itself, with a sandbox account."""
    run("init", "--approve", "automatic")
    run("accounts", "add", "sandbox", "--name", "box", "--inbox")
    # which decisions another person takes as well hangs on ids, and these are of chance
    run("audit", "policy", "--second", "0")
    return run


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "lamp.md"
    path.write_text(ARTICLE)
    return path


def document(result: Result) -> Any:
    """The one JSON document on standard output."""
    return json.loads(result.stdout)


def sandbox_lines(home: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in (home / "sandbox").glob("acc_*.jsonl")
        if "faults" not in path.name
        for line in path.read_text().splitlines()
    ]


# ---------------------------------------------------------------- one document each


def test_every_command_prints_one_json_document(
    project: Run, article: Path, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_text(LETTER)
    taken = document(project("ingest", letter, "--wait", "--json"))[0]
    assert taken["state"] == "composed"
    delivery = taken["deliveries"][0]
    assert delivery["state"] == "delivered"
    for id, noun in (
        (taken["id"], "submission"),
        (taken["post_id"], "post"),
        (delivery["id"], "delivery"),
    ):
        shown = document(project("status", id, "--json"))
        assert (shown["noun"], shown["id"]) == (noun, id)
        assert shown["history"]
    assert document(project("accounts", "list", "--json"))[0]["name"] == "box"
    assert document(project("accounts", "test", "box", "--json"))["works"] is True
    assert (
        document(project("validate", article, "--for", "all", "--json", code=0))["findings"] == []
    )
    assert document(project("preview", article, "--to", "box", "--json"))[0]["account"] == "box"
    assert document(project("plan", tmp_path, "--json"))[0]["change"] == "create"
    assert document(project("publish", article, "--to", "box", "--json"))[0]["state"] == "scheduled"
    # the first of its kind that went out by itself is looked at afterwards
    (audit,) = document(project("review", "list", "--json"))
    assert audit["kind"] == "audit"
    assert document(project("repair", "--json"))["queued"] >= 1
    assert {
        row["setting" if "setting" in row else "key"]
        for row in document(project("config", "show", "--json"))
    } >= {"database", "inbox"}
    checks = document(project("doctor", "--json", code=11))
    assert [c["check"] for c in checks if not c["ok"]] == ["work"], "something is due, nobody works"


def test_a_risky_message_is_decided_by_a_person(project: Run, tmp_path: Path) -> None:
    letter = tmp_path / "legal.eml"
    letter.write_text(
        "From: Eve <eve@example.net>\nSubject: Refund\n\n"
        "I want my refund of $450 by Friday or my lawyer will sue you.\n"
    )
    held = document(project("ingest", letter, "--wait", "--json"))[0]
    assert held["post_state"] == "held"
    (review,) = document(project("review", "list", "--json"))
    assert review["reasons"]
    shown = document(project("review", "show", review["id"], "--json"))
    assert "refund" in shown["source"]
    assert document(project("review", "reject", review["id"], "--json"))["state"] == "rejected"
    project("review", "accept", review["id"], code=6)
    assert document(project("review", "list", "--json")) == []


def test_a_held_delivery_is_settled_by_a_person(project: Run, article: Path) -> None:
    project("accounts", "add", "sandbox", "--name", "bad", "--set", "fault=refused")
    sent = project("publish", article, "--to", "bad", "--wait", "--json", code=10)
    (row,) = document(sent)
    assert (row["state"], row["reason_code"]) == ("held", "refused")
    project("settle", row["id"], code=2)
    project("settle", row["id"], "--send", "--give-up", code=2)
    settled = document(project("settle", row["id"], "--landed", "https://x.example/1", "--json"))
    assert (settled["state"], settled["url"]) == ("delivered", "https://x.example/1")
    project("settle", row["id"], "--give-up", code=6)


def test_what_may_be_there_is_sent_again_by_who_knows_how_often_it_was_tried(
    project: Run, article: Path
) -> None:
    faulty = ["--set", "fault=lost_response", "--set", "find=no"]
    project("accounts", "add", "sandbox", "--name", "bad", *faulty)
    (row,) = document(project("publish", article, "--to", "bad", "--wait", "--json", code=10))
    assert (row["state"], row["reason_code"], row["attempts"]) == ("held", "unknown", 1)
    refused = project("settle", row["id"], "--send", code=6)
    assert f"copydesk settle {row['id']} --send --attempts 1" in " ".join(refused.stderr.split())
    project("settle", row["id"], "--send", "--attempts", "0", code=6)
    assert document(project("status", row["id"], "--json"))["state"] == "held"
    project("settle", row["id"], "--send", "--attempts", "1")
    assert document(project("status", row["id"], "--json"))["state"] != "held"


def test_home_stands_before_or_after_the_verb(
    project: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COPYDESK_HOME")
    for words in (
        ("--home", home, "accounts", "list"),
        ("accounts", "--home", home, "list"),
        ("--home", home / "nowhere", "accounts", "list", "--home", home),
    ):
        assert document(project(*words, "--json"))[0]["name"] == "box"


# ---------------------------------------------------------------- publishing


def test_publishing_twice_is_publishing_once_and_a_change_is_an_update(
    project: Run, article: Path, home: Path
) -> None:
    for _ in range(2):
        (row,) = document(project("publish", article, "--to", "box", "--wait", "--json"))
        assert (row["state"], row["action"]) == ("delivered", "create")
    assert len(sandbox_lines(home)) == 1
    article.write_text(ARTICLE.replace("warm", "cold"))
    (row,) = document(project("publish", article, "--to", "box", "--wait", "--json"))
    assert (row["state"], row["action"]) == ("delivered", "update")
    first, second = sandbox_lines(home)
    assert (second["action"], second["id"]) == ("update", first["id"])
    assert "cold light" in second["payload"]["markdown"]


def test_a_plan_leaves_out_hidden_files_and_what_was_published_there(
    project: Run, article: Path, tmp_path: Path
) -> None:
    (tmp_path / ".drafts").mkdir()
    (tmp_path / ".drafts" / "secret.md").write_text(ARTICLE)
    folder = f"path={tmp_path / 'public'}"
    project(
        "accounts", "add", "site", "--name", "web", "--set", folder,
        "--set", "url=https://x.example",
    )  # fmt: skip
    before = document(project("plan", tmp_path, "--to", "web", "--json"))
    project("publish", article, "--to", "web", "--wait")
    assert list((tmp_path / "public").rglob("*.md"))
    after = document(project("plan", tmp_path, "--to", "web", "--json"))
    assert [(row["file"], row["change"]) for row in (*before, *after)] == [
        (str(article), "create"),
        (str(article), "nothing"),
    ]


def test_a_time_without_a_zone_or_in_the_past_is_refused(
    project: Run, article: Path, home: Path
) -> None:
    for at, word in (
        ("2030-01-01T09:00", "no time zone"),
        ("2020-01-01T09:00Z", "has passed"),
        ("next tuesday", "not an ISO 8601 time"),
    ):
        refused = project("publish", article, "--to", "box", "--at", at, code=4)
        assert word in refused.stderr
    (row,) = document(
        project("publish", article, "--to", "box", "--at", "2099-01-01T09:00+01:00", "--json")
    )
    assert row["due_at"] == "2099-01-01T08:00:00+00:00"
    assert sandbox_lines(home) == []


def test_nothing_is_sent_anywhere_if_one_account_is_wrong(
    project: Run, article: Path, home: Path
) -> None:
    refused = project("publish", article, "--to", "box,nowhere", "--wait", code=5)
    assert "nowhere" in refused.stderr
    assert "box" in refused.stderr
    assert sandbox_lines(home) == []
    project("publish", article, "--wait", code=4)


def test_a_message_that_cannot_be_read_is_named_and_stops_no_other(
    project: Run, tmp_path: Path
) -> None:
    empty, letter = tmp_path / "empty.eml", tmp_path / "letter.eml"
    empty.write_bytes(b"")
    letter.write_text(LETTER)
    taken = project("ingest", empty, letter, tmp_path / "gone", "--wait", "--json", code=4)
    assert [row["state"] for row in document(taken)] == ["refused", "composed", "unreadable"]
    assert "empty.eml" in taken.stderr
    assert "No such file" in taken.stderr
    assert "letter.eml" not in taken.stderr


def test_a_message_may_come_on_standard_input(project: Run) -> None:
    (row,) = document(project("ingest", "-", "--wait", "--json", stdin=LETTER))
    assert row["source"] == "email"
    assert row["state"] == "composed"


def test_the_project_folder_is_its_owners_alone(project: Run, home: Path) -> None:
    assert home.stat().st_mode & 0o077 == 0


def test_doctor_names_a_key_that_is_not_the_one(project: Run, home: Path) -> None:
    toot = ("accounts", "add", "mastodon", "--name", "toot")
    project(*toot, "--set", "base_url=https://m.example", stdin="access_token=t0ken")
    (home / "secret.key").unlink()
    checked = {row["check"]: row for row in document(project("doctor", "--json", code=11))}
    assert not checked["key"]["ok"]
    assert "COPYDESK_KEY" in checked["key"]["remedy"]


def test_a_webhook_without_a_secret_gets_one_in_a_file_of_its_own(project: Run, home: Path) -> None:
    added = project(
        "accounts", "add", "webhook", "--name", "hook", "--set", "url=https://x.example"
    )
    (kept,) = (home / "secrets").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    key, _, secret = kept.read_text().strip().partition("=")
    assert (key, secret[:6]) == ("secret", "whsec_")
    assert str(kept) in added.stdout
    assert secret not in added.output
    assert secret.encode() not in (home / "copydesk.db").read_bytes()


def test_a_repository_may_be_a_path_from_here(
    project: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, remote, stored in (
        ("near", "site.git", str(tmp_path / "site.git")),
        ("web", "https://git.example/site.git", "https://git.example/site.git"),
        ("ssh", "git@git.example:site.git", "git@git.example:site.git"),
    ):
        added = project(
            "accounts", "add", "git", "--name", name, "--set", f"remote={remote}", "--json"
        )
        assert document(added)["settings"]["remote"] == stored


def test_a_blocked_account_is_mended_in_place(
    project: Run, article: Path, home: Path, tmp_path: Path
) -> None:
    project(
        "accounts", "add", "sandbox", "--name", "toots",
        "--set", "fault=token_revoked", "--set", "times=99",
    )  # fmt: skip
    (row,) = document(project("publish", article, "--to", "toots", "--wait", "--json", code=10))
    assert row["state"] == "blocked"
    project("accounts", "set", "toots", "--set", "fault=nonsense", code=4)
    project("accounts", "set", "nobody", "--set", "fault=none", code=5)
    changed = document(project("accounts", "set", "toots", "--set", "fault=none", "--json"))
    assert (changed["settings"]["fault"], changed["settings"]["times"]) == ("none", "99")
    project("accounts", "test", "toots")
    (row,) = document(project("publish", article, "--to", "toots", "--wait", "--json"))
    assert row["state"] == "delivered"
    assert len(sandbox_lines(home)) == 1


def test_a_secret_is_replaced_and_the_others_stay(project: Run, home: Path) -> None:
    hook = ("accounts", "add", "webhook", "--name", "hook", "--set", "url=https://x.example")
    project(*hook, stdin=f"secret={SECRET}\n")
    (home / "secret.key").unlink()
    project("accounts", "set", "hook", code=4)
    changed = project("accounts", "set", "hook", "--json", stdin=f"secret={SECRET}\n")
    assert document(changed)["settings"]["url"] == "https://x.example"
    assert SECRET not in changed.output


@pytest.mark.parametrize("name", ["a,b", "", " box", "a\nb", "x" * 65])
def test_an_account_name_that_cannot_be_named_later_is_refused(project: Run, name: str) -> None:
    project("accounts", "add", "sandbox", "--name", name, code=4)
    assert len(document(project("accounts", "list", "--json"))) == 1


@pytest.mark.parametrize("longest", [200, 201])
def test_names_that_no_index_takes_are_refused_in_words(
    project: Run, monkeypatch: pytest.MonkeyPatch, longest: int
) -> None:
    fits = longest == 200
    name = "x" * longest
    mine = project("review", "list", "--mine", "--as", name, code=0 if fits else 2)
    assert fits or "at most 200 characters" in " ".join(mine.output.split())
    monkeypatch.setenv("COPYDESK_WORKSPACE", name)
    shown = project("config", "show", code=0 if fits else 3)
    assert fits or "at most 200 characters" in " ".join(shown.output.split())


# ---------------------------------------------------------------- errors and their codes


def test_errors_have_their_documented_codes(
    project: Run, article: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing, binary = tmp_path / "missing.md", tmp_path / "binary.md"
    binary.write_bytes(b"\xff\xfe\x00")
    project("publish", missing, "--to", "box", code=5)
    project("publish", binary, "--to", "box", code=4)
    project("validate", article, code=2)
    project("validate", article, "--for", "nowhere", code=5)
    project("preview", article, "--to", "nowhere", code=5)
    project("plan", tmp_path / "no-folder", code=5)
    project("accounts", "add", "nowhere", "--name", "x", code=5)
    project("accounts", "add", "sandbox", "--name", "box", code=6)
    project("accounts", "add", "sandbox", "--name", "x", "--set", "fault=typo", code=4)
    project("accounts", "add", "sandbox", "--name", "x", "--set", "nonsense", code=3)
    project("accounts", "test", "nowhere", code=5)
    project("status", "dlv_nothing", code=5)
    assert "sub_ (submission)" in project("status", "nothing", code=5).stderr
    project("review", "show", "nothing", code=5)
    project("settle", "dlv_nothing", "--send", code=5)
    project("ingest", article, "--source", "pigeon", code=2)
    project("no-such-command", code=2)
    unreadable = document(project("ingest", missing, "--json", code=4))
    assert unreadable[0]["state"] == "unreadable"
    monkeypatch.setenv("COPYDESK_DATABASE", "postgresql://ada:hunter2@127.0.0.1:1/x")
    away = project("accounts", "list", code=8)
    assert "hunter2" not in away.output
    monkeypatch.setenv("COPYDESK_DATABASE", "mysql://x")
    project("accounts", "list", code=3)
    monkeypatch.setenv("COPYDESK_PORT", "many")
    project("config", "show", code=3)


def test_a_folder_without_a_project_says_how_to_make_one(run: Run) -> None:
    assert "copydesk init" in run("accounts", "list", code=3).stderr


def test_the_codes_are_in_the_help(run: Run) -> None:
    shown = run("--help").stdout
    assert re.findall(r"\d+(?= [a-z])", " ".join(EXIT_CODES.split())) == [str(n) for n in range(13)]
    assert "Exit codes" in shown


# ---------------------------------------------------------------- secrets


def test_secrets_are_never_echoed_and_not_taken_from_the_command_line(
    project: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = ("accounts", "add", "webhook", "--set", "url=http://127.0.0.1:9/hook", "--name")
    refused = project(*base, "a", "--set", f"secret={SECRET}", code=3)
    assert SECRET not in refused.output
    outputs = [project(*base, "b", "--json", stdin=f"secret={SECRET}\n")]
    assert document(outputs[0])["secrets"] == ["secret"]
    monkeypatch.setenv("COPYDESK_SECRET_SECRET", SECRET)
    outputs.append(project(*base, "c"))
    monkeypatch.setenv("COPYDESK_MODEL_KEY", "sk-very-secret")
    monkeypatch.setenv("COPYDESK_MODEL", "openai:m@http://127.0.0.1:9/v1")
    outputs.append(project("accounts", "list", "--json"))
    outputs.append(project("accounts", "test", "b", "--json", code=11))
    outputs.append(project("config", "show"))
    for done in outputs:
        assert SECRET not in done.output
        assert "sk-very-secret" not in done.output
    assert SECRET.encode() not in (home / "copydesk.db").read_bytes()
    assert (home / "secret.key").stat().st_mode & 0o077 == 0


def test_an_unknown_platform_is_told_before_a_name_is_asked_for(run: Run) -> None:
    refused = run("accounts", "add", "nothing", code=5)
    assert "There is no platform called 'nothing'." in refused.stderr
    assert "--name" not in refused.stderr


@pytest.mark.parametrize("command", ["init", "up"])
def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(
    run: Run, home: Path, command: str
) -> None:
    home.write_text("a file stands here")
    refused = run(command, code=3)
    assert str(home) in refused.stderr
    assert "Name another folder" in refused.stderr


def test_a_misspelt_setting_is_told_with_the_one_that_is_near(run: Run, home: Path) -> None:
    run("init")
    (home / "copydesk.toml").write_text("prot = 3\n")
    refused = run("status", code=3)
    assert "there is no setting 'prot'; did you mean port?" in refused.stderr
    assert str(home / "copydesk.toml") in refused.stderr


def test_what_is_out_already_is_said_to_be_out(project: Run, tmp_path: Path) -> None:
    file = tmp_path / "lamp.md"
    file.write_text(ARTICLE)
    project("publish", file, "--to", "box", "--wait")
    again = project("publish", file, "--to", "box", "--at", "2030-01-01T10:00Z")
    assert "nothing is sent again" in again.stderr
    assert "copydesk up" not in again.stderr


def test_init_again_changes_nothing(run: Run, home: Path) -> None:
    run("init")
    key = (home / "secret.key").read_bytes()
    run("accounts", "add", "sandbox", "--name", "box")
    made = document(run("init", "--json"))
    assert made["home"] == str(home)
    assert (home / "secret.key").read_bytes() == key
    assert len(document(run("accounts", "list", "--json"))) == 1


def test_a_missing_image_is_told_by_platform_and_keeps_nobody_from_looking(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "lamp.md"
    path.write_text("---\ntitle: The lamp\n---\n\nIt is warm.\n\n![The lamp](lamp.png)\n")
    said = document(run("validate", path, "--for", "x,devto", "--json", code=4))
    missing = [f for f in said["findings"] if f["code"] == "image_missing"]
    assert {f["platform"] for f in missing} == {"x", "devto"}
    assert all(f["field"] == "image lamp.png" and f["remedy"] for f in missing)
    shown = document(run("render", path, "--for", "x", "--json"))[0]
    assert "It is warm." in shown["text"]
    assert not shown["valid"]


def test_a_front_matter_that_cannot_be_read_is_a_finding_too(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "lamp.md"
    path.write_text("---\ntitle: The lamp\ncanonical_url: nowhere\n---\n\nIt is warm.\n")
    said = document(run("validate", path, "--for", "all", "--json", code=4))
    assert said["valid"] is False
    assert [(f["platform"], f["code"]) for f in said["findings"]] == [("", "url_invalid")]


def test_what_shows_a_missing_image_is_not_published(project: Run, tmp_path: Path) -> None:
    path = tmp_path / "lamp.md"
    path.write_text("---\ntitle: The lamp\n---\n\n![The lamp](lamp.png)\n")
    done = project("publish", path, "--to", "box", code=4)
    assert "lamp.png" in done.stderr
    assert document(project("plan", tmp_path, "--json", code=4))[0]["change"] == "refuse"


def test_a_file_that_keeps_what_it_tells_is_named_before_and_when_it_goes_out(
    project: Run, tmp_path: Path
) -> None:
    settings = ("--set", f"path={tmp_path / 'public'}", "--set", "url=https://desk.example")
    project("accounts", "add", "site", "--name", "blog", *settings)
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7\n1 0 obj << /Author (Ann) >>")
    path = tmp_path / "lamp.md"
    path.write_text("---\ntitle: A\n---\n\n![A paper](paper.pdf)\n")
    [shown] = document(project("render", path, "--to", "blog", "--json"))
    [found] = shown["findings"]
    assert (found["code"], found["severity"]) == ("metadata_stays", "warning")
    assert found["field"] == "media paper.pdf"
    assert (
        "paper.pdf: its properties (who wrote it)"
        in project("publish", path, "--to", "blog").stderr
    )


@pytest.mark.parametrize(
    ("drawing", "code", "found"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", 0, "drawing_changed"),
        (b"<svg><script>", 4, "drawing_unreadable"),
    ],
)
def test_what_a_drawing_loses_is_told_and_one_that_cannot_be_read_is_refused(
    run: Run, tmp_path: Path, drawing: bytes, code: int, found: str
) -> None:
    (tmp_path / "plan.svg").write_bytes(drawing)
    path = tmp_path / "lamp.md"
    path.write_text("---\ntitle: A\n---\n\n![Plan](plan.svg)\n")
    said = document(run("validate", path, "--for", "git,sandbox", "--json", code=code))
    assert [(f["platform"], f["code"]) for f in said["findings"]] == [("git", found)]
