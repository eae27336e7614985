"""Looking at the account's own posts: whether one landed, how it stands, what is counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from copydesk.core.delivery import Action, Outgoing, parts_out
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    Existence,
    Inconclusive,
    Landed,
    Outcome,
    Refused,
    Unavailable,
)
from copydesk.core.standing import AsPublished, Changed, Gone, Standing
from copydesk.platforms.kit.removal import removal_of
from copydesk.platforms.kit.retry_after import parse_date
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.x.errors import read_error
from copydesk.platforms.x.matching import (
    FIELDS,
    NEW_NAME,
    OLD_NAME,
    answers,
    created_at,
    history,
    renamed,
    same_text,
    window_start,
)

#: X lists at most this many posts at once; what is listed is paid for, so the window is narrow.
PAGE: Final = 100

#: Looking back further than this would not be worth its price.
PAGES: Final = 5

#: A listing may lag: before so much time has passed it proves no absence (social sheet: wait 15 s,
#: look twice).
SHOWN_AFTER: Final = timedelta(seconds=30)

#: X's words for what is counted.
_PUBLIC: Final = {
    "impression_count": Metric.VIEWS,
    "like_count": Metric.REACTIONS,
    "reply_count": Metric.REPLIES,
    "retweet_count": Metric.REPOSTS,
    "quote_count": Metric.QUOTES,
    "bookmark_count": Metric.SAVES,
}
_PRIVATE: Final = {"url_link_clicks": Metric.CLICKS}


class Looks:
    """Reads by `wire` for the account called `name` there ("": not known yet)."""

    def __init__(self, wire: Wire, name: str) -> None:
        self._wire = wire
        self._name = name
        self._id = ""
        self._renamed = False

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look for the part in flight among the account's own posts, back to two minutes before
        the first try.

        Absent is only said when the listing was complete, and not before `SHOWN_AFTER`. An edit
        landed when the newest version reads as we sent it, a removal when the post is gone.
        """
        if outgoing.action is Action.DELETE:
            return removal_of(outgoing.target_id, await self._post(outgoing.target_id))
        if outgoing.action is Action.UPDATE:
            return await self._find_edit(outgoing)
        start = window_start(outgoing)
        if start is None:
            return Inconclusive("it is not known when the post was first sent")
        if not await self._know_ourselves():
            return Inconclusive("X did not say whose account this is")
        out = [part.id for part in parts_out(outgoing.handles)]
        found: dict[str, Any] | None = None
        unclear, token = False, ""
        shown_at: datetime | None = None
        for _ in range(PAGES):
            page = await self._page(start, token)
            if page is None:
                return Inconclusive("X did not list the account's posts")
            posts, token, shown_at = page
            for post in posts:
                if str(post.get("id")) in out or not answers(post, out[-1] if out else ""):
                    continue
                same = same_text(post, part_of(outgoing)["text"])
                unclear = unclear or same is None
                if same:
                    found = post
            if not token:
                break
        if found:
            id = str(found["id"])
            return Landed(id, self.url(id), "a post of ours with the same text")
        if unclear:
            return Inconclusive("a link in a post that may be ours could not be undone")
        if token:
            return Inconclusive(f"not among the last {PAGE * PAGES} posts, and there are more")
        return _absence(outgoing, start, shown_at)

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare the post with what was sent: its text, its versions, how many files it has."""
        post = await self._post(outgoing.target_id)
        if isinstance(post, Gone | Inconclusive):
            return post
        versions = history(post)
        if versions and versions[-1] != outgoing.target_id:
            return Changed("text", f"edited there; the newest version is {versions[-1]}")
        part = part_of(outgoing, outgoing.target_id)
        same = same_text(post, part["text"])
        if same is None:
            return Inconclusive("a link in the post could not be undone")
        attached = (post.get("attachments") or {}).get("media_keys") or ()
        parts = {"text": same, "files": len(attached) == len(part["media"])}
        differing = [part for part, same_there in parts.items() if not same_there]
        if differing:
            return Changed(", ".join(differing))
        return AsPublished("the post reads as sent")

    async def metrics(self, id: str) -> Metrics | Outcome:
        """Return X's counts; clicks only in the first 30 days, when X tells the author alone."""
        path = f"/2/tweets/{id}"
        for fields in ("public_metrics,non_public_metrics", "public_metrics"):
            reply = await self._get(path, fields)
            if isinstance(reply, Reply):
                public = _counts(data_of(reply).get("public_metrics"), _PUBLIC)
                if public:
                    private = _counts(data_of(reply).get("non_public_metrics"), _PRIVATE)
                    return Metrics(counts={**public, **private}, raw=data_of(reply))
            elif not isinstance(reply, Refused):
                return reply
        return Unavailable("X did not tell the counts of the post")

    def url(self, id: str) -> str:
        """Return the public address of the post `id` of this account."""
        return f"https://x.com/{self._name or 'i/web'}/status/{id}"

    async def _find_edit(self, outgoing: Outgoing) -> Existence:
        post = await self._post(outgoing.target_id)
        if isinstance(post, Gone):
            return Absent("the post is gone, and the change with it")
        if isinstance(post, Inconclusive):
            return Inconclusive("X did not show the post that was to be changed")
        versions = history(post)
        newest = next(reversed(versions), outgoing.target_id)
        if versions and newest == outgoing.target_id:
            return Absent("the post has no newer version")
        if newest != outgoing.target_id:
            post = await self._post(newest)
            if isinstance(post, Gone | Inconclusive):
                return Inconclusive("X did not show the newest version of the post")
        same = same_text(post, part_of(outgoing)["text"])
        if same is None:
            return Inconclusive("a link in the post could not be undone")
        if same:
            reads = "the newest version reads as sent"
            return Landed(newest, self.url(newest), reads, compared=not versions)
        return Absent("the newest version reads otherwise")

    async def _post(self, id: str) -> dict[str, Any] | Gone | Inconclusive:
        reply = await self._get(f"/2/tweets/{id}", FIELDS)
        if not isinstance(reply, Reply):
            if reply.answer.status in {404, 410}:
                return Gone(f"X answers {reply.answer.status} for it")
            return Inconclusive("X did not show the post")
        post = data_of(reply)
        if str(post.get("id", "")) == id:
            return post
        # that something is not there is told by a 200 with errors
        code, words = read_error(reply)
        if code == "resource-not-found":
            return Gone(words or "X says that there is no such post")
        return Inconclusive(words or "X's answer could not be read")

    async def _page(
        self, start: datetime, token: str
    ) -> tuple[list[dict[str, Any]], str, datetime | None] | None:
        """Return posts since `start`, what leads to the next page ("": the last), and when X says
        that this was so; None when it is no whole answer."""
        query = {
            "max_results": str(PAGE),
            "start_time": start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "exclude": "retweets",
        }
        if token:
            query["pagination_token"] = token
        reply = await self._get(f"/2/users/{self._id}/tweets", FIELDS, query)
        body = reply.json() if isinstance(reply, Reply) else None
        if not isinstance(reply, Reply) or not isinstance(body, dict) or body.get("errors"):
            return None
        posts, meta = body.get("data", []), body.get("meta")
        if not isinstance(posts, list) or not isinstance(meta, dict):
            return None
        readable = all(isinstance(post, dict) and created_at(post) for post in posts)
        if not readable or meta.get("result_count") != len(posts):
            return None
        return posts, str(meta.get("next_token") or ""), parse_date(reply.headers.get("date", ""))

    async def _get(
        self, path: str, fields: str, query: Mapping[str, str] | None = None
    ) -> Reply | Outcome:
        """Read posts with `fields`, called as the guides call them, or, where X knows only that,
        as the specification does."""
        if not self._renamed:
            reply = await self._wire.read("GET", path, query={**(query or {}), OLD_NAME: fields})
            if not isinstance(reply, Refused) or f"[{OLD_NAME}]" not in reply.reason:
                return reply
            self._renamed = True
        new = {**(query or {}), NEW_NAME: renamed(fields)}
        return await self._wire.read("GET", path, query=new)

    async def _know_ourselves(self) -> bool:
        if not self._id:
            reply = await self._wire.read("GET", "/2/users/me")
            me = data_of(reply) if isinstance(reply, Reply) else {}
            self._id = str(me.get("id") or "")
            self._name = str(me.get("username") or self._name)
        return bool(self._id)


def _absence(outgoing: Outgoing, start: datetime, shown_at: datetime | None) -> Existence:
    """Return what it means that a complete listing, made by X's clock at `shown_at`, lacks it."""
    if shown_at is not None:
        if shown_at < start:
            return Inconclusive("X's clock and ours disagree, so the listing proves nothing")
        sent_at = outgoing.sent_at
        early = sent_at is not None and sent_at <= shown_at < sent_at + SHOWN_AFTER
        if early and sent_at is not None:
            return Inconclusive("it may not be listed yet", retry_at=sent_at + SHOWN_AFTER)
    return Absent("the listing is complete back to before the first try")


def part_of(outgoing: Outgoing, id: str = "") -> Mapping[str, Any]:
    """Return the part in flight, or the one that is out as `id`."""
    parts = outgoing.payload["parts"]
    out = [part.id for part in parts_out(outgoing.handles)]
    number = out.index(id) if id in out else 0 if id else outgoing.part
    part: Mapping[str, Any] = parts[min(number, len(parts) - 1)]
    return part


def data_of(reply: Reply) -> dict[str, Any]:
    """Return the one thing an answer is about, {} when it is about none."""
    body = reply.json()
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, dict) else {}


def _counts(told: Any, words: Mapping[str, Metric]) -> dict[Metric, int]:
    if not isinstance(told, dict):
        return {}
    return {
        metric: told[word]
        for word, metric in words.items()
        if isinstance(told.get(word), int) and not isinstance(told[word], bool)
    }
