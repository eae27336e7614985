"""Sample posts, accounts and settings for contract suites."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Outgoing, Rendition, delivery_key
from copydesk.core.findings import Finding, Severity
from copydesk.core.post import Content, Media
from copydesk.core.states import AccountState
from copydesk.platforms.kit.contract import Platform, Session, Setting, Subject
from copydesk.platforms.kit.registry import load_platform, platform_modules
from copydesk.platforms.kit.transport import Transport

#: A one-pixel PNG.
PIXEL: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d4944415478da63f8cfc0f01f0005000201fe27d46c3b0000000049454e44ae426082"
)

#: One body for each kind of node a document can have. Words starting with `kept` must come through,
#: or there must be a loss or a refusal that says why not.
NODES: Final[Mapping[str, str]] = {
    "paragraph": "keptparagraph one.\n\nkeptparagraph two.",
    "emphasis": "An *keptemphasis* word.",
    "strong": "A **keptstrong** word.",
    "strikethrough": "A ~~keptstruck~~ word.",
    "code": "Call `keptcode()` once.",
    "link": "See [keptlabel](https://example.org/keptaddress).",
    "autolink": "See https://example.org/keptautolink today.",
    "image": "![keptalt](pixel.png)",
    "remote image": "![keptremotealt](https://example.org/keptremote.png)",
    "line breaks": "keptbefore  \nkeptafter\nkeptsoft",
    "inline HTML": "A <kbd>keptkey</kbd> press.",
    "heading": "## keptheading\n\nText below.",
    "fenced code": "```python\nprint('keptfenced')\n```",
    "indented code": "Before:\n\n    keptindented = 1\n",
    "quote": "> keptquote\n>\n> > keptdeeper",
    "bullets": "- keptfirst\n  - keptnested\n- keptlast",
    "numbers": "3. keptthree\n4. keptfour",
    "tasks": "- [x] keptdone\n- [ ] keptopen",
    "table": "| kepthead | right |\n| --- | ---: |\n| keptcell | keptnumber |",
    "rule": "keptabove\n\n---\n\nkeptbelow",
    "HTML block": "<details><summary>keptsummary</summary>keptdetails</details>",
    "footnote": "keptmarked[^n].\n\n[^n]: keptfootnote",
    "embed": "Watch:\n\n::embed[keptembed]{url=https://example.org/keptvideo}",
    "call to action": "Now:\n\n::cta[keptbutton]{url=https://example.org/keptoffer}",
}


def sample_media(name: str = "pixel.png", alt: str = "A single pixel") -> Media:
    """Return an image of one pixel as a post's media file."""
    digest = hashlib.sha256(PIXEL).hexdigest()
    return Media(name=name, content_type="image/png", sha256=digest, size=len(PIXEL), alt=alt)


def sample_content(
    body: str = "Desks are open again.",
    *,
    title: str = "Copy desks",
    media: tuple[Media, ...] = (),
    summary: str = "",
    canonical_url: str = "",
) -> Content:
    """Return a small post with everything set that most posts have."""
    return Content(
        title=title,
        body=body,
        slug="copy-desks",
        summary=summary,
        tags=("newsroom", "open source"),
        language="en",
        canonical_url=canonical_url,
        authors=("Ada Byron",),
        media=media,
    )


def sample_subject(content: Content) -> Subject:
    """Return `content` with the identity of a post published in 2026."""
    return Subject(
        post_id="pst_01kbk7sample",
        revision=1,
        content=content,
        published_at="2026-11-21T09:30:00+00:00",
        updated_at="2026-11-21T10:00:00+00:00",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One platform with an account to try it on."""

    platform: Platform
    package: str
    account: Account
    secrets: Mapping[str, str] = field(repr=False)

    def render(self, content: Content) -> Rendition:
        """Return `content` rendered for the account, for its first recipient."""
        recipients = self.platform.recipients(self.account, content)
        recipient = recipients[0] if recipients else ""
        return self.platform.render(sample_subject(content), self.account, recipient)

    def errors(self, rendition: Rendition) -> list[Finding]:
        """Return the findings that keep `rendition` from being published."""
        findings = self.platform.validate(rendition, self.account)
        return [finding for finding in findings if finding.severity is Severity.ERROR]

    def outgoing(self, content: Content, *, sent_at: datetime, **more: Any) -> Outgoing:
        """Return `content` ready to be sent for the first time at `sent_at` (aware).

        `more` goes before what is made up here; see `Outgoing`.
        """
        rendition = self.render(content)
        made_up = {
            "delivery_id": "dlv_01kbk7sample",
            "key": delivery_key(self.account.id, "pst_01kbk7sample", "rev_01kbk7sample"),
            "post_id": "pst_01kbk7sample",
            "action": Action.CREATE,
            "payload": json.loads(json.dumps(rendition.payload)),
            "text": rendition.text,
            "intended_at": sent_at,
            "media": rendition.media,
            "recipient": rendition.recipient,
            "first_sent_at": sent_at,
            "sent_at": sent_at,
        }
        return Outgoing(**{**made_up, **more})

    def session(self, transport: Transport, home: Path) -> Session:
        """Return a session for the account; every media file is a single pixel."""

        async def load(_media: Media) -> bytes:
            return PIXEL

        return Session(
            account=self.account,
            secrets=self.secrets,
            transport=transport,
            load_media=load,
            home=home,
        )


def sample_case(
    name: str,
    settings: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Case:
    """Return the platform called `name` with an account.

    `settings` and `secrets` go before examples made up for the required ones.
    """
    platform = load_platform(name)
    made_up = {
        s.key: _example(s) for s in platform.settings if s.required or s.default or s.example
    }
    hidden = {s.key for s in platform.settings if s.secret}
    given = {**made_up, **(settings or {}), **(secrets or {})}
    account = Account(
        id="acc_01kbk7sample",
        workspace_id="wsp_01kbk7sample",
        name="sample",
        platform=name,
        state=AccountState.CONNECTED,
        settings={key: value for key, value in given.items() if key not in hidden},
    )
    return Case(
        platform=platform,
        package=platform_modules()[name],
        account=account,
        secrets={key: value for key, value in given.items() if key in hidden},
    )


def _example(setting: Setting) -> str:
    if setting.default or setting.example or setting.choices:
        return setting.default or setting.example or setting.choices[0]
    if setting.generate:
        return setting.generate(bytes(range(32)))
    return "made-up-secret-0123456789" if setting.secret else "example"
