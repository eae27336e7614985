"""The LinkedIn calls: who we are, posts, looking for our own, and looking at them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from copydesk.core.delivery import Action, Outgoing
from copydesk.core.metrics import Metrics
from copydesk.core.outcomes import (
    Duplicate,
    Existence,
    Inconclusive,
    Misconfigured,
    Outcome,
    Pending,
    Published,
    Ready,
    Unavailable,
)
from copydesk.core.standing import Gone, Standing
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.manifest import Manifest
from copydesk.platforms.kit.transport import Reply
from copydesk.platforms.kit.wire import Wire
from copydesk.platforms.linkedin import BASE_URL
from copydesk.platforms.linkedin.duplicates import judged
from copydesk.platforms.linkedin.errors import TABLE, read_error, rested
from copydesk.platforms.linkedin.matching import same_text
from copydesk.platforms.linkedin.reading import Reading
from copydesk.platforms.linkedin.settings import author_of, can_read
from copydesk.platforms.linkedin.uploads import PROCESSING, Uploads, image_rule
from copydesk.platforms.linkedin.urns import address_of, encoded, is_organization

_NOT_READABLE: Final = "LinkedIn lets this app read no posts of a person"


class LinkedInClient(Client):
    """The calls of one account, all with the API version the account uses now.

    Payloads are the same in every version, so what was made for one that has ended goes out with
    the one its account was moved to.
    """

    def __init__(self, session: Session, manifest: Manifest) -> None:
        account = session.account
        token = session.secrets.get("access_token", "")
        base = account.settings.get("base_url", BASE_URL).rstrip("/")
        self._author = author_of(account)
        self._told = account.settings.get("author", "")
        self._reads = can_read(account)
        self._by_page = account.auth == "page"
        self._wire = Wire(
            session.transport,
            base=base,
            table=TABLE,
            read_error=read_error,
            timeout=manifest.timeout,
            headers={
                "Authorization": f"Bearer {token}",
                "Linkedin-Version": account.api_version or manifest.api.version,
                "X-Restli-Protocol-Version": "2.0.0",
            },
            secrets=(token,),
            paces=manifest.pace,
        )
        self._reading = Reading(self._wire, author=self._author)
        rule = image_rule(manifest.limits)
        self._uploads = Uploads(session, self._wire, base=base, timeout=manifest.timeout, rule=rule)

    # -- publishing -------------------------------------------------------------------------------

    async def prepare(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Find out whose post it is, and upload its files.

        Handles: `author` is the URN it is posted as, `assets` maps a file's hash to its URN,
        `processing` lists the URNs LinkedIn is still working on. An edit changes the text alone.
        """
        if outgoing.action is not Action.CREATE:
            return Ready(outgoing.handles)
        author = self._author or await self._ask_who()
        if not isinstance(author, str):
            return rested(author, outgoing.sent_at)
        assets: dict[str, str] = {}
        for media in outgoing.media:
            urn = await self._uploads.send(media, author)
            if not isinstance(urn, str):
                return rested(urn, outgoing.sent_at)
            assets[media.sha256] = urn
        handles = {"author": author, "assets": assets, "processing": list(assets.values())}
        return Pending(PROCESSING, handles) if assets else Ready(handles)

    async def check(self, outgoing: Outgoing) -> Ready | Pending | Outcome:
        """Ask whether LinkedIn has finished with the files."""
        still: list[str] = []
        for urn in outgoing.handles.get("processing", []):
            ready = await self._uploads.is_ready(urn)
            if not isinstance(ready, bool):
                return rested(ready, outgoing.sent_at)
            if not ready:
                still.append(urn)
        handles = {**outgoing.handles, "processing": still}
        return Pending(PROCESSING, handles) if still else Ready(handles)

    async def commit(self, outgoing: Outgoing) -> Outcome:
        """Create the post, or edit the text of or remove the one `target_id` names."""
        outcome = await self._call(outgoing)
        if isinstance(outcome, Duplicate):
            return await self._settled(outcome, outgoing)
        return rested(outcome, outgoing.sent_at)

    async def _call(self, outgoing: Outgoing) -> Outcome:
        match outgoing.action:
            case Action.DELETE:
                return await self._remove(outgoing)
            case Action.UPDATE:
                return await self._edit(outgoing)
            case Action.CREATE:
                return await self._create(outgoing)

    async def _create(self, outgoing: Outgoing) -> Outcome:
        author = self._author or str(outgoing.handles.get("author", ""))
        if not author:
            return Unavailable("it is not known yet whose post this is")
        assets = outgoing.handles.get("assets", {})
        missing = [media.name for media in outgoing.media if media.sha256 not in assets]
        if missing:
            return Unavailable(f"not uploaded yet: {', '.join(missing)}")
        urns = {media.name: str(assets[media.sha256]) for media in outgoing.media}
        body = {
            "author": author,
            "commentary": outgoing.payload["commentary"],
            "visibility": outgoing.payload["visibility"],
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }
        if content := _content(outgoing.payload["content"], urns):
            body["content"] = content
        reply = await self._wire.write("POST", "/rest/posts", json_body=body)
        if not isinstance(reply, Reply):
            return reply
        urn = reply.headers.get("x-restli-id", "")
        if not urn:
            return self._wire.unreadable(reply, "the header x-restli-id")
        return Published(urn, address_of(urn), self._wire.evidence(reply))

    async def _edit(self, outgoing: Outgoing) -> Outcome:
        urn = outgoing.target_id
        reply = await self._wire.write(
            "POST",
            f"/rest/posts/{encoded(urn)}",
            action=Action.UPDATE,
            headers={"X-RestLi-Method": "PARTIAL_UPDATE"},
            json_body={"patch": {"$set": {"commentary": outgoing.payload["commentary"]}}},
        )
        if not isinstance(reply, Reply):
            return reply
        if reply.status != 204 and reply.body:
            # an edit is answered with nothing; a page of a proxy with 200 proves nothing
            return self._wire.unreadable(reply, "what LinkedIn says to an edit (nothing)")
        return Published(urn, address_of(urn), self._wire.evidence(reply))

    async def _remove(self, outgoing: Outgoing) -> Outcome:
        urn = outgoing.target_id
        return await self._wire.delete(
            f"/rest/posts/{encoded(urn)}",
            urn,
            headers={"X-RestLi-Method": "DELETE"},
        )

    async def _settled(self, outcome: Duplicate, outgoing: Outgoing) -> Outcome:
        """Return what "duplicate" means; where posts can be read, the named one is looked at."""
        meant = judged(outcome, outgoing)
        if not isinstance(meant, Duplicate) or not meant.of or not self._reads:
            return meant
        post = await self._reading.post(meant.of)
        if isinstance(post, Gone) or (isinstance(post, dict) and not same_text(post, outgoing)):
            return Duplicate(answer=outcome.answer)
        return meant

    # -- looking ----------------------------------------------------------------------------------

    async def find(self, outgoing: Outgoing) -> Existence:
        """Look for the post among the page's own, back to two minutes before the first try.

        A person's posts cannot be listed: there the duplicate detector has to answer.
        """
        if not self._reads:
            return Inconclusive(_NOT_READABLE)
        return await self._reading.find(outgoing)

    async def inspect(self, outgoing: Outgoing) -> Standing:
        """Compare the post with what was sent: its text, and what is attached."""
        if not self._reads:
            return Inconclusive(_NOT_READABLE)
        return await self._reading.inspect(outgoing)

    async def metrics(self, outgoing: Outgoing) -> Metrics | Outcome:
        """Return a page's statistics of the post; a person's are for approved apps only."""
        if not is_organization(self._author):
            return Misconfigured(
                "LinkedIn tells the numbers of a person's posts to approved apps only",
                remedy="Post as a page (setting author) to get numbers.",
            )
        numbers = await self._reading.metrics(outgoing)
        return numbers if isinstance(numbers, Metrics) else rested(numbers, outgoing.sent_at)

    async def test(self) -> Outcome:
        """Ask whose token this is; of a page, whether its posts can be read."""
        if is_organization(self._author):
            listed = await self._reading.page(1, 0)
            return Published(self._author) if isinstance(listed, list) else listed
        if self._by_page and not self._author:
            return Misconfigured(
                "it is not said which page this account posts as",
                remedy="Name it: --set author=urn:li:organization:…",
            )
        who = await self._ask_who()
        if not isinstance(who, str):
            return who
        if self._told and self._told != who:
            return Misconfigured(
                f"the token is of {who}, the setting author says {self._told}",
                remedy="Leave author out, or connect as that person.",
            )
        return Published(who)

    # -- the pieces -------------------------------------------------------------------------------

    async def _ask_who(self) -> str | Outcome:
        reply = await self._wire.read("GET", "/v2/userinfo")
        if not isinstance(reply, Reply):
            return reply
        body = reply.json()
        subject = body.get("sub") if isinstance(body, dict) else None
        if not subject:
            return Unavailable("LinkedIn did not say whose token this is")
        return f"urn:li:person:{subject}"


def _content(content: Mapping[str, Any], urns: Mapping[str, str]) -> dict[str, Any]:
    files = content["files"]
    match content["kind"]:
        case "image":
            return {"media": _image(files[0], urns)}
        case "images":
            return {"multiImage": {"images": [_image(file, urns) for file in files]}}
        case "document":
            return {"media": {"id": urns[files[0]["name"]], "title": files[0]["title"]}}
        case "article":
            card = {key: content[key] for key in ("source", "title", "description")}
            if files:
                card["thumbnail"] = urns[files[0]["name"]]
            return {"article": {key: value for key, value in card.items() if value}}
        case _:
            return {}


def _image(file: Mapping[str, Any], urns: Mapping[str, str]) -> dict[str, Any]:
    described = {"altText": file["alt"]} if file["alt"] else {}
    return {"id": urns[file["name"]], **described}
