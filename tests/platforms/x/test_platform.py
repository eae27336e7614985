"""What X costs, where a post is found, and which settings can work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.delivery import Action, Delivery, Outgoing
from copydesk.core.states import DeliveryState
from copydesk.platforms.kit.auth import OAuth1, OAuth2Code
from copydesk.platforms.x import PLATFORM
from copydesk.testing.clocks import NOON
from copydesk.testing.samples import sample_case
from tests.platforms.x.desk import payload, picture

ACCOUNT = sample_case("x").account


def account(**settings: str) -> Account:
    return replace(ACCOUNT, settings={**ACCOUNT.settings, **settings})


def outgoing(*texts: str, action: Action = Action.CREATE, **more: Any) -> Outgoing:
    handles = more.pop("handles", {})
    return Outgoing(
        delivery_id="dlv",
        key="key",
        post_id="pst",
        action=action,
        payload=payload(*texts, **more),
        text="\n\n".join(texts),
        intended_at=NOON,
        handles=handles,
    )


@pytest.mark.parametrize(
    ("going", "micros"),
    [
        (outgoing("Hello."), 15_000),
        (outgoing("See https://example.org"), 200_000),
        (outgoing("See example.org, too"), 200_000),
        (outgoing("Mail desk@example.org"), 15_000),
        (outgoing("See https://example.org", action=Action.UPDATE), 200_000),
        (outgoing("See https://example.org", action=Action.DELETE), 10_000),
        (outgoing("Look.", media=[[picture(), picture("b.png", alt="")]]), 20_000),
    ],
)
def test_what_a_post_costs(going: Outgoing, micros: int) -> None:
    assert PLATFORM.price(going, ACCOUNT) == micros


def test_each_part_of_a_thread_has_its_own_price() -> None:
    def part(number: int) -> Outgoing:
        out = [{"id": str(n), "url": ""} for n in range(number)]
        files = [[], [picture()]]
        return outgoing(
            "Plain.", "Pictured.", "See example.org", media=files, handles={"parts": out}
        )

    assert [PLATFORM.price(part(n), ACCOUNT) for n in range(3)] == [15_000, 20_000, 200_000]


@pytest.mark.parametrize(
    ("url", "id"),
    [
        ("https://x.com/desk/status/1900000000000000001", "1900000000000000001"),
        ("https://twitter.com/desk/status/19?s=20", "19"),
        ("https://x.com/i/web/status/19/photo/1", "19"),
        ("https://x.com/desk", ""),
        ("", ""),
    ],
)
def test_the_id_in_an_address(url: str, id: str) -> None:
    delivery = Delivery(
        id="dlv",
        workspace_id="wsp",
        account_id="acc",
        post_id="pst",
        revision_id="rev",
        rendition_id="ren",
        action=Action.CREATE,
        state=DeliveryState.UNKNOWN,
        due_at=NOON,
        key="key",
    )
    assert PLATFORM.remote_id(url, ACCOUNT, delivery) == id


def test_how_calls_are_signed() -> None:
    assert isinstance(PLATFORM.auth_of(ACCOUNT), OAuth2Code)
    assert isinstance(PLATFORM.auth_of(account(tokens="oauth1")), OAuth1)
    assert isinstance(PLATFORM.auth_of(replace(ACCOUNT, auth="oauth1")), OAuth1)
    connected = replace(account(tokens="oauth1"), auth="oauth2")
    assert isinstance(PLATFORM.auth_of(connected), OAuth2Code)


def test_the_page_people_agree_on_is_on_the_site_itself() -> None:
    kind = PLATFORM.auth[0]
    assert isinstance(kind, OAuth2Code)
    at_home = kind.endpoints({})
    assert at_home.authorize == "https://x.com/i/oauth2/authorize"
    assert at_home.token == "https://api.x.com/2/oauth2/token"
    elsewhere = kind.endpoints({"base_url": "http://127.0.0.1:80/"})
    assert elsewhere.authorize == "http://127.0.0.1:80/2/oauth2/authorize"


def test_settings_that_cannot_work() -> None:
    def fields(settings: dict[str, str], secrets: dict[str, str]) -> set[str]:
        given = {"access_token": "a-token", **secrets}
        return {finding.field for finding in PLATFORM.check_settings(settings, given)}

    assert fields({}, {}) == set()
    assert fields({"base_url": "http://x.example"}, {}) == {"base_url"}
    assert fields({"base_url": "https://x.example/2"}, {}) == {"base_url"}
    assert fields({"tokens": "oauth1"}, {}) == {"client_id", "client_secret", "token_secret"}
    assert fields({"tokens": "oauth1", "client_id": "key"}, {"client_secret": "s"}) == {
        "token_secret"
    }


def test_who_shares_a_host_and_an_app() -> None:
    assert PLATFORM.host(ACCOUNT) == "api.x.com"
    assert PLATFORM.host(account(base_url="http://127.0.0.1:80")) == "127.0.0.1"
    assert PLATFORM.app(account(client_id="one")) != PLATFORM.app(account(client_id="two"))


def test_only_premium_accounts_can_change_posts() -> None:
    assert not PLATFORM.can_update(ACCOUNT)
    assert PLATFORM.can_update(account(premium="yes"))
