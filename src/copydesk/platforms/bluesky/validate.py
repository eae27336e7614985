"""What a server would refuse, said before it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding, Severity
from copydesk.platforms.bluesky import PLATFORM
from copydesk.platforms.bluesky.addresses import read_name
from copydesk.platforms.bluesky.images import IMAGE_RULE, THUMB_RULE
from copydesk.platforms.bluesky.languages import is_language
from copydesk.platforms.bluesky.records import mentioned
from copydesk.platforms.kit.alts import undescribed
from copydesk.platforms.kit.forms import check_form, too_long
from copydesk.platforms.kit.manifest import Limit
from copydesk.transformation.counting import graphemes, utf8_bytes
from copydesk.transformation.images import CannotFit, plan_fitting

#: Content warnings an author can give (from memory; the lexicon takes any word).
LABELS: Final = ("sexual", "nudity", "porn", "graphic-media")


def validate(rendition: Rendition, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return all findings about `rendition` under `limits`. Pure."""
    payload = rendition.payload
    parts = payload["parts"]
    findings = [
        f for number, part in enumerate(parts) for f in _part(part, number, payload, limits)
    ]
    if len(parts) > limits["parts"].value:
        findings.append(
            Finding(
                code="thread_too_long",
                field="body",
                message=f"{len(parts)} posts, a thread here has at most {limits['parts'].value}",
                remedy="Shorten the text, or let the post be announced (form: announcement).",
            )
        )
    wanted = {"form": payload["form"]} if payload["form"] else {}
    findings += check_form(PLATFORM.manifest, wanted)
    return [*findings, *_frame(payload, limits), *_files(rendition)]


def _part(
    part: Mapping[str, Any], number: int, payload: Mapping[str, Any], limits: Mapping[str, Limit]
) -> Iterator[Finding]:
    which = f"part {number + 1}: " if len(payload["parts"]) > 1 else ""
    text = part["text"]
    shows = part["images"] or part["card"] or (payload["quote"] and not number)
    if not text.strip() and not shows:
        yield Finding(
            code="empty",
            field="body",
            message=f"{which}there is neither text nor an image",
            remedy="Write something, or attach an image.",
        )
    for length, limit in (
        (graphemes(text), limits["text"]),
        (utf8_bytes(text), limits["text_bytes"]),
    ):
        if length > limit.value:
            unit = "characters" if limit.unit == "graphemes" else "bytes"
            yield too_long(
                PLATFORM.manifest, f"{which}{length} {unit}, Bluesky takes {limit.value}"
            )
    if len(part["images"]) > limits["media"].value:
        yield Finding(
            code="media_too_many",
            field="media",
            message=f"{which}{len(part['images'])} images, a post takes {limits['media'].value}",
            remedy="Choose which to keep, spread them over a thread, or give the post a canonical "
            "URL to link to.",
        )
    for handle in mentioned(part):
        yield Finding(
            code="mention_looked_up",
            field="body",
            message=f"{which}@{handle} is looked up when the post is sent",
            remedy="Nothing to do: if nobody has that handle, it stays plain text.",
            severity=Severity.NOTE,
        )


def _frame(payload: Mapping[str, Any], limits: Mapping[str, Limit]) -> Iterator[Finding]:
    langs, most = payload["langs"], limits["languages"].value
    wrong = [lang for lang in langs if not is_language(lang)]
    if wrong or len(langs) > most:
        yield Finding(
            code="language_invalid",
            field="language",
            message=f"{wrong[0]!r} is not a language tag" if wrong else f"{len(langs)} languages",
            remedy=f"Give at most {most} BCP 47 tags, such as en or pt-BR.",
        )
    for label in payload["labels"]:
        if label not in LABELS:
            yield Finding(
                code="label_unknown",
                field="overrides.bluesky.labels",
                message=f"there is no content warning {label!r}",
                remedy=f"Use one of: {', '.join(LABELS)}.",
            )
    if payload["quote"] and read_name(payload["quote"]) is None:
        yield Finding(
            code="quote_invalid",
            field="overrides.bluesky.quote",
            message=f"{payload['quote']!r} is not a post on Bluesky",
            remedy="Give the address of its page, or its at:// address.",
        )


def _files(rendition: Rendition) -> Iterator[Finding]:
    parts = rendition.payload["parts"]
    images = {image["name"]: image["alt"] for part in parts for image in part["images"]}
    thumbs = {part["card"]["thumb"] for part in parts if part["card"]}
    for media in rendition.media:
        field = f"media.{media.name}"
        rules = [
            rule
            for rule, names in ((IMAGE_RULE, images.keys()), (THUMB_RULE, thumbs))
            if media.name in names
        ]
        for rule in rules:
            try:
                plan_fitting(media, rule)
            except CannotFit as error:
                yield Finding(
                    code="media_cannot_fit",
                    field=field,
                    message=error.reason,
                    remedy=error.remedy or "Convert the file.",
                )
        if media.name in images and not images[media.name]:
            yield undescribed(media.name)
