"""`/v1/validate`: what platforms and accounts would refuse about a text, and what gets lost."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from copydesk.core.findings import Finding, Loss
from copydesk.server.api.contract import NOT_FOUND, REPEATABLE, make_router
from copydesk.server.api.texts import TextIn, plans_of
from copydesk.server.asking import DeskNow
from copydesk.work.deliveries.times import Wish

router = make_router("validate")


class ValidateIn(TextIn):
    """A Markdown text, what to hold it against, and when it should go out."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"text": "# Opening hours\n\nWe open on **Sunday**.", "platforms": ["mastodon"]}
            ]
        },
    )

    at: str = Field(
        "", max_length=40, description="when it should go out to the accounts, as in `/v1/posts`"
    )
    zone: str = Field("", max_length=64, description="IANA zone of `at`")
    queue: str = Field("", max_length=100, description="a queue of the accounts instead")


class Judged(BaseModel):
    """What one account (and recipient) would make of the text."""

    account: str
    platform: str
    recipient: str
    valid: bool
    findings: Sequence[Finding]
    losses: Sequence[Loss] = Field(description="what the rendition does not carry over as it was")
    text: str = Field(description="how it would read there")


class Validated(BaseModel):
    """The judgement of everything that was named; `valid` only if nobody would refuse."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "valid": False,
                    "notes": [],
                    "results": [
                        {
                            "account": "mastodon",
                            "platform": "mastodon",
                            "recipient": "",
                            "valid": False,
                            "findings": [
                                {
                                    "code": "text_too_long",
                                    "field": "body",
                                    "message": "612 characters, the instance takes 500",
                                    "remedy": "Give the post a summary or a canonical URL to "
                                    "announce it by.",
                                    "severity": "error",
                                }
                            ],
                            "losses": [],
                            "text": "We open on Sunday. …",
                        }
                    ],
                }
            ]
        }
    )

    valid: bool
    notes: Sequence[Finding] = Field(description="about the text itself")
    results: list[Judged]


@router.post("", responses=NOT_FOUND, dependencies=REPEATABLE)
async def validate_text(given: ValidateIn, desk: DeskNow) -> Validated:
    """Say what would be refused and what would be lost. Nothing is stored or sent.

    A text that cannot be read at all is a 422 with its findings.
    """
    wish = Wish(at=given.at, zone=given.zone, queue=given.queue)
    manuscript, plans = await plans_of(desk, given, wish=None if wish == Wish() else wish)
    return Validated(
        valid=not any(plan.errors for plan in plans),
        notes=manuscript.file.findings,
        results=[
            Judged(
                account=plan.account.name,
                platform=plan.account.platform,
                recipient=plan.rendition.recipient,
                valid=not plan.errors,
                findings=plan.findings,
                losses=plan.rendition.losses,
                text=plan.rendition.text,
            )
            for plan in plans
        ],
    )
