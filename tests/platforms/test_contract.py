"""Every platform that can be found keeps the contract, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from copydesk.platforms.kit.registry import platform_modules
from copydesk.testing.contract import PlatformContract
from copydesk.testing.samples import Case, sample_case

# Settings the made-up examples of copydesk.testing.samples do not fit.
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "email": {"smtp": "127.0.0.1:2525", "to": "reader@example.org"},
}
SECRETS: Mapping[str, Mapping[str, str]] = {
    "webhook": {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
}


class TestEveryPlatform(PlatformContract):
    @pytest.fixture(params=list(platform_modules()))
    def case(self, request: pytest.FixtureRequest) -> Case:
        name: str = request.param
        return sample_case(name, SETTINGS.get(name), SECRETS.get(name))
