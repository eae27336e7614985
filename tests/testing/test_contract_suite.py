"""The contract suite notices what it is there for: each test breaks one promise of a platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
from jinja2 import UndefinedError

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.sandbox import Sandbox
from copydesk.testing.contract import PlatformContract
from copydesk.testing.samples import Case, sample_case

SUITE = PlatformContract()


class Twisted(Sandbox):
    """A sandbox whose renditions go through `twist`."""

    def __init__(self, twist: Callable[[Rendition], Rendition]) -> None:
        super().__init__()
        self._twist = twist

    def render(self, subject: Subject, account: Account, recipient: str = "") -> Rendition:
        return self._twist(super().render(subject, account, recipient))


class Fussy(Sandbox):
    """A sandbox that refuses everything without saying what to do."""

    def validate(self, rendition: Rendition, account: Account) -> list[Finding]:
        return [Finding(code="no", field="body", message="no")]


def twisted(twist: Callable[[Rendition], Rendition]) -> Case:
    return replace(sample_case("sandbox"), platform=Twisted(twist))


def cut(rendition: Rendition) -> Rendition:
    return Rendition(payload={"text": rendition.text[:20]}, text=rendition.text[:20])


def test_a_silent_cut_is_noticed() -> None:
    case = twisted(cut)
    with pytest.raises(AssertionError, match="cut without a word"):
        SUITE.test_a_long_post_is_whole_or_explained(case, with_link=False)
    with pytest.raises(AssertionError, match="silently lost from table"):
        SUITE.test_every_node_is_rendered_simplified_or_refused(case, "table")


def test_chance_in_rendering_is_noticed() -> None:
    numbers = count()
    case = twisted(lambda r: replace(r, payload={**r.payload, "n": next(numbers)}))
    with pytest.raises(AssertionError, match="rendered differently"):
        SUITE.test_render_is_deterministic_and_json(case)


def test_a_payload_that_json_changes_is_noticed() -> None:
    case = twisted(lambda r: replace(r, payload={**r.payload, "tags": ("a",)}))
    with pytest.raises(AssertionError, match="changes when it is stored"):
        SUITE.test_render_is_deterministic_and_json(case)


def test_findings_nobody_can_act_on_are_noticed() -> None:
    case = replace(sample_case("sandbox"), platform=Fussy())
    with pytest.raises(AssertionError, match="does not say what to do"):
        SUITE.test_findings_can_be_acted_on(case)
    with pytest.raises(AssertionError, match="a plain short post is refused"):
        SUITE.test_validation_judges_what_was_stored(case)


def test_a_preview_that_asks_for_what_is_not_sent_is_noticed() -> None:
    case = twisted(lambda r: replace(r, payload={"title": "no text in here"}))
    with pytest.raises(UndefinedError, match="has no attribute"):
        SUITE.test_preview_shows_the_payload_and_runs_no_script(case)
