"""The contract suite notices what it is there for: each test breaks one promise of a platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition
from copydesk.core.findings import Finding
from copydesk.platforms.kit.contract import Subject
from copydesk.platforms.kit.manifest import Idempotency
from copydesk.platforms.sandbox import Sandbox
from copydesk.testing.contract import ClosedTransport, PlatformContract
from copydesk.testing.samples import Case, sample_case
from copydesk.transformation.forms import Form

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


class Declaring(Sandbox):
    """A sandbox whose manifest says something else."""

    def __init__(self, **declared: object) -> None:
        super().__init__()
        self.manifest = self.manifest.model_copy(update=declared)  # type: ignore[misc]


def declaring(**declared: object) -> Case:
    return replace(sample_case("sandbox"), platform=Declaring(**declared))


def test_a_form_that_is_declared_and_cannot_be_sent_is_noticed() -> None:
    forms = (Form.ARTICLE, Form.THREAD)
    case = declaring(forms=forms)
    with pytest.raises(AssertionError, match="nobody says that there is none"):
        SUITE.test_a_form_is_rendered_or_said_to_be_missing(case, Form.POST)
    with pytest.raises(AssertionError, match="a long article fits one part"):
        SUITE.test_a_thread_is_previewed_part_by_part(case)


def test_numbers_that_nobody_asks_for_are_noticed(tmp_path: Path) -> None:
    case = declaring(metrics=())
    client = case.platform.connect(case.session(ClosedTransport(), tmp_path))
    with pytest.raises(AssertionError, match="the client disagree"):
        SUITE.test_numbers_are_declared_where_they_can_be_asked_for(case, client)


def test_a_promise_that_the_code_does_not_know_is_noticed() -> None:
    promise = "colour and shape: left out, it is red; always sent"
    with pytest.raises(AssertionError, match="colour is never sent"):
        SUITE.test_what_is_always_sent_is_in_the_code(declaring(dangerous_defaults=(promise,)))


def test_a_tagged_canonical_address_is_noticed() -> None:
    url = "https://example.org/posts/desk?utm_source=s"
    case = twisted(lambda r: replace(r, payload={"data": {"canonical_url": url}}))
    with pytest.raises(AssertionError, match="canonical_url is https"):
        SUITE.test_the_canonical_address_is_given_untagged(case)


def test_a_doubt_that_would_be_repeated_is_noticed() -> None:
    reconcile = sample_case("sandbox").platform.manifest.reconcile
    doubtful = reconcile.model_copy(update={"absence": False})
    case = declaring(reconcile=doubtful, idempotency=Idempotency.NATURAL_KEY)
    with pytest.raises(AssertionError, match="would be repeated"):
        SUITE.test_what_cannot_be_proved_absent_is_never_repeated(case)
