"""Every platform that can be found keeps the contract, whoever wrote it."""

from __future__ import annotations

import pytest

from copydesk.platforms.kit.registry import platform_modules
from copydesk.testing.contract import PlatformContract
from copydesk.testing.samples import Case, sample_case


class TestEveryPlatform(PlatformContract):
    @pytest.fixture(params=list(platform_modules()))
    def case(self, request: pytest.FixtureRequest) -> Case:
        return sample_case(request.param)
