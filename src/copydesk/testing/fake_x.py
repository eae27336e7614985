"""X in one process: the documented rules, kept in memory, and lies on demand.

It weighs with the library X publishes, knows the fields of each request by heart and charges for
every call, so that it can disagree with the spoke. Rules: https://docs.x.com (OpenAPI 2.167,
rate limits, pricing, media, editing; checked 2026-11-22). What X does not document (self-replies,
the body of a 402) can be switched.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from copydesk.core.clock import Clock
from copydesk.testing.fake_x_media import MediaShelf
from copydesk.testing.fake_x_rules import (
    PRICES,
    RATES,
    Problem,
    check_create,
    check_fields,
    has_url,
    rewritten,
    weigh,
)
from copydesk.testing.loopback import Handler, LoopbackServer
from copydesk.testing.oauth_server import OAuthServer, _signed

_WINDOW: Final = timedelta(minutes=15)
_EDITABLE: Final = timedelta(minutes=30)
_EDITS: Final = 5

#: Where our OAuth server's doors are on X.
_DOORS: Final = {
    "/oauth/authorize": "/2/oauth2/authorize",
    "/oauth/token": "/2/oauth2/token",
    "/oauth/revoke": "/2/oauth2/revoke",
    "/oauth1/request_token": "/oauth/request_token",
    "/oauth1/authorize": "/oauth/authorize",
    "/oauth1/access_token": "/oauth/access_token",
}


@dataclass(slots=True, kw_only=True)
class Tweet:
    """A post as X keeps it: `text` is what people see, with t.co links; `urls` undoes them.

    `sent` is the text as it came, `created_at` aware UTC, `versions` the ids of its edits, the
    oldest first.
    """

    id: str
    sent: str
    text: str
    created_at: datetime
    urls: list[dict[str, Any]] = field(default_factory=list)
    media_ids: list[str] = field(default_factory=list)
    reply_to: str = ""
    reply_settings: str = "everyone"
    more: dict[str, Any] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)


class FakeX(LoopbackServer):
    """X with one account and one app.

    `lets_reply`: whether self-serve may answer itself. `premium`: long posts and edits.
    `finds_duplicates`: whether the same text is refused for a day. `credits` (micro-dollars; None:
    enough) are used up by `charged`. `rates` are calls in 15 minutes. The listing shows a post
    after `stale_for` seconds and fails `broken_looks` times. `errors_with_200`: how many creates
    are answered by errors alone although they were made. `renamed` speaks of posts, not tweets.
    """

    lies_to = LoopbackServer.lies_to | {"DELETE"}

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.door = OAuthServer(clock=self.clock)
        self.token = "fake-token-0123456789"
        self.user_id, self.username = "2244994945", "desk"
        self.tweets: list[Tweet] = []
        self.deleted: list[str] = []
        self.media = MediaShelf(self.clock)
        self.lets_reply = True
        self.premium = False
        self.finds_duplicates = True
        self.locked = False
        self.renamed = False
        self.credits: int | None = None
        self.charged = 0
        self.charges: Counter[str] = Counter()
        self.rates = dict(RATES)
        self.stale_for = 0.0
        self.broken_looks = 0
        self.errors_with_200 = 0
        self._windows: dict[str, tuple[datetime, int]] = {}
        self._read: set[tuple[str, str]] = set()
        self._next_id = 1_900_000_000_000_000_000

    async def __aenter__(self) -> FakeX:
        await super().__aenter__()
        self.door.url = self.url
        return self

    def routes(self) -> list[web.RouteDef]:
        """Return the part of the API that publishing needs, and the doors of OAuth."""
        shelf = self.media
        calls: list[tuple[str, str, Callable[[web.Request], Awaitable[web.Response]]]] = [
            ("POST", "/2/tweets", self._create),
            ("GET", "/2/tweets/{id}", self._show),
            ("DELETE", "/2/tweets/{id}", self._delete),
            ("GET", "/2/users/me", self._whoami),
            ("GET", "/2/users/{id}/tweets", self._list),
            ("POST", "/2/media/upload", shelf.upload),
            ("GET", "/2/media/upload", shelf.status),
            ("POST", "/2/media/upload/initialize", shelf.initialize),
            ("POST", "/2/media/upload/{id}/append", shelf.append),
            ("POST", "/2/media/upload/{id}/finalize", shelf.finalize),
            ("POST", "/2/media/metadata", self._describe),
        ]
        doors = [r for r in self.door.routes() if r.path in _DOORS]
        return [
            *(web.RouteDef(m, path, self._guarded(m, path, call), {}) for m, path, call in calls),
            *(web.RouteDef(r.method, _DOORS[r.path], r.handler, {}) for r in doors),
        ]

    def add(self, text: str, *, created_at: datetime | None = None, **more: Any) -> Tweet:
        """Put a post there, as another client of the account would."""
        id = self._id()
        shown, urls = rewritten(text, id)
        tweet = Tweet(
            id=id,
            sent=text,
            text=shown,
            urls=urls,
            created_at=created_at or self.clock.now(),
            versions=[id],
            **more,
        )
        self.tweets.append(tweet)
        return tweet

    def edit(self, id: str, text: str) -> Tweet:
        """Change a post on X itself, as its author does there."""
        old = self._named(id)
        assert old is not None
        new = self.add(text, created_at=old.created_at, media_ids=list(old.media_ids))
        versions = [*old.versions, new.id]
        for tweet in self.tweets:
            if tweet.id in versions:
                tweet.versions = versions
        return new

    @property
    def newest(self) -> list[Tweet]:
        """Return the posts as people see them: the last version of each, the oldest post first."""
        return [tweet for tweet in self.tweets if tweet.versions[-1] == tweet.id]

    # -- who may call, how often, for what --------------------------------------------------------

    def publishes(self, request: web.Request) -> bool:
        """Return whether `request` makes or removes a post."""
        return super().publishes(request) and request.path.startswith("/2/tweets")

    def _guarded(
        self, method: str, path: str, handler: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Handler:
        name = f"{method} {path}"

        async def guarded(request: web.Request) -> web.StreamResponse:
            if not await self._knows(request):
                return Problem(401, "Unauthorized", "Unauthorized").answer()
            resets, left = self._window(name)
            if left < 1:
                answer = Problem(429, "Too Many Requests", "Too Many Requests").answer()
            else:
                self._windows[name] = (resets, left - 1)
                try:
                    answer = await handler(request)
                except Problem as problem:
                    answer = problem.answer()
            answer.headers["x-rate-limit-limit"] = str(self.rates[name])
            answer.headers["x-rate-limit-remaining"] = str(max(0, left - 1))
            answer.headers["x-rate-limit-reset"] = str(int(resets.timestamp()))
            return answer

        return guarded

    async def _knows(self, request: web.Request) -> bool:
        header = request.headers.get("Authorization", "")
        if header.startswith("OAuth "):
            return bool(self.door.signing.user_of(*await _signed(request, self.url)))
        token = header.removeprefix("Bearer ")
        return token == self.token or self.door.authority.bearer(token) is not None

    def _window(self, name: str) -> tuple[datetime, int]:
        now = self.clock.now()
        resets, left = self._windows.get(name, (now, 0))
        return (now + _WINDOW, self.rates[name]) if resets <= now else (resets, left)

    def _charge(self, what: str, times: int = 1) -> None:
        cost = PRICES[what] * times
        if self.credits is not None and self.charged + cost > self.credits:
            raise Problem(
                402,
                "CreditsDepleted",
                "Your enrolled account does not have any credits to fulfill this request.",
                "credits",
            )
        self.charged += cost
        self.charges[what] += times

    def _charge_read(self, what: str, ids: list[str]) -> None:
        # a resource is paid for once in a UTC day
        today = f"{self.clock.now():%Y-%m-%d}"
        new = [id for id in dict.fromkeys(ids) if (today, id) not in self._read]
        self._charge(what, len(new))
        self._read |= {(today, id) for id in new}

    # -- posts ------------------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        body = check_create(await _body(request))
        text = str(body.get("text", ""))
        if self.locked:
            raise Problem(403, "Forbidden", "This account is temporarily locked.")
        self._check_text(text, body)
        self.media.check([str(id) for id in body.get("media", {}).get("media_ids", [])])
        reply_to = str(body.get("reply", {}).get("in_reply_to_tweet_id", ""))
        if reply_to:
            self._check_reply(reply_to)
        edited = str(body.get("edit_options", {}).get("previous_post_id", ""))
        if edited:
            self._check_edit(edited)
        self._charge("create with url" if has_url(text) else "create")
        tweet = self.edit(edited, text) if edited else self.add(text, reply_to=reply_to)
        tweet.media_ids = list(body.get("media", {}).get("media_ids", []))
        tweet.reply_settings = body.get("reply_settings", "everyone")
        known = ("made_with_ai", "paid_partnership", "poll")
        tweet.more = {key: body[key] for key in known if key in body}
        if self.errors_with_200 > 0:
            self.errors_with_200 -= 1
            problem = Problem(200, "Internal Error", "Something went wrong", "internal-error")
            return web.json_response({"errors": [problem.body()]})
        data = {"id": tweet.id, "text": tweet.text, self._word("edit_history"): tweet.versions}
        return web.json_response({"data": data}, status=201)

    def _check_text(self, text: str, body: Mapping[str, Any]) -> None:
        if not text.strip() and not body.get("media"):
            raise Problem(400, "Invalid Request", "text or media is required", "invalid-request")
        if weigh(text) > (25_000 if self.premium else 280):
            raise Problem(403, "Forbidden", "Your post is too long.")
        if len(re.findall(r"(?<!\S)\$[A-Za-z]{1,6}\b", text)) > 1:
            raise Problem(403, "Forbidden", "A post may contain at most 1 cashtag.")
        since = self.clock.now() - timedelta(days=1)
        editing = body.get("edit_options", {}).get("previous_post_id", "")
        if self.finds_duplicates and any(
            tweet.sent.strip() == text.strip() and tweet.created_at > since
            for tweet in self.newest
            if editing not in tweet.versions and text.strip()
        ):
            words = "You are not allowed to create a Tweet with duplicate content."
            raise Problem(403, "Forbidden", words)

    def _check_reply(self, id: str) -> None:
        if self._named(id) is None:
            words = "You attempted to reply to a Tweet that is deleted or not visible to you."
            raise Problem(403, "Forbidden", words)
        if not self.lets_reply:
            raise Problem(
                403,
                "Forbidden",
                "Reply to this conversation is not allowed because you have not been mentioned or "
                "otherwise engaged by the author of the post you are replying to.",
            )

    def _check_edit(self, id: str) -> None:
        tweet = self._named(id)
        if tweet is None:
            raise Problem(404, "Not Found Error", f"Could not find {id}", "resource-not-found")
        first = self._named(tweet.versions[0]) or tweet
        too_late = self.clock.now() - first.created_at > _EDITABLE
        if not self.premium or too_late or len(tweet.versions) > _EDITS:
            raise Problem(403, "Forbidden", "You are not permitted to edit this post.")

    async def _delete(self, request: web.Request) -> web.Response:
        tweet = self._named(request.match_info["id"])
        if tweet is None:
            raise _not_found(request.match_info["id"])
        self._charge("delete")
        gone = set(tweet.versions)
        self.tweets = [one for one in self.tweets if one.id not in gone]
        self.deleted += tweet.versions
        return web.json_response({"data": {"deleted": True}})

    async def _show(self, request: web.Request) -> web.Response:
        fields = check_fields(request.query, set(), renamed=self.renamed)
        tweet = self._named(request.match_info["id"])
        if tweet is None:
            return web.json_response({"errors": [_not_found(request.match_info["id"]).body()]})
        self._charge_read("read", [tweet.id])
        return web.json_response({"data": self._as_json(tweet, fields)})

    async def _list(self, request: web.Request) -> web.Response:
        known = {"max_results", "start_time", "exclude", "pagination_token"}
        fields = check_fields(request.query, known, renamed=self.renamed)
        if request.match_info["id"] != self.user_id:
            raise _not_found(request.match_info["id"])
        if self.broken_looks > 0:
            self.broken_looks -= 1
            raise Problem(503, "Service Unavailable", "Over capacity")
        now = self.clock.now()
        since = datetime.fromisoformat(request.query.get("start_time", "2010-11-06T00:00:00Z"))
        if since > now:
            raise Problem(400, "Invalid Request", "start_time is in the future", "invalid-request")
        shown_until = now - timedelta(seconds=self.stale_for)
        found = [t for t in reversed(self.newest) if since <= t.created_at <= shown_until]
        most = int(request.query.get("max_results", "10"))
        if not 5 <= most <= 100:
            raise Problem(400, "Invalid Request", "max_results", "invalid-request")
        start = int(request.query.get("pagination_token", "0"))
        page = found[start : start + most]
        self._charge_read("owned read", [tweet.id for tweet in page])
        meta: dict[str, Any] = {"result_count": len(page)}
        if start + most < len(found):
            meta["next_token"] = str(start + most)
        data = [self._as_json(tweet, fields) for tweet in page]
        return web.json_response({"data": data, "meta": meta} if data else {"meta": meta})

    async def _whoami(self, request: web.Request) -> web.Response:
        self._charge_read("user read", [self.user_id])
        who = {"id": self.user_id, "username": self.username, "name": "The desk"}
        return web.json_response({"data": who})

    async def _describe(self, request: web.Request) -> web.Response:
        described = self.media.describe(await _body(request))
        self._charge("metadata")
        return web.json_response({"data": described})

    # -- records ----------------------------------------------------------------------------------

    def _id(self) -> str:
        self._next_id += 1
        return str(self._next_id - 1)

    def _named(self, id: str) -> Tweet | None:
        return next((tweet for tweet in self.tweets if tweet.id == id), None)

    def _word(self, word: str) -> str:
        new = {"edit_history": "edit_history_post_ids", "referenced": "referenced_posts"}
        old = {"edit_history": "edit_history_tweet_ids", "referenced": "referenced_tweets"}
        return (new if self.renamed else old)[word]

    def _as_json(self, tweet: Tweet, fields: list[str]) -> dict[str, Any]:
        shown = tweet.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        urls = list(tweet.urls)
        if tweet.media_ids:
            shown += " https://t.co/m" + tweet.id[-9:]
            address = f"https://x.com/{self.username}/status/{tweet.id}/photo/1"
            one = {"url": shown.rsplit(" ", 1)[1], "expanded_url": address, "media_key": "3_1"}
            urls.append({**one, "start": len(shown) - 23, "end": len(shown)})
        asked: dict[str, Any] = {
            "created_at": tweet.created_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "entities": {"urls": urls} if urls else None,
            "conversation_id": tweet.reply_to or tweet.id,
            "in_reply_to_user_id": self.user_id if tweet.reply_to else None,
            "attachments": {"media_keys": [f"3_{id}" for id in tweet.media_ids]}
            if tweet.media_ids
            else None,
            "public_metrics": {
                "retweet_count": 1,
                "reply_count": 2,
                "like_count": 3,
                "quote_count": 4,
                "bookmark_count": 5,
                "impression_count": 600,
            },
            "non_public_metrics": {"url_link_clicks": 7, "user_profile_clicks": 8},
        }
        if "non_public_metrics" in fields and self.clock.now() - tweet.created_at > timedelta(30):
            words = "Private metrics are there for 30 days."
            raise Problem(400, "Invalid Request", words, "invalid-request")
        answer: dict[str, Any] = {
            "id": tweet.id,
            "text": shown,
            self._word("edit_history"): tweet.versions,
        }
        if tweet.reply_to:
            answer_to = [{"type": "replied_to", "id": tweet.reply_to}]
            if self.renamed or "referenced_tweets" in fields:
                answer[self._word("referenced")] = answer_to
        note = "note_post" if self.renamed else "note_tweet"
        if len(shown) > 280 and note in fields:
            answer[note] = {
                "text": shown,
                "entities": asked["entities"] or {},
            }
            answer["text"] = shown[:270] + "… https://t.co/more123456"
        return {**answer, **{k: v for k, v in asked.items() if k in fields and v is not None}}


def _not_found(id: str) -> Problem:
    problem = Problem(404, "Not Found Error", f"Could not find [{id}].", "resource-not-found")
    return replace(problem, more={"resource_type": "tweet", "resource_id": id})


async def _body(request: web.Request) -> Any:
    if request.content_type != "application/json":
        raise Problem(400, "Invalid Request", "application/json is needed", "invalid-request")
    try:
        return json.loads(await request.read())
    except ValueError:
        raise Problem(400, "Invalid Request", "no JSON", "invalid-request") from None
