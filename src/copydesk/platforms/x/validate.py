"""What X would refuse, said before it is asked; and what will cost more than people expect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import regex

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding, Severity
from copydesk.platforms.kit.forms import check_form, too_long
from copydesk.platforms.kit.manifest import Limit
from copydesk.platforms.x import PLATFORM, REPLY_SETTINGS
from copydesk.platforms.x.attachments import check_attachments
from copydesk.platforms.x.pricing import has_link, written_price
from copydesk.transformation.weighted import weighted_length

#: A ticker after a dollar sign: one to six letters, perhaps with a dot or underscore and one or two
#: more, as twitter-text has it.
_CASHTAG: Final = regex.compile(r"(?<![^\s])\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?(?=$|\s|\p{P})")

#: Characters X takes in no text (twitter-text).
_INVALID: Final = regex.compile("[\ufffe\ufeff\uffff]")

_LEAST_MINUTES: Final = 5


def validate(rendition: Rendition, account: Account, limits: Mapping[str, Limit]) -> list[Finding]:
    """Return all findings about `rendition` under `limits`. Pure."""
    payload = rendition.payload
    parts: list[Mapping[str, Any]] = list(payload["parts"])
    findings: list[Finding] = []
    for number, part in enumerate(parts, start=1):
        where = "body" if len(parts) == 1 else f"part {number}"
        findings += _check_text(part, where, limits, with_poll=number == 1 and payload["poll"])
        findings += check_attachments(part, rendition.media, where, limits)
    findings += _check_thread(parts, account, limits)
    findings += _check_choices(payload)
    if payload["poll"] is not None:
        findings += _check_poll(payload["poll"], parts, limits)
    return [*findings, *_note_price(parts)]


def _check_text(
    part: Mapping[str, Any], where: str, limits: Mapping[str, Limit], *, with_poll: Any
) -> list[Finding]:
    text = str(part["text"])
    if not text.strip() and (with_poll or not part["media"]):
        return [
            Finding(
                code="empty",
                field=where,
                message="there is neither text nor a file",
                remedy="Write something, or attach an image.",
            )
        ]
    findings: list[Finding] = []
    length, limit = weighted_length(text), limits["text"]
    if length > limit.value:
        findings.append(
            too_long(
                PLATFORM.manifest,
                f"{length} of {limit.value} characters, as X counts them",
                field=where,
            )
        )
    if _INVALID.search(text):
        findings.append(
            Finding(
                code="characters_invalid",
                field=where,
                message="it has a character that X takes in no text (U+FEFF, U+FFFE or U+FFFF)",
                remedy="Remove it; it is invisible and often comes from a copied file.",
            )
        )
    cashtags = _CASHTAG.findall(text)
    if (most := limits.get("cashtags")) is not None and len(cashtags) > most.value:
        findings.append(
            Finding(
                code="cashtags_too_many",
                field=where,
                message=f"{', '.join(cashtags)}: X lets self-serve apps use {most.value} in a post",
                remedy="Write the others without the dollar sign, or set plan=enterprise if the "
                "app has such a plan.",
            )
        )
    return findings


def _check_thread(
    parts: list[Mapping[str, Any]], account: Account, limits: Mapping[str, Limit]
) -> list[Finding]:
    if len(parts) == 1:
        return []
    findings: list[Finding] = []
    if len(parts) > limits["parts"].value:
        findings.append(
            Finding(
                code="parts_too_many",
                field="parts",
                message=f"{len(parts)} parts; a thread has at most {limits['parts'].value}",
                remedy="Write a shorter thread for X (x.parts), or announce the post (x.form: "
                "post) with a link to all of it.",
            )
        )
    counted = Counter(str(part["text"]).strip() for part in parts if str(part["text"]).strip())
    if repeated := [text for text, times in counted.items() if times > 1]:
        findings.append(
            Finding(
                code="parts_repeated",
                field="parts",
                message=f"two parts say the same: {repeated[0][:60]!r}; X refuses the second",
                remedy="Change or remove one of them.",
            )
        )
    if "cashtags" in limits:
        findings.append(
            Finding(
                code="thread_may_stop",
                field="parts",
                message=f"{account.name} is on a self-serve plan, which X lets reply only to "
                "authors who mentioned it; whether to itself is not documented",
                remedy="If X refuses, the first part stays and the rest is held. For one post set "
                "x.form: post.",
                severity=Severity.WARNING,
            )
        )
    return findings


def _check_choices(payload: Mapping[str, Any]) -> list[Finding]:
    findings = check_form(PLATFORM.manifest, {"form": payload["form"]})
    if payload["reply_settings"] not in REPLY_SETTINGS:
        findings.append(
            Finding(
                code="reply_settings_unknown",
                field="overrides.x.reply_settings",
                message=f"there are no reply_settings {payload['reply_settings']!r}",
                remedy=f"Use one of: {', '.join(REPLY_SETTINGS)}.",
            )
        )
    return findings


def _check_poll(
    poll: Any, parts: list[Mapping[str, Any]], limits: Mapping[str, Limit]
) -> list[Finding]:
    options = poll.get("options") if isinstance(poll, Mapping) else None
    minutes = poll.get("duration_minutes") if isinstance(poll, Mapping) else None
    most, longest = limits["poll_options"].value, limits["poll_option"].value
    problems: list[str] = []
    if not isinstance(options, list | tuple) or not 2 <= len(options) <= most:
        problems.append(f"it needs 2 to {most} options")
    elif not all(isinstance(o, str) and 1 <= len(o) <= longest for o in options):
        problems.append(f"an option is a text of 1 to {longest} characters")
    last = limits["poll_minutes"].value
    if not isinstance(minutes, int) or not _LEAST_MINUTES <= minutes <= last:
        problems.append(f"duration_minutes is a number from {_LEAST_MINUTES} to {last}")
    if parts[0]["media"]:
        problems.append("a post has a poll or files, not both")
    return [
        Finding(
            code="poll_invalid",
            field="overrides.x.poll",
            message=problem,
            remedy="It looks like {options: [Yes, No], duration_minutes: 1440}, in a post without "
            "files.",
        )
        for problem in problems
    ]


def _note_price(parts: list[Mapping[str, Any]]) -> list[Finding]:
    texts = [str(part["text"]) for part in parts]
    linked = sum(map(has_link, texts))
    if not linked:
        return []
    cost = written_price(PLATFORM.manifest.price, texts)
    which = "" if len(texts) == 1 else f"; {linked} of {len(texts)} parts have one"
    return [
        Finding(
            code="link_costs",
            field="body",
            message=f"it costs {cost}: X charges more for a post with a link{which}",
            remedy="Nothing to do; or leave the link out (bare domains count as links).",
            severity=Severity.NOTE,
        )
    ]
