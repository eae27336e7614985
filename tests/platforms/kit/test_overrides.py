"""What an author sets for one platform: the account goes first, what nobody reads is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from copydesk.core.account import Account
from copydesk.core.states import AccountState
from copydesk.platforms.kit.overrides import unknown_overrides
from copydesk.testing.samples import sample_content
from copydesk.transformation.content import EVERYWHERE, with_overrides

ACCOUNT = Account(
    id="acc_1",
    workspace_id="wsp_1",
    name="press",
    platform="devto",
    state=AccountState.CONNECTED,
)


def test_what_is_set_for_the_account_goes_before_what_is_set_for_its_platform() -> None:
    overrides: dict[str, dict[str, Any]] = {
        "devto": {"title": "A", "cover": "a.png"},
        "press": {"title": "B"},
        "x": {"f": 1},
    }
    content = replace(sample_content(), overrides=overrides)
    assert content.override_for(ACCOUNT) == {"title": "B", "cover": "a.png"}


@pytest.mark.parametrize("field", EVERYWHERE)
def test_a_field_that_is_applied_everywhere_is_not_told_as_ignored(field: str) -> None:
    value: Any = {"tags": ["b"], "authors": ["Ada"], "language": "de", "slug": "other-words"}.get(
        field, "https://example.org/other.png"
    )
    content = replace(sample_content(), overrides={"devto": {field: value}})
    assert getattr(with_overrides(content, "devto"), field) != getattr(content, field)
    assert unknown_overrides({field: value}, ("series",)) == ()


def test_a_key_that_nobody_reads_is_told_with_those_that_are_known() -> None:
    (loss,) = unknown_overrides({"series": "S", "colour": "red"}, ("series",))
    assert loss.what == "override 'colour'"
    assert "series, title" in loss.why
