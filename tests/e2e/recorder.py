"""A webhook receiver that counts what it takes, loses answers, and can be asked what it has."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Recorder:
    """What arrived, by webhook-id. Every seventh answer is lost, every eleventh event refused
    with a server error before it is taken."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.titles: dict[str, str] = {}
        self.calls = 0
        self.lost = 0
        self.turned_away = 0
        self.lock = threading.Lock()
        self.port = 0

    def take(self, id: str, body: bytes) -> int | None:
        """Take an event; return the status to answer with, None for no answer at all."""
        with self.lock:
            self.calls += 1
            if self.calls % 11 == 0:
                self.turned_away += 1
                return 503
            self.taken[id] += 1
            self.titles[id] = json.loads(body)["data"]["title"]
            if self.calls % 7 == 0:
                self.lost += 1
                return None
            return 200

    def has(self, id: str) -> bool:
        with self.lock:
            return self.taken[id] > 0


@contextmanager
def recording() -> Iterator[Recorder]:
    """Run a recorder on a free port of this machine."""
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(0.02)  # receivers are not instant: lets a kill fall into a call
            status = recorder.take(self.headers["webhook-id"], body)
            if status is None:
                self.close_connection = True
            else:
                self.answer(status)

        def do_GET(self) -> None:
            self.answer(200 if recorder.has(self.path.rpartition("/")[2]) else 404)

        def answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True  # the caller was killed in mid call

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    recorder.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
