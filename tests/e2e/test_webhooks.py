"""A worker killed between sending and recording: every event arrives, a repeat under its own id."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Judge

from tests.e2e.running import COPYDESK, PATIENCE, Running, copydesk

pytestmark = pytest.mark.slow

#: After which messages the worker is killed, before it hears that they arrived.
KILLS = (1, 6, 13)
DELIVERED = 5


class Recorder:
    """Takes messages that the judge believes, and kills whoever sent certain ones."""

    def __init__(self) -> None:
        self.secret = ""
        self.port = 0
        self.running: Running | None = None
        self.ids: list[str] = []
        self.types: dict[str, str] = {}
        self.kills = 0
        self.lock = threading.Lock()

    def take(self, id: str, body: bytes, headers: dict[str, str]) -> None:
        Judge(self.secret).verify(body, headers)
        message = json.loads(body)
        with self.lock:
            self.ids.append(id)
            self.types[id] = message["type"]
            if len(self.ids) in KILLS and self.running is not None:
                self.kills += 1
                self.running.kill()

    def told(self) -> Counter[str]:
        """Count the messages that arrived, each once, by their type."""
        with self.lock:
            return Counter(self.types.values())


@contextmanager
def recording() -> Iterator[Recorder]:
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            recorder.take(self.headers["webhook-id"], body, dict(self.headers))
            try:
                self.send_response(204)
                self.end_headers()
            except OSError:
                pass  # whom this was meant for is dead

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def happened(home: Path) -> Counter[str]:
    """Count the steps of deliveries in the history, by the type they are told as."""
    with closing(sqlite3.connect(home / "copydesk.db", timeout=PATIENCE)) as connection:
        rows = connection.execute("SELECT to_state FROM events WHERE noun = 'delivery'")
        return Counter(f"delivery.{state}" for (state,) in rows)


def test_killed_between_sending_and_recording(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "posts"
    folder.mkdir()
    for number in range(DELIVERED):
        (folder / f"post-{number}.md").write_text(
            f"---\ntitle: Post {number}\nslug: post-{number}\n---\n\nWords.\n"
        )
    with recording() as recorder:
        copydesk("init", home, "--approve", "automatic")
        copydesk("accounts", "add", "sandbox", "--name", "box", "--inbox", "--home", home)
        added = copydesk(
            "webhooks",
            "add",
            f"http://127.0.0.1:{recorder.port}/hook",
            "--events",
            "delivery.*",
            "--allow-private",
            "--home",
            home,
        )
        shown = copydesk("webhooks", "show", added["id"], "--secret", "--home", home)
        recorder.secret = shown["secret"]
        for post in sorted(folder.iterdir()):
            copydesk("publish", post, "--to", "box", "--home", home)
        for number in range(len(KILLS) + 1):
            recorder.running = Running(
                [COPYDESK, "worker", "--home", home], tmp_path / f"worker-{number}.log"
            )
            if number < len(KILLS):
                recorder.running.wait()
        assert recorder.running is not None
        try:
            # a delivery whose courier was killed goes some of its steps again; all of them are told
            recorder.running.wait_until(
                lambda: (
                    happened(home)["delivery.delivered"] == DELIVERED
                    and recorder.told() == happened(home)
                ),
                "was all told that happened",
            )
        finally:
            recorder.running.stop()
        assert recorder.kills == len(KILLS)
        assert recorder.told() == happened(home)
        assert len(recorder.ids) > len(set(recorder.ids)), "no repeat: the test proves too little"
        shown = copydesk("webhooks", "show", added["id"], "--home", home)
        assert (shown["behind"], shown["waiting"], shown["exhausted"]) == (0, 0, 0)
