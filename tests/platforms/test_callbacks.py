"""Every spoke that takes callbacks proves who sent them before it believes a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from copydesk.platforms.kit.contract import Platform
from copydesk.platforms.kit.registry import load_platform, platform_modules
from copydesk.testing.callbacks import SECRET, CallbackContract, Caller, StandardCaller
from copydesk.testing.samples import sample_case

CALLERS: Mapping[str, Callable[[], Caller]] = {
    "sandbox": lambda: StandardCaller(
        case=sample_case("sandbox"), setting="callback_secret", hidden=False
    ),
    "webhook": lambda: StandardCaller(
        case=sample_case("webhook", secrets={"secret": SECRET}), setting="secret"
    ),
}


class TestEveryCallback(CallbackContract):
    @pytest.fixture(params=sorted(CALLERS))
    def caller(self, request: pytest.FixtureRequest) -> Caller:
        return CALLERS[request.param]()


def test_every_spoke_that_takes_callbacks_is_tried() -> None:
    takes = {
        name
        for name in platform_modules()
        if type(load_platform(name)).read_callback is not Platform.read_callback
    }
    assert takes == set(CALLERS)
