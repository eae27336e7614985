"""The Mastodon calls: media, statuses, looking for our own, and looking at them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.metrics import Metric, Metrics
from copydesk.core.outcomes import (
    Absent,
    Existence,
    Inconclusive,
    Landed,
    Misconfigured,
    Outcome,
    Pending,
    Published,
    Ready,
    Refused,
    Unavailable,
)
from copydesk.core.post import Media
from copydesk.core.standing import AsPublished, Changed, Gone, Standing
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.listing import reaches_back
from copydesk.platforms.kit.media import FittedMedia, fitted
from copydesk.platforms.kit.pace import Pace
from copydesk.platforms.kit.removal import removal_of
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.mastodon.errors import TABLE, read_error
from copydesk.platforms.mastodon.matching import (
    created_at,
    may_be_ours,
    same_html,
    same_source,
    same_words,
    window_start,
)
from copydesk.platforms.mastodon.parts import media_of, parent_of, sent_by
from copydesk.platforms.mastodon.software import SOFTWARE, named_in, software_of
from copydesk.platforms.mastodon.validate import IMAGES
from copydesk.transformation.images import ImageRule

#: What a status counts, in our words.
_COUNTS: Final[Mapping[str, Metric]] = {
    "favourites_count": Metric.REACTIONS,
    "replies_count": Metric.REPLIES,
    "reblogs_count": Metric.REPOSTS,
    "quotes_count": Metric.QUOTES,
}

#: Mastodon gives at most this many statuses at once.
PAGE: Final = 40

#: Looking back further than this many statuses would not be worth the calls.
PAGES: Final = 5

#: How many plain texts are kept at most while an account is open.
SOURCES: Final = 1000

#: Seconds to wait while the instance processes a file and does not say how long.
PROCESSING: Final = 5.0


class MastodonClient(Client):
    """The calls of one account. `timeout` in seconds for every call; images are made to fit into
    `most_bytes`; `paces` as in `Wire`."""

    def __init__(
        self,
        session: Session,
        *,
        timeout: float,
        most_bytes: int,
        paces: Sequence[Pace] = (),
    ) -> None:
        token = session.secrets.get("access_token", "")
        self._software = software_of(session.account.settings)
        self._most_bytes = most_bytes
        self._load_media = session.load_media
        #: plain texts of statuses that were read, by id and time of the last edit
        self._sources: dict[tuple[str, str], str] = {}
        self._wire = Wire(
            session.transport,
            base=session.account.settings["base_url"].rstrip("/"),
            table=TABLE,
            read_error=read_error,
            timeout=timeout,
            headers={"Authorization": f"Bearer {token}"},
            secrets=(token,),
            paces=paces,
        )

    async def prepare(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Upload the files that have not been uploaded yet.

        Handles: `media_ids` maps a file's hash to its id on the instance, `processing` lists the
        ids the instance is still working on.
        """
        ids: dict[str, str] = dict(outgoing.handles.get("media_ids", {}))
        processing: list[str] = list(outgoing.handles.get("processing", []))
        for item, media in zip(sent_by(outgoing)["media"], media_of(outgoing), strict=True):
            if media.sha256 in ids:
                continue
            reply = await self._upload(media, item)
            if not isinstance(reply, Reply):
                return reply
            id = _id_of(reply)
            if id is None:
                return Unavailable("the instance did not name the file it took")
            ids[media.sha256] = id
            if reply.status == 202:
                processing.append(id)
        return _readiness(ids, processing)

    async def check(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Ask whether the instance has finished with the files, and upload those of the next part
        of a thread."""
        if any(m.sha256 not in outgoing.handles.get("media_ids", {}) for m in media_of(outgoing)):
            return await self.prepare(outgoing)
        still: list[str] = []
        for id in outgoing.handles.get("processing", []):
            reply = await self._wire.read("GET", f"/api/v1/media/{id}")
            if not isinstance(reply, Reply):
                if isinstance(reply, Refused):
                    return Refused("media", reply.reason, "Convert the file.", reply.answer)
                return reply
            if reply.status in {202, 206}:
                still.append(id)
        return _readiness(dict(outgoing.handles.get("media_ids", {})), still)

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Create the status, or edit or remove the one `target_id` names.

        A create carries the idempotency key: for about an hour the instance answers a repeat with
        the first status. Visibility cannot be changed by an edit and is only sent with a create.
        """
        if outgoing.action is Action.DELETE:
            path = f"/api/v1/statuses/{outgoing.target_id}"
            return await self._wire.delete(path, outgoing.target_id)
        uploaded = outgoing.handles.get("media_ids", {})
        files = media_of(outgoing)
        missing = [media.name for media in files if media.sha256 not in uploaded]
        if missing:
            return Unavailable(f"not uploaded yet: {', '.join(missing)}")
        sent = sent_by(outgoing)
        body: dict[str, Any] = {
            "status": sent["status"],
            "spoiler_text": sent["spoiler_text"],
            "sensitive": sent["sensitive"],
            "media_ids": [uploaded[media.sha256] for media in files],
        }
        if sent["language"]:
            body["language"] = sent["language"]
        if parent := parent_of(outgoing):
            body["in_reply_to_id"] = parent
        if outgoing.action is Action.UPDATE:
            reply = await self._wire.write(
                "PUT",
                f"/api/v1/statuses/{outgoing.target_id}",
                action=Action.UPDATE,
                json_body=body,
            )
        else:
            reply = await self._wire.write(
                "POST",
                "/api/v1/statuses",
                headers={"Idempotency-Key": outgoing.key} if self._software.takes_keys else None,
                json_body={**body, "visibility": sent["visibility"]},
            )
        if not isinstance(reply, Reply):
            return reply
        id = _id_of(reply)
        if id is None:
            return self._wire.unreadable(reply, "the id of the status")
        return Published(id, _url_of(reply.json()), self._wire.evidence(reply))

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look for the status among the account's own, back to two minutes before the first try.

        Absent is only said when the listing went back that far. Of several matches the oldest
        counts. An edit landed when the status reads as we sent it, a removal when it is gone.
        """
        if outgoing.action is Action.DELETE:
            return removal_of(outgoing.target_id, await self._status(outgoing.target_id))
        if outgoing.action is Action.UPDATE:
            return await self._find_edit(outgoing)
        start = window_start(outgoing)
        if start is None:
            return Inconclusive("it is not known when the status was first sent")
        profile = await self._get("/api/v1/accounts/verify_credentials")
        if not isinstance(profile, dict) or not profile.get("id"):
            return Inconclusive("the instance did not say whose account this is")
        found: dict[str, Any] | None = None
        last, seen = "", 0
        for _ in range(PAGES):
            page = await self._page(str(profile["id"]), last)
            if page is None:
                return Inconclusive("the instance did not list the account's statuses")
            moments: list[datetime] = []
            for status in page:
                moment = created_at(status)
                if moment is None:
                    return Inconclusive("a status in the listing has no date")
                moments.append(moment)
                if moment < start:
                    continue
                matches = await self._matches(status, outgoing)
                if matches is None:
                    return Inconclusive("the text of a status could not be read")
                if matches:
                    found = status
            if reaches_back(moments, start):
                return _verdict(found, "the listing reaches back to before the first try")
            seen += len(page)
            if not page:
                if seen or profile.get("statuses_count") == 0:
                    return _verdict(found, "the listing is complete")
                return _verdict(found, "") if found else Inconclusive("an empty listing")
            last = str(page[-1].get("id", ""))
        if found:
            return _verdict(found, "")
        return Inconclusive(f"not among the last {seen} statuses, and the listing goes on")

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare the status with what was sent: its text, its warning, how many files it has."""
        status = await self._status(outgoing.target_id)
        if isinstance(status, Gone | Inconclusive):
            return status
        same = await self._same_text(status, outgoing)
        if same is None:
            return Inconclusive("the text of the status could not be read")
        sent = sent_by(outgoing)
        parts = {
            "text": same,
            "content warning": same_words(status.get("spoiler_text"), sent["spoiler_text"]),
            "attachments": len(status.get("media_attachments") or ()) == len(sent["media"]),
        }
        differing = [part for part, same_there in parts.items() if not same_there]
        if differing:
            at = status.get("edited_at")
            return Changed(", ".join(differing), f"edited at {at}" if at else "")
        return AsPublished("the status reads as sent")

    async def metrics(self, outgoing: Outgoing) -> Metrics | Outcome:
        """Return what the instance counts about a status; of others it knows what reached it."""
        reply = await self._wire.read("GET", f"/api/v1/statuses/{outgoing.target_id}")
        if not isinstance(reply, Reply):
            return reply
        status = reply.json()
        shown = status if isinstance(status, dict) else {}
        raw = {key: shown[key] for key in _COUNTS if isinstance(shown.get(key), int)}
        if not raw:
            return Unavailable("the instance did not say what it counts", answer=reply.answer())
        return Metrics(counts={_COUNTS[key]: number for key, number in raw.items()}, raw=raw)

    async def test(self) -> Outcome:
        """Ask whose token this is, and whether the instance runs what the account says."""
        reply = await self._wire.read("GET", "/api/v1/accounts/verify_credentials")
        if not isinstance(reply, Reply):
            return reply
        profile = reply.json()
        if not isinstance(profile, dict) or not profile.get("acct"):
            return Unavailable("the instance did not say whose account this is")
        if other := await self._other_software():
            return Misconfigured(
                f"the instance runs {other}, which differs in what a repeated call does",
                f"Set it: `copydesk accounts set NAME --set software={other}`.",
            )
        return Published(f"@{profile['acct']}", _url_of(profile), self._wire.evidence(reply))

    async def _upload(self, media: Media, item: Mapping[str, str]) -> Reply | Outcome:
        rule = ImageRule(types=IMAGES, most_bytes=self._most_bytes)
        file = await fitted(self._load_media, media, rule)
        if not isinstance(file, FittedMedia):
            return file
        form = {"description": item["alt"], "focus": item.get("focus", "")}
        return await self._wire.read(
            "POST",
            "/api/v2/media",
            form={name: value for name, value in form.items() if value},
            files={"file": (file.filename, file.content, file.media.content_type)},
        )

    async def _other_software(self) -> str:
        """Return what the instance runs where that is not what the account says; "" when it is, or
        nobody tells."""
        instance = await self._get("/api/v2/instance")
        if not isinstance(instance, dict) or not isinstance(instance.get("version"), str):
            return ""
        runs = named_in(instance["version"], str(instance.get("source_url") or ""))
        differs = runs != "mastodon" and SOFTWARE[runs] is not self._software
        return runs if differs else ""

    async def _find_edit(self, outgoing: Outgoing) -> Existence:
        source = await self._get(f"/api/v1/statuses/{outgoing.target_id}/source")
        if not isinstance(source, dict) or "text" not in source:
            if isinstance(await self._status(outgoing.target_id), Gone):
                return Absent("the status is gone, and the change with it")
            return Inconclusive("the instance did not show the text of the status")
        if same_source(str(source["text"]), sent_by(outgoing)):
            reads = "the status reads as sent"
            return Landed(outgoing.target_id, evidence=reads, compared=True)
        return Absent("the status still reads otherwise")

    async def _status(self, id: str) -> dict[str, Any] | Gone | Inconclusive:
        reply = await self._wire.read("GET", f"/api/v1/statuses/{id}")
        if not isinstance(reply, Reply):
            if reply.answer.status in {404, 410}:
                return Gone(f"the instance answers {reply.answer.status} for it")
            return Inconclusive("the instance did not show the status")
        status = reply.json()
        if not isinstance(status, dict) or str(status.get("id", "")) != id:
            return Inconclusive("the instance's answer could not be read")
        return status

    async def _matches(self, status: dict[str, Any], outgoing: Outgoing) -> bool | None:
        """Tell whether `status` is ours, None when that cannot be read now."""
        if not may_be_ours(status, sent_by(outgoing), parent_of(outgoing)):
            return False
        return await self._same_text(status, outgoing)

    async def _same_text(self, status: dict[str, Any], outgoing: Outgoing) -> bool | None:
        """Tell whether `status` has the text we sent, None when that cannot be read now."""
        # several deliveries may be looked for among the same statuses; an edited one is read again
        version = (str(status.get("id")), str(status.get("edited_at")))
        if version in self._sources:
            return same_source(self._sources[version], sent_by(outgoing))
        reply = await self._wire.read("GET", f"/api/v1/statuses/{version[0]}/source")
        if isinstance(reply, Reply):
            source = reply.json()
            if isinstance(source, dict) and "text" in source:
                if len(self._sources) >= SOURCES:
                    self._sources.clear()
                self._sources[version] = str(source["text"])
                return same_source(self._sources[version], sent_by(outgoing))
        elif reply.answer.status != 404:
            return None
        return same_html(str(status.get("content", "")), sent_by(outgoing))

    async def _page(self, account_id: str, before: str) -> list[dict[str, Any]] | None:
        query = {"limit": str(PAGE), "exclude_reblogs": "true"}
        if before:
            query["max_id"] = before
        page = await self._get(f"/api/v1/accounts/{account_id}/statuses", query)
        if not isinstance(page, list) or not all(isinstance(status, dict) for status in page):
            return None
        return page

    async def _get(self, path: str, query: dict[str, str] | None = None) -> Any:
        reply = await self._wire.read("GET", path, query=query)
        return reply.json() if isinstance(reply, Reply) else None


def _readiness(ids: dict[str, str], processing: list[str]) -> Ready | Pending:
    handles = {"media_ids": ids, "processing": processing}
    return Pending(PROCESSING, handles) if processing else Ready(handles)


def _verdict(found: dict[str, Any] | None, complete_because: str) -> Landed | Absent:
    if found:
        return Landed(str(found["id"]), _url_of(found), "a status of ours with the same text")
    return Absent(complete_because)


def _id_of(reply: Reply) -> str | None:
    body = reply.json()
    id = body.get("id") if isinstance(body, dict) else None
    return str(id) if id else None


def _url_of(thing: Any) -> str:
    return str(thing.get("url") or "") if isinstance(thing, dict) else ""
