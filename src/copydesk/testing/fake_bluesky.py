"""A server of the AT Protocol in one process: sessions, records and blobs by the documented rules.

It validates, counts and names versions with code of its own, so that it can disagree with the
spoke. Rules: the lexicons of com.atproto.server, com.atproto.repo and app.bsky.feed,
https://docs.bsky.app/docs/advanced-guides/rate-limits, and what the reference server does where
those are silent: a repeated `putRecord` of the same record changes nothing, a second `createRecord`
under one key is an untyped 500 (checked 2026-11-22).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

import regex
from aiohttp import web

from copydesk.core.clock import Clock
from copydesk.testing.fake_bluesky_rules import POST, Blob, Lexicon, Refusal
from copydesk.testing.loopback import LoopbackServer

ACCESS_LIFE: Final = timedelta(minutes=120)
REFRESH_LIFE: Final = timedelta(days=90)
#: How long a refresh token that was used may be used again; the answer is the same.
GRACE: Final = timedelta(hours=2)
#: How long a blob that no record refers to is kept.
BLOB_LIFE: Final = timedelta(minutes=30)
#: Points of writes in an hour, and what they cost.
POINTS: Final = 5000
COSTS: Final = {"createRecord": 3, "putRecord": 2, "deleteRecord": 1}

_TID: Final = regex.compile(r"[2-7a-j][2-7a-z]{12}")


@dataclass(slots=True, kw_only=True)
class Record:
    """A record as the server keeps it, with when it was written (aware UTC)."""

    value: dict[str, Any]
    cid: str
    written_at: datetime


@dataclass(slots=True, kw_only=True)
class Token:
    """A token of a session. `next` is the pair a refresh token was traded for, since `used_at`."""

    kind: str
    until: datetime
    next: dict[str, str] = field(default_factory=dict)
    used_at: datetime | None = None


class FakeBluesky(LoopbackServer):
    """One server with one account. `people` maps handles to DIDs. Reading shows a record after
    `stale_for` seconds, and fails `broken_looks` times; `points` are left for writes in the hour
    until `reset_at`. `status` other than "" is what is wrong with the account."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
        self.handle = "desk.example.org"
        self.password = "abcd-efgh-ijkl-mnop"
        self.people = {"ada.example.org": "did:plc:z72i7hdynmk6r22z27h6tvur"}
        self.records: dict[str, Record] = {}
        self.elsewhere: dict[str, Record] = {}
        self.blobs: dict[str, Blob] = {}
        self.counts: dict[str, dict[str, int]] = {}
        self.commits = 0
        self.stale_for = 0.0
        self.broken_looks = 0
        self.points = POINTS
        self.reset_at = self.clock.now() + timedelta(hours=1)
        self.status = ""
        self.tokens: dict[str, Token] = {}
        self.sessions_begun = 0
        self._made = 0

    def publishes(self, request: web.Request) -> bool:
        """Only writing and removing records is lied to: signing in and uploading are not it."""
        return request.path.endswith(("putRecord", "createRecord", "deleteRecord"))

    def routes(self) -> list[web.RouteDef]:
        """Return the part of the protocol that publishing needs."""
        return [
            self._route("POST", "com.atproto.server.createSession", self._begin),
            self._route("POST", "com.atproto.server.refreshSession", self._refresh),
            self._route("GET", "com.atproto.server.getSession", self._session),
            self._route("GET", "com.atproto.identity.resolveHandle", self._resolve),
            self._route("POST", "com.atproto.repo.uploadBlob", self._upload),
            self._route("POST", "com.atproto.repo.createRecord", self._create),
            self._route("POST", "com.atproto.repo.putRecord", self._put),
            self._route("POST", "com.atproto.repo.deleteRecord", self._delete),
            self._route("GET", "com.atproto.repo.getRecord", self._get),
            self._route("GET", "app.bsky.feed.getPosts", self._posts),
        ]

    def session(self) -> dict[str, str]:
        """Begin a session; return its tokens as an account keeps them."""
        pair = self._pair()
        return {"access_token": pair["accessJwt"], "refresh_token": pair["refreshJwt"]}

    def end_sessions(self) -> None:
        """End every session there is, as a person can on the account's page."""
        self.tokens.clear()

    def quote(self, handle_or_did: str, key: str, text: str) -> str:
        """Put a post of somebody else on the network; return its `at://` address."""
        uri = f"at://{self.people.get(handle_or_did, handle_or_did)}/{POST}/{key}"
        value = {"$type": POST, "text": text, "createdAt": "2026-11-20T09:00:00.000Z"}
        self.elsewhere[uri] = Record(
            value=value, cid=cid_of(value), written_at=self.clock.now() - timedelta(days=1)
        )
        return uri

    @property
    def posts(self) -> list[dict[str, Any]]:
        """Return the account's posts, in the order of their keys."""
        return [self.records[key].value for key in sorted(self.records)]

    def _route(self, method: str, name: str, handler: Any) -> web.RouteDef:
        async def answered(request: web.Request) -> web.Response:
            try:
                answer: web.Response = await handler(request)
            except Refusal as refusal:
                answer = refusal.answer
            if request.path.rpartition(".")[2] in COSTS:
                self._limit(answer)
            return answer

        return web.RouteDef(method, f"/xrpc/{name}", answered, {})

    def _limit(self, answer: web.Response) -> None:
        answer.headers["RateLimit-Limit"] = str(POINTS)
        answer.headers["RateLimit-Remaining"] = str(max(0, self.points))
        answer.headers["RateLimit-Reset"] = str(int(self.reset_at.timestamp()))
        answer.headers["RateLimit-Policy"] = f"{POINTS};w=3600"

    # -- sessions ---------------------------------------------------------------------------------

    async def _begin(self, request: web.Request) -> web.Response:
        body = await _body(request)
        known = {self.handle, self.did}
        if body.get("identifier") not in known or body.get("password") != self.password:
            raise Refusal("AuthenticationRequired", "Invalid identifier or password", 401)
        if self.status == "takendown":
            raise Refusal("AccountTakedown", "Account has been taken down", 401)
        self.sessions_begun += 1
        return self._session_answer(self._pair())

    async def _refresh(self, request: web.Request) -> web.Response:
        now = self.clock.now()
        token = self._bearer(request, "refresh")
        if token.used_at is not None:
            if now > token.used_at + GRACE:
                raise Refusal("ExpiredToken", "Token has been revoked")
            return self._session_answer(token.next)
        token.used_at, token.next = now, self._pair()
        return self._session_answer(token.next)

    async def _session(self, request: web.Request) -> web.Response:
        self._bearer(request, "access")
        return web.json_response({"handle": self.handle, "did": self.did, "active": True})

    def _session_answer(self, pair: Mapping[str, str]) -> web.Response:
        body = {**pair, "handle": self.handle, "did": self.did, "active": not self.status}
        return web.json_response({**body, "status": self.status} if self.status else body)

    def _pair(self) -> dict[str, str]:
        made = {}
        for name, kind, life in (
            ("accessJwt", "access", ACCESS_LIFE),
            ("refreshJwt", "refresh", REFRESH_LIFE),
        ):
            self._made += 1
            now = self.clock.now()
            claims = {
                "sub": self.did,
                "jti": f"session-token-{self._made}",
                "iat": int(now.timestamp()),
                "exp": int((now + life).timestamp()),
            }
            middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
            made[name] = f"eyJhbGciOiJFUzI1NksifQ.{middle}.c2lnbmF0dXJl"
            self.tokens[made[name]] = Token(kind=kind, until=now + life)
        return made

    def _bearer(self, request: web.Request, kind: str) -> Token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not given:
            raise Refusal("AuthMissing", "Authentication Required", 401)
        token = self.tokens.get(given)
        if token is None or token.kind != kind:
            raise Refusal("InvalidToken", "Token could not be verified")
        if self.clock.now() >= token.until:
            raise Refusal("ExpiredToken", "Token has expired")
        return token

    # -- people and blobs -------------------------------------------------------------------------

    async def _resolve(self, request: web.Request) -> web.Response:
        handle = request.query.get("handle", "")
        did = {**self.people, self.handle: self.did}.get(handle)
        if did is None:
            raise Refusal("InvalidRequest", "Unable to resolve handle")
        return web.json_response({"did": did})

    async def _upload(self, request: web.Request) -> web.Response:
        self._bearer(request, "access")
        content = await request.read()
        if len(content) > 52_428_800:
            raise Refusal("PayloadTooLarge", "request entity too large", 413)
        cid = _cid(content, codec=0x55)
        kept = Blob(
            content=content,
            content_type=request.content_type,
            until=self.clock.now() + BLOB_LIFE,
        )
        self.blobs[cid] = kept
        blob = {
            "$type": "blob",
            "ref": {"$link": cid},
            "mimeType": kept.content_type,
            "size": len(content),
        }
        return web.json_response({"blob": blob})

    # -- records ----------------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        body = await self._write(request, "createRecord")
        key = str(body.get("rkey") or _TID_OF_THE_SERVER)
        if key in self.records:
            raise Refusal("InternalServerError", "Internal Server Error", 500)
        return self._written(key, body)

    async def _put(self, request: web.Request) -> web.Response:
        body = await self._write(request, "putRecord")
        key = str(body.get("rkey", ""))
        current = self.records.get(key)
        if current is not None and current.cid == cid_of(body["record"]):
            return self._answer_of(key, current)
        if "swapRecord" in body:
            expected = current.cid if current else None
            if body["swapRecord"] != expected:
                raise Refusal("InvalidSwap", f"Record was at {expected}")
        return self._written(key, body)

    async def _delete(self, request: web.Request) -> web.Response:
        body = await self._write(request, "deleteRecord")
        if self.records.pop(str(body.get("rkey", "")), None) is not None:
            self.commits += 1
        return web.json_response({})

    async def _get(self, request: web.Request) -> web.Response:
        if self.broken_looks > 0:
            self.broken_looks -= 1
            raise Refusal("InternalServerError", "Internal Server Error", 502)
        repo, key = request.query["repo"], request.query["rkey"]
        did = {**self.people, self.handle: self.did}.get(repo, repo)
        uri = f"at://{did}/{request.query['collection']}/{key}"
        record = self.records.get(key) if did == self.did else self.elsewhere.get(uri)
        shown_until = self.clock.now() - timedelta(seconds=self.stale_for)
        if record is None or record.written_at > shown_until:
            raise Refusal("RecordNotFound", f"Could not locate record: {uri}")
        return web.json_response({"uri": uri, "cid": record.cid, "value": record.value})

    async def _posts(self, request: web.Request) -> web.Response:
        self._bearer(request, "access")
        asked = parse_qs(request.query_string).get("uris", [])
        if len(asked) > 25:
            raise Refusal("InvalidRequest", "Error: Params must have at most 25 uris")
        keys = [uri.rpartition("/")[2] for uri in asked]
        posts = [
            {
                "uri": uri,
                "cid": self.records[key].cid,
                "record": self.records[key].value,
                "likeCount": 0,
                "replyCount": 0,
                **self.counts.get(key, {}),
            }
            for uri, key in zip(asked, keys, strict=True)
            if key in self.records
        ]
        return web.json_response({"posts": posts})

    async def _write(self, request: web.Request, what: str) -> dict[str, Any]:
        self._bearer(request, "access")
        if self.status:
            raise Refusal("AccountDeactivated", "Account is deactivated")
        now = self.clock.now()
        if now >= self.reset_at:
            self.points, self.reset_at = POINTS, now + timedelta(hours=1)
        if self.points < COSTS[what]:
            raise Refusal("RateLimitExceeded", "Rate Limit Exceeded", 429)
        self.points -= COSTS[what]
        body = await _body(request)
        if body.get("repo") not in {self.did, self.handle}:
            raise Refusal("AuthMissing", "Authentication Required", 401)
        if body.get("collection") != POST:
            raise Refusal("InvalidRequest", f"nothing is known of {body.get('collection')}")
        if what != "deleteRecord":
            if not _TID.fullmatch(str(body.get("rkey", ""))):
                raise Refusal("InvalidRequest", "Invalid record key. Expected tid")
            Lexicon(self.blobs, now).check(body.get("record"))
        return body

    def _written(self, key: str, body: Mapping[str, Any]) -> web.Response:
        record = Record(
            value=body["record"], cid=cid_of(body["record"]), written_at=self.clock.now()
        )
        self.records[key] = record
        self.commits += 1
        for blob in _blobs_in(record.value):
            self.blobs[blob["ref"]["$link"]].until = datetime.max.replace(
                tzinfo=record.written_at.tzinfo
            )
        return self._answer_of(key, record)

    def _answer_of(self, key: str, record: Record) -> web.Response:
        uri = f"at://{self.did}/{POST}/{key}"
        return web.json_response({"uri": uri, "cid": record.cid, "validationStatus": "valid"})


#: The key of a record whose writer chose none.
_TID_OF_THE_SERVER: Final = "3jzfcijpj2z2a"


def cid_of(value: Any) -> str:
    """Return a name for this version of a record: another for every other content."""
    return _cid(json.dumps(value, sort_keys=True).encode(), codec=0x71)


def _cid(content: bytes, *, codec: int) -> str:
    digest = bytes((1, codec, 0x12, 0x20)) + hashlib.sha256(content).digest()
    return "b" + base64.b32encode(digest).decode().lower().rstrip("=")


def _blobs_in(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, dict):
        if value.get("$type") == "blob":
            return [value]
        return [blob for inner in value.values() for blob in _blobs_in(inner)]
    if isinstance(value, list):
        return [blob for inner in value for blob in _blobs_in(inner)]
    return []


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise Refusal("InvalidRequest", "Unable to parse the body") from error
    if not isinstance(body, dict):
        raise Refusal("InvalidRequest", "Input must be an object")
    return body
