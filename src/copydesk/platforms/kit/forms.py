"""Which form a post takes on an account: the same choice, by the same names, on every platform.

The author's override goes first (`platforms: {x: {form: post}}`), then the account's setting
`form`, then the first form of the platform's manifest. A thread that fits one text is one text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from copydesk.core.account import Account
from copydesk.core.findings import Finding
from copydesk.platforms.kit.contract import Setting
from copydesk.platforms.kit.manifest import Manifest
from copydesk.transformation.forms import Form

KEY = "form"


def form_setting(manifest: Manifest) -> Setting:
    """Return the account setting that chooses between the manifest's forms."""
    first = manifest.forms[0].value
    return Setting(
        key=KEY,
        help=f"what a post becomes here unless its author says otherwise (else {first})",
        choices=tuple(form.value for form in manifest.forms),
    )


def form_of(manifest: Manifest, account: Account, override: Mapping[str, Any]) -> Form:
    """Return the form of a post on `account`; `override` is what its author set for this platform.

    Parts of the author's own make a thread. What is not one of the manifest's forms is passed over
    here and refused by `check_form`.
    """
    if KEY not in override and "parts" in override and Form.THREAD in manifest.forms:
        return Form.THREAD
    wanted = (str(override.get(KEY) or ""), account.settings.get(KEY, ""))
    known = {form.value: form for form in manifest.forms}
    return next((known[name] for name in wanted if name in known), manifest.forms[0])


def check_form(manifest: Manifest, override: Mapping[str, Any]) -> list[Finding]:
    """Return a finding when the author asks for a form that the platform does not have."""
    wanted = override.get(KEY)
    if wanted is None or wanted in {form.value for form in manifest.forms}:
        return []
    return [
        Finding(
            code="form_unknown",
            field=f"overrides.{manifest.name}.{KEY}",
            message=f"{manifest.title} has no form {wanted!r}",
            remedy=f"Use one of: {', '.join(manifest.forms)}.",
        )
    ]


def too_long(manifest: Manifest, message: str, *, field: str = "body") -> Finding:
    """Return the finding about a text that has no room, with what a person can choose to do: split
    it where there are threads, shorten it, or link out. `message` tells the numbers."""
    choices = [
        f"shorten it or write a text of its own for it ({manifest.name}.text)",
        "give the post a canonical URL or a summary to announce it by",
    ]
    if Form.THREAD in manifest.forms:
        choices.insert(0, f"split it ({manifest.name}.form: thread)")
    return Finding(
        code="text_too_long",
        field=field,
        message=message,
        remedy=f"One of: {'; '.join(choices)}.",
    )
