"""What every spoke that takes callbacks must do with good, bad, old and repeated ones.

    class TestMine(CallbackContract):
        @pytest.fixture
        def caller(self) -> Caller: ...

`StandardCaller` fits spokes that speak Standard Webhooks; others sign as their vendor does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from copydesk.platforms.kit.callbacks import (
    Callback,
    CallbackRequest,
    Happened,
    Heard,
    NotVerified,
    Report,
)
from copydesk.platforms.kit.signature import signed_headers, signing_keys
from copydesk.testing.clocks import NOON
from copydesk.testing.samples import Case

#: Two secrets: the one an account has, and one that is somebody else's.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_c2VjcmV0cy1vZi1zb21lYm9keS1lbHNlLTEyMzQ1"


class Caller(Protocol):
    """A platform that calls back: makes the requests its spoke must understand."""

    @property
    def case(self) -> Case:
        """Return the account that is called back, with its secrets."""
        ...

    def with_secrets(self, secrets: Sequence[str]) -> Case:
        """Return the account while it accepts each of `secrets`; the first is the newest."""
        ...

    def request(
        self, report: Report, *, id: str, secret: str, sent_at: datetime
    ) -> CallbackRequest:
        """Return the request that reports `report`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardCaller:
    """A platform that calls back by Standard Webhooks. Its secret is the account's `setting`, or
    with `hidden` the secret of that name."""

    case: Case
    setting: str
    hidden: bool = True

    def with_secrets(self, secrets: Sequence[str]) -> Case:
        """Return the account while it accepts each of `secrets`."""
        value = " ".join(secrets)
        if self.hidden:
            return replace(self.case, secrets={**self.case.secrets, self.setting: value})
        settings = {**self.case.account.settings, self.setting: value}
        return replace(self.case, account=replace(self.case.account, settings=settings))

    def request(
        self, report: Report, *, id: str, secret: str, sent_at: datetime
    ) -> CallbackRequest:
        """Return the signed request that reports `report`."""
        return standard_callback(report, id=id, secret=secret, sent_at=sent_at)


def standard_callback(
    report: Report, *, id: str, secret: str, sent_at: datetime
) -> CallbackRequest:
    """Return a callback by Standard Webhooks, as `read_standard_callback` reads it."""
    data = {
        name: value
        for name in ("key", "remote_id", "url", "reason")
        if (value := getattr(report, name))
    }
    body = json.dumps({"type": f"delivery.{report.happened}", "data": data}).encode()
    headers = signed_headers(signing_keys(secret), id=id, sent_at=sent_at, body=body)
    return CallbackRequest(method="POST", headers=headers, body=body)


def read(case: Case, request: CallbackRequest, now: datetime = NOON) -> Heard | None:
    """Return what the platform of `case` reads in `request`."""
    return case.platform.read_callback(case.account, case.secrets, request, now)


class CallbackContract:
    """Give a `caller` fixture."""

    report = Report(
        happened=Happened.PUBLISHED, key="0123456789abcdef", url="https://example.org/1"
    )

    @pytest.fixture
    def good(self, caller: Caller) -> CallbackRequest:
        """A callback as the platform sends it."""
        return caller.request(self.report, id="msg_1", secret=SECRET, sent_at=NOON)

    def test_a_good_callback_is_read(self, caller: Caller, good: CallbackRequest) -> None:
        heard = read(caller.with_secrets([SECRET]), good)
        assert isinstance(heard, Callback), heard
        (found,) = heard.reports
        assert found.happened is self.report.happened
        assert (found.key, found.remote_id) != ("", "")
        assert heard.message_id

    @pytest.mark.parametrize("happened", list(Happened))
    def test_every_report_it_may_send_is_told_apart(
        self, caller: Caller, happened: Happened
    ) -> None:
        report = replace(self.report, happened=happened, reason="because")
        request = caller.request(report, id="msg_1", secret=SECRET, sent_at=NOON)
        heard = read(caller.with_secrets([SECRET]), request)
        assert isinstance(heard, Callback)
        assert [found.happened for found in heard.reports] in ([happened], [])

    def test_somebody_else_is_refused(self, caller: Caller) -> None:
        request = caller.request(self.report, id="msg_1", secret=OTHER_SECRET, sent_at=NOON)
        heard = read(caller.with_secrets([SECRET]), request)
        assert isinstance(heard, NotVerified)
        assert SECRET not in heard.reason

    def test_what_was_changed_on_the_way_is_refused(
        self, caller: Caller, good: CallbackRequest
    ) -> None:
        case = caller.with_secrets([SECRET])
        assert isinstance(read(case, replace(good, body=good.body + b" ")), NotVerified)
        assert isinstance(read(case, replace(good, body=b"")), NotVerified)
        assert isinstance(read(case, replace(good, headers={})), NotVerified)

    def test_while_rotating_both_secrets_are_good(self, caller: Caller) -> None:
        case = caller.with_secrets([OTHER_SECRET, SECRET])
        for secret in (SECRET, OTHER_SECRET):
            request = caller.request(self.report, id="msg_1", secret=secret, sent_at=NOON)
            assert isinstance(read(case, request), Callback)

    def test_an_account_without_a_secret_believes_nobody(
        self, caller: Caller, good: CallbackRequest
    ) -> None:
        heard = read(caller.with_secrets([]), good)
        assert heard is None or isinstance(heard, NotVerified)

    @pytest.mark.parametrize("age", [timedelta(hours=-1), timedelta(hours=1)])
    def test_a_callback_from_another_time_is_refused(
        self, caller: Caller, good: CallbackRequest, age: timedelta
    ) -> None:
        heard = read(caller.with_secrets([SECRET]), good, NOON + age)
        assert isinstance(heard, NotVerified)

    def test_a_message_sent_again_has_the_same_id(
        self, caller: Caller, good: CallbackRequest
    ) -> None:
        case = caller.with_secrets([SECRET])
        later = NOON + timedelta(seconds=60)
        again = caller.request(self.report, id="msg_1", secret=SECRET, sent_at=later)
        other = caller.request(self.report, id="msg_2", secret=SECRET, sent_at=later)
        ids = [read(case, request, later) for request in (good, again, other)]
        first, second, third = (h.message_id for h in ids if isinstance(h, Callback))
        assert first == second != third

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"type": 1, "data": 2}', b"{}" * 1000]
    )
    def test_noise_is_neither_an_accident_nor_believed(
        self, caller: Caller, good: CallbackRequest, body: bytes
    ) -> None:
        heard = read(caller.with_secrets([SECRET]), replace(good, body=body))
        assert isinstance(heard, NotVerified)
