"""What a post becomes on each account, as data: the same for the command line and the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from copydesk.core.account import Account
from copydesk.core.errors import InputRefused
from copydesk.core.findings import Finding, Loss
from copydesk.core.post import Content
from copydesk.distribution.plans import Plan
from copydesk.platforms.kit.forms import KEY, form_of
from copydesk.platforms.kit.registry import load_platform
from copydesk.transformation.forms import Form
from copydesk.work.deliveries.manuscripts import Manuscript


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What a post becomes on one account (and for one recipient): its form, how it reads, the texts
    of its parts, what would be sent, what is lost, and what would be refused."""

    account: str
    platform: str
    recipient: str
    form: Form
    valid: bool
    text: str
    parts: tuple[str, ...]
    payload: Mapping[str, Any]
    losses: tuple[Loss, ...]
    findings: tuple[Finding, ...]


def rendered(planned: Plan, content: Content) -> Rendered:
    """Return what `content` becomes by `planned`."""
    account, rendition = planned.account, planned.rendition
    override = content.override_for(account)
    return Rendered(
        account=account.name,
        platform=account.platform,
        recipient=rendition.recipient,
        form=form_of(planned.platform.manifest, account, override),
        valid=not planned.errors,
        text=rendition.text,
        parts=_parts(rendition.payload) or (rendition.text,),
        payload=rendition.payload,
        losses=rendition.losses,
        findings=planned.findings,
    )


def in_form(
    manuscript: Manuscript, accounts: Sequence[Account], form: Form
) -> tuple[Manuscript, list[Account]]:
    """Return both as if `form` had been chosen on those `accounts` whose platform has it, whatever
    the file or the account say otherwise.

    Raises `InputRefused` when none of them has it.
    """
    fitting = {a.name for a in accounts if form in load_platform(a.platform).manifest.forms}
    if not fitting:
        raise InputRefused(
            "form_unknown",
            f"None of {', '.join(account.name for account in accounts)} has the form {form}.",
            remedy="The pages of the platforms list their forms.",
        )
    chosen = [
        replace(account, settings={**account.settings, KEY: form.value})
        if account.name in fitting
        else account
        for account in accounts
    ]
    names = fitting | {account.platform for account in accounts if account.name in fitting}
    overrides = {
        name: {key: value for key, value in fields.items() if name not in names or key != KEY}
        for name, fields in manuscript.file.content.overrides.items()
    }
    content = replace(manuscript.file.content, overrides=overrides)
    return replace(manuscript, file=replace(manuscript.file, content=content)), chosen


def _parts(payload: Mapping[str, Any]) -> tuple[str, ...]:
    parts = payload.get("parts")
    if not isinstance(parts, list | tuple):
        return ()
    return tuple(
        str(part.get("text", "")) if isinstance(part, Mapping) else str(part) for part in parts
    )
