"""Spokes that break their promises, for the kit to catch: one repeats blindly, one swallows."""

from __future__ import annotations

from copydesk.core.delivery import Outgoing
from copydesk.core.outcomes import (
    Existence,
    Inconclusive,
    Landed,
    Outcome,
    Published,
    RateLimited,
    Unavailable,
    Unknown,
)
from copydesk.platforms.kit.contract import Client, Session
from copydesk.platforms.kit.http_transport import HttpTransport
from copydesk.platforms.kit.manifest import Idempotency
from copydesk.testing.faults.specimen import Specimen, SpecimenClient, SpecimenRig


class BlindClient(SpecimenClient):
    """Takes a lost answer for a failure."""

    async def commit(self, outgoing: Outgoing) -> Outcome:
        outcome = await super().commit(outgoing)
        return Unavailable(outcome.reason) if isinstance(outcome, Unknown) else outcome


class SwallowingClient(SpecimenClient):
    """Says that it published what it never sent."""

    async def commit(self, outgoing: Outgoing) -> Outcome:
        return Published(outgoing.key)

    async def find(self, outgoing: Outgoing) -> Existence:
        return Landed(outgoing.key)


class EvasiveClient(SpecimenClient):
    """Could be asked, and never gives an answer."""

    async def find(self, outgoing: Outgoing) -> Existence:
        return Inconclusive("perhaps")


class ImpatientClient(SpecimenClient):
    """Opens connections of its own, past the transport that would have told it to rest."""

    def __init__(self, session: Session, kind: Idempotency, *, can_find: bool) -> None:
        super().__init__(session, kind, can_find=can_find)
        self._posts = f"{session.account.settings['url']}/posts"

    async def commit(self, outgoing: Outgoing) -> Outcome:
        outcome = await super().commit(outgoing)
        if isinstance(outcome, RateLimited):
            transport = HttpTransport(user_agent="impatient")
            await transport.call("POST", self._posts, json_body=dict(outgoing.payload))
            await transport.close()
        return outcome


class Spoilt(Specimen):
    """A specimen with another client."""

    def __init__(self, client: type[SpecimenClient]) -> None:
        self.client = client

    def connect(self, session: Session) -> Client:
        account = session.account
        return self.client(session, self.idempotency(account), can_find=True)


class SpoiltRig(SpecimenRig):
    """A rig around this module's `PLATFORM`; the name must not be the good specimen's."""

    spoke = "spoilt"
    platform = "spoilt"
    module = __name__


PLATFORM: Spoilt = Spoilt(SpecimenClient)
