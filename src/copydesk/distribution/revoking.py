"""Giving a credential back: who stops using one says so to the server that issued it (RFC 7009).

Best effort: the account is removed and its secrets are wiped whatever the server answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from copydesk.core.account import Account
from copydesk.core.errors import NotFound
from copydesk.platforms.kit.auth import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    REFRESH_TOKEN,
    App,
    OAuth2Code,
    OAuth2Device,
)
from copydesk.platforms.kit.registry import load_platform
from copydesk.platforms.kit.transport import (
    AnswerLost,
    Closed,
    NotSent,
    Observer,
    Transport,
    observed,
)

#: How long the server may take, in seconds: somebody waits for it.
CALL: Final = 10.0


class Back(StrEnum):
    """What became of the credential on the server that issued it."""

    NOTHING = "nothing"  # nobody issued it, or its server takes none back
    GIVEN = "given-back"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBack:
    """What came of giving a credential back; `problem` says why it failed."""

    back: Back
    problem: str = ""

    @property
    def words(self) -> str:
        """Return it as a sentence for a person, "" where there is nothing to say."""
        match self.back:
            case Back.NOTHING:
                return ""
            case Back.GIVEN:
                return "The platform was told that copydesk's access is over."
            case Back.FAILED:
                return (
                    f"The platform could not be told that access is over ({self.problem}): "
                    "end it there, in the settings for connected apps."
                )


async def give_back(
    transport: Transport,
    account: Account,
    secrets: Mapping[str, str],
    observers: Sequence[Observer] = (),
) -> GivenBack:
    """Ask the server that issued an account's token to end it; whatever it does is an answer."""
    from copydesk.platforms.kit import auth_oauth2

    nothing = GivenBack(back=Back.NOTHING)
    try:
        kind = load_platform(account.platform).auth_of(account)
    except NotFound:
        return nothing
    # a refresh token stands for the whole grant, its access tokens too (RFC 7009 §2.1)
    token = secrets.get(REFRESH_TOKEN) or secrets.get(ACCESS_TOKEN, "")
    if not isinstance(kind, OAuth2Code | OAuth2Device) or not token:
        return nothing
    endpoints = kind.endpoints(account.settings)
    if not endpoints.revoke:
        return nothing
    app = App(
        client_id=secrets.get(CLIENT_ID) or account.settings.get(CLIENT_ID, ""),
        client_secret=secrets.get(CLIENT_SECRET, ""),
    )
    request = auth_oauth2.revoke_request(kind, endpoints, app, token)
    try:
        reply = await observed(transport, observers).call(
            "POST", request.url, headers=request.headers, form=request.form, timeout=CALL
        )
    except (Closed, NotSent, AnswerLost) as error:
        return GivenBack(back=Back.FAILED, problem=str(error))
    if not 200 <= reply.status < 300:
        return GivenBack(back=Back.FAILED, problem=f"it answered {reply.status}")
    return GivenBack(back=Back.GIVEN)
