"""Records: what is published, one JSON file a post. The pages can all be made again from them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from copydesk.core.delivery import Action, Outgoing
from copydesk.platforms.site.folder import STATE, Folder

#: How many idempotency keys a record remembers: one a revision.
MAX_KEYS: Final = 200
_POSTS: Final = f"{STATE}/posts"
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One published post. Times are ISO 8601 in UTC; `files` are paths below the site's folder.

    `feed_id` never changes, whatever becomes of title, slug or host. `former` are slugs that lead
    here still. `keys` are the idempotency keys that were applied, oldest first.
    """

    post_id: str
    slug: str
    former: tuple[str, ...]
    feed_id: str
    published_at: str
    updated_at: str
    keys: tuple[str, ...]
    payload_sha256: str
    payload: Mapping[str, Any]
    files: tuple[str, ...]

    @property
    def page(self) -> str:
        """Return the path of the page's folder, with a slash at its end."""
        return f"posts/{self.slug}/"

    @property
    def published(self) -> datetime:
        """Return the time of publication."""
        return datetime.fromisoformat(self.published_at)

    @property
    def updated(self) -> datetime:
        """Return the time of the last change, never before the publication."""
        return max(datetime.fromisoformat(self.updated_at), self.published)

    @property
    def was_changed(self) -> bool:
        """Tell whether readers should be told of an update."""
        return self.updated > self.published


def payload_digest(payload: Mapping[str, Any]) -> str:
    """Return the SHA-256 of `payload` in its canonical form."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def record_path(post_id: str) -> str:
    """Return where the record of `post_id` lies; an unusual id is named by its hash."""
    name = post_id if _PLAIN_ID.fullmatch(post_id) else hashlib.sha256(post_id.encode()).hexdigest()
    return f"{_POSTS}/{name}.json"


def read_records(folder: Folder) -> dict[str, Record]:
    """Return all records by post id. Raises `OSError`, or `ValueError` for a broken one."""
    records: dict[str, Record] = {}
    for name in folder.names(_POSTS):
        if name.endswith(".json"):
            record = _record(folder.read_json(f"{_POSTS}/{name}"), name)
            records[record.post_id] = record
    return records


def write_record(folder: Folder, record: Record) -> None:
    """Put `record` on disk."""
    folder.write_json(record_path(record.post_id), asdict(record))


def next_record(
    outgoing: Outgoing, old: Record | None, slug: str, files: tuple[str, ...], host: str
) -> Record:
    """Return the record after `outgoing`. Publication time and feed id of `old` stay."""
    payload = outgoing.payload
    published_at = old.published_at if old else str(payload["published_at"])
    changed = old is not None or outgoing.action is Action.UPDATE
    record = Record(
        post_id=outgoing.post_id,
        slug=slug,
        former=(),
        feed_id=f"tag:{host},{published_at[:10]}:{outgoing.post_id}",
        published_at=published_at,
        updated_at=str(payload["updated_at"]) if changed else published_at,
        keys=(outgoing.key,),
        payload_sha256=payload_digest(payload),
        payload=payload,
        files=files,
    )
    if old is None:
        return record
    former = [name for name in (*old.former, old.slug) if name != slug]
    keys = [key for key in old.keys if key != outgoing.key][-(MAX_KEYS - 1) :]
    return replace(
        record,
        feed_id=old.feed_id,
        former=tuple(dict.fromkeys(former)),
        keys=(*keys, outgoing.key),
    )


def _record(data: Any, name: str) -> Record:
    try:
        tuples = {key: tuple(data[key]) for key in ("former", "keys", "files")}
        record = Record(**{**data, **tuples})
        record.published, record.updated  # noqa: B018 (a record with broken times is broken)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the record {name} is not readable: {error}") from error
    return record
