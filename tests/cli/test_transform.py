"""`copydesk transform`: stages on one text, with the rules or a model, without a project."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from copydesk.cli.main import app
from tests.generation.model_server import ModelServer, chat_completion

TEXT = "the lamp arrived on 3 March and it flickers. its order number is AB-2217."
EDITED = "The lamp arrived on 3 March and it flickers. Its order number is AB-2217."
REPLY = {
    "edited": EDITED,
    "written": "Thank you. We look into order AB-2217.",
    "omitted": [],
    "open_questions": ["When does a new one come?"],
    "confidence": 0.9,
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A model server in a thread of its own: the command runs its own loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    started = ModelServer()
    asyncio.run_coroutine_threadsafe(started.__aenter__(), loop).result()
    monkeypatch.setenv("COPYDESK_MODEL", f"openai:local@{started.url}/v1")
    yield started
    asyncio.run_coroutine_threadsafe(started.__aexit__(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def transform(*options: str, text: str = TEXT) -> Result:
    return CliRunner().invoke(app, ["transform", *options], input=text)


def data(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_rules_need_no_project(tmp_path: Path) -> None:
    done = transform("-", "--pipeline", "parse,rewrite,polish")
    assert done.exit_code == 0
    assert done.stdout.strip() == EDITED
    assert "no model is configured" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_needs_a_model_says_which_setting() -> None:
    done = transform("--pipeline", "polish,story")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "COPYDESK_MODEL" in done.stderr


def test_a_model_answers_from_file_context_and_wish(server: ModelServer, tmp_path: Path) -> None:
    server.answers = [chat_completion(json.dumps(REPLY))]
    (tmp_path / "note.txt").write_text(TEXT, encoding="utf-8")
    earlier = [{"author": "Anna", "text": "It was a present."}, "Which one?"]
    (tmp_path / "earlier.json").write_text(json.dumps(earlier), encoding="utf-8")
    found = data(
        transform(
            *("note.txt", "--pipeline", "polish", "--pipeline", "reply", "--json"),
            *("--context", "earlier.json", "--instruction", "Say thank you."),
        )
    )
    assert len(server.requests) == len(found["calls"]) == 1
    asked = json.dumps(server.requests[0])
    assert "It was a present." in asked
    assert "Say thank you." in asked
    assert found["text"] == REPLY["written"]
    assert found["stages"][0]["text"] == EDITED
    assert found["open_questions"] == REPLY["open_questions"]


def test_a_cap_that_would_cut_is_refused_before_any_call(server: ModelServer) -> None:
    server.answers = [chat_completion(json.dumps(REPLY))]
    done = transform("--pipeline", "polish", "--max-tokens", "20")
    assert (done.exit_code, done.stdout) == (4, "")
    assert "max_tokens 20 would cut" in done.stderr
    assert server.requests == []


def test_a_text_that_lost_a_fact_is_shown_and_fails(server: ModelServer) -> None:
    lost = {**REPLY, "edited": EDITED.replace("3 March", "4 March")}
    server.answers = [chat_completion(json.dumps(lost))]
    done = transform("--pipeline", "polish")
    assert done.exit_code == 4
    assert "4 March" in done.stdout
    assert "3 March" in done.stderr


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 2),
        (["--pipeline", "translate"], 2),
        (["--pipeline", "parse", "--source", "fax"], 2),
        (["nowhere.txt", "--pipeline", "parse"], 5),
        (["--pipeline", "parse", "--context", "nowhere.txt"], 5),
    ],
)
def test_what_makes_no_sense_is_refused(options: list[str], code: int) -> None:
    assert transform(*options).exit_code == code
