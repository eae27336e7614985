"""Markdown files as canonical content: what the front matter says, checked and in our own terms."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.utils import parseaddr
from pathlib import PurePosixPath
from typing import Any, Final

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding, Severity
from copydesk.core.post import Content, ReplyTarget
from copydesk.transformation.addresses import canonical, is_web_address
from copydesk.transformation.document import (
    ImageReference,
    image_paths,
    is_remote,
    parse_markdown,
)
from copydesk.transformation.frontmatter import read_front_matter
from copydesk.transformation.nodes import Heading, plain
from copydesk.transformation.slugs import is_slug, slugify

_KNOWN: Final = (
    "title", "slug", "summary", "description", "tags", "language", "lang", "canonical_url",
    "authors", "author", "reply_to", "in_reply_to", "platforms", "overrides", "date",
    "published_at", "publish_at", "zone", "draft", "id",
    "announce_after", "cover", "cover_alt", "series", "campaign",
)  # fmt: skip
#: Fields that an author may set for one platform or account, whatever it is.
EVERYWHERE: Final = (
    "title", "body", "slug", "summary", "tags", "language", "canonical_url", "authors", "cover",
    "series", "campaign",
)  # fmt: skip

_TAG: Final = "Write one such as en-GB."
_ADDRESS: Final = "Write the whole of it: https://…"
_TIME: Final = "Write it as 2026-11-21T09:00:00+01:00."
_REPLY_KEYS: Final = frozenset({"message_id", "references", "address", "subject"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownFile:
    """What a Markdown file holds.

    `content.media` is empty: whoever has the files adds what `images` names, covers among them.
    `published_at` is the author's own date (aware UTC) if given; `publish_at` and `zone` are when
    it should go out, as the author wrote it, or "". `identity` is the `id:` that makes it the same
    post wherever it stands, or "". `findings` are warnings; errors raise instead.
    """

    content: Content
    images: tuple[ImageReference, ...]
    published_at: datetime | None
    draft: bool
    identity: str
    findings: tuple[Finding, ...]
    publish_at: str = ""
    zone: str = ""


def read_markdown_file(text: str, *, filename: str) -> MarkdownFile:
    """Read a Markdown file with optional front matter.

    `filename` gives the slug when nothing better does. The title is the front matter's or else the
    first heading of level 1; a heading that opens the body and is the title is taken out of it.
    Raises `ContentInvalid` with every error found.
    """
    fields, body = read_front_matter(text)
    reader = _Reader({key.strip().lower().replace("-", "_"): v for key, v in fields.items()})
    title = reader.text("title")
    title, body = _title_and_body(title, body)
    if not title:
        reader.warn("title_missing", "title", "there is no title", "write `title:` or a # heading")
    if not body.strip():
        reader.error("body_missing", "body", "there is no text", "Write something below the title.")
    stem = PurePosixPath(filename.replace("\\", "/")).stem or "post"
    content = Content(
        title=title,
        body=body,
        slug=reader.slug(title, stem),
        summary=reader.text("summary", "description"),
        tags=reader.words("tags"),
        language=reader.language(),
        canonical_url=reader.url("canonical_url"),
        authors=reader.words("authors", "author"),
        reply_to=reader.reply(),
        overrides=reader.overrides(),
        announce_after=reader.words("announce_after"),
        cover=reader.cover(),
        series=reader.text("series"),
        campaign=reader.text("campaign"),
    )
    published_at = reader.moment("date", "published_at")
    draft = reader.flag("draft")
    publish_at = reader.wish("publish_at")
    zone = reader.text("zone")
    identity = reader.text("id")
    images = _with_covers(image_paths(parse_markdown(body)), content, reader.text("cover_alt"))
    reader.unknown_keys()
    errors = [f for f in reader.findings if f.severity is Severity.ERROR]
    if errors:
        raise ContentInvalid(errors)
    return MarkdownFile(
        content=content,
        images=images,
        published_at=published_at,
        draft=draft,
        identity=identity,
        publish_at=publish_at,
        zone=zone,
        findings=tuple(reader.findings),
    )


def with_overrides(content: Content, *names: str) -> Content:
    """Return `content` with the author's overrides for `names` applied, later names winning.

    Names are platform and account names. Only the fields of `EVERYWHERE` are applied; others are
    the platform's own to read.
    Raises `ContentInvalid` when a value cannot stand for its field.
    """
    given: dict[str, Any] = {}
    for name in names:
        given.update(content.overrides.get(name, {}))
    reader = _Reader(given)
    changes: dict[str, Any] = {}
    for key in ("title", "summary", "language", "canonical_url", "series", "campaign"):
        if given.get(key) is not None:
            changes[key] = reader.text(key)
    if given.get("cover") is not None:
        changes["cover"] = reader.cover()
    for key in ("tags", "authors"):
        if given.get(key) is not None:
            changes[key] = reader.words(key)
    if given.get("slug") is not None:
        changes["slug"] = reader.slug(content.title, content.slug)
    if isinstance(given.get("body"), str):
        changes["body"] = given["body"]
    errors = [f for f in reader.findings if f.severity is Severity.ERROR]
    if errors:
        raise ContentInvalid(errors)
    return replace(content, **changes)


def _title_and_body(title: str, body: str) -> tuple[str, str]:
    """Return the title and the body without the heading that repeats it."""
    blocks = parse_markdown(body).blocks
    heading = next((b for b in blocks if isinstance(b, Heading) and b.level == 1), None)
    if heading is None:
        return title, body.strip("\n")
    words = " ".join(plain(heading.children).split())
    title = title or words
    if heading is blocks[0] and words == title:
        # below other text the heading keeps its place: taking it out would change what is said
        lines = body.split("\n")
        body = "\n".join(lines[: heading.lines[0]] + lines[heading.lines[1] :])
    return title, body.strip("\n")


def _with_covers(
    images: tuple[ImageReference, ...], content: Content, alt: str
) -> tuple[ImageReference, ...]:
    """Return `images` and the post's cover, and those that overrides name."""
    found = {image.path: image for image in images}
    own = (fields.get("cover") for fields in content.overrides.values())
    for cover in (content.cover, *(name for name in own if isinstance(name, str))):
        if cover:
            said = alt if cover == content.cover else ""
            found.setdefault(cover, ImageReference(cover, said, ""))
    return tuple(found.values())


class _Reader:
    """Takes fields out of a front matter one by one and collects what is wrong with them."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields
        self.findings: list[Finding] = []

    def error(self, code: str, field: str, message: str, remedy: str = "") -> None:
        self.findings.append(Finding(code=code, field=field, message=message, remedy=remedy))

    def warn(self, code: str, field: str, message: str, remedy: str = "") -> None:
        self.findings.append(
            Finding(
                code=code, field=field, message=message, remedy=remedy, severity=Severity.WARNING
            )
        )

    def pick(self, *keys: str) -> tuple[str, Any]:
        """Return the first of `keys` that has a value, with the value."""
        for key in keys:
            if self.fields.get(key) is not None:
                return key, self.fields[key]
        return keys[0], None

    def text(self, *keys: str) -> str:
        key, value = self.pick(*keys)
        if value is None:
            return ""
        if isinstance(value, bool | list | dict):
            self.error("field_not_text", key, "a text is expected", f'Write {key}: "…".')
            return ""
        return " ".join(str(value).split())

    def words(self, *keys: str) -> tuple[str, ...]:
        key, value = self.pick(*keys)
        if value is None:
            return ()
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list) or any(isinstance(x, bool | list | dict) for x in items):
            self.error(
                "field_not_a_list", key, "a list of words is expected", f"Write {key}: [a, b]."
            )
            return ()
        words = (" ".join(str(item).split()) for item in items if item is not None)
        return tuple(dict.fromkeys(word for word in words if word))

    def slug(self, title: str, stem: str) -> str:
        given = self.text("slug")
        if not given:
            return slugify(title, stem)
        if is_slug(given):
            return given
        slug = slugify(given, stem)
        self.warn(
            "slug_changed",
            "slug",
            f"{given!r} is not safe in addresses; {slug!r} is used",
            "use 3 to 80 lower-case letters, digits and single hyphens",
        )
        return slug

    def language(self) -> str:
        value = self.text("language", "lang")
        if value and not all(part.isalnum() and part.isascii() for part in value.split("-")):
            self.error("language_invalid", "language", f"{value!r} is not a language tag", _TAG)
            return ""
        return value

    def url(self, key: str) -> str:
        value = self.text(key)
        if not value:
            return ""
        try:
            url = canonical(value)
        except ValueError:
            self.error("url_invalid", key, f"{value!r} is not a web address", _ADDRESS)
            return ""
        if url != value:
            message = (
                f"fragment and utm_ tags are not part of an original's address; {url!r} is used"
            )
            self.warn("url_changed", key, message, f"Write {key}: {url}")
        return url

    def cover(self) -> str:
        value = self.text("cover")
        if value and not is_web_address(value) and (is_remote(value) or value.startswith("/")):
            message = f"{value!r} is neither a file beside the post nor a web address"
            self.error("cover_invalid", "cover", message, "Write cover: picture.jpg, or https://…")
            return ""
        return value

    def reply(self) -> ReplyTarget | None:
        given = {
            key: value
            for key in ("reply_to", "in_reply_to")
            if (value := self.fields.get(key)) is not None
        }
        if not given:
            return None
        merged: dict[str, Any] = {}
        for key, value in given.items():
            if isinstance(value, str):
                # as in the headers of a mail: beside the id of what is answered, `reply_to` is
                # an address
                is_address = key == "reply_to" and len(given) > 1
                merged["address" if is_address else "message_id"] = (
                    parseaddr(value)[1] if is_address else value
                )
            elif isinstance(value, dict) and set(value) <= _REPLY_KEYS:
                merged |= value
            else:
                known = ", ".join(sorted(_REPLY_KEYS))
                self.error(
                    "reply_invalid",
                    key,
                    "a message id is expected",
                    f"Write one, or a mapping of {known}.",
                )
                return None
        inner = _Reader(merged)
        message_id = inner.text("message_id").strip("<>")
        references = tuple(word.strip("<>") for word in inner.words("references"))
        target = ReplyTarget(
            message_id=message_id,
            references=references,
            address=inner.text("address"),
            subject=inner.text("subject"),
        )
        self.findings.extend(inner.findings)
        if not message_id:
            self.error(
                "reply_invalid",
                next(iter(given)),
                "the message id is missing",
                "Write message_id: <…@…>.",
            )
            return None
        return target

    def overrides(self) -> dict[str, dict[str, Any]]:
        key, value = self.pick("platforms", "overrides")
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.error("overrides_invalid", key, "a mapping by platform or account is expected")
            return {}
        result: dict[str, dict[str, Any]] = {}
        for name, fields in value.items():
            if isinstance(fields, dict):
                result[str(name)] = {str(field): given for field, given in fields.items()}
            else:
                remedy = f"Write {key}: {{{name}: {{title: …}}}}."
                self.error(
                    "overrides_invalid", f"{key}.{name}", "a mapping of fields is expected", remedy
                )
        return result

    def moment(self, *keys: str) -> datetime | None:
        key, value = self.pick(*keys)
        if isinstance(value, str):
            with suppress(ValueError):
                value = datetime.fromisoformat(value)
        if value is None:
            return None
        if isinstance(value, datetime):
            if value.utcoffset() is None:
                self.warn(
                    "time_without_zone",
                    key,
                    f"{value.isoformat()} has no time zone; UTC is taken",
                    "write an offset such as +01:00",
                )
                return value.replace(tzinfo=UTC)
            with suppress(OverflowError):  # at the ends of the calendar
                return value.astimezone(UTC)
        elif isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        self.error("time_invalid", key, f"{value!r} is not a time", _TIME)
        return None

    def wish(self, key: str) -> str:
        """Return a time as it stands there; what it means depends on zones not known here."""
        value = self.fields.get(key)
        return value.isoformat() if isinstance(value, date) else self.text(key)

    def flag(self, key: str) -> bool:
        value = self.fields.get(key, False)
        if isinstance(value, bool):
            return value
        self.error(
            "field_not_a_flag", key, f"{value!r} is neither true nor false", f"Write {key}: true."
        )
        return False

    def unknown_keys(self) -> None:
        for key in self.fields:
            if key not in _KNOWN:
                self.warn(
                    "field_unknown",
                    key,
                    f"there is no field {key!r}; it was not used",
                    f"known fields: {', '.join(_KNOWN)}",
                )
