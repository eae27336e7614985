"""The form of a post: who chooses it, and what is said of one that cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from copydesk.platforms.kit.forms import check_form, form_of, form_setting, too_long
from copydesk.platforms.kit.manifest import Manifest
from copydesk.platforms.kit.registry import load_platform
from copydesk.transformation.forms import Form
from copydesk.work.deliveries.publishing import sample_account

SOCIAL: Manifest = load_platform("x").manifest
PAGES: Manifest = load_platform("site").manifest


@pytest.mark.parametrize(
    ("setting", "override", "form"),
    [
        ("", {}, SOCIAL.forms[0]),
        ("thread", {}, Form.THREAD),
        ("thread", {"form": "post"}, Form.POST),
        ("", {"parts": ["one", "two"]}, Form.THREAD),
        ("thread", {"form": "poem"}, Form.THREAD),
        ("summary", {}, SOCIAL.forms[0]),
    ],
)
def test_the_author_chooses_before_the_account(
    setting: str, override: dict[str, Any], form: Form
) -> None:
    account = replace(sample_account("x"), settings={"form": setting})
    assert form_of(SOCIAL, account, override) is form


def test_a_form_that_there_is_not_is_refused_by_name() -> None:
    assert check_form(SOCIAL, {"form": "thread"}) == []
    assert check_form(SOCIAL, {}) == []
    [finding] = check_form(SOCIAL, {"form": "poem"})
    assert finding.field == "overrides.x.form"
    assert "post" in finding.remedy
    assert form_setting(SOCIAL).choices == tuple(SOCIAL.forms)


def test_what_is_too_long_comes_with_the_choices_there_are() -> None:
    finding = too_long(SOCIAL, "300 of 280", field="part 2")
    assert (finding.field, finding.message) == ("part 2", "300 of 280")
    for choice in ("x.form: thread", "shorten", "x.text", "canonical URL", "summary"):
        assert choice in finding.remedy
    assert "thread" not in too_long(PAGES, "too long").remedy
